//! An operation stores, with what the format demands around it.
ptdsl::ptdsl!("arm64-hyp.pt");

use arm64_hyp::{Arm64Hyp, Attributes, PageTable};
use ptdsl::{MapError, Phys, Range, World};

fn map<W: World<Arm64Hyp>>(table: &mut PageTable, world: &mut W, range: Range) -> Result<(), MapError> {
    table.map(world, range, Phys(0x8000_0000), Attributes::RW_NORMAL)
}

fn main() {
    let _ = map::<ptdsl::Arena<Arm64Hyp>>;
}
