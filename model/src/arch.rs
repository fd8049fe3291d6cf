//! What differs between architectures, as values that the machine asks; one module each.

pub mod arm64;
pub mod riscv;
pub mod x86;

use crate::semantics::Leaf;
use crate::tlbi::Regime;

/// What hardware may keep of a walk that found no translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faults {
    /// Nothing (x86; arm64 with FEAT_ETS2): once the store is visible, the next walk finds it.
    NotKept,
    /// A fault obtained before stays usable until the PE's next context synchronisation (arm64).
    UntilSynchronised,
    /// Invalid entries are cached like others until they are invalidated (RISC-V).
    Cached,
}

/// Where two translations of one address conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflicts {
    /// arm64: "two translations of one address that differ in output, memory type, shareability, size or contiguous bit,
    /// nG 1 → 0, or a table and a block; never permissions, AF, DBM, GP or software bits".
    Architected {
        /// False where FEAT_BBM drops size and contiguous bit.
        size: bool,
    },
    /// x86-64: "output, type or contents".
    Contents,
    /// RISC-V: "no fault".
    Never,
}

/// What the machine does; made by [`arm64`], [`x86`] or [`riscv`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The regime whose tables are walked.
    pub regime: Regime,
    /// Every store is a release and every load an acquire.
    pub tso: bool,
    /// An invalidation is complete when its instruction is, and orders this PE's earlier stores before its later walks.
    pub immediate: bool,
    /// With [`immediate`](Rules::immediate): this PE's stores become visible to all (x86), not only to its own walks (RISC-V).
    pub drains: bool,
    /// What is kept of walks that found nothing.
    pub faults: Faults,
    /// Software tolerates a fault on a mapping that was just made, so no promise covers it.
    pub spurious: bool,
    /// When two translations conflict.
    pub conflicts: Conflicts,
    /// Large pages may be cached in pieces of the smallest size.
    pub pieces: bool,
    /// Translations obtained before an invalidation stay usable on the issuer until its next context synchronisation.
    pub prefetches: bool,
    /// PEs take level hints (FEAT_TTL).
    pub hints: bool,
    /// Walkers set accessed and dirty, and someone reads them: no plain store over an entry that may get them.
    pub updates: bool,
    /// What is executed must have been removed from instruction caches.
    pub code: bool,
}

impl Conflicts {
    /// Whether a new translation of an address conflicts with one that may be cached. Both as they translate that address:
    /// `apart` says that outputs differ there, `sizes` that they came from entries of different size.
    #[must_use]
    pub fn between(self, old: &Leaf, new: &Leaf, apart: bool, sizes: bool) -> Option<&'static str> {
        let attributes = (old.strict != new.strict).then_some("memory type or shareability");
        match self {
            Conflicts::Never => None,
            Conflicts::Contents => apart.then_some("output").or(attributes),
            Conflicts::Architected { size } => {
                let grouped = (old.group == 0) != (new.group == 0);
                apart
                    .then_some("output")
                    .or(attributes)
                    .or((new.global && !old.global).then_some("nG 1 -> 0"))
                    .or((size && sizes).then_some("size"))
                    .or((size && grouped).then_some("contiguous bit"))
            }
        }
    }

    /// Whether a table and a block at one place conflict.
    #[must_use]
    pub fn table_and_block(self) -> bool {
        self == Conflicts::Architected { size: true }
    }
}
