//! Back-ends: each reads the intermediate representation and nothing else.

pub mod rust;
