//! A live table is not split without a word about what may be broken.
ptdsl::ptdsl!("arm64-hyp.pt");

use arm64_hyp::{Arm64Hyp, PageTable};
use ptdsl::{Arena, Error, Range};

fn split(table: &mut PageTable, memory: &mut Arena<Arm64Hyp>, range: Range) -> Result<(), Error> {
    table.split(memory, range, ())
}

fn main() {}
