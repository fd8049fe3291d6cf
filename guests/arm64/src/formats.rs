//! The formats, each with the names that its generated module gives to attributes and registers.

use guest_common::Random;

use crate::machine::{Rights, Vmsa};
use crate::regime::{Regime, Setting, memory};

/// Nobody, EL1 or EL2 alone, everybody.
const NONE: [bool; 2] = [false, false];
const HIGH: [bool; 2] = [true, false];
const USER: [bool; 2] = [false, true];
const BOTH: [bool; 2] = [true, true];

const NORMAL: u64 = memory(0xff, 0b11);
const NON_CACHEABLE: u64 = memory(0x44, 0b10);
const DEVICE: u64 = memory(0x04, 0b10);

/// Hierarchical attributes: APTable[1], XNTable or UXNTable, PXNTable.
const AP_TABLE: u64 = 1 << 62;
const XN_TABLE: u64 = 1 << 60;
const PXN_TABLE: u64 = 1 << 59;

/// Attributes of a format that exist, sometimes with fields that no translation depends on.
macro_rules! draw {
    ($module:ident, $random:ident, $attributes:expr) => {{
        let attributes = (0..64).find_map(|_| $attributes).unwrap_or(<$module::Format as Vmsa>::own()[2]);
        let software = $module::Sw::new($random.below(16)).unwrap_or(attributes.sw());
        attributes.with_sw(software).with_dbm($random.one_in(4)).with_af(!$random.one_in(16))
    }};
}

macro_rules! common {
    ($module:ident) => {
        fn options(ttl: bool) -> $module::Options {
            $module::Options { ttl, ..Default::default() }
        }

        fn execute(step: $module::Step) {
            step.execute();
        }
    };
}

/// Formats of EL2 and EL2&0: what the hypervisor may do.
macro_rules! el2 {
    ($($module:ident $name:ident $setting:ident $regime:ident $restrictions:expr; $($scope:ident)?),*) => {$(
        mod $module {
            pub use ptdsl_generated::$module::*;
            pub use ptdsl_generated::$module::$name as Format;
        }
        impl Vmsa for $module::$name {
            const REGIME: Regime = Regime::$regime;
            const RESTRICTIONS: &'static [u64] = $restrictions;
            common!($module);

            fn setting(registers: &$module::Registers) -> Setting {
                Setting::$setting(registers.mair_el2, registers.tcr_el2, registers.ttbr0_el2)
            }

            fn is_tlbi(step: $module::Step) -> bool {
                matches!(step, $module::Step::TlbiVae2is(_) | $module::Step::TlbiVale2is(_))
            }

            fn rights(attributes: $module::Attributes) -> Rights {
                let (store, fetch) = match attributes.prot() {
                    $module::Prot::R => (NONE, NONE),
                    $module::Prot::Rw => (HIGH, NONE),
                    $module::Prot::Rx => (NONE, HIGH),
                };
                let memory = match attributes.memory() {
                    $module::Memory::Normal => NORMAL,
                    $module::Memory::Device => DEVICE,
                };
                Rights { load: HIGH, store, fetch, accessed: attributes.af(), memory }
            }

            fn random(random: &mut Random) -> $module::Attributes {
                let attributes = draw!($module, random, {
                    let prot = random.pick(&[$module::Prot::R, $module::Prot::Rw, $module::Prot::Rx]);
                    let memory = random.pick(&[$module::Memory::Normal, $module::Memory::Device]);
                    $module::Attributes::new(prot, memory $(, $module::Scope::$scope)?)
                });
                attributes.with_gp(random.one_in(4))
            }

            fn without_xn(old: $module::Attributes) -> $module::Attributes {
                if old.prot() != $module::Prot::R {
                    return old;
                }
                let new = $module::Attributes::new($module::Prot::Rx, old.memory() $(, $module::Scope::$scope)?);
                new.map_or(old, |new| new.with_sw(old.sw()).with_dbm(old.dbm()).with_af(old.af()).with_gp(old.gp()))
            }

            fn own() -> [$module::Attributes; 5] {
                use $module::{Attributes, Memory::*, Prot::*};
                let one = |prot, memory| {
                    let attributes = Attributes::new(prot, memory $(, $module::Scope::$scope)?);
                    attributes.expect("the format lists what every hypervisor needs")
                };
                [one(Rx, Normal), one(R, Normal), one(Rw, Normal), one(Rw, Device), one(Rx, Normal)]
            }
        }
    )*};
}

