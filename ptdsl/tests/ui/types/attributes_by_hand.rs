//! Attributes are built of rows, not of bits.
ptdsl::ptdsl!("arm64-hyp.pt");

fn main() {
    let _ = arm64_hyp::Attributes(0x700);
    let _ = arm64_hyp::Attributes::RW_NORMAL.with_xn(false);
}
