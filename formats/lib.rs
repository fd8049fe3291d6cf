//! The format library.
