//! What the guests share: random tables, made and changed by generated code, compared with the machine's MMU.
//!
//! A guest implements [`Machine`] for each of its formats and calls [`compare`] with it. The rest is here and runs on a
//! host too, where tests put a machine of their own in its place.
#![no_std]

mod access;
mod compare;
mod flat;
mod machine;
mod plan;
mod pool;
mod race;
mod random;
mod report;
mod task;
mod walk;

pub use access::{Access, Kind, Outcome, Why};
pub use compare::compare;
pub use flat::Flat;
pub use machine::{Leaf, Machine, Own, Ram};
pub use pool::Pool;
pub use race::{Race, race};
pub use random::Random;
pub use report::Report;
pub use task::{Complaint, Fault, Task};
pub use walk::{Step, leaf_at, walk};
