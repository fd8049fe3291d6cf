//! VMSAv8-64 stage 1 for the EL2 translation regime (HCR_EL2.E2H = 0: one VA range), 4 KiB granule.

use ::ptdsl::{Along, Change, End, Extend, Format, Level, OutputChoice, Phys, Run, Shape, Transition, World};

/// The format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arm64Hyp {}

/// A page table of this format.
pub type PageTable<U = ::ptdsl::Live> = ::ptdsl::PageTable<Arm64Hyp, U>;
/// What is decided when a table is created.
pub type Config = ::ptdsl::Config<Arm64Hyp>;

/// Booleans of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// FEAT_TTL.
    pub ttl: bool,
}

/// Barriers and invalidations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// `dmb ishst`
    DmbIshst,
    /// `dsb ishst`
    DsbIshst,
    /// `dsb ish`
    DsbIsh,
    /// `isb`
    Isb,
    /// `tlbi vae2is, {x}`
    TlbiVae2is(u64),
    /// `tlbi vale2is, {x}`
    TlbiVale2is(u64),
}

/// Register values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registers {
    /// MAIR_EL2
    pub mair_el2: u64,
    /// TCR_EL2
    pub tcr_el2: u64,
    /// TTBR0_EL2
    pub ttbr0_el2: u64,
}

/// prot
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prot {
    /// r
    R,
    /// rw
    Rw,
    /// rx
    Rx,
}

/// memory
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// normal
    Normal,
    /// device
    Device,
}

/// SW, bits 58:55.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sw(u64);

impl Sw {
    /// `None` if it has more than 4 bits.
    pub const fn new(value: u64) -> Option<Self> {
        if value <= 0xf { Some(Sw(value)) } else { None }
    }
    /// The value.
    pub const fn value(self) -> u64 {
        self.0
    }
}

/// What a caller asks of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes(u64);

#[allow(missing_docs)]
impl Attributes {
    pub const R_NORMAL: Self = Attributes(1 << 7 | 1 << 54 | 3 << 8 | 1 << 10);
    pub const RW_NORMAL: Self = Attributes(1 << 54 | 3 << 8 | 1 << 10);
    pub const RX_NORMAL: Self = Attributes(1 << 7 | 3 << 8 | 1 << 10);
    pub const R_DEVICE: Self = Attributes(1 << 7 | 1 << 54 | 3 << 8 | 1 << 10 | 4 << 2);
    pub const RW_DEVICE: Self = Attributes(1 << 54 | 3 << 8 | 1 << 10 | 4 << 2);
    /// A listed combination.
    pub const fn new(prot: Prot, memory: Memory) -> Option<Self> {
        let prot = match prot {
            Prot::R => 1 << 7 | 1 << 54,
            Prot::Rw => 1 << 54,
            Prot::Rx if matches!(memory, Memory::Device) => return None,
            Prot::Rx => 1 << 7,
        };
        let memory = match memory {
            Memory::Normal => 3 << 8,
            Memory::Device => 3 << 8 | 4 << 2,
        };
        Some(Attributes(prot | memory | 1 << 10))
    }
    /// prot
    pub const fn prot(self) -> Prot {
        match (self.0 >> 7 & 1, self.0 >> 54 & 1) {
            (0, _) => Prot::Rw,
            (_, 1) => Prot::R,
            _ => Prot::Rx,
        }
    }
    /// memory
    pub const fn memory(self) -> Memory {
        if self.0 >> 2 & 7 == 0 {
            Memory::Normal
        } else {
            Memory::Device
        }
    }
    /// SW, bits 58:55.
    pub const fn sw(self) -> Sw {
        Sw(self.0 >> 55 & 0xf)
    }
    /// SW, bits 58:55.
    pub const fn with_sw(self, sw: Sw) -> Self {
        Attributes(self.0 & !(0xf << 55) | sw.0 << 55)
    }
}

impl Format for Arm64Hyp {
    type Word = u64;
    type Attributes = Attributes;
    type Options = Options;
    type Step = Step;
    type Registers = Registers;
    type Top = Level0;

