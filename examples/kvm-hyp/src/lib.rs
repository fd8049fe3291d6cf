//! Replays recorded behaviour of Linux's EL2 stage-1 page tables over the generated `arm64_hyp` formats.
//!
//! A golden file holds scenarios: operations on one table, what Linux answered and did, and what it left in memory. Two
//! engines run them over the same fake memory: [`kvm`] rebuilds Linux's functions as visitors on the generated walker
//! and must do everything that Linux does; [`library`] calls the runtime's own operations, which may differ in the
//! closed list of [`classes`] alone.

pub mod classes;
pub mod compare;
pub mod engine;
pub mod event;
pub mod format;
pub mod formats;
pub mod kvm;
pub mod library;
pub mod linux;
pub mod memory;
pub mod model;
pub mod replay;
pub mod schema;
pub mod select;
pub mod setup;
pub mod state;
