//! From a spec's instruction to the model's event: one table per architecture, keyed by the spec's instruction names.

use crate::arch::{Rules, arm64, riscv};
use crate::event::{Accesses, Act, Domain};
use crate::tlbi::{Invalidate, Reach, Regime, What};

/// Whose instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// AArch64.
    Arm64,
    /// x86-64.
    X86,
    /// RISC-V.
    RiscV,
}

/// What an instruction is to the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelled {
    /// One event on the PE that executes it.
    Event(Act),
    /// An invalidation that acts on its own PE alone: the world has every other PE perform it too.
    Everywhere(Invalidate),
    /// An operand that names another granule than the tables': it covers nothing for certain.
    WrongGranule,
}

fn barrier(name: &str) -> Option<Act> {
    let (kind, scope) = name.split_once('_')?;
    let (domain, accesses) = match scope {
        "nsh" => (Domain::Local, Accesses::All),
        "nshst" => (Domain::Local, Accesses::Stores),
        "ish" => (Domain::Inner, Accesses::All),
        "ishst" => (Domain::Inner, Accesses::Stores),
        "ishld" => (Domain::Inner, Accesses::Loads),
        "osh" => (Domain::Outer, Accesses::All),
        "oshst" => (Domain::Outer, Accesses::Stores),
        "sy" => (Domain::System, Accesses::All),
        "st" => (Domain::System, Accesses::Stores),
        _ => return None,
    };
    match kind {
        "dmb" => Some(Act::Dmb(domain, accesses)),
        "dsb" => Some(Act::Dsb(domain, accesses)),
        _ => None,
    }
}

/// TLBI operations: name, regime, whether for leaves only, whether by an ASID in bits 63:48, whether by range.
const BY_ADDRESS: [(&str, Regime, bool, bool, bool); 14] = [
    ("vae2", Regime::El2, false, false, false),
    ("vale2", Regime::El2, true, false, false),
    ("rvae2", Regime::El2, false, false, true),
    ("rvale2", Regime::El2, true, false, true),
    ("vae1", Regime::Os, false, true, false),
    ("vale1", Regime::Os, true, true, false),
    ("rvae1", Regime::Os, false, true, true),
    ("rvale1", Regime::Os, true, true, true),
    ("vaae1", Regime::Os, false, false, false),
    ("vaale1", Regime::Os, true, false, false),
    ("rvaae1", Regime::Os, false, false, true),
    ("rvaale1", Regime::Os, true, false, true),
    ("ipas2e1", Regime::Stage2, false, false, false),
    ("ipas2le1", Regime::Stage2, true, false, false),
];

fn tlbi(name: &str, operand: u64, regime: Regime, granule_shift: u32) -> Option<Spelled> {
    let (operation, reach) = match name.strip_suffix("is").or(name.strip_suffix("os")) {
        Some(operation) => (operation, Reach::Shareable),
        None => (name, Reach::Local),
    };
    if let Some(&(_, regime, leaves, tagged, range)) = BY_ADDRESS.iter().find(|row| row.0 == operation) {
        let asid = (operand >> 48) as u16;
        let mut by = Invalidate { last_level: leaves, reach, ..Invalidate::all(regime) };
        if tagged {
            by = by.space(asid);
        }
        let by = if range {
            arm64::by_range(by, operand, granule_shift)
        } else {
            arm64::by_address(by, operand, granule_shift)
        };
        return Some(by.map_or(Spelled::WrongGranule, |by| Spelled::Event(Act::Invalidate(by))));
    }
    let all = match operation {
        "alle2" => Invalidate::all(Regime::El2),
        // The current VMID's: of stage 1 alone where no stage 2 is modelled.
        "vmalle1" if regime == Regime::Stage2 => {
            Invalidate { what: What::Combined, ..Invalidate::all(regime) }
        }
        "vmalle1" => Invalidate::all(Regime::Os),
        "vmalls12e1" => Invalidate { what: What::BothStages, ..Invalidate::all(Regime::Stage2) },
        "aside1" => Invalidate::all(Regime::Os).space_not_global((operand >> 48) as u16),
        _ => return None,
    };
    Some(Spelled::Event(Act::Invalidate(Invalidate { reach, ..all })))
}

/// An instruction by its name in the spec, with its first operand (0 if it has none). `None`: the model does not know it.
#[must_use]
pub fn spell(family: Family, rules: &Rules, name: &str, operand: u64, granule_shift: u32) -> Option<Spelled> {
    let event = |act| Some(Spelled::Event(act));
    match (family, name) {
        (Family::Arm64, "isb") => event(Act::Isb),
        (Family::Arm64, _) => match name.strip_prefix("tlbi_") {
            Some(operation) => tlbi(operation, operand, rules.regime, granule_shift),
            None => barrier(name).map(Spelled::Event),
        },
        (Family::X86, "invlpg") => Some(Spelled::Everywhere(crate::arch::x86::invlpg(operand, 0))),
        (Family::X86, "mfence") => event(Act::Dsb(Domain::System, Accesses::Stores)),
        (Family::X86, _) => None,
        (Family::RiscV, "fence_w_w") => event(Act::Dmb(Domain::System, Accesses::Stores)),
        (Family::RiscV, "fence_rw_rw") => event(Act::Dmb(Domain::System, Accesses::All)),
        (Family::RiscV, "sfence_vma_all" | "hfence_gvma_all") => {
            Some(Spelled::Everywhere(riscv::sfence(None, None)))
        }
        (Family::RiscV, "sfence_vma") => Some(Spelled::Everywhere(riscv::sfence(Some(operand), None))),
        // The guest physical address shifted right by 2.
        (Family::RiscV, "hfence_gvma") => Some(Spelled::Everywhere(riscv::sfence(Some(operand << 2), None))),
        (Family::RiscV, _) => None,
    }
}
