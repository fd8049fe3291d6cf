//! The tables of one format are not those of another.
ptdsl::ptdsl!("arm64-hyp.pt");
mod other {
    ptdsl::ptdsl! {
        use "arm64-hyp.pt";
        format own: arm64_hyp {
            without Block;
            level 1 { index VA[38:30]; Table }
            level 2 { index VA[29:21]; Table }
            group 16 at level 3 when Contiguous = 1;
        }
    }
}

use ptdsl::{Arena, Phys, Range};

fn mix(table: &mut arm64_hyp::PageTable, memory: &mut Arena<arm64_hyp::Arm64Hyp>, range: Range) {
    let _ = table.map(memory, range, Phys(0), other::own::Attributes::RW_NORMAL);
}

fn main() {}
