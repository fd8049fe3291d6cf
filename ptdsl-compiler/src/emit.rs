//! Back-ends: each reads the intermediate representation and nothing else.

#[cfg(feature = "doc")]
pub mod doc;
pub mod rust;
