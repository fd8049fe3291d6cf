//! Invalidations: what one covers, exactly, and what is pending until its completing barrier.

use std::fmt;

use crate::semantics::low_bits;

/// Which PEs drop what is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The issuer alone.
    Local,
    /// All PEs of the inner (`IS`) or outer (`OS`) shareable domain.
    Shareable,
}

/// A translation regime. An invalidation of another regime covers nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regime {
    /// EL1&0 stage 1, x86 and RISC-V's only regime: with ASIDs (PCIDs).
    Os,
    /// EL2: no ASID, no VMID.
    El2,
    /// Stage 2: entries by IPA, and combined ones.
    Stage2,
}

/// Which addresses an invalidation covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// What translates one address. In the regime [`Regime::Stage2`] an IPA.
    Address(u64),
    /// What translates an address from the first to the last, both inclusive: the forms by range.
    Range(u64, u64),
    /// Every address.
    All,
    /// Stage 2: what both stages gave together (VMALLE1), and nothing else.
    Combined,
    /// Stage 2: combined entries and those by IPA (VMALLS12E1).
    BothStages,
}

/// Which address spaces an invalidation covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spaces {
    /// All of them, and global entries.
    All,
    /// One ASID (PCID), and global entries.
    One(u16),
    /// One ASID (PCID), and no global entry (ASIDE1, MOV to CR3, `sfence.vma` with rs2).
    OneNotGlobal(u16),
}

/// An invalidation. "Matching is exact: kind, level hint, address bits, ASID/VMID, regime, leaf-only. It never invalidates more
/// than was asked."
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalidate {
    /// The regime.
    pub regime: Regime,
    /// The addresses.
    pub what: What,
    /// The address spaces.
    pub spaces: Spaces,
    /// Leaves only, no walk entries (the forms VAL.., `sfence.vma` with rs1).
    pub last_level: bool,
    /// Level hint: the level of the leaf. No walk entry is certain to go then.
    pub level: Option<i32>,
    /// Walk entries of the space go whatever the address (INVLPG).
    pub all_walks: bool,
    /// The PEs.
    pub reach: Reach,
}

impl Invalidate {
    /// What translates an address, walk entries too, for all address spaces and PEs.
    #[must_use]
    pub fn address(regime: Regime, va: u64) -> Self {
        Invalidate {
            regime,
            what: What::Address(va),
            spaces: Spaces::All,
            last_level: false,
            level: None,
            all_walks: false,
            reach: Reach::Shareable,
        }
    }

    /// Everything of a regime, on all PEs.
    #[must_use]
    pub fn all(regime: Regime) -> Self {
        Invalidate { what: What::All, ..Self::address(regime, 0) }
    }

    /// The same for leaves only.
    #[must_use]
    pub fn leaves(self) -> Self {
        Invalidate { last_level: true, ..self }
    }

    /// The same with a level hint.
    #[must_use]
    pub fn hint(self, level: i32) -> Self {
        Invalidate { level: Some(level), ..self }
    }

    /// The same on this PE alone.
    #[must_use]
    pub fn local(self) -> Self {
        Invalidate { reach: Reach::Local, ..self }
    }

    /// The same for one ASID (PCID) and global entries.
    #[must_use]
    pub fn space(self, space: u16) -> Self {
        Invalidate { spaces: Spaces::One(space), ..self }
    }

    /// The same for one ASID (PCID) without global entries.
    #[must_use]
    pub fn space_not_global(self, space: u16) -> Self {
        Invalidate { spaces: Spaces::OneNotGlobal(space), ..self }
    }

    /// Whether sources of a covered entry are left alone, so that it may be filled again from them while the invalidation
    /// is under way.
    pub(crate) fn leaves_sources(&self) -> bool {
        self.last_level || self.level.is_some() || self.what == What::Combined
    }
}

impl fmt::Display for Invalidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            What::Address(va) => write!(f, "{va:#x}")?,
            What::Range(first, last) => write!(f, "{first:#x}..={last:#x}")?,
            What::All => f.write_str("all")?,
            What::Combined => f.write_str("combined entries")?,
            What::BothStages => f.write_str("both stages")?,
        }
        match self.spaces {
            Spaces::All => {}
            Spaces::One(space) => write!(f, ", space {space}")?,
            Spaces::OneNotGlobal(space) => write!(f, ", space {space} without global")?,
        }
        if self.last_level {
            f.write_str(", leaves")?;
        }
        if let Some(level) = self.level {
            write!(f, ", level {level}")?;
        }
        if self.all_walks {
            f.write_str(", all walk entries")?;
        }
        match self.regime {
            Regime::Os => {}
            Regime::El2 => f.write_str(", EL2")?,
            Regime::Stage2 => f.write_str(", stage 2")?,
        }
        f.write_str(match self.reach {
            Reach::Local => ", this PE",
            Reach::Shareable => ", all PEs",
        })
    }
}

/// What a cached entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// Where a walk begins: never cached, never dropped.
    Root,
    /// A table descriptor: where a walk may begin.
    Walk,
    /// A translation.
    Leaf,
    /// That there is no translation.
    Negative,
    /// A translation (or a walk entry of stage 1) that went through a leaf of stage 2.
    Combined,
}

/// What matching needs to know of a cached entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tags {
    pub(crate) kind: EntryKind,
    pub(crate) va: u64,
    /// log2 of the bytes that the entry translates, or leads to.
    pub(crate) shift: u32,
    pub(crate) level: i32,
    pub(crate) space: u16,
    pub(crate) vmid: u16,
    pub(crate) global: bool,
}

/// An invalidation that was issued and not yet completed everywhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    pub(crate) invalidate: Invalidate,
    pub(crate) issuer: u8,
    /// When it was issued.
    pub(crate) time: u64,
    /// The VMID that it means; `None` if that is not certain.
    pub(crate) vmid: Option<u16>,
    /// Observers that it still has to reach, one bit each.
    pub(crate) observers: u32,
    /// Where large pages are cached in pieces: log2 of the region around the address whose pieces go.
    pub(crate) region: u32,
}

impl Pending {
    /// Whether the entry goes.
    pub(crate) fn covers(&self, regime: Regime, entry: &Tags) -> bool {
        let asked = &self.invalidate;
        if asked.regime != regime || (regime != Regime::El2 && self.vmid != Some(entry.vmid)) {
            return false;
        }
        let stage2 = regime == Regime::Stage2;
        let kind = match (entry.kind, asked.what) {
            (EntryKind::Root, _) => false,
            (EntryKind::Combined, what) => matches!(what, What::Combined | What::BothStages),
            (_, What::Combined) => false,
            (EntryKind::Walk, _) => !asked.last_level && asked.level.is_none(),
            (EntryKind::Leaf | EntryKind::Negative, _) => {
                asked.level.is_none_or(|level| level == entry.level)
            }
        };
        let space = stage2
            || match asked.spaces {
                Spaces::All => true,
                Spaces::One(space) => entry.global || entry.space == space,
                Spaces::OneNotGlobal(space) => !entry.global && entry.space == space,
            };
        let first = entry.va;
        let last = entry.va | low_bits(entry.shift);
        let address = match asked.what {
            What::Address(_) if asked.all_walks && entry.kind == EntryKind::Walk => true,
            What::Address(va) => first <= va && va <= last,
            What::Range(from, to) => from <= last && first <= to,
            What::All | What::Combined | What::BothStages => true,
        };
        kind && space && address
    }
}
