//! The golden files' fake physical memory: an arena of table pages with reference counts, a last-in-first-out free list,
//! an allocation budget, and the record of what was done.

use ptdsl::{Format, Fresh, Permit, Phys, TableLayout, World};

use crate::event::Event;

/// Arena page number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Page(pub usize);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Content {
    words: Box<[u64]>,
    /// 0: free.
    count: u64,
}

/// The memory of one scenario.
#[derive(Clone, Debug)]
pub struct FakeMemory {
    base: u64,
    granule: u64,
    pages: Vec<Content>,
    free: Vec<Page>,
    budget: Option<u64>,
    counts_readable: bool,
    events: Vec<Event>,
}

impl FakeMemory {
    /// An arena whose page N stands at `base + N * granule`. `counts_readable`: whether there is a `page_count` callback.
    #[must_use]
    pub fn new(base: u64, granule: u64, counts_readable: bool) -> Self {
        let (pages, free, events) = (Vec::new(), Vec::new(), Vec::new());
        FakeMemory { base, granule, pages, free, budget: None, counts_readable, events }
    }

    /// From now on `budget` allocations succeed; `None`: all.
    pub fn set_budget(&mut self, budget: Option<u64>) {
        self.budget = budget;
    }

    /// Allocations that still succeed; `None`: all.
    #[must_use]
    pub fn budget(&self) -> Option<u64> {
        self.budget
    }

    /// Whether there is a `page_count` callback.
    #[must_use]
    pub fn counts_readable(&self) -> bool {
        self.counts_readable
    }

    /// Allocates a zeroed page with reference count 1.
    pub fn allocate_page(&mut self) -> Option<Page> {
        if self.budget == Some(0) {
            self.events.push(Event::AllocFail);
            return None;
        }
        self.budget = self.budget.map(|left| left - 1);
        let page = self.free.pop().unwrap_or(Page(self.pages.len()));
        let slots = usize::try_from(self.granule / 8).unwrap_or(0);
        let fresh = Content { words: vec![0; slots].into_boxed_slice(), count: 1 };
        match self.pages.get_mut(page.0) {
            Some(reused) => *reused = fresh,
            None => self.pages.push(fresh),
        }
        self.events.push(Event::Alloc(page.0));
        Some(page)
    }

    /// Takes a reference. Does nothing for a page outside the arena, as all accesses do.
    pub fn get_page(&mut self, page: Page) {
        if let Some(content) = self.pages.get_mut(page.0) {
            content.count += 1;
            self.events.push(Event::Get(page.0, content.count));
        }
    }

    /// Drops a reference; the last one frees the page.
    pub fn put_page(&mut self, page: Page) {
        let Some(content) = self.pages.get_mut(page.0) else {
            return;
        };
        content.count = content.count.saturating_sub(1);
        self.events.push(Event::Put(page.0, content.count));
        if content.count == 0 {
            self.release(page);
        }
    }

    fn release(&mut self, page: Page) {
        self.events.push(Event::Free(page.0));
        self.free.push(page);
    }

    /// Reference count of a page; 0 if it is free.
    #[must_use]
    pub fn count_of(&self, page: Page) -> u64 {
        self.pages.get(page.0).map_or(0, |content| content.count)
    }

    /// Physical address of a page.
    #[must_use]
    pub fn address_of(&self, page: Page) -> u64 {
        (page.0 as u64).wrapping_mul(self.granule).wrapping_add(self.base)
    }

    /// The page at an address; one that does not exist for an address outside the arena.
    #[must_use]
    pub fn page_at(&self, address: u64) -> Page {
        let number = address.wrapping_sub(self.base) / self.granule;
        Page(usize::try_from(number).unwrap_or(usize::MAX))
    }

    /// One descriptor; 0 outside the arena.
    #[must_use]
    pub fn read(&self, page: Page, slot: usize) -> u64 {
        self.words(page).get(slot).copied().unwrap_or(0)
    }

    /// All descriptors of a page; none outside the arena.
    #[must_use]
    pub fn words(&self, page: Page) -> &[u64] {
        self.pages.get(page.0).map_or(&[], |content| &content.words)
    }

    /// Writes one descriptor, without an event.
    pub fn write(&mut self, page: Page, slot: usize, word: u64) {
        if let Some(place) = self.pages.get_mut(page.0).and_then(|content| content.words.get_mut(slot)) {
            *place = word;
        }
    }

    /// Records an event.
    pub fn record(&mut self, event: Event) {
        self.events.push(event);
    }

    /// What was recorded since the last call.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Live pages and their reference counts, ascending.
    pub fn live(&self) -> impl Iterator<Item = (Page, u64)> {
        let counts = self.pages.iter().enumerate().map(|(number, content)| (Page(number), content.count));
        counts.filter(|(_, count)| *count != 0)
    }

