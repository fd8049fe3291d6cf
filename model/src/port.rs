//! The runtime's operations over the model: a [`World`](ptdsl::World) whose every access and step is an event.

mod format;
mod steps;
mod world;

pub use format::{Described, Meaning, geometry};
pub use steps::{Family, Spelled, spell};
pub use world::{How, Model, Mutation, Site};
