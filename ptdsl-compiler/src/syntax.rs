//! From text to tree and back.

pub mod ast;
#[rustfmt::skip]
#[allow(missing_docs, unreachable_pub, unused, clippy::all, clippy::pedantic)]
mod grammar;
mod parse;
#[cfg(feature = "print")]
mod print;
mod token;

pub use parse::{MAX_BYTES, MAX_NESTING, parse};
#[cfg(feature = "print")]
pub use print::{WIDTH, print};

#[cfg(test)]
mod tests;
