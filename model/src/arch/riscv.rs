//! RISC-V: weak order, invalid entries are cached too, no conflict fault.

use super::{Conflicts, Faults, Rules};
use crate::tlbi::{Invalidate, Regime};

/// The rules. `updates`: harts set A and D (Svadu), and someone reads them.
#[must_use]
pub fn rules(updates: bool) -> Rules {
    Rules {
        regime: Regime::Os,
        tso: false,
        immediate: true,
        drains: false,
        faults: Faults::Cached,
        spurious: false,
        conflicts: Conflicts::Never,
        pieces: false,
        prefetches: false,
        hints: false,
        updates,
        code: true,
    }
}

/// `sfence.vma rs1, rs2` on this hart. With an address it orders leaves only: "a non-leaf change needs rs1 = x0". With an ASID
/// it leaves global entries.
#[must_use]
pub fn sfence(va: Option<u64>, asid: Option<u16>) -> Invalidate {
    let all = match va {
        Some(va) => Invalidate::address(Regime::Os, va).leaves(),
        None => Invalidate::all(Regime::Os),
    };
    match asid {
        Some(asid) => all.space_not_global(asid).local(),
        None => all.local(),
    }
}
