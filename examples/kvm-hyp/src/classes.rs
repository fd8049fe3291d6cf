//! The closed list of what the library does otherwise than Linux, on purpose.

use std::fmt;

use crate::engine::{Call, Outcome, Ret};
use crate::format::prot;
use crate::linux::{EINVAL, ENOMEM};
use crate::memory::FakeMemory;
use crate::model::Before;
use crate::setup::Granule;
use crate::state::{Root, Row, rows};

/// A difference that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// An unmap that runs into a hole leaves the table that it just emptied linked. The library frees it.
    HoleStop,
    /// An unmap that starts inside a block removes all of it. The library touches nothing outside the range.
    InsideBlock,
    /// A map over a block writes a table over it, without break-before-make. The library refuses.
    Conflict,
    /// A map that runs out of memory leaves the empty tables that it made. The library frees them.
    TablesLeft,
    /// A range that wraps is empty, and counts as success; an empty one out of range, or any without a table, is
    /// -ERANGE. The library refuses what wraps, and has no call without a table.
    Range,
    /// Outputs beyond 48 or 52 bits go unchecked, and lose high bits. The library refuses.
    Output,
    /// Any width that gives a level is taken, or any at all. The library makes tables of the widths that the spec has.
    Width,
    /// With 52-bit outputs the architecture has blocks one level higher. The library uses them, Linux does not.
    LargeBlock,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 8] = [
        Class::HoleStop,
        Class::InsideBlock,
        Class::Conflict,
        Class::TablesLeft,
        Class::Range,
        Class::Output,
        Class::Width,
        Class::LargeBlock,
    ];

    /// A short name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Class::HoleStop => "hole-stop",
            Class::InsideBlock => "inside-block",
            Class::Conflict => "conflict",
            Class::TablesLeft => "tables-left",
            Class::Range => "range",
            Class::Output => "output",
            Class::Width => "width",
            Class::LargeBlock => "large-block",
        }
    }

    /// Why the library differs.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Class::HoleStop => {
                "an unmap stops at a hole and leaves the table it emptied; the library frees it"
            }
            Class::InsideBlock => {
                "an unmap that starts inside a block removes it whole; the library touches nothing outside the range"
            }
            Class::Conflict => "a map writes a table over a live block; the library refuses",
            Class::TablesLeft => "-ENOMEM leaves empty tables behind; the library frees them",
            Class::Range => {
                "ranges that wrap, or have no table, are checked in another order; the library refuses"
            }
            Class::Output => "outputs beyond the limit lose high bits; the library refuses",
            Class::Width => "Linux takes more widths; the library has those of the spec",
            Class::LargeBlock => "Linux has no block of the level that 52-bit outputs add; the library has",
        }
    }

    /// The class of an operation that has not happened yet; `None` if the library must do what Linux does.
    #[must_use]
    pub fn predict(before: &Before<'_>, call: &Call) -> Option<Class> {
        let page = before.setup.granule.bytes();
        match *call {
            Call::Init { va_bits } => before.init(va_bits),
            Call::Map { addr, size, phys, prot } => before.map(addr, size, phys, prot),
            Call::Unmap { addr, size } => before.unmap(addr, size),
            Call::Get { addr } => before.walk(addr & !(page - 1), page),
            Call::Walk { addr, size, .. } => before.walk(addr, size),
            Call::PteProt { .. } | Call::Destroy | Call::AllocBudget(_) => None,
        }
    }

    /// Whether an operation of this class cannot end like Linux's, so that a prediction without a difference is an
    /// error too. An output beyond the limit can: where Linux stops at its first page for another reason.
    #[must_use]
    pub fn always_shows(self) -> bool {
        self != Class::Output
    }

    /// Whether the library did what this class says that it does instead. A class excuses nothing else.
    #[must_use]
    pub fn describes(self, before: &FakeMemory, linux: &Outcome, ours: &Outcome, after: Side<'_>) -> bool {
        let untouched = before.same_state(after.memory);
        match self {
            Class::HoleStop => ours == linux && after.no_empty_table(),
            Class::InsideBlock => ours.ret == Some(Ret::Bytes(0)) && untouched,
            Class::Conflict => {
                ours.ret == Some(Ret::Code(EINVAL)) && nothing_overwritten(before, after.memory)
            }
            Class::TablesLeft => {
                ours.ret == Some(Ret::Code(ENOMEM)) && ours == linux && after.no_empty_table()
            }
            Class::Range => ours.ret != linux.ret && untouched,
            Class::Output | Class::Width => ours.ret == Some(Ret::Code(EINVAL)) && untouched,
            Class::LargeBlock => nothing_overwritten(before, after.memory) && after.has_large_block(),
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The library's state after an operation.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// Its memory.
    pub memory: &'a FakeMemory,
    /// Its table.
    pub root: Option<Root>,
    /// Page size.
    pub granule: Granule,
}

impl Side<'_> {
    fn no_empty_table(self) -> bool {
        let root = self.root.map(|root| root.page);
        self.memory.live().all(|(page, count)| count > 1 || Some(page) == root)
    }

    fn has_large_block(self) -> bool {
        let blocks = |row: &Row| row.raw & 0b11 == 0b01 && row.level < self.granule.highest_block();
        rows(self.memory, self.root, self.granule).iter().any(blocks)
    }
}

/// Whether every entry that was there still is, but for bits that hardware ignores.
fn nothing_overwritten(before: &FakeMemory, after: &FakeMemory) -> bool {
    before.live().all(|(page, _)| {
        let pairs = before.words(page).iter().zip(after.words(page));
        pairs.filter(|(old, _)| **old != 0).all(|(old, new)| (old ^ new) & !prot::SW == 0)
    })
}
