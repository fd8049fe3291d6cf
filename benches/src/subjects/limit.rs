//! What memory itself takes: stores and loads of the same descriptors in tables that stand already.

use crate::pool::{pointer, pool};
use crate::walker::{ARM64, Done, Operation, Size, Walker, Window, Words};
use std::marker::PhantomData;

/// How a limit stores.
pub trait Store {
    /// The column's name.
    const NAME: &'static str;
    /// What it is.
    const ABOUT: &'static str;
    /// What only some stores can show.
    fn lacks(operation: Operation) -> Option<&'static str>;
    /// Whether nothing but zeroes is written.
    const CLEARS: bool = false;
    /// Writes `count` descriptors.
    fn fill(place: *mut u64, first: u64, step: u64, count: usize);
}

/// As every contender must store where hardware may look.
#[derive(Debug)]
pub enum Volatile {}
/// As the compiler likes best.
#[derive(Debug)]
pub enum Plain {}
/// Zeroes, as memory is cleared.
#[derive(Debug)]
pub enum Zeroing {}

impl Store for Volatile {
    const NAME: &'static str = "limit";
    const ABOUT: &'static str = "volatile stores into tables that stand already";
    fn lacks(operation: Operation) -> Option<&'static str> {
        match operation {
            Operation::MapCursor | Operation::UnmapCursor => Some("as without a cursor"),
            Operation::Split | Operation::UnmapInside | Operation::Destroy => Some("not stores alone"),
            _ => None,
        }
    }
    #[inline(always)]
    fn fill(place: *mut u64, first: u64, step: u64, count: usize) {
        // By eight: the compiler does not unroll volatile stores far enough by itself.
        let (mut word, mut slot) = (first, 0);
        while count - slot >= 8 {
            for k in 0..8 {
                // SAFETY: the caller's array has `count` words.
                unsafe { place.add(slot + k).write_volatile(word) };
                word = word.wrapping_add(step);
            }
            slot += 8;
        }
        for slot in slot..count {
            // SAFETY: as above.
            unsafe { place.add(slot).write_volatile(word) };
            word = word.wrapping_add(step);
        }
    }
}

impl Store for Plain {
    const NAME: &'static str = "limit-plain";
    const ABOUT: &'static str = "the same with plain stores, which the compiler may join";
    fn lacks(operation: Operation) -> Option<&'static str> {
        match operation {
            Operation::MapRange => None,
            _ => Some("shown for ranges only"),
        }
    }
    #[inline(always)]
    fn fill(place: *mut u64, first: u64, step: u64, count: usize) {
        // SAFETY: the caller's array has that many words.
        let words = unsafe { std::slice::from_raw_parts_mut(place, count) };
        for (slot, word) in words.iter_mut().enumerate() {
            *word = first.wrapping_add(step.wrapping_mul(slot as u64));
        }
    }
}

impl Store for Zeroing {
    const NAME: &'static str = "limit-zero";
    const ABOUT: &'static str = "tables of that size set to zero, as an allocator does";
    const CLEARS: bool = true;
    fn lacks(operation: Operation) -> Option<&'static str> {
        Plain::lacks(operation)
    }
    #[inline(always)]
    fn fill(place: *mut u64, first: u64, step: u64, count: usize) {
        // SAFETY: the caller's array has that many words.
        unsafe { std::ptr::write_bytes(place, 0, count) };
        let _ = (first, step);
    }
}

/// Tables for a window side by side, so that the leaf of an address is found by one subtraction.
#[derive(Debug)]
pub struct Limit<S> {
    root: u64,
    leaves: u64,
    window: Window,
    store: PhantomData<S>,
}

impl<S> Limit<S> {
    #[inline(always)]
    fn place(&self, va: u64, size: Size) -> *mut u64 {
        let index = (va - self.window.start) / size.bytes();
        pointer(self.leaves + index * 8)
    }
}

/// Stores one word where hardware may look.
#[inline(always)]
fn store(place: *mut u64, word: u64) {
    // SAFETY: a word of the limit's own array.
    unsafe { place.write_volatile(word) }
}

impl<S: Store> Walker for Limit<S> {
    const NAME: &'static str = S::NAME;
    const ABOUT: &'static str = S::ABOUT;
    const WORDS: Words = ARM64;
    const CLEARS: bool = S::CLEARS;

    fn lacks(operation: Operation) -> Option<&'static str> {
        S::lacks(operation)
    }

    fn new(window: Window) -> Option<Self> {
        let root = pool().take_zeroed()?;
        let reach = window.size.bytes() * 512;
        let tables = u32::try_from(window.bytes.div_ceil(reach)).ok()?;
        let leaves = pool().take_run(tables)?;
        // SAFETY: the frames were handed out just now.
        unsafe { std::ptr::write_bytes(pointer(leaves), 0, tables as usize * 512) };
        for table in 0..tables {
            let va = window.start + u64::from(table) * reach;
            let mut parent = root;
            let mut shift = 39;
            while (1 << shift) > reach {
                // SAFETY: `parent` is a frame of the pool, and the slot is below 512.
                let place = unsafe { pointer(parent).add((va >> shift) as usize & 511) };
                // SAFETY: as above.
                let mut word = unsafe { place.read() };
                if word == 0 {
                    word = pool().take_zeroed()? | 3;
                    store(place, word);
                }
                parent = word & !0xfff;
                shift -= 9;
            }
            // SAFETY: as above.
            let place = unsafe { pointer(parent).add((va >> shift) as usize & 511) };
            store(place, leaves + u64::from(table) * 4096 | 3);
        }
        Some(Limit { root, leaves, window, store: PhantomData })
    }

    fn root(&self) -> u64 {
        self.root
    }

    #[inline(always)]
    fn map(&mut self, va: u64, pa: u64, bytes: u64, size: Size) -> Done {
        let bits = if size == Size::Page { ARM64.page } else { ARM64.block };
        S::fill(self.place(va, size), pa | bits, size.bytes(), (bytes / size.bytes()) as usize);
        Ok(())
    }

    #[inline(always)]
    fn map_page(&mut self, va: u64, pa: u64) -> Done {
        store(self.place(va, Size::Page), pa | ARM64.page);
        Ok(())
    }

    #[inline(always)]
    fn unmap(&mut self, va: u64, bytes: u64) -> Done {
        S::fill(self.place(va, Size::Page), 0, 0, (bytes / 4096) as usize);
        Ok(())
    }

    #[inline(always)]
    fn unmap_page(&mut self, va: u64) -> Done {
        store(self.place(va, Size::Page), 0);
        Ok(())
    }

    #[inline(always)]
    fn look_up(&self, va: u64) -> Option<u64> {
        // SAFETY: a word of the limit's own array.
        let word = unsafe { self.place(va, Size::Page).read_volatile() };
        Some(word & 0x0000_ffff_ffff_f000 | va & 0xfff)
    }

    #[inline(always)]
    fn protect(&mut self, va: u64, bytes: u64) -> Done {
        let place = self.place(va, Size::Page);
        for slot in 0..(bytes / 4096) as usize {
            // SAFETY: a word of the limit's own array.
            let place = unsafe { place.add(slot) };
            // SAFETY: as above.
            store(place, unsafe { place.read_volatile() } | 0x80);
        }
        Ok(())
    }

    #[inline(always)]
    fn protect_page(&mut self, va: u64) -> Done {
        let place = self.place(va, Size::Page);
        // SAFETY: a word of the limit's own array.
        store(place, unsafe { place.read_volatile() } | 0x80);
        Ok(())
    }
}
