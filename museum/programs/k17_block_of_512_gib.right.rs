//! The format of LPA2 has it.
ptdsl::ptdsl!("arm64-hyp-lpa2.pt");

use arm64_hyp_lpa2::Entry0;

fn main() {
    let _ = |entry: Entry0| matches!(entry, Entry0::Block(_));
}
