//! Any bytes through parser and printer. Run it from the repository's root:
//!
//! ```text
//! cargo install cargo-fuzz
//! mkdir -p fuzz/corpus/parse && cp formats/*.pt ptdsl-compiler/tests/sketches/*.pt fuzz/corpus/parse/
//! RUSTC_BOOTSTRAP=1 cargo fuzz run parse -- -max_total_time=60 -max_len=8192
//! ```
//!
//! `RUSTC_BOOTSTRAP=1` lets the stable compiler take the sanitizer's flags; with a nightly one it is not needed.

#![no_main]

#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bodies::parse(bytes));
