//! How far an unmap got cannot be overlooked.
#![deny(unused_must_use)]
ptdsl::ptdsl!("arm64-hyp.pt");

use arm64_hyp::{Arm64Hyp, PageTable};
use ptdsl::{Arena, Boundary, Error, Range};

fn drop_it(table: &mut PageTable, memory: &mut Arena<Arm64Hyp>, range: Range) -> Result<(), Error> {
    table.unmap(memory, range, Boundary::Stop)?;
    table.unmap(memory, range, Boundary::Stop);
    Ok(())
}

fn main() {}
