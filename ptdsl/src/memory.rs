//! Table memory behind raw pointers: the one module of the runtime with `unsafe` code.
//!
//! [`Linear`] is the world of a kernel or hypervisor whose table memory lies at a constant distance from its physical
//! address. What only its user can promise is the contract of [`Linear::new`].

use core::marker::PhantomData;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::address::Phys;
use crate::format::Format;
use crate::transition::Permit;
use crate::word::Word;
use crate::world::{Fresh, TableLayout, World};

/// Where table pages come from.
pub trait Frames {
    /// Memory for one table, or `None`.
    fn allocate(&mut self, layout: TableLayout) -> Option<Fresh>;
    /// Takes a table back.
    fn free(&mut self, address: Phys, layout: TableLayout);
    /// Entries were added to (or, negative, removed from) a table; the new count, if the allocator keeps one with each page.
    /// Then a table that lost its last entry is known by it; else it is looked through. A page that is allocated holds none.
    #[inline(always)]
    fn count(&mut self, table: Phys, delta: isize) -> Option<usize> {
        let _ = (table, delta);
        None
    }
}

/// Who performs maintenance steps: on hardware, `step.execute()`.
pub trait Maintain<F: Format> {
    /// Performs one.
    fn step(&mut self, step: F::Step);
}

/// No maintenance: for tables that no hardware walks.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMaintenance;

impl<F: Format> Maintain<F> for NoMaintenance {
    #[inline(always)]
    fn step(&mut self, _: F::Step) {}
}

/// Table memory at a constant distance from its physical address.
#[derive(Debug)]
pub struct Linear<F, A, M> {
    distance: u64,
    /// The allocator.
    pub frames: A,
    /// The maintenance.
    pub maintain: M,
    format: PhantomData<F>,
}

impl<F: Format, A: Frames, M: Maintain<F>> Linear<F, A, M> {
    /// A table at physical address `p` is accessed at address `p + distance` (modulo 2^64).
    ///
    /// # Safety
    /// Every region that `frames` hands out is, at that distance, valid for reads and writes of its layout and aligned as
    /// asked until it is freed, and only this world and translation hardware access it. Tables of format `F` that are
    /// used with this world were created with it, or with one over the same memory.
    pub unsafe fn new(distance: u64, frames: A, maintain: M) -> Self {
        Linear { distance, frames, maintain, format: PhantomData }
    }
}

/// A table behind a pointer. Made by [`Linear`] alone.
#[derive(Debug)]
pub struct Pointer<W>(*mut W);

impl<W> Clone for Pointer<W> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<W> Copy for Pointer<W> {}

impl<F: Format, A: Frames, M: Maintain<F>> World<F> for Linear<F, A, M> {
    type Table = Pointer<F::Word>;

    #[inline(always)]
    fn table(&self, _: Permit<Self>, address: Phys) -> Pointer<F::Word> {
        Pointer(core::ptr::with_exposed_provenance_mut(address.0.wrapping_add(self.distance) as usize))
    }

    #[inline(always)]
    fn load(&self, _: Permit<Self>, table: Pointer<F::Word>, slot: usize) -> F::Word {
        // SAFETY: `new` promises that the tables' memory is accessible; the permit shows that the runtime calls, which
        // keeps `slot` within the table. Volatile, because translation hardware reads and writes the place too; an
        // aligned access of a descriptor's width is one access on every architecture that has such descriptors.
        unsafe { table.0.wrapping_add(slot).read_volatile() }
    }

    #[inline(always)]
    fn store(&mut self, _: Permit<Self>, table: Pointer<F::Word>, slot: usize, word: F::Word) {
        // SAFETY: as in `load`.
        unsafe { table.0.wrapping_add(slot).write_volatile(word) }
    }

    #[inline(always)]
    fn exchange(&mut self, _: Permit<Self>, table: Pointer<F::Word>, slot: usize, word: F::Word) -> F::Word {
        // SAFETY: as in `load`.
        unsafe { exchange(table.0.wrapping_add(slot), word) }
    }

