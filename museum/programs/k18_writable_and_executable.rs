//! ---
//! class: K18
//! title: memory that is writable and executable, or device memory that executes
//! happened: TF-A (a56402521)
//! stops: does not compile: a combination that no row lists, or that the spec forbids, has no value
//! tests: program
//! ---
ptdsl::ptdsl!("arm64-hyp.pt");

use arm64_hyp::{Attributes, Prot};

fn main() {
    let _ = Prot::Rwx;
    let _ = Attributes::RX_DEVICE;
    let _ = Attributes(0x700);
    let _ = Attributes::RW_NORMAL.with_xn(false);
}
