//! A walker written by hand for one format, as well as it can be: what somebody who needs nothing else would write.
//!
//! It checks nothing that its caller could get wrong: no range, no alignment, no overlap. It frees a table where one call
//! covers the whole of it, and never looks whether one became empty.

use crate::pool::{pointer, pool};
use crate::walker::{ARM64, Done, Operation, Refused, Size, Walker, Window, Words, X86_64};
use std::marker::PhantomData;

/// Bits of a table's address, in both formats.
const ADDRESS: u64 = 0x0000_ffff_ffff_f000;

/// The format's constants, and whether maintenance is counted.
pub trait Kind {
    /// The column's name.
    const NAME: &'static str;
    /// What it is.
    const ABOUT: &'static str;
    /// Descriptors.
    const WORDS: Words;
    /// Bits of a table's descriptor.
    const TABLE: u64;
    /// Whether hardware may walk the table: the steps of each transition are counted.
    const LIVE: bool;
}

/// VMSAv8-64, no maintenance.
#[derive(Debug)]
pub enum Arm64 {}
/// VMSAv8-64, maintenance counted.
#[derive(Debug)]
pub enum Arm64Live {}
/// x86-64, no maintenance.
#[derive(Debug)]
pub enum X8664 {}

impl Kind for Arm64 {
    const NAME: &'static str = "hand";
    const ABOUT: &'static str = "written by hand for VMSAv8-64; checks nothing";
    const WORDS: Words = ARM64;
    const TABLE: u64 = 3;
    const LIVE: bool = false;
}

impl Kind for Arm64Live {
    const NAME: &'static str = "hand-live";
    const ABOUT: &'static str = "the same with barriers and invalidations, which are counted";
    const WORDS: Words = ARM64;
    const TABLE: u64 = 3;
    const LIVE: bool = true;
}

impl Kind for X8664 {
    const NAME: &'static str = "hand-x86";
    const ABOUT: &'static str = "written by hand for x86-64; checks nothing";
    const WORDS: Words = X86_64;
    const TABLE: u64 = 7;
    const LIVE: bool = false;
}

enum Sort {
    Empty,
    Leaf,
    Table,
}

/// A table of the format `K`.
#[derive(Debug)]
pub struct Hand<K> {
    root: u64,
    steps: u64,
    kind: PhantomData<K>,
}

#[inline(always)]
fn place(table: u64, va: u64, shift: u32) -> *mut u64 {
    pointer((table & ADDRESS) + ((va >> shift) & 511) * 8)
}

#[inline(always)]
fn load(place: *mut u64) -> u64 {
    // SAFETY: `place` made it, within a frame of the pool.
    unsafe { place.read_volatile() }
}

#[inline(always)]
fn store(place: *mut u64, word: u64) {
    // SAFETY: as in `load`.
    unsafe { place.write_volatile(word) }
}

/// `count` descriptors from `first` on, growing by `step`.
#[inline(always)]
fn fill(from: *mut u64, first: u64, step: u64, count: usize) {
    let (mut word, mut at) = (first, from);
    let mut left = count;
    while left >= 8 {
        for k in 0..8 {
            store(at.wrapping_add(k), word);
            word = word.wrapping_add(step);
        }
        at = at.wrapping_add(8);
        left -= 8;
    }
    for k in 0..left {
        store(at.wrapping_add(k), word);
        word = word.wrapping_add(step);
    }
}

impl<K: Kind> Hand<K> {
    /// A step of maintenance.
    #[inline(always)]
    fn step(&mut self, count: u64) {
        if K::LIVE {
            self.steps += count;
        }
    }

    /// The table in a slot, made if there is none.
    #[inline(always)]
    fn child(&mut self, slot: *mut u64) -> Result<u64, Refused> {
        let word = load(slot);
        if word & 1 != 0 { Ok(word) } else { self.make(slot) }
    }

    #[cold]
    #[inline(never)]
    fn make(&mut self, slot: *mut u64) -> Result<u64, Refused> {
        let table = pool().take_zeroed().ok_or(Refused)?;
        // dmb ishst before, dsb ishst and isb after.
        self.step(3);
        store(slot, table | K::TABLE);
        Ok(table)
    }

