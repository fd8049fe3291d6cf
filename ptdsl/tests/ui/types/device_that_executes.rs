//! A combination that the spec forbids has no constant.
ptdsl::ptdsl!("arm64-hyp.pt");

fn main() {
    let _ = arm64_hyp::Attributes::RX_NORMAL;
    let _ = arm64_hyp::Attributes::RX_DEVICE;
}
