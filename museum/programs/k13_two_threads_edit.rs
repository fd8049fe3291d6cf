//! ---
//! class: K13
//! title: two threads that edit one table
//! happened: Linux io-pgtable-arm, EDK2 (#12391)
//! stops: does not compile: an operation borrows table and world for itself
//! tests: program
//! ---
ptdsl::ptdsl!("arm64-hyp.pt");

use arm64_hyp::{Arm64Hyp, Attributes, PageTable};
use ptdsl::{Arena, Phys, Range};

fn both(table: &mut PageTable, memory: &mut Arena<Arm64Hyp>, range: Range) {
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| table.map(memory, range, Phys(0x8000_0000), Attributes::RW_NORMAL));
        }
    });
}

fn main() {}
