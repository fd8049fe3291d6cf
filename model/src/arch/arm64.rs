//! arm64: weak order, explicit completion, break-before-make.

use super::{Conflicts, Faults, Rules};
use crate::semantics::low_bits;
use crate::tlbi::{Invalidate, Regime, What};

/// What a PE implements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// FEAT_BBM level: 1 and 2 relax the change of size and contiguous bit.
    pub bbm: u8,
    /// FEAT_ETS2: a walk after a fault sees what happened before, without context synchronisation.
    pub ets2: bool,
    /// FEAT_TTL: invalidations take level hints.
    pub ttl: bool,
    /// FEAT_HAFDBS, switched on: walkers set AF and the dirty state.
    pub hafdbs: bool,
}

/// The rules for tables of a regime.
#[must_use]
pub fn rules(regime: Regime, features: Features) -> Rules {
    Rules {
        regime,
        tso: false,
        immediate: false,
        drains: true,
        faults: if features.ets2 { Faults::NotKept } else { Faults::UntilSynchronised },
        spurious: false,
        conflicts: Conflicts::Architected { size: features.bbm == 0 },
        pieces: false,
        prefetches: true,
        hints: features.ttl,
        updates: features.hafdbs,
        code: true,
    }
}

/// The operand of a TLBI by address: `VA[55:12]` in bits 43:0 whatever the granule, the level hint in 47:44 (47:46 = 0: none,
/// otherwise the granule). Bits 63:48, the ASID, are the caller's. `None` where the hint names another granule than the tables'.
#[must_use]
pub fn by_address(operation: Invalidate, operand: u64, granule_shift: u32) -> Option<Invalidate> {
    let level = match operand >> 46 & 3 {
        0 => None,
        granule if 10 + 2 * granule == u64::from(granule_shift) => Some((operand >> 44 & 3) as i32),
        _ => return None,
    };
    let va = (operand & low_bits(44)) << 12 & !low_bits(granule_shift);
    Some(Invalidate { what: What::Address(va), level, ..operation })
}

/// The operand of a TLBI by range (FEAT_TLBIRANGE): from BaseADDR (bits 36:0, in granules), `(NUM + 1) << (5 * SCALE + 1)`
/// granules; TTL in 38:37, NUM in 43:39, SCALE in 45:44, TG in 47:46. `None` where TG is not the granule of the tables, which
/// is no invalidation of them.
#[must_use]
pub fn by_range(operation: Invalidate, operand: u64, granule_shift: u32) -> Option<Invalidate> {
    let granule = match operand >> 46 & 3 {
        1 => 12,
        2 => 14,
        3 => 16,
        _ => return None,
    };
    let first = (operand & low_bits(37)) << granule;
    let (num, scale) = (operand >> 39 & 0x1f, operand >> 44 & 3);
    let bytes = (num + 1) << (5 * scale + 1) << granule;
    let level = (operand >> 37 & 3) as i32;
    (granule == granule_shift).then_some(Invalidate {
        what: What::Range(first, first.saturating_add(bytes - 1)),
        level: (level != 0).then_some(level),
        ..operation
    })
}
