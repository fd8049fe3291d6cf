//! What Linux's page-table code sees of its surroundings, and the error numbers that it returns.

use ptdsl::{Format, Phys, Range, World};

use crate::event::Event;
use crate::memory::{FakeMemory, Page};

/// A negative error number, or whatever else ends a walk.
pub type Errno = i64;

/// Try again.
pub const EAGAIN: Errno = -11;
/// Invalid argument.
pub const EINVAL: Errno = -22;
/// Out of memory.
pub const ENOMEM: Errno = -12;
/// Out of range.
pub const ERANGE: Errno = -34;

/// A range as the kernel's walker takes it: whole pages, `end` exclusive, all arithmetic modulo 2^64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelRange {
    /// First byte.
    pub start: u64,
    /// Byte after the last.
    pub end: u64,
}

impl KernelRange {
    /// `start` rounded down to a page; `end` is `size` behind the rounded start, rounded up.
    #[must_use]
    pub fn new(addr: u64, size: u64, page_size: u64) -> Self {
        let low = page_size - 1;
        let start = addr & !low;
        KernelRange { start, end: start.wrapping_add(size).wrapping_add(low) & !low }
    }

    /// Whether the walker refuses it with -ERANGE. Both ends may be equal to the limit.
    #[must_use]
    pub fn beyond(&self, ia_bits: u32) -> bool {
        let limit = 1_u64.checked_shl(ia_bits).unwrap_or(0);
        self.start > limit || self.end > limit
    }

    /// Whether a walk visits nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    /// The same range by its last byte; `None` if it is empty.
    #[must_use]
    pub fn inclusive(&self) -> Option<Range> {
        Range::inclusive(self.start, self.end.checked_sub(1)?).ok()
    }
}

/// How a descriptor is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Once, plain.
    Once,
    /// Release: what was stored before is visible before.
    Release,
}

/// The callbacks of Linux's `kvm_pgtable_mm_ops`, and the raw stores of its page-table code.
///
/// The runtime's own [`World::store`] needs a permit that only the runtime makes, and with it come break-before-make and
/// the invalidations. Linux stores where the runtime refuses to: a table over a valid block, for one. So this engine has
/// its own way to memory.
///
/// # Safety
/// Of an implementation: `store` writes that one descriptor, single-copy atomic, and nothing else; the tables behind the
/// handles are never walked by translation hardware, nor used for anything else while they are allocated.
pub unsafe trait LinuxMemory<F: Format<Word = u64>>: World<F> {
    /// Stores a descriptor and records it.
    ///
    /// # Safety
    /// `table` is a live table of this memory and `slot` lies within it. The caller takes over all that the runtime's
    /// transitions ensure: break-before-make, barriers, invalidation before memory is freed, and the counts.
    unsafe fn store_raw(&mut self, table: Self::Table, slot: usize, word: u64, order: Order);

    /// A zeroed page for a table, with reference count 1.
    fn zalloc_page(&mut self) -> Option<Phys>;
    /// The table at an address that `zalloc_page` gave.
    fn table_of(&self, address: Phys) -> Self::Table;
    /// Takes a reference to a table page.
    fn get(&mut self, table: Self::Table);
    /// Drops a reference to a table page and frees it with the last.
    fn put(&mut self, table: Self::Table);
    /// References to a table page.
    fn page_count(&self, table: Self::Table) -> u64;
    /// Records a barrier, an invalidation, a warning or a visit.
    fn event(&mut self, event: Event);
}

// SAFETY: `store_raw` writes one element of a vector through `&mut`, and no hardware walks a vector of the host.
unsafe impl<F: Format<Word = u64>> LinuxMemory<F> for FakeMemory {
    unsafe fn store_raw(&mut self, table: Page, slot: usize, word: u64, order: Order) {
        self.write(table, slot, word);
        let page = table.0;
        self.record(match order {
            Order::Once => Event::Store { page, slot, word },
            Order::Release => Event::Release { page, slot, word },
        });
    }

    fn zalloc_page(&mut self) -> Option<Phys> {
        self.allocate_page().map(|page| Phys(self.address_of(page)))
    }

    fn table_of(&self, address: Phys) -> Page {
        self.page_at(address.0)
    }

    fn get(&mut self, table: Page) {
        self.get_page(table);
    }

    fn put(&mut self, table: Page) {
        self.put_page(table);
    }

    fn page_count(&self, table: Page) -> u64 {
        self.count_of(table)
    }

    fn event(&mut self, event: Event) {
        self.record(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_is_added_to_the_rounded_start() {
        let range = KernelRange::new(0x5800, 0x1000, 0x1000);
        assert_eq!(range, KernelRange { start: 0x5000, end: 0x6000 });
        assert_eq!(KernelRange::new(0x5fff, 1, 0x1000), KernelRange { start: 0x5000, end: 0x6000 });
        assert_eq!(KernelRange::new(0x5000, 0x1001, 0x1000), KernelRange { start: 0x5000, end: 0x7000 });
    }

    #[test]
    fn limit_itself_is_in_range_and_wrapping_gives_an_empty_walk() {
        let limit = KernelRange::new(1 << 39, 0, 0x1000);
        assert!(!limit.beyond(39) && limit.is_empty());
        assert!(KernelRange::new(1 << 39, 1, 0x1000).beyond(39));
        let wrapped = KernelRange::new(0x1000, u64::MAX - 0xfff, 0x1000);
        assert!(!wrapped.beyond(39) && wrapped.is_empty());
    }
}
