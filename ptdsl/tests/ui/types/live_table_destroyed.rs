//! A live table cannot be destroyed: hardware may walk it.
ptdsl::ptdsl!("arm64-hyp.pt");

use arm64_hyp::{Arm64Hyp, PageTable};
use ptdsl::{Arena, Live};

fn free(table: PageTable<Live>, memory: &mut Arena<Arm64Hyp>) {
    table.destroy(memory);
}

fn main() {}