    /// The free list, next to be reused first.
    pub fn free_list(&self) -> impl Iterator<Item = Page> {
        self.free.iter().rev().copied()
    }

    /// Pages ever taken from the untouched part.
    #[must_use]
    pub fn bump(&self) -> usize {
        self.pages.len()
    }

    /// Whether another memory holds the same: live pages with content and count, free list, pages ever taken.
    #[must_use]
    pub fn same_state(&self, other: &Self) -> bool {
        let live = |memory: &Self| memory.pages.iter().map(|content| content.count).collect::<Vec<_>>();
        self.free == other.free
            && live(self) == live(other)
            && self.live().all(|(page, _)| self.words(page) == other.words(page))
    }
}

/// For the runtime's own operations, and for the root and the loads of the Linux engine's walks.
impl<F: Format<Word = u64>> World<F> for FakeMemory {
    type Table = Page;

    fn table(&self, _: Permit<Self>, address: Phys) -> Page {
        self.page_at(address.0)
    }

    fn load(&self, _: Permit<Self>, table: Page, slot: usize) -> u64 {
        self.read(table, slot)
    }

    fn store(&mut self, _: Permit<Self>, table: Page, slot: usize, word: u64) {
        self.write(table, slot, word);
    }

    fn exchange(&mut self, _: Permit<Self>, table: Page, slot: usize, word: u64) -> u64 {
        let old = self.read(table, slot);
        self.write(table, slot, word);
        old
    }

    fn compare_exchange(
        &mut self,
        _: Permit<Self>,
        table: Page,
        slot: usize,
        current: u64,
        new: u64,
    ) -> Result<(), u64> {
        let old = self.read(table, slot);
        if old != current {
            return Err(old);
        }
        self.write(table, slot, new);
        Ok(())
    }

    fn step(&mut self, _: F::Step) {
        // The runtime's maintenance is not Linux's event by event; the may-TLB model judges it, not this replay.
    }

    /// Always a whole page, as in Linux, even for a root that needs fewer entries.
    fn allocate(&mut self, layout: TableLayout) -> Option<Fresh> {
        if layout.bytes > self.granule {
            return None;
        }
        let page = self.allocate_page()?;
        Some(Fresh { address: Phys(self.address_of(page)), zeroed: true })
    }

    /// Frees at once: the runtime owns its tables, so there is one owner and nothing to count down.
    fn free(&mut self, address: Phys, _: TableLayout) {
        let page = self.page_at(address.0);
        if let Some(content) = self.pages.get_mut(page.0).filter(|content| content.count != 0) {
            content.count = 0;
            self.release(page);
        }
    }

    fn count(&mut self, table: Page, delta: isize) -> Option<usize> {
        let content = self.pages.get_mut(table.0)?;
        content.count = content.count.saturating_add_signed(delta as i64);
        // Linux counts the page itself too.
        let entries = usize::try_from(content.count.saturating_sub(1)).ok()?;
        self.counts_readable.then_some(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_pages_come_back_last_freed_first_then_new_ones() {
        let mut memory = FakeMemory::new(0x1_0000_0000, 4096, true);
        let pages: Vec<_> = (0..3).filter_map(|_| memory.allocate_page()).collect();
        memory.put_page(pages[2]);
        memory.put_page(pages[0]);
        assert_eq!(memory.free_list().collect::<Vec<_>>(), [pages[0], pages[2]]);
        assert_eq!(memory.allocate_page(), Some(Page(0)));
        assert_eq!(memory.allocate_page(), Some(Page(2)));
        assert_eq!(memory.allocate_page(), Some(Page(3)));
        assert_eq!(memory.bump(), 4);
    }

    #[test]
    fn budget_counts_successes_and_failures_are_recorded() {
        let mut memory = FakeMemory::new(0, 4096, true);
        memory.set_budget(Some(1));
        assert_eq!(memory.allocate_page(), Some(Page(0)));
        assert_eq!(memory.allocate_page(), None);
        assert_eq!(memory.take_events(), [Event::Alloc(0), Event::AllocFail]);
        memory.set_budget(None);
        assert_eq!(memory.allocate_page(), Some(Page(1)));
    }

    #[test]
    fn states_differ_by_content_count_and_free_order() {
        let mut one = FakeMemory::new(0, 4096, true);
        let page = one.allocate_page().unwrap_or(Page(0));
        let mut other = one.clone();
        assert!(one.same_state(&other));
        other.write(page, 7, 1);
        assert!(!one.same_state(&other));
        one.write(page, 7, 1);
        assert!(one.same_state(&other));
        one.get_page(page);
        assert!(!one.same_state(&other));
    }
}
