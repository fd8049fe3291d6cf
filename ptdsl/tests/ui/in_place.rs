ptdsl::ptdsl! {
    use "arm64-hyp.pt";

    format wrong: arm64_hyp {
        without Blok;
        leaf Page when [1:0] = 0b11 { ..Attributes; [47:n] PA[47:n]; [7] Again; }
        hardware sets AF, AP3;
    }
}

fn main() {}
