//! Behind a lock, which hands what one did over to the next.
ptdsl::ptdsl!("arm64-hyp.pt");

use arm64_hyp::{Arm64Hyp, Attributes, PageTable};
use ptdsl::{Arena, Phys, Range};
use std::sync::Mutex;

fn both(shared: &Mutex<(&mut PageTable, &mut Arena<Arm64Hyp>)>, range: Range) {
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut held = shared.lock().expect("nobody panics");
                let (table, memory) = &mut *held;
                let _ = table.map(*memory, range, Phys(0x8000_0000), Attributes::RW_NORMAL);
            });
        }
    });
}

fn main() {
    let _ = both;
}