    #[inline(always)]
    fn compare_exchange(
        &mut self,
        _: Permit<Self>,
        table: Pointer<F::Word>,
        slot: usize,
        current: F::Word,
        new: F::Word,
    ) -> Result<(), F::Word> {
        // SAFETY: as in `load`.
        unsafe { compare_exchange(table.0.wrapping_add(slot), current, new) }
    }

    #[inline(always)]
    fn step(&mut self, step: F::Step) {
        self.maintain.step(step);
    }

    #[inline(always)]
    fn allocate(&mut self, layout: TableLayout) -> Option<Fresh> {
        self.frames.allocate(layout)
    }

    #[inline(always)]
    fn free(&mut self, address: Phys, layout: TableLayout) {
        self.frames.free(address, layout);
    }

    #[inline(always)]
    fn count(&mut self, table: Pointer<F::Word>, delta: isize) -> Option<usize> {
        self.frames.count(Phys((table.0.addr() as u64).wrapping_sub(self.distance)), delta)
    }
}

/// An atomic exchange of a descriptor. Its order against other accesses is the format's steps' matter.
///
/// # Safety
/// `place` is valid for reads and writes and aligned.
#[inline(always)]
unsafe fn exchange<W: Word>(place: *mut W, word: W) -> W {
    if W::BYTES == 8 {
        // SAFETY: the caller's promise; a word of 8 bytes is a `u64`.
        W::from_u64(unsafe { wide::exchange(place.cast(), word.to_u64()) })
    } else {
        // SAFETY: as above; a word of 4 bytes is a `u32`.
        let place = unsafe { AtomicU32::from_ptr(place.cast()) };
        W::from_u64(u64::from(place.swap(word.to_u64() as u32, Ordering::Relaxed)))
    }
}

/// An atomic compare-and-exchange, as [`exchange`].
///
/// # Safety
/// As [`exchange`].
#[inline(always)]
unsafe fn compare_exchange<W: Word>(place: *mut W, current: W, new: W) -> Result<(), W> {
    let seen = if W::BYTES == 8 {
        // SAFETY: the caller's promise; a word of 8 bytes is a `u64`.
        unsafe { wide::compare_exchange(place.cast(), current.to_u64(), new.to_u64()) }
    } else {
        // SAFETY: as above; a word of 4 bytes is a `u32`.
        let place = unsafe { AtomicU32::from_ptr(place.cast()) };
        let (current, new) = (current.to_u64() as u32, new.to_u64() as u32);
        place
            .compare_exchange(current, new, Ordering::Relaxed, Ordering::Relaxed)
            .map(drop)
            .map_err(u64::from)
    };
    seen.map_err(W::from_u64)
}

/// Exchanges of 64 bits.
#[cfg(target_has_atomic = "64")]
mod wide {
    use core::sync::atomic::{AtomicU64, Ordering};

    #[inline(always)]
    pub(super) unsafe fn exchange(place: *mut u64, word: u64) -> u64 {
        // SAFETY: the caller's promise.
        unsafe { AtomicU64::from_ptr(place) }.swap(word, Ordering::Relaxed)
    }

    #[inline(always)]
    pub(super) unsafe fn compare_exchange(place: *mut u64, current: u64, new: u64) -> Result<(), u64> {
        // SAFETY: the caller's promise.
        let place = unsafe { AtomicU64::from_ptr(place) };
        place.compare_exchange(current, new, Ordering::Relaxed, Ordering::Relaxed).map(drop)
    }
}

/// Where no access of 64 bits is single-copy atomic no hardware walks such tables: a load and a store do.
#[cfg(not(target_has_atomic = "64"))]
mod wide {
    #[inline(always)]
    pub(super) unsafe fn exchange(place: *mut u64, word: u64) -> u64 {
        // SAFETY: the caller's promise.
        unsafe {
            let old = place.read_volatile();
            place.write_volatile(word);
            old
        }
    }

    #[inline(always)]
    pub(super) unsafe fn compare_exchange(place: *mut u64, current: u64, new: u64) -> Result<(), u64> {
        // SAFETY: the caller's promise.
        unsafe {
            let old = place.read_volatile();
            if old != current {
                return Err(old);
            }
            place.write_volatile(new);
        }
        Ok(())
    }
}
