//! The translation regimes and stages: which registers make the PE use a table, and what it says of an access.

use guest_common::{Access, Kind, Outcome, Why};

use crate::boot::HCR;
use crate::layout::STUB_AT;
use crate::machine::PA_BITS;
use crate::pe::{self, Attempt};

/// Who translates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regime {
    /// EL2 stage 1.
    El2,
    /// EL2&0 stage 1, that is EL2 with HCR_EL2.E2H.
    El20,
    /// EL1&0 stage 1, without a stage 2.
    El10,
    /// Stage 2 of EL1&0, whose stage 1 is off: all it reaches is Normal write-back.
    Stage2,
}

/// What registers must hold: MAIR, TCR, TTBR0 and HCR of EL2, or what [`pe::set_el1`] takes.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub regime: Regime,
    pub words: [u64; 8],
}

/// HCR_EL2.E2H.
const E2H: u64 = 1 << 34;
/// HCR_EL2.VM and DC: stage 2 translates, and stage 1 is off and lets stage 2 say the memory type.
const VM_DC: u64 = 1 | 1 << 12;
/// HCR_EL2.FWB.
const FWB: u64 = 1 << 46;

impl Setting {
    pub const fn el2(mair: u64, tcr: u64, ttbr0: u64) -> Setting {
        Setting { regime: Regime::El2, words: [mair, tcr, ttbr0, HCR, 0, 0, 0, 0] }
    }

    pub const fn el20(mair: u64, tcr: u64, ttbr0: u64) -> Setting {
        Setting { regime: Regime::El20, words: [mair, tcr, ttbr0, HCR | E2H, 0, 0, 0, 0] }
    }

    pub const fn el10(mair: u64, tcr: u64, [ttbr0, ttbr1]: [u64; 2]) -> Setting {
        Setting { regime: Regime::El10, words: [mair, tcr, ttbr0, ttbr1, pe::SCTLR_EL1 | 1, 0, 0, HCR] }
    }

    pub const fn stage2(vtcr: u64, vttbr: u64, fwb: bool) -> Setting {
        let hcr = HCR | VM_DC | if fwb { FWB } else { 0 };
        Setting { regime: Regime::Stage2, words: [0, 0, 0, 0, pe::SCTLR_EL1, vtcr, vttbr, hcr] }
    }

    /// EL1&0 as it is when nobody uses it.
    const OFF: [u64; 8] = [0, 0, 0, 0, pe::SCTLR_EL1, 0, 0, HCR];

    /// The PE uses the table.
    pub fn enter(&self) {
        let [a, b, c, d, ..] = self.words;
        match self.regime {
            // SAFETY: `Machine::own` has put into the table what the guest needs.
            Regime::El2 | Regime::El20 => unsafe { pe::set_el2(a, b, c, d) },
            // SAFETY: only probes run there.
            Regime::El10 | Regime::Stage2 => unsafe { pe::set_el1(self.words) },
        }
    }

    /// The PE goes back to the guest's own table, and holds nothing of the other.
    pub fn leave(&self, home: &Setting) {
        match self.regime {
            Regime::El2 | Regime::El20 => home.enter(),
            // SAFETY: as in `enter`.
            Regime::El10 | Regime::Stage2 => unsafe { pe::set_el1(Self::OFF) },
        }
    }
}

const ASKS_AND_TOUCHES: [Access; 5] = [
    Access::ask(Kind::Load, false),
    Access::ask(Kind::Store, false),
    Access::touch(Kind::Load, false),
    Access::touch(Kind::Store, false),
    Access::touch(Kind::Fetch, false),
];

const WITH_EL0: [Access; 10] = [
    Access::ask(Kind::Load, false),
    Access::ask(Kind::Store, false),
    Access::ask(Kind::Load, true),
    Access::ask(Kind::Store, true),
    Access::touch(Kind::Load, false),
    Access::touch(Kind::Store, false),
    Access::touch(Kind::Fetch, false),
    Access::touch(Kind::Load, true),
    Access::touch(Kind::Store, true),
    Access::touch(Kind::Fetch, true),
];

