//! A kind that a level does not have cannot be written there, nor a table at the last level.
ptdsl::ptdsl!("arm64-hyp.pt");

use arm64_hyp::{Entry0, Entry1, Entry3};

fn main() {
    let _ = |entry: Entry1| matches!(entry, Entry1::Block(_));
    let _ = |entry: Entry0| matches!(entry, Entry0::Block(_));
    let _ = |entry: Entry3| matches!(entry, Entry3::Table(_));
}
