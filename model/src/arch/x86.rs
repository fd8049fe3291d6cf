//! x86-64: total store order, invalidations that serialise, PCIDs, large pages cached in pieces.

use super::{Conflicts, Faults, Rules};
use crate::tlbi::{Invalidate, Reach, Regime, Spaces, What};

/// The rules. `updates`: accessed and dirty bits are read by someone.
#[must_use]
pub fn rules(updates: bool) -> Rules {
    Rules {
        regime: Regime::Os,
        tso: true,
        immediate: true,
        drains: true,
        faults: Faults::NotKept,
        spurious: true,
        conflicts: Conflicts::Contents,
        pieces: true,
        prefetches: false,
        hints: false,
        updates,
        code: false,
    }
}

/// INVLPG: on this CPU, what translates the address under the current PCID or globally, and every paging-structure cache of the
/// current PCID.
#[must_use]
pub fn invlpg(va: u64, pcid: u16) -> Invalidate {
    Invalidate {
        all_walks: true,
        spaces: Spaces::One(pcid),
        reach: Reach::Local,
        ..Invalidate::address(Regime::Os, va)
    }
}

/// MOV to CR3 without the bit that preserves, or INVPCID of a single context: the PCID without global entries.
#[must_use]
pub fn flush_context(pcid: u16) -> Invalidate {
    Invalidate { what: What::All, ..Invalidate::address(Regime::Os, 0) }.space_not_global(pcid).local()
}

/// INVPCID of all contexts with global entries, or a change of CR4.PGE.
#[must_use]
pub fn flush_all() -> Invalidate {
    Invalidate::all(Regime::Os).local()
}
