//! Any bytes through the whole compiler. A panic, an endless loop or an overflow is a finding; a diagnostic is not.
//!
//! `cargo xtask test` runs it for a bounded time; `parse.rs` says how to run a target by hand.

#![no_main]

#[path = "../bodies.rs"]
#[expect(dead_code, reason = "the other target's body")]
mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bodies::compile(bytes));
