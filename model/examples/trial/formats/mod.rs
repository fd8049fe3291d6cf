//! What `ptdsl gen` writes of model/specs: files, so that each step has a place of its own for the deletion experiment.

#![allow(dead_code, unreachable_pub)]

#[rustfmt::skip]
pub mod arm64_small_2;
#[rustfmt::skip]
pub mod arm64_small_4;
#[rustfmt::skip]
pub mod riscv_small_2;
#[rustfmt::skip]
pub mod x86_small_2;
