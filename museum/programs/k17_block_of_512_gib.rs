//! ---
//! class: K17
//! title: a block of 512 GiB where only LPA2 has one
//! happened: NuttX (#17372), aarch64-paging (f28ab71)
//! stops: does not compile: a level's type has the kinds that the level has
//! tests: program
//! ---
ptdsl::ptdsl!("arm64-hyp.pt");

use arm64_hyp::{Entry0, Entry1};

fn main() {
    let _ = |entry: Entry1| matches!(entry, Entry1::Block(_));
    let _ = |entry: Entry0| matches!(entry, Entry0::Block(_));
}