el2! {
    arm64_hyp Arm64Hyp el2 El2 &[AP_TABLE, XN_TABLE];,
    arm64_hyp_16k Arm64Hyp16k el2 El2 &[AP_TABLE, XN_TABLE];,
    arm64_hyp_64k Arm64Hyp64k el2 El2 &[AP_TABLE, XN_TABLE];,
    arm64_hyp_64k_lpa Arm64Hyp64kLpa el2 El2 &[AP_TABLE, XN_TABLE];,
    arm64_hyp_lpa2 Arm64HypLpa2 el2 El2 &[AP_TABLE, XN_TABLE];,
    arm64_hyp_16k_lpa2 Arm64Hyp16kLpa2 el2 El2 &[AP_TABLE, XN_TABLE];,
    arm64_hvhe Arm64Hvhe el20 El20 &[AP_TABLE, XN_TABLE | PXN_TABLE]; Global
}

/// Formats of EL1&0.
macro_rules! el1 {
    ($($module:ident $name:ident $low:ident),*) => {$(
        mod $module {
            pub use ptdsl_generated::$module::*;
            pub use ptdsl_generated::$module::$name as Format;
        }
        impl Vmsa for $module::$name {
            const REGIME: Regime = Regime::El10;
            const RESTRICTIONS: &'static [u64] = &[AP_TABLE, XN_TABLE, PXN_TABLE];
            common!($module);

            fn setting(registers: &$module::Registers) -> Setting {
                Setting::el10(registers.mair_el1, registers.tcr_el1, ttbrs!($low registers))
            }

            fn is_tlbi(step: $module::Step) -> bool {
                matches!(step, $module::Step::TlbiVaae1is(_) | $module::Step::TlbiVaale1is(_))
            }

            fn rights(attributes: $module::Attributes) -> Rights {
                use $module::Prot::*;
                let (load, store, fetch) = match attributes.prot() {
                    R => (HIGH, NONE, NONE),
                    Rw => (HIGH, HIGH, NONE),
                    Rx => (HIGH, NONE, HIGH),
                    UserR => (BOTH, NONE, NONE),
                    UserRw => (BOTH, BOTH, NONE),
                    UserRx => (BOTH, NONE, USER),
                    UserX => (HIGH, NONE, USER),
                };
                let memory = match attributes.memory() {
                    $module::Memory::Normal => NORMAL,
                    $module::Memory::Device => DEVICE,
                };
                Rights { load, store, fetch, accessed: attributes.af(), memory }
            }

            fn random(random: &mut Random) -> $module::Attributes {
                use $module::{Memory, Prot::*, Scope};
                let attributes = draw!($module, random, {
                    let prot = random.pick(&[R, Rw, Rx, UserR, UserRw, UserRx, UserX]);
                    let memory = random.pick(&[Memory::Normal, Memory::Device]);
                    $module::Attributes::new(prot, memory, random.pick(&[Scope::Global, Scope::Asid]))
                });
                attributes.with_gp(random.one_in(4))
            }

            fn without_xn(old: $module::Attributes) -> $module::Attributes {
                use $module::Prot::*;
                let prot = match old.prot() {
                    R => Rx,
                    UserR => UserRx,
                    prot => prot,
                };
                let new = $module::Attributes::new(prot, old.memory(), old.scope());
                new.map_or(old, |new| new.with_sw(old.sw()).with_dbm(old.dbm()).with_af(old.af()).with_gp(old.gp()))
            }

            fn own() -> [$module::Attributes; 5] {
                use $module::{Attributes, Memory::*, Prot::*, Scope};
                let one = |prot, memory| {
                    let attributes = Attributes::new(prot, memory, Scope::Global);
                    attributes.expect("the format lists what every kernel needs")
                };
                [one(Rx, Normal), one(R, Normal), one(Rw, Normal), one(Rw, Device), one(UserRx, Normal)]
            }
        }
    )*};
}

