//! A batch that is not finished cannot be overlooked.
#![deny(unused_must_use)]
ptdsl::ptdsl!("arm64-hyp.pt");

use arm64_hyp::{Arm64Hyp, PageTable};
use ptdsl::{Arena, Limits};

fn begin(table: &mut PageTable, memory: &mut Arena<Arm64Hyp>) {
    table.gather(memory, Limits::default());
}

fn main() {}
