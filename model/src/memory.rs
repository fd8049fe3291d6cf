//! Memory as translation hardware sees it: each location has a history, of which each observer may read a window.

use std::collections::HashMap;
use std::collections::VecDeque;

use crate::view::{MAX_PES, View};

/// No index.
pub(crate) const NONE: u32 = u32::MAX;

/// A location: table page and slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Which page, as [`Machine::allocate`](crate::Machine::allocate) named it.
    pub page: u32,
    /// Which descriptor of it.
    pub slot: u32,
}

/// One value that a location held or holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Version {
    pub(crate) value: u64,
    /// What whoever sees this store must see of others.
    pub(crate) carried: View,
    /// Which store of its writer; 0 for what memory held before.
    pub(crate) number: u32,
    pub(crate) writer: u8,
    /// Whether it is a value at all: memory that nobody wrote may read as anything.
    pub(crate) written: bool,
}

impl Version {
    pub(crate) fn initial(value: Option<u64>) -> Version {
        Version {
            value: value.unwrap_or(0),
            carried: View::NONE,
            number: 0,
            writer: 0,
            written: value.is_some(),
        }
    }

    #[inline]
    pub(crate) fn is(&self, writer: u8, number: u32) -> bool {
        self.writer == writer && self.number == number
    }
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    newest: Version,
    /// Older values that someone may still read, newest first: an index into the pool.
    older: u32,
}

#[derive(Clone, Copy, Debug)]
struct Older {
    version: Version,
    next: u32,
}

/// A table page.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// False after it was freed.
    pub(crate) live: bool,
    slots: Vec<Slot>,
    /// Walk entries, of all observers, that point here.
    pub(crate) users: Vec<u32>,
    /// One bit per slot: written since the page was handed out, or never initialised.
    marked: Vec<u64>,
}

/// All table pages, and the order of stores.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) pages: Vec<Page>,
    by_base: HashMap<u64, u32>,
    pool: Vec<Older>,
    unused: Vec<u32>,
    /// Places by store number, for each writer, from the first that not all observers must see.
    log: [VecDeque<Place>; MAX_PES],
    /// Number of the first store in the log, less 1: what all observers must see.
    seen: [u32; MAX_PES],
}

impl Memory {
    /// A page whose words all hold `value`, or were never written. The page may have been one before.
    pub(crate) fn add(&mut self, base: u64, slots: usize, value: Option<u64>) -> u32 {
        let slot = Slot { newest: Version::initial(value), older: NONE };
        let marks = if value.is_some() { 0 } else { u64::MAX };
        let marked = vec![marks; slots.div_ceil(64)];
        if let Some(&id) = self.by_base.get(&base) {
            let mut old = std::mem::take(&mut self.pages[id as usize].slots);
            for slot in &old {
                self.release_chain(slot.older);
            }
            old.clear();
            old.resize(slots, slot);
            let page = &mut self.pages[id as usize];
            page.slots = old;
            page.live = true;
            page.marked = marked;
            page.users.clear();
            return id;
        }
        let id = self.pages.len() as u32;
        self.by_base.insert(base, id);
        self.pages.push(Page { live: true, slots: vec![slot; slots], users: Vec::new(), marked });
        id
    }

    pub(crate) fn page_at(&self, base: u64) -> Option<u32> {
        self.by_base.get(&base).copied()
    }

    /// How many slots a page has.
    pub(crate) fn slots(&self, page: u32) -> usize {
        self.pages.get(page as usize).map_or(0, |p| p.slots.len())
    }

    fn slot(&self, place: Place) -> Option<&Slot> {
        self.pages.get(place.page as usize)?.slots.get(place.slot as usize)
    }

    /// Whether there is such a place in a page that is in use.
    pub(crate) fn exists(&self, place: Place) -> bool {
        self.slot(place).is_some() && self.pages[place.page as usize].live
    }

    #[inline]
    pub(crate) fn newest(&self, place: Place) -> Option<&Version> {
        self.slot(place).map(|slot| &slot.newest)
    }

    /// Overwrites a value without an event: for the state before a trace begins.
    pub(crate) fn preset(&mut self, place: Place, value: u64) {
        if let Some(page) = self.pages.get_mut(place.page as usize)
            && let Some(slot) = page.slots.get_mut(place.slot as usize)
        {
            slot.newest = Version::initial(Some(value));
            page.marked[place.slot as usize / 64] |= 1 << (place.slot % 64);
        }
    }

    /// Appends a value to a location's history. The place exists.
    pub(crate) fn store(&mut self, place: Place, version: Version) {
        let Some(page) = self.pages.get_mut(place.page as usize) else { return };
        let Some(slot) = page.slots.get_mut(place.slot as usize) else { return };
        page.marked[place.slot as usize / 64] |= 1 << (place.slot % 64);
        let older = Older { version: slot.newest, next: slot.older };
        slot.older = match self.unused.pop() {
            Some(index) => {
                self.pool[index as usize] = older;
                index
            }
            None => {
                self.pool.push(older);
                self.pool.len() as u32 - 1
            }
        };
        slot.newest = version;
        self.log[usize::from(version.writer)].push_back(place);
    }

    /// Calls `each` with every value that an observer with this view may read, newest first, until it returns false.
    #[inline]
    pub(crate) fn window(&self, place: Place, view: &View, mut each: impl FnMut(&Version) -> bool) {
        let Some(slot) = self.slot(place) else { return };
        let mut version = &slot.newest;
        let mut next = slot.older;
        loop {
            if !each(version) || view.covers(version.writer, version.number) || next == NONE {
                return;
            }
            let older = &self.pool[next as usize];
            (version, next) = (&older.version, older.next);
        }
    }

    /// Whether an observer with this view may read that version.
    pub(crate) fn readable(&self, place: Place, view: &View, writer: u8, number: u32) -> bool {
        let mut found = false;
        self.window(place, view, |version| {
            found = version.is(writer, number);
            !found
        });
        found
    }

    /// Whether a slot can hold anything but the one value that its page was handed out with.
    #[inline]
    pub(crate) fn marks(&self, page: u32, word: usize) -> u64 {
        self.pages[page as usize].marked.get(word).copied().unwrap_or(0)
    }

    /// Where a store went; `None` where all observers see it already.
    pub(crate) fn store_at(&self, writer: usize, number: u32) -> Option<Place> {
        let index = number.checked_sub(self.seen[writer] + 1)?;
        self.log[writer].get(index as usize).copied()
    }

    /// All observers must see this much: older values are forgotten.
    pub(crate) fn forget(&mut self, common: &View) {
        for writer in 0..MAX_PES {
            while self.seen[writer] < common.0[writer] {
                let Some(place) = self.log[writer].pop_front() else { break };
                self.seen[writer] += 1;
                self.trim(place, common);
            }
        }
    }

    fn trim(&mut self, place: Place, common: &View) {
        let Some(slot) = self.slot(place) else { return };
        if common.covers(slot.newest.writer, slot.newest.number) {
            let chain = slot.older;
            self.pages[place.page as usize].slots[place.slot as usize].older = NONE;
            self.release_chain(chain);
            return;
        }
        let mut at = slot.older;
        while at != NONE {
            let older = self.pool[at as usize];
            if common.covers(older.version.writer, older.version.number) {
                self.pool[at as usize].next = NONE;
                self.release_chain(older.next);
                return;
            }
            at = older.next;
        }
    }

    fn release_chain(&mut self, mut at: u32) {
        while at != NONE {
            self.unused.push(at);
            at = self.pool[at as usize].next;
        }
    }
}