    const NAME: &'static str = "arm64_hyp";
    const GRANULE_SHIFT: u32 = 12;
    const MIN_WIDTH: u32 = 25;
    const MAX_WIDTH: u32 = 48;
    const EXTEND: Extend = Extend::Zero;
    const OUTPUT: &'static [OutputChoice] = &[
        OutputChoice { bits: 32, code: 0 },
        OutputChoice { bits: 36, code: 1 },
        OutputChoice { bits: 40, code: 2 },
        OutputChoice { bits: 42, code: 3 },
        OutputChoice { bits: 44, code: 4 },
        OutputChoice { bits: 48, code: 5 },
    ];
    const PUBLISH_LEAF_ONCE: bool = true;
    const PUBLISH_TABLE_COVERS_LEAF: bool = true;

    #[inline(always)]
    fn before<W: World<Self>>(world: &mut W, transition: Transition, _: &Run<'_, Self>) {
        if let Transition::PublishTable = transition {
            world.step(Step::DmbIshst);
        }
    }

    #[inline(always)]
    fn after<W: World<Self>>(world: &mut W, transition: Transition, run: &Run<'_, Self>) {
        match transition {
            Transition::PublishLeaf | Transition::PublishTable => {
                world.step(Step::DsbIshst);
                world.step(Step::Isb);
            }
            Transition::InvalidateLeaf => {
                world.step(Step::DsbIshst);
                for va in run.addresses() {
                    world.step(Step::TlbiVale2is(va_hint(va, run)));
                }
                world.step(Step::DsbIsh);
                world.step(Step::Isb);
            }
            Transition::InvalidateTable => {
                world.step(Step::DsbIshst);
                for va in run.addresses() {
                    world.step(Step::TlbiVae2is(va >> 12 & 0xfff_ffff_ffff));
                }
                world.step(Step::DsbIsh);
                world.step(Step::Isb);
            }
        }
    }

    #[inline(always)]
    fn effective(_: i32, leaf: u64, path: Along<u64>) -> u64 {
        leaf | (path.any >> 62 & 1) << 7 | (path.any >> 60 & 1) << 54
    }

    fn attributes(level: i32, leaf: u64) -> Option<Attributes> {
        let _ = level;
        let bits = leaf & 0x07cc_0000_0000_079c;
        match (bits >> 7 & 1, bits >> 54 & 1, bits >> 2 & 7, bits >> 8 & 3) {
            (0, 0, _, _) | (1, 0, 4, _) => None,
            (_, _, 0 | 4, 3) => Some(Attributes(bits)),
            _ => None,
        }
    }

    fn registers(shape: &Shape<Self>) -> Registers {
        Registers {
            mair_el2: 0x04 << 32 | 0xff,
            tcr_el2: 1 << 31
                | 1 << 23
                | shape.output.code << 16
                | 0b11 << 12
                | 1 << 10
                | 1 << 8
                | (64 - u64::from(shape.width)),
            ttbr0_el2: shape.root.0,
        }
    }
}

fn va_hint(va: u64, run: &Run<'_, Arm64Hyp>) -> u64 {
    let hint = if run.shape.options.ttl {
        0b01 << 46 | (run.level as u64 & 3) << 44
    } else {
        0
    };
    hint | va >> 12 & 0xfff_ffff_ffff
}

macro_rules! level {
    ($name:ident, $next:ty, $number:literal, $shift:literal, $leaf:literal, $table:literal, $guard:literal, $mask:literal) => {
        /// A level.
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}
        impl Level<Arm64Hyp> for $name {
            type Next = $next;
            type Entry = u64;
            const NUMBER: i32 = $number;
            const SHIFT: u32 = $shift;
            const BITS: u32 = 9;
            const HAS_LEAF: bool = $leaf;
            const HAS_TABLE: bool = $table;
            const EMPTY: u64 = 0;
            const STEP: u64 = 1 << $shift;
            const LINEAR: u64 = u64::MAX;
            const ALONG: u64 = u64::MAX;
            fn entry(raw: u64) -> u64 {
                raw
            }
            #[inline(always)]
            fn next_table(raw: u64) -> Option<Phys> {
                if $table && raw & 3 == 3 {
                    Some(Phys(raw & 0xffff_ffff_f000))
                } else {
                    None
                }
            }
            #[inline(always)]
            fn is_leaf(raw: u64) -> bool {
                $leaf && raw & 3 == $guard
            }
            #[inline(always)]
            fn output(raw: u64) -> Phys {
                Phys(raw & $mask)
            }
            #[inline(always)]
            fn leaf(output: Phys, attributes: Attributes) -> u64 {
                output.0 & $mask | attributes.0 | 1 << 6 | $guard
            }
            #[inline(always)]
            fn link(child: Phys) -> u64 {
                child.0 & 0xffff_ffff_f000 | 3
            }
            fn change(old: u64, new: u64) -> Change {
                match old ^ new {
                    0 => Change::Nothing,
                    bits if bits & !(0xf << 55) == 0 => Change::Store,
                    _ => Change::Break,
                }
            }
        }
    };
}
level!(Level0, Level1, 0, 39, false, true, 0, 0);
level!(Level1, Level2, 1, 30, true, true, 1, 0xffff_c000_0000);
level!(Level2, Level3, 2, 21, true, true, 1, 0xffff_ffe0_0000);
level!(Level3, End, 3, 12, true, false, 3, 0xffff_ffff_f000);
