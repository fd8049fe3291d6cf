//! What `ptdsl gen` writes for every format of the library, checked in: compiled, linted and tested like any other code.
#![no_std]

#[rustfmt::skip]
pub mod arm64_hyp;
