//! A table that no hardware walks has nothing to put off.
ptdsl::ptdsl!("arm64-hyp.pt");

use arm64_hyp::{Arm64Hyp, PageTable};
use ptdsl::{Arena, Inactive, Limits};

fn begin(table: &mut PageTable<Inactive>, memory: &mut Arena<Arm64Hyp>) {
    table.gather(memory, Limits::default()).finish();
}

fn main() {}