impl Regime {
    pub const fn accesses(self) -> &'static [Access] {
        match self {
            Regime::El2 => &ASKS_AND_TOUCHES,
            // QEMU 7.2 invalidates nothing of EL2&0 by TLBI VAE2IS and VALE2IS: an access would find what is gone.
            Regime::El20 => ASKS_AND_TOUCHES.split_at(2).0,
            Regime::El10 | Regime::Stage2 => &WITH_EL0,
        }
    }

    pub const fn is_el2(self) -> bool {
        matches!(self, Regime::El2 | Regime::El20)
    }

    /// Whether stage 2 is who refuses an access.
    pub fn by_stage2(self, va: u64) -> bool {
        self == Regime::Stage2 && va >> PA_BITS == 0
    }

    /// PAR_EL1 for an access.
    pub fn ask(self, va: u64, access: Access) -> u64 {
        let write = access.kind == Kind::Store;
        match (self, access.user, write) {
            (Regime::El2 | Regime::El20, _, false) => pe::at_s1e2r(va),
            (Regime::El2 | Regime::El20, _, true) => pe::at_s1e2w(va),
            (Regime::El10, false, false) => pe::at_s1e1r(va),
            (Regime::El10, false, true) => pe::at_s1e1w(va),
            (Regime::El10, true, false) => pe::at_s1e0r(va),
            (Regime::El10, true, true) => pe::at_s1e0w(va),
            (Regime::Stage2, false, false) => pe::at_s12e1r(va),
            (Regime::Stage2, false, true) => pe::at_s12e1w(va),
            (Regime::Stage2, true, false) => pe::at_s12e0r(va),
            (Regime::Stage2, true, true) => pe::at_s12e0w(va),
        }
    }

    /// Performs an access to tagged memory, if it reaches any. `base`: first address of the table. Returns what came of it,
    /// and the last of the attempts that it took.
    pub fn touch(self, base: u64, va: u64, access: Access, ticket: u64) -> (Outcome, Attempt) {
        let perform = |kind: Kind, user: bool, address: u64, value: u64| {
            if self.is_el2() {
                match kind {
                    Kind::Load => pe::load(address),
                    // SAFETY: tagged memory, or nothing: `compare` makes sure.
                    Kind::Store => unsafe { pe::store(address, value) },
                    // SAFETY: the same; the code of tagged pages does what it must.
                    Kind::Fetch => unsafe { pe::call(address) },
                }
            } else {
                let stub = STUB_AT.map(|offset| base.wrapping_add(offset));
                // SAFETY: the same.
                unsafe { pe::lower(stub, user, kind, address, value) }
            }
        };
        let offset = match access.kind {
            Kind::Load => 0,
            Kind::Store => 8,
            Kind::Fetch => 16,
        };
        let done = perform(access.kind, access.user, va + offset, ticket);
        if done.esr != 0 {
            let outcome = match refused(done.esr, access.kind) {
                Some(outcome) if done.far == va + offset && done.stage2 == self.by_stage2(va) => outcome,
                _ => Outcome::Refused { why: Why::Other(done.esr), level: None },
            };
            return (outcome, done);
        }
        let output = match access.kind {
            Kind::Load => done.value,
            Kind::Fetch => done.value << 12,
            Kind::Store => self.stored(va, access, ticket, perform(Kind::Load, false, va, 0)),
        };
        (Outcome::Reached { output, memory: 0 }, done)
    }

    /// The page where the ticket was stored.
    fn stored(self, va: u64, access: Access, ticket: u64, tag: Attempt) -> u64 {
        // Memory that may be written and not read: where AT says it is.
        let par = if tag.esr != 0 { self.ask(va, access) } else { 0 };
        let page = if tag.esr != 0 { par & 0xf_ffff_ffff_f000 } else { tag.value };
        if par & 1 == 1 || !crate::layout::RAM.tagged(page) {
            return u64::MAX;
        }
        let found = if self.is_el2() {
            pe::load(va + 8).value
        } else {
            // SAFETY: the guest's own table maps all memory that is tagged, where it is.
            unsafe { pe::peek(page + 8) }
        };
        if found == ticket { page } else { u64::MAX }
    }
}

/// Why, and the level, by a fault status code. `None` for one that tables cannot cause.
pub fn status(code: u64) -> Option<(Why, i32)> {
    let level = (code & 3) as i32;
    match code & 0x3f {
        0b10_1001 => Some((Why::AddressSize, -1)),
        0b10_1011 => Some((Why::Translation, -1)),
        0b00_0000..=0b00_0011 => Some((Why::AddressSize, level)),
        0b00_0100..=0b00_0111 => Some((Why::Translation, level)),
        0b00_1000..=0b00_1011 => Some((Why::AccessFlag, level)),
        0b00_1100..=0b00_1111 => Some((Why::Permission, level)),
        _ => None,
    }
}

/// What a syndrome says, of which EC, WnR and the status code count; `None` if it is not of that kind of access.
fn refused(esr: u64, kind: Kind) -> Option<Outcome> {
    let right = match esr >> 26 & 0x3f {
        0x20 | 0x21 => kind == Kind::Fetch,
        0x24 | 0x25 => kind != Kind::Fetch && (esr >> 6 & 1 == 1) == (kind == Kind::Store),
        _ => false,
    };
    let (why, level) = status(esr).filter(|_| right)?;
    Some(Outcome::Refused { why, level: Some(level) })
}

/// What PAR_EL1 says. `stage2`: a fault must be one of stage 2.
pub fn decode_par(par: u64, stage2: bool) -> Outcome {
    if par & 1 == 1 {
        let status = status(par >> 1).filter(|_| (par >> 9 & 1 == 1) == stage2);
        return match status {
            Some((why, level)) => Outcome::Refused { why, level: Some(level) },
            None => Outcome::Refused { why: Why::Other(par), level: None },
        };
    }
    Outcome::Reached { output: par & 0xf_ffff_ffff_f000, memory: memory(par >> 56, par >> 7 & 3) }
}

/// Memory type, as PAR_EL1.ATTR has it, and shareability.
pub const fn memory(attribute: u64, shareability: u64) -> u64 {
    // Device and Normal Non-cacheable memory is outer shareable, whatever the leaf says; QEMU reports the leaf.
    let uncached = attribute & 0xf0 == 0 || attribute == 0x44;
    let shareability = if uncached && shareability == 0b11 { 0b10 } else { shareability };
    attribute << 8 | shareability
}
