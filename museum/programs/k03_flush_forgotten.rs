//! ---
//! class: K3
//! title: edits whose flush is forgotten
//! happened: pKVM on x86 (#18: the flush flag computed after the unmap)
//! stops: does not compile: what owes a flush is `#[must_use]`
//! tests: program
//! ---
#![deny(unused_must_use)]
ptdsl::ptdsl!("arm64-hyp.pt");

use arm64_hyp::{Arm64Hyp, PageTable};
use ptdsl::{Arena, Limits};

fn begin(table: &mut PageTable, memory: &mut Arena<Arm64Hyp>) {
    table.gather(memory, Limits::default());
}

fn main() {}
