//! The traits through which operations touch memory, translation hardware and the allocator.

use crate::address::Phys;
use crate::format::{Format, Run, Transition};
use crate::transition::Permit;

/// Size and alignment of a table, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableLayout {
    /// Bytes.
    pub bytes: u64,
    /// A power of two.
    pub alignment: u64,
}

/// Memory for a table, straight from the allocator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fresh {
    /// Where it is; aligned as asked.
    pub address: Phys,
    /// Whether every word is already 0. If not, the operation writes every word before the table is linked.
    pub zeroed: bool,
}

/// What an operation needs of its surroundings: hardware, a host arena, or a simulator.
///
/// All of it is monomorphized; a method that does nothing costs nothing. Table memory is accessed with a [`Permit`], which
/// only the runtime makes: a world is implemented by its user, but its descriptors are the runtime's.
pub trait World<F: Format>: Sized {
    /// A table that can be accessed: a pointer or a handle.
    type Table: Copy;

    /// The table at a physical address that came from [`allocate`](World::allocate).
    fn table(&self, permit: Permit<Self>, address: Phys) -> Self::Table;

    /// One single-copy atomic load of a descriptor. `slot` lies within the table.
    fn load(&self, permit: Permit<Self>, table: Self::Table, slot: usize) -> F::Word;

    /// One single-copy atomic store of a descriptor. `slot` lies within the table.
    fn store(&mut self, permit: Permit<Self>, table: Self::Table, slot: usize, word: F::Word);

    /// One single-copy atomic exchange of a descriptor; returns what stood there. How a leaf is taken out of a table
    /// whose accessed and dirty flags hardware sets: the word that comes back has all of them.
    fn exchange(&mut self, permit: Permit<Self>, table: Self::Table, slot: usize, word: F::Word) -> F::Word;

    /// One single-copy atomic compare-and-exchange of a descriptor: stores `new` where `current` stands. How a leaf changes
    /// in place while hardware may set its flags.
    ///
    /// # Errors
    /// What stands there instead; nothing was stored.
    fn compare_exchange(
        &mut self,
        permit: Permit<Self>,
        table: Self::Table,
        slot: usize,
        current: F::Word,
        new: F::Word,
    ) -> Result<(), F::Word>;

    /// A barrier or an invalidation. On hardware: the step's own `execute()`.
    fn step(&mut self, step: F::Step);

    /// What precedes the store of a transition: the format's steps. Only a world of the runtime's own puts them off.
    #[inline(always)]
    fn before(&mut self, permit: Permit<Self>, transition: Transition, run: &Run<'_, F>) {
        let _ = permit;
        F::before(self, transition, run);
    }

    /// What follows the store of a transition: as [`before`](World::before).
    #[inline(always)]
    fn after(&mut self, permit: Permit<Self>, transition: Transition, run: &Run<'_, F>) {
        let _ = permit;
        F::after(self, transition, run);
    }

    /// A leaf was taken out of a live table whose flags hardware sets; `word` is its last value, final once the
    /// operation has returned. Here a caller learns which pages were dirty.
    #[inline(always)]
    fn removed(&mut self, va: u64, level: i32, word: F::Word) {
        let _ = (va, level, word);
    }

    /// Memory for one table, or `None`.
    fn allocate(&mut self, layout: TableLayout) -> Option<Fresh>;

    /// Takes a table back, whatever it holds. No descriptor points to it any more, and the invalidation that the format
    /// demands has finished.
    fn free(&mut self, address: Phys, layout: TableLayout);

    /// Entries were added to (or, negative, removed from) a table. A world that keeps counts returns the new one;
    /// others return `None`, and emptiness is found by looking.
    #[inline(always)]
    fn count(&mut self, table: Self::Table, delta: isize) -> Option<usize> {
        let _ = (table, delta);
        None
    }
}
