//! The runtime's operations over the model, for the library's formats: random sequences under every check.

mod drive;

use drive::run;
use ptdsl_model::Regime;
use ptdsl_model::arch::{Rules, arm64, riscv, x86};
use ptdsl_model::port::{Family, Meaning};

fn arm(regime: Regime) -> Rules {
    arm64::rules(regime, arm64::Features { ttl: true, ..arm64::Features::default() })
}

fn el2(lpa2: bool) -> (Family, Meaning, Rules) {
    (Family::Arm64, Meaning::Arm64Stage1 { tagged: false, lpa2 }, arm(Regime::El2))
}

fn el1(lpa2: bool) -> (Family, Meaning, Rules) {
    (Family::Arm64, Meaning::Arm64Stage1 { tagged: true, lpa2 }, arm(Regime::Os))
}

fn stage2(lpa2: bool) -> (Family, Meaning, Rules) {
    (Family::Arm64, Meaning::Arm64Stage2 { lpa2 }, arm(Regime::Stage2))
}

fn x86() -> (Family, Meaning, Rules) {
    (Family::X86, Meaning::X86, x86::rules(false))
}

fn riscv() -> (Family, Meaning, Rules) {
    (Family::RiscV, Meaning::RiscV, riscv::rules(false))
}

macro_rules! formats {
    ($($name:ident: $marker:ident, $hardware:expr;)*) => {$(
        #[test]
        fn $name() {
            use ptdsl_generated::$name::{$marker, Options};
            let hardware = $hardware;
            run::<$marker>(hardware, Options::default(), &drive::attributes::<$marker>(hardware.1));
        }
    )*};
}

formats! {
    arm64_hyp: Arm64Hyp, el2(false);
    arm64_hyp_16k: Arm64Hyp16k, el2(false);
    arm64_hyp_64k: Arm64Hyp64k, el2(false);
    arm64_hyp_64k_lpa: Arm64Hyp64kLpa, el2(false);
    arm64_hyp_lpa2: Arm64HypLpa2, el2(true);
    arm64_hyp_16k_lpa2: Arm64Hyp16kLpa2, el2(true);
    arm64_hvhe: Arm64Hvhe, el2(false);
    arm64_el1_low: Arm64El1Low, el1(false);
    arm64_el1_low_16k: Arm64El1Low16k, el1(false);
    arm64_el1_low_64k: Arm64El1Low64k, el1(false);
    arm64_el1_low_64k_lpa: Arm64El1Low64kLpa, el1(false);
    arm64_el1_low_lpa2: Arm64El1LowLpa2, el1(true);
    arm64_el1_high: Arm64El1High, el1(false);
    arm64_el1_high_16k: Arm64El1High16k, el1(false);
    arm64_el1_high_64k: Arm64El1High64k, el1(false);
    arm64_stage2: Arm64Stage2, stage2(false);
    arm64_stage2_16k: Arm64Stage216k, stage2(false);
    arm64_stage2_64k: Arm64Stage264k, stage2(false);
    arm64_stage2_64k_lpa: Arm64Stage264kLpa, stage2(false);
    arm64_stage2_concatenated: Arm64Stage2Concatenated, stage2(false);
    arm64_stage2_fwb: Arm64Stage2Fwb, stage2(false);
    arm64_stage2_lpa2: Arm64Stage2Lpa2, stage2(true);
    x86_64: X8664, x86();
    x86_64_5level: X86645level, x86();
    sv32: Sv32, riscv();
    sv39: Sv39, riscv();
    sv48: Sv48, riscv();
    sv57: Sv57, riscv();
    sv32x4: Sv32x4, riscv();
    sv39x4: Sv39x4, riscv();
    sv48x4: Sv48x4, riscv();
    sv57x4: Sv57x4, riscv();
}
