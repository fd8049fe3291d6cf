//! What Linux will do, foretold from memory and inputs alone: a second, small description of its rules.
//!
//! It uses nothing of the runtime, and of the `kvm` engine's surroundings the rules of ranges and widths alone: descriptors
//! are written out bit by bit. It answers one question: does this operation, on this state, reach something that the library does
//! otherwise on purpose?

use crate::classes::Class;
use crate::format::prot;
use crate::linux::KernelRange;
use crate::memory::{FakeMemory, Page};
use crate::setup::{Granule, Setup, Width};
use crate::state::{Root, child};

/// The state before an operation.
#[derive(Clone, Copy)]
pub struct Before<'a> {
    /// The memory.
    pub memory: &'a FakeMemory,
    /// The table.
    pub root: Option<Root>,
    /// Input bits of the table, or of the last one that was.
    pub ia_bits: u32,
    /// The configuration.
    pub setup: Setup,
}

/// Why a walk ended: something that the library does otherwise, or (`None`) something that both do alike.
type Met = Option<Class>;

impl Before<'_> {
    /// The fewest and most input bits of the format that the library uses.
    fn widths(&self) -> std::ops::RangeInclusive<u32> {
        match (self.setup.hvhe, self.setup.granule, self.setup.long_outputs) {
            (false, _, false) => 25..=48,
            (false, _, true) => 25..=52,
            (true, Granule::K4, _) => 13..=57,
            (true, Granule::K16, _) => 15..=58,
            (true, Granule::K64, _) => 17..=55,
        }
    }

    /// The level above Linux's blocks, if the architecture has blocks there and the format has them too.
    fn large_block(&self) -> Option<i32> {
        let exists = self.setup.long_outputs && !self.setup.hvhe;
        exists.then(|| self.setup.granule.highest_block() - 1)
    }

    /// `init`: Linux takes more widths.
    #[must_use]
    pub fn init(&self, va_bits: u32) -> Met {
        let taken = self.setup.width(va_bits) != Width::Refused;
        (taken && !self.widths().contains(&va_bits)).then_some(Class::Width)
    }

    /// The range that both walk; or why none.
    fn range(&self, addr: u64, size: u64) -> Result<(Root, KernelRange), Met> {
        let range = KernelRange::new(addr, size, self.setup.granule.bytes());
        let beyond = range.beyond(self.ia_bits);
        match self.root {
            // Linux looks at the range before it looks for a table.
            None => Err(beyond.then_some(Class::Range)),
            // Linux refuses an empty range that lies outside.
            Some(_) if size == 0 => Err(beyond.then_some(Class::Range)),
            Some(_) if beyond => Err(None),
            // It wrapped: Linux walks nothing and reports success.
            Some(_) if range.is_empty() => Err(Some(Class::Range)),
            Some(root) => Ok((root, range)),
        }
    }

    /// `walk`, and `get` with one page.
    #[must_use]
    pub fn walk(&self, addr: u64, size: u64) -> Met {
        self.range(addr, size).err().flatten()
    }

    /// `map`.
    #[must_use]
    pub fn map(&self, addr: u64, size: u64, phys: u64, word: u64) -> Met {
        let attributes = attributes(&self.setup, word)?;
        let (root, range) = match self.range(addr, size) {
            Ok(found) => found,
            Err(met) => return met,
        };
        let phys = phys & !(self.setup.granule.bytes() - 1);
        let limit = 1 << self.setup.output_bits();
        if phys.checked_add(range.end - range.start).is_none_or(|end| end > limit) {
            return Some(Class::Output);
        }
        let mut map = Map {
            before: self,
            budget: self.memory.budget(),
            attributes,
            range,
            delta: phys.wrapping_sub(range.start),
        };
        map.fill(Some(root.page), root.level, range.start).err().flatten()
    }

    /// `unmap`. Whatever is wrong with the range, both unmap nothing.
    #[must_use]
    pub fn unmap(&self, addr: u64, size: u64) -> Met {
        if !self.memory.counts_readable() {
            return None;
        }
        let (root, range) = self.range(addr, size).ok()?;
        self.clear(root.page, root.level, range.start, range.end, true).err().flatten()
    }

    /// Slots of a table from `va` on: (slot, first address walked, size).
    fn slots(&self, level: i32, va: u64, end: u64) -> impl Iterator<Item = (usize, u64, u64)> + use<> {
        let granule = self.setup.granule;
        let (shift, bits) = (granule.level_shift(level), granule.shift() - 3);
        let size = 1_u64 << shift;
        let first = (va >> shift) & ((1 << bits) - 1);
        (first..1 << bits)
            .map(move |slot| {
                (slot, if slot == first { va } else { (va & !(size - 1)) + ((slot - first) << shift) })
            })
            .take_while(move |(_, va)| *va < end)
            .map(move |(slot, va)| (slot as usize, va, size))
    }

    /// Whether the table lost its last entry.
    fn clear(&self, page: Page, level: i32, va: u64, end: u64, is_root: bool) -> Result<bool, Met> {
        let entries = self.memory.words(page).iter().filter(|raw| **raw != 0).count();
        let mut removed = 0;
        for (slot, va, size) in self.slots(level, va, end) {
            let raw = self.memory.read(page, slot);
            if raw & 1 == 0 {
                // The walk ends with an error, so nobody comes back to the table that it stands in.
                let left_empty = !is_root && removed != 0 && removed == entries;
                return Err(left_empty.then_some(Class::HoleStop));
            } else if let Some(child) = child(self.memory, raw, level) {
                removed += usize::from(self.clear(child, level + 1, va, end, false)?);
            } else if end - va < size {
                return Err(None);
            } else if va % size != 0 {
                return Err(Some(Class::InsideBlock));
            } else {
                removed += 1;
            }
        }
        Ok(!is_root && removed == entries)
    }
}