macro_rules! ttbrs {
    (low $registers:ident) => {
        [$registers.ttbr0_el1, 0]
    };
    (high $registers:ident) => {
        [0, $registers.ttbr1_el1]
    };
}

el1! {
    arm64_el1_low Arm64El1Low low,
    arm64_el1_low_16k Arm64El1Low16k low,
    arm64_el1_low_64k Arm64El1Low64k low,
    arm64_el1_low_64k_lpa Arm64El1Low64kLpa low,
    arm64_el1_low_lpa2 Arm64El1LowLpa2 low,
    arm64_el1_high Arm64El1High high,
    arm64_el1_high_16k Arm64El1High16k high,
    arm64_el1_high_64k Arm64El1High64k high
}

/// Formats of stage 2.
macro_rules! stage2 {
    ($($module:ident $name:ident $fwb:literal $($more:ident)?),*) => {$(
        mod $module {
            pub use ptdsl_generated::$module::*;
            pub use ptdsl_generated::$module::$name as Format;
        }
        impl Vmsa for $module::$name {
            const REGIME: Regime = Regime::Stage2;
            const RESTRICTIONS: &'static [u64] = &[];
            common!($module);

            fn setting(registers: &$module::Registers) -> Setting {
                Setting::stage2(registers.vtcr_el2, registers.vttbr_el2, $fwb)
            }

            fn is_tlbi(step: $module::Step) -> bool {
                use $module::Step::*;
                matches!(step, TlbiIpas2e1is(_) | TlbiIpas2le1is(_) | TlbiVmalle1is)
            }

            fn rights(attributes: $module::Attributes) -> Rights {
                use $module::Prot::*;
                let (load, store, fetch) = match attributes.prot() {
                    R => (BOTH, NONE, NONE),
                    W => (NONE, BOTH, NONE),
                    Rw => (BOTH, BOTH, NONE),
                    Rx => (BOTH, NONE, BOTH),
                    Rwx => (BOTH, BOTH, BOTH),
                };
                let memory = match attributes.memory() {
                    $module::Memory::Normal $(| $module::Memory::$more)? => NORMAL,
                    $module::Memory::NonCacheable => NON_CACHEABLE,
                    $module::Memory::Device => DEVICE,
                };
                Rights { load, store, fetch, accessed: attributes.af(), memory }
            }

            fn random(random: &mut Random) -> $module::Attributes {
                use $module::{Memory, Prot::*};
                draw!($module, random, {
                    let prot = random.pick(&[R, W, Rw, Rx, Rwx]);
                    let memory = random.pick(&[
                        Memory::Normal, Memory::NonCacheable, Memory::Device, $(Memory::$more)?
                    ]);
                    // What a fetch of Device memory does is not said.
                    let said = memory != Memory::Device || !matches!(prot, Rx | Rwx);
                    said.then(|| $module::Attributes::new(prot, memory))
                })
            }

            fn without_xn(old: $module::Attributes) -> $module::Attributes {
                use $module::Prot::*;
                let prot = match old.prot() {
                    R => Rx,
                    Rw => Rwx,
                    prot => prot,
                };
                if old.memory() == $module::Memory::Device {
                    return old;
                }
                let new = $module::Attributes::new(prot, old.memory());
                new.with_sw(old.sw()).with_dbm(old.dbm()).with_af(old.af())
            }

            fn own() -> [$module::Attributes; 5] {
                use $module::{Attributes, Memory::*, Prot::*};
                let one = Attributes::new;
                [one(Rx, Normal), one(R, Normal), one(Rw, Normal), one(Rw, Device), one(Rx, Normal)]
            }
        }
    )*};
}

stage2! {
    arm64_stage2 Arm64Stage2 false,
    arm64_stage2_concatenated Arm64Stage2Concatenated false,
    arm64_stage2_fwb Arm64Stage2Fwb true Stage1,
    arm64_stage2_16k Arm64Stage216k false,
    arm64_stage2_64k Arm64Stage264k false,
    arm64_stage2_64k_lpa Arm64Stage264kLpa false,
    arm64_stage2_lpa2 Arm64Stage2Lpa2 false
}
