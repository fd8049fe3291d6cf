ptdsl::ptdsl!("arm64-hypp.pt");
ptdsl::ptdsl!("arm64.pt");
ptdsl::ptdsl!(42);
ptdsl::ptdsl!();

fn main() {}
