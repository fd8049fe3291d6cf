//! Table memory behind raw pointers: the one module of the runtime with `unsafe` code.
//!
//! [`Linear`] is the world of a kernel or hypervisor whose table memory lies at a constant distance from its physical
//! address. What only its user can promise is the contract of [`Linear::new`].

use core::marker::PhantomData;

use crate::address::Phys;
use crate::format::Format;
use crate::transition::Permit;
use crate::world::{Fresh, TableLayout, World};

/// Where table pages come from.
pub trait Frames {
    /// Memory for one table, or `None`.
    fn allocate(&mut self, layout: TableLayout) -> Option<Fresh>;
    /// Takes a table back.
    fn free(&mut self, address: Phys, layout: TableLayout);
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
}
