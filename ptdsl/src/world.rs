//! The traits through which operations touch memory, translation hardware and the allocator.

use crate::address::Phys;
use crate::format::Format;
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

    /// A barrier or an invalidation. On hardware: the step's own `execute()`.
    fn step(&mut self, step: F::Step);

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
