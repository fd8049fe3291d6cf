//! ---
//! class: K20
//! title: an address space destroyed while hardware may walk it
//! happened: seL4 (6357957ee), Zephyr (#37600: no TLBI when the root is changed)
//! stops: does not compile: a live table has no `destroy`
//! tests: program
//! ---
ptdsl::ptdsl!("arm64-hyp.pt");

use arm64_hyp::{Arm64Hyp, PageTable};
use ptdsl::{Arena, Live};

fn free(table: PageTable<Live>, memory: &mut Arena<Arm64Hyp>) {
    table.destroy(memory);
}

fn main() {}
