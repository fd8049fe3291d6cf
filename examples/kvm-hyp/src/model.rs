//! What Linux will do, foretold from memory and inputs alone: a second, small description of its rules.
//!
//! It uses nothing of the runtime, and of the `kvm` engine's surroundings the range rule alone: descriptors are written
//! out bit by bit. It answers one question: does this operation, on this state, reach something that the library does
//! otherwise on purpose?

use crate::classes::Class;
use crate::format::prot;
use crate::linux::{KernelRange, PHYS_LIMIT};
use crate::memory::{FakeMemory, Page};
use crate::state::{Root, child, shift};

/// The state before an operation.
#[derive(Clone, Copy)]
pub struct Before<'a> {
    /// The memory.
    pub memory: &'a FakeMemory,
    /// The table.
    pub root: Option<Root>,
    /// Input bits of the table, or of the last one that was.
    pub ia_bits: u32,
    /// log2 of a page's bytes.
    pub page_shift: u32,
}

/// Why a walk ended: something that the library does otherwise, or (`None`) something that both do alike.
type Met = Option<Class>;

impl Before<'_> {
    /// The fewest and most input bits that the spec allows.
    const WIDTHS: std::ops::RangeInclusive<u32> = 25..=48;

    /// `init`: Linux takes any width.
    #[must_use]
    pub fn init(&self, va_bits: u32) -> Met {
        (!Self::WIDTHS.contains(&va_bits)).then_some(Class::Width)
    }

    /// The range that both walk; or why none.
    fn range(&self, addr: u64, size: u64) -> Result<(Root, KernelRange), Met> {
        let range = KernelRange::new(addr, size, 1 << self.page_shift);
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
        let attributes = attributes(word)?;
        let (root, range) = match self.range(addr, size) {
            Ok(found) => found,
            Err(met) => return met,
        };
        let phys = phys & !((1 << self.page_shift) - 1);
        if phys.checked_add(range.end - range.start).is_none_or(|end| end > PHYS_LIMIT) {
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
        let (shift, bits) = (shift(self.page_shift, level), self.page_shift - 3);
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
fn attributes(word: u64) -> Option<u64> {
    let has = |bit| word & bit != 0;
    if !has(prot::R) || (has(prot::X) && (has(prot::W) || has(prot::DEVICE))) {
        return None;
    }
    let index = if has(prot::DEVICE) { 4 << 2 } else { 0 };
    let access = if has(prot::W) { 0b01 << 6 } else { 0b11 << 6 };
    let never = if has(prot::X) { 0 } else { 1 << 54 };
    Some(index | access | 0b11 << 8 | 1 << 10 | never | word & prot::SW)
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
        let highest_block = if self.before.page_shift == 12 { 1 } else { 2 };
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
                let new = phys | self.attributes | kind;
                if old & 1 != 0 && (old ^ new) & !prot::SW != 0 {
                    // A page is refused by both; a block becomes a table.
                    return Err((level < 3).then_some(Class::Conflict));
                }
            } else if old & 1 != 0 {
                return Err(Some(Class::Conflict));
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