    /// The table of the entries of `1 << shift` bytes, made if there is none.
    #[inline(always)]
    fn table(&mut self, va: u64, shift: u32) -> Result<u64, Refused> {
        let mut table = self.root;
        if shift < 39 {
            table = self.child(place(table, va, 39))?;
        }
        if shift < 30 {
            table = self.child(place(table, va, 30))?;
        }
        if shift < 21 {
            table = self.child(place(table, va, 21))?;
        }
        Ok(table)
    }

    /// The last table on the way to a page that is mapped.
    #[inline(always)]
    fn last(&self, va: u64) -> u64 {
        let table = load(place(self.root, va, 39));
        let table = load(place(table, va, 30));
        load(place(table, va, 21))
    }

    /// What a descriptor above the last level is.
    #[inline(always)]
    fn sort(word: u64) -> Sort {
        let leaf = if K::WORDS.x86 { word & 0x80 != 0 } else { word & 2 == 0 };
        match (word & 1 != 0, leaf) {
            (false, _) => Sort::Empty,
            (true, true) => Sort::Leaf,
            (true, false) => Sort::Table,
        }
    }

    #[inline(always)]
    fn read_only(word: u64) -> u64 {
        if K::WORDS.x86 { word & !2 } else { word | 0x80 }
    }

    /// What must follow the store of an invalid descriptor, `count` times.
    #[inline(always)]
    fn invalidated(&mut self, count: u64) {
        // dsb ishst, tlbi, dsb ish, isb.
        self.step(4 * count);
    }

    fn clear(&mut self, table: u64, shift: u32, mut va: u64, last: u64) {
        if shift == 12 {
            let count = ((last - va) >> 12) as usize + 1;
            if !K::LIVE {
                fill(place(table, va, 12), 0, 0, count);
                return;
            }
            for slot in 0..count {
                store(place(table, va, 12).wrapping_add(slot), 0);
                self.invalidated(1);
            }
            return;
        }
        loop {
            let slot = place(table, va, shift);
            let end = va | ((1 << shift) - 1);
            let word = load(slot);
            let sort = Self::sort(word);
            let whole = va & ((1 << shift) - 1) == 0 && end <= last;
            if let Sort::Table = sort {
                self.clear(word, shift - 9, va, end.min(last));
            }
            if whole && !matches!(sort, Sort::Empty) {
                store(slot, 0);
                self.invalidated(1);
                if let Sort::Table = sort {
                    pool().give(word & ADDRESS);
                }
            }
            if end >= last {
                return;
            }
            va = end + 1;
        }
    }

    /// The pages of the block there, in a new table that nothing points to yet.
    #[inline(always)]
    fn pages(&mut self, va: u64) -> Result<(*mut u64, u64), Refused> {
        let table = load(place(self.root, va, 39));
        let table = load(place(table, va, 30));
        let slot = place(table, va, 21);
        let word = load(slot);
        let page = if K::WORDS.x86 { word & !0x80 } else { word | 2 };
        let child = pool().take().ok_or(Refused)?;
        fill(pointer(child), page, 4096, 512);
        Ok((slot, child))
    }

    /// Break-before-make.
    #[inline(always)]
    fn replace(&mut self, slot: *mut u64, child: u64) {
        store(slot, 0);
        self.invalidated(1);
        self.step(3);
        store(slot, child | K::TABLE);
    }

    fn free(table: u64, shift: u32) {
        if shift > 12 {
            for slot in 0..512 {
                let word = load(place(table, slot << shift, shift));
                if let Sort::Table = Self::sort(word) {
                    Self::free(word, shift - 9);
                }
            }
        }
        pool().give(table & ADDRESS);
    }
}

impl<K: Kind> Walker for Hand<K> {
    const NAME: &'static str = K::NAME;
    const ABOUT: &'static str = K::ABOUT;
    const WORDS: Words = K::WORDS;

