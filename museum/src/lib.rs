//! Page-table bugs that others had, each with what stops it here. `entries/` has one small test for each, `programs/` what does
//! not compile; this library reads their headers, and sets the stage for the tests.
#![deny(missing_docs)]

mod catalogue;
pub mod stage;

pub use catalogue::{Entry, classes, entries, table};
