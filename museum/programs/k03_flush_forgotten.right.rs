//! Finished, it is.
#![deny(unused_must_use)]
ptdsl::ptdsl!("arm64-hyp.pt");

use arm64_hyp::{Arm64Hyp, PageTable};
use ptdsl::{Arena, Boundary, Error, Limits, Range};

fn unmap(table: &mut PageTable, memory: &mut Arena<Arm64Hyp>, range: Range) -> Result<u64, Error> {
    let mut gather = table.gather(memory, Limits::default());
    let done = gather.unmap(range, Boundary::Stop)?;
    gather.finish();
    Ok(done.bytes)
}

fn main() {
    let _ = unmap;
}
