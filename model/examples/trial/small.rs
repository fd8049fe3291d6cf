//! The small geometries, with the attributes that are tried there.

use ptdsl::Config;
use ptdsl_model::Regime;
use ptdsl_model::arch::{arm64, riscv, x86};
use ptdsl_model::port::{Family, Meaning};

use crate::formats::{arm64_small_2, arm64_small_4, riscv_small_2, x86_small_2};
use crate::space::{Hardware, Space};

/// The ends of ranges over four entries a table.
const ENDS: [u64; 13] = [0, 1, 4, 5, 15, 16, 17, 31, 32, 33, 48, 63, 64];

fn arm(hafdbs: bool, bbm: u8) -> Hardware {
    let features = arm64::Features { ttl: true, hafdbs, bbm, ..arm64::Features::default() };
    let meaning = Meaning::Arm64Stage1 { tagged: false, lpa2: false };
    (Family::Arm64, meaning, arm64::rules(Regime::El2, features))
}

/// Two entries a table; `updates`: hardware sets flags; `no_abort`: sizes change in place.
pub(crate) fn arm64_2(updates: bool, no_abort: bool) -> Option<Space<arm64_small_2::Arm64Small2>> {
    use arm64_small_2::{Attributes, Options, Sw};
    let config = Config {
        options: Options { ttl: true, ..Options::default() },
        hardware_updates: updates,
        no_conflict_abort: no_abort,
        ..Config::default()
    };
    let marked = Attributes::RW.with_sw(Sw::new(5)?);
    let hardware = arm(updates, if no_abort { 2 } else { 0 });
    Some(Space::new(hardware, config, &[Attributes::RW, Attributes::RX, marked]))
}

/// Four entries a table.
pub(crate) fn arm64_4() -> Space<arm64_small_4::Arm64Small4> {
    use arm64_small_4::{Attributes, Options};
    let config = Config { options: Options { ttl: true, ..Options::default() }, ..Config::default() };
    Space::new(arm(true, 0), config, &[Attributes::RW, Attributes::RX]).between(&ENDS)
}

/// Two entries a table.
pub(crate) fn riscv_2() -> Option<Space<riscv_small_2::RiscvSmall2>> {
    use riscv_small_2::{Attributes, Rsw};
    let hardware = (Family::RiscV, Meaning::RiscV, riscv::rules(false));
    let marked = Attributes::RW.with_rsw(Rsw::new(2)?);
    Some(Space::new(hardware, Config::default(), &[Attributes::RW, Attributes::R, marked]))
}

/// Two entries a table.
pub(crate) fn x86_2() -> Option<Space<x86_small_2::X86Small2>> {
    use x86_small_2::{Attributes, Avl};
    let hardware = (Family::X86, Meaning::X86, x86::rules(false));
    let (rw, r) = (Attributes::RW_SUPERVISOR_WB, Attributes::R_SUPERVISOR_WB);
    let marked = rw.with_avl(Avl::new(5)?);
    Some(Space::new(hardware, Config::default(), &[rw, r, marked]))
}
