//! One that no hardware ever walked has.
ptdsl::ptdsl!("arm64-hyp.pt");

use arm64_hyp::{Arm64Hyp, PageTable};
use ptdsl::{Arena, Inactive};

fn free(table: PageTable<Inactive>, memory: &mut Arena<Arm64Hyp>) {
    table.destroy(memory);
}

fn main() {
    let _ = free;
}
