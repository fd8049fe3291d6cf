//! What is listed, is there.
ptdsl::ptdsl!("arm64-hyp.pt");

use arm64_hyp::{Attributes, Memory, Prot};

fn main() {
    assert_eq!(Attributes::new(Prot::Rx, Memory::Normal), Some(Attributes::RX_NORMAL));
    assert_eq!(Attributes::new(Prot::Rx, Memory::Device), None);
}