/// The bits of a leaf besides address and type; `None` where Linux refuses the protection, as the library does.
fn attributes(setup: &Setup, word: u64) -> Option<u64> {
    let has = |bit| word & bit != 0;
    if !has(prot::R) || (has(prot::X) && (has(prot::W) || has(prot::DEVICE))) {
        return None;
    }
    let index = if has(prot::DEVICE) { 4 << 2 } else { 0 };
    let read_only = if has(prot::W) { 0 } else { 1 << 7 };
    let ap1 = if setup.hvhe { 0 } else { 1 << 6 };
    let shareable = if setup.lpa2() { 0 } else { 0b11 << 8 };
    let execute = match (has(prot::X), setup.bti) {
        (false, _) => 1 << 54,
        (true, true) => 1 << 50,
        (true, false) => 0,
    };
    Some(index | read_only | ap1 | shareable | 1 << 10 | execute | word & prot::SW)
}

/// An output below the limit, in the places that a leaf has for it.
fn address(setup: &Setup, phys: u64) -> u64 {
    let high = phys >> 48;
    let low = phys & ((1 << 48) - 1);
    match setup.granule {
        Granule::K64 => low | high << 12,
        Granule::K4 | Granule::K16 => low | (high & 3) << 48 | (high >> 2) << 8,
    }
}

/// One call of `map`, up to the first thing that the library does otherwise.
struct Map<'a> {
    before: &'a Before<'a>,
    budget: Option<u64>,
    attributes: u64,
    range: KernelRange,
    delta: u64,
}

impl Map<'_> {
    /// `page`: none for a table that this call made, which is empty.
    fn fill(&mut self, page: Option<Page>, level: i32, va: u64) -> Result<(), Met> {
        let memory = self.before.memory;
        let setup = &self.before.setup;
        let highest_block = setup.granule.highest_block();
        let mut holds_entries = page.is_some();
        for (slot, va, size) in self.before.slots(level, va, self.range.end) {
            let old = page.map_or(0, |page| memory.read(page, slot));
            if let Some(child) = child(memory, old, level) {
                self.fill(Some(child), level + 1, va)?;
                continue;
            }
            let phys = va.wrapping_add(self.delta);
            let fits = self.range.end - va >= size && (va | phys) % size == 0;
            if level >= highest_block && fits {
                let kind = if level == 3 { 0b11 } else { 0b01 };
                let new = address(setup, phys) | self.attributes | kind;
                if old & 1 != 0 && (old ^ new) & !prot::SW != 0 {
                    // A page is refused by both; a block becomes a table.
                    return Err((level < 3).then_some(Class::Conflict));
                }
            } else if old & 1 != 0 {
                return Err(Some(Class::Conflict));
            } else if fits && self.before.large_block() == Some(level) {
                return Err(Some(Class::LargeBlock));
            } else if self.budget == Some(0) {
                return Err((!holds_entries).then_some(Class::TablesLeft));
            } else {
                self.budget = self.budget.map(|left| left - 1);
                self.fill(None, level + 1, va)?;
            }
            holds_entries = true;
        }
        Ok(())
    }
}