    fn lacks(operation: Operation) -> Option<&'static str> {
        match operation {
            Operation::MapCursor | Operation::UnmapCursor => Some("has no cursor"),
            _ => None,
        }
    }

    fn new(_: Window) -> Option<Self> {
        Some(Hand { root: pool().take_zeroed()?, steps: 0, kind: PhantomData })
    }

    fn root(&self) -> u64 {
        self.root
    }

    #[inline(always)]
    fn map(&mut self, mut va: u64, mut pa: u64, mut bytes: u64, size: Size) -> Done {
        let (shift, bits) = match size {
            Size::Page => (12, K::WORDS.page),
            Size::Block2M => (21, K::WORDS.block),
            Size::Block1G => (30, K::WORDS.block),
        };
        while bytes != 0 {
            let index = (va >> shift) & 511;
            let count = (bytes >> shift).min(512 - index);
            let parent = self.table(va, shift + 9)?;
            let slot = place(parent, va, shift + 9);
            let word = load(slot);
            let (table, fresh) =
                if word & 1 != 0 { (word, false) } else { (pool().take().ok_or(Refused)?, true) };
            let at = place(table, va, shift);
            if fresh {
                fill(pointer(table & ADDRESS), 0, 0, index as usize);
                fill(at.wrapping_add(count as usize), 0, 0, (512 - index - count) as usize);
            }
            fill(at, pa | bits, 1 << shift, count as usize);
            if fresh {
                self.step(3);
                store(slot, table | K::TABLE);
            }
            va += count << shift;
            pa += count << shift;
            bytes -= count << shift;
        }
        self.step(2);
        Ok(())
    }

    #[inline(always)]
    fn map_page(&mut self, va: u64, pa: u64) -> Done {
        let table = self.table(va, 12)?;
        store(place(table, va, 12), pa | K::WORDS.page);
        self.step(2);
        Ok(())
    }

    #[inline(always)]
    fn unmap(&mut self, va: u64, bytes: u64) -> Done {
        self.clear(self.root, 39, va, va + (bytes - 1));
        Ok(())
    }

    #[inline(always)]
    fn unmap_page(&mut self, va: u64) -> Done {
        store(place(self.last(va), va, 12), 0);
        self.invalidated(1);
        Ok(())
    }

    #[inline(always)]
    fn look_up(&self, va: u64) -> Option<u64> {
        let output = |word: u64, shift: u32| {
            let inside = (1 << shift) - 1;
            Some(word & ADDRESS & !inside | va & inside)
        };
        let word = load(place(self.root, va, 39));
        if word & 1 == 0 {
            return None;
        }
        let word = load(place(word, va, 30));
        match Self::sort(word) {
            Sort::Empty => return None,
            Sort::Leaf => return output(word, 30),
            Sort::Table => {}
        }
        let word = load(place(word, va, 21));
        match Self::sort(word) {
            Sort::Empty => return None,
            Sort::Leaf => return output(word, 21),
            Sort::Table => {}
        }
        let word = load(place(word, va, 12));
        if word & 1 == 0 { None } else { output(word, 12) }
    }

    #[inline(always)]
    fn protect(&mut self, mut va: u64, mut bytes: u64) -> Done {
        while bytes != 0 {
            let index = (va >> 12) & 511;
            let count = (bytes >> 12).min(512 - index);
            let at = place(self.last(va), va, 12);
            for slot in 0..count as usize {
                let at = at.wrapping_add(slot);
                store(at, Self::read_only(load(at)));
                self.invalidated(1);
            }
            va += count << 12;
            bytes -= count << 12;
        }
        Ok(())
    }

    #[inline(always)]
    fn protect_page(&mut self, va: u64) -> Done {
        let at = place(self.last(va), va, 12);
        store(at, Self::read_only(load(at)));
        self.invalidated(1);
        Ok(())
    }

    #[inline(always)]
    fn split(&mut self, va: u64) -> Done {
        let (slot, child) = self.pages(va)?;
        self.replace(slot, child);
        Ok(())
    }

    #[inline(always)]
    fn unmap_inside(&mut self, va: u64) -> Done {
        let (slot, child) = self.pages(va)?;
        store(place(child, va, 12), 0);
        self.replace(slot, child);
        Ok(())
    }

    #[inline(always)]
    fn destroy(&mut self) -> Done {
        Self::free(self.root, 39);
        Ok(())
    }
}
