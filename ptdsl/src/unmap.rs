//! `unmap`: leaf by leaf, each with its invalidation; tables that lose their last entry are freed after theirs.

use crate::address::{Phys, Range};
use crate::error::Error;
use crate::format::{Format, Level, Shape, layout, low_bits, mask, next_table, root_slot, slot, span};
use crate::table::{PageTable, Use, starts_at};
use crate::transition::{AT_ONCE, Edit, empty_slots, load, table as table_at};
use crate::world::World;

/// What `unmap` does at a leaf that reaches beyond the range. `B` is [`Breaks`](crate::Breaks) for a live table, `()` for
/// another.
#[derive(Clone, Copy, Debug)]
pub enum Boundary<B> {
    /// Stop before it. What lies outside the range is never touched.
    Stop,
    /// Split it, as [`PageTable::split`] does, and unmap the part inside the range.
    Split(B),
}

/// How far `unmap` got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an unmap may stop before the end of its range"]
pub struct Unmapped {
    /// Bytes from the range's start that are unmapped now.
    pub bytes: u64,
    /// Why it stopped before the end; `None` if it did not.
    pub stopped: Option<Stopped>,
}

/// Why `unmap` stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Nothing is mapped there.
    Hole {
        /// First input address that is not mapped.
        va: u64,
        /// Level of the slot.
        level: i32,
    },
    /// A leaf reaches beyond the range: begins before it, or ends after it.
    Leaf {
        /// First input address of the leaf.
        va: u64,
        /// Its level.
        level: i32,
    },
}

impl<F: Format, U: Use> PageTable<F, U> {
    /// Unmaps `range` from its start up to its end, the first hole, or the first leaf that reaches beyond it.
    ///
    /// Leaf by leaf: clear, then the format's invalidation, so that when it returns no PE uses what was unmapped. A
    /// table whose last entry went is unlinked, invalidated and then freed. The root stays.
    ///
    /// # Errors
    /// [`Error::Misaligned`] and [`Error::OutOfRange`], and with [`Boundary::Split`] those of [`split`](Self::split), even
    /// where a hole would have ended the operation before the leaf in question: nothing done.
    #[inline(always)]
    pub fn unmap<W: World<F>>(
        &mut self,
        world: &mut W,
        range: Range,
        boundary: Boundary<U::Breaks<'_>>,
    ) -> Result<Unmapped, Error> {
        // One page of a table that keeps others is what most calls ask for.
        if self.is_page(range) && page_from_root::<F, F::Top, W, U>(&mut self.edit(world), range.first()) {
            return Ok(Unmapped { bytes: low_bits(F::GRANULE_SHIFT) + 1, stopped: None });
        }
        match boundary {
            Boundary::Stop => self.unmap_range(world, range),
            Boundary::Split(breaks) => self.unmap_splitting(world, range, breaks),
        }
    }

    #[inline(never)]
    pub(crate) fn unmap_range<W: World<F>>(
        &mut self,
        world: &mut W,
        range: Range,
    ) -> Result<Unmapped, Error> {
        self.check(range)?;
        let mut unmap = Unmap { edit: self.edit(world) };
        let (first, last) = (range.first(), range.last());
        Ok(match unmap.start::<F::Top>(first, last) {
            Ok(()) => Unmapped { bytes: (last - first).wrapping_add(1), stopped: None },
            Err((at, stopped)) => Unmapped { bytes: at - first, stopped: Some(stopped) },
        })
    }
}

#[inline(always)]
fn page_from_root<F: Format, L: Level<F>, W: World<F>, U: Use>(
    edit: &mut Edit<'_, F, W, U>,
    va: u64,
) -> bool {
    let shape = edit.shape;
    if starts_at::<F, L>(shape.width) {
        let root = table_at::<F, W>(edit.world, shape.root);
        page::<F, L, W, U>(edit, (root, root_slot::<F, L>(va, shape.width)), va, true)
    } else {
        page_from_root::<F, L::Next, W, U>(edit, va)
    }
}

/// Unmaps one page if that is a leaf by itself; otherwise does nothing and returns `false`.
#[inline(always)]
fn page<F: Format, L: Level<F>, W: World<F>, U: Use>(
    edit: &mut Edit<'_, F, W, U>,
    (table, index): (W::Table, usize),
    va: u64,
    root: bool,
) -> bool {
    if L::HAS_TABLE {
        return match next_table::<F, L>(edit.shape, load::<F, W>(edit.world, table, index)) {
            Some(child) => {
                let child = table_at::<F, W>(edit.world, child);
                page::<F, L::Next, W, U>(edit, (child, slot::<F, L::Next>(va)), va, false)
            }
            None => false,
        };
    }
    let Some(count) = page_here::<F, L, W, U>(edit, (table, index), va) else {
        return false;
    };
    let left = match count {
        Some(count) => count != 0,
        None => has_neighbour::<F, L, W>((edit.world, edit.shape), table, index, index),
    };
    if !left && !root {
        prune_from_root::<F, F::Top, W, U>(edit, va);
    }
    true
}

/// Unmaps a page in a table of the last level; the table's count then, if the world keeps one. `None` if it is no leaf by
/// itself: nothing was done.
#[inline(always)]
pub(crate) fn page_here<F: Format, L: Level<F>, W: World<F>, U: Use>(
    edit: &mut Edit<'_, F, W, U>,
    (table, index): (W::Table, usize),
    va: u64,
) -> Option<Option<usize>> {
    // A leaf of several slots is larger than a page.
    let raw = load::<F, W>(edit.world, table, index);
    if !(L::is_leaf(raw) && span::<F, L>(raw) == 0) {
        return None;
    }
    edit.invalidate_leaf::<L>(table, index, va);
    Some(edit.forget(table, 1))
}

/// Frees the tables on the way to an address that have lost their last entry, the lowest first.
#[cold]
#[inline(never)]
pub(crate) fn prune_from_root<F: Format, L: Level<F>, W: World<F>, U: Use>(
    edit: &mut Edit<'_, F, W, U>,
    va: u64,
) {
    let shape = edit.shape;
    if starts_at::<F, L>(shape.width) {
        let root = table_at::<F, W>(edit.world, shape.root);
        let _ = prune::<F, L, W, U>(edit, (root, root_slot::<F, L>(va, shape.width)), va);
    } else {
        prune_from_root::<F, L::Next, W, U>(edit, va);
    }
}

/// Whether an entry went from the table: `index` pointed to a table that was empty.
#[inline(never)]
fn prune<F: Format, L: Level<F>, W: World<F>, U: Use>(
    edit: &mut Edit<'_, F, W, U>,
    (table, index): (W::Table, usize),
    va: u64,
) -> bool {
    if !L::HAS_TABLE {
        return true; // the leaf's own level: it has gone
    }
    let Some(address) = next_table::<F, L>(edit.shape, load::<F, W>(edit.world, table, index)) else {
        return true;
    };
    let child = table_at::<F, W>(edit.world, address);
    let at = slot::<F, L::Next>(va);
    let empty = prune::<F, L::Next, W, U>(edit, (child, at), va)
        && match edit.forget(child, 0) {
            Some(count) => count == 0,
            None => {
                let here = (&*edit.world, edit.shape);
                !has_neighbour::<F, L::Next, W>(here, child, at, at) && is_empty::<F, L::Next, W>(here, child)
            }
        };
    if empty {
        edit.invalidate_table::<L>(table, index, va);
        let _ = edit.forget(table, 1);
        edit.world.free(address, layout::<F, L::Next>(u32::MAX));
    }
    empty
}

/// Whether an entry stands beside the slots `first..=last`: there the next one stands when pages are unmapped in order,
/// up or down.
#[inline(always)]
fn has_neighbour<F: Format, L: Level<F>, W: World<F>>(
    (world, shape): (&W, &Shape<F>),
    table: W::Table,
    first: usize,
    last: usize,
) -> bool {
    let taken = |slot: usize| load::<F, W>(world, table, slot) != L::empty(shape);
    last + 1 < 1 << L::BITS && taken(last + 1) || first != 0 && taken(first - 1)
}

/// Whether a whole table holds nothing.
#[inline(always)]
fn is_empty<F: Format, L: Level<F>, W: World<F>>((world, shape): (&W, &Shape<F>), table: W::Table) -> bool {
    empty_slots::<F, W>(world, table, 0..1 << L::BITS, L::empty(shape)) == 1 << L::BITS
}

/// Whether a whole table holds leaves and nothing else. One branch for a few words: it is looked through fast.
#[inline(always)]
fn is_full<F: Format, L: Level<F>, W: World<F>>(world: &W, table: W::Table) -> bool {
    let step = AT_ONCE.min(1 << L::BITS);
    let leaf = |slot| L::is_leaf(load::<F, W>(world, table, slot));
    (0..(1 << L::BITS) / step).all(|round| (0..step).fold(true, |all, k| all & leaf(round * step + k)))
}

/// The address where it stopped, and why.
type Stop = (u64, Stopped);

/// One call of `unmap`.
struct Unmap<'a, F: Format, W, U> {
    edit: Edit<'a, F, W, U>,
}

impl<F: Format, W: World<F>, U: Use> Unmap<'_, F, W, U> {
    fn start<L: Level<F>>(&mut self, va: u64, last: u64) -> Result<(), Stop> {
        let shape = self.edit.shape;
        if starts_at::<F, L>(shape.width) {
            let root = table_at::<F, W>(self.edit.world, shape.root);
            let (removed, result) = self.table::<L>((root, root_slot::<F, L>(va, shape.width)), va, last);
            // The root stays, and need not have as many slots as other tables: nobody asks whether it is empty.
            let _ = self.edit.forget(root, removed);
            result
        } else {
            self.start::<L::Next>(va, last)
        }
    }

    /// Unmaps within one table, up to `last`; how many entries went, and the outcome.
    #[inline(never)]
    fn table<L: Level<F>>(
        &mut self,
        (table, mut index): (W::Table, usize),
        mut va: u64,
        last: u64,
    ) -> (usize, Result<(), Stop>) {
        let mut removed = 0;
        let result = loop {
            let whole = ((last - va).wrapping_add(1) >> L::SHIFT) as usize;
            if !U::LIVE && L::HAS_LEAF && va & mask::<F, L>() == 0 && whole != 0 {
                let cleared = self.edit.clear_leaves::<L>(table, index, whole);
                removed += cleared;
                let bytes = (cleared as u64) << L::SHIFT;
                if last - va < bytes {
                    break Ok(());
                }
                va += bytes;
                index += cleared;
            }
            let raw = load::<F, W>(self.edit.world, table, index);
            let mut slot_last = va | mask::<F, L>();
            // Both at once: one comparison where the mark of a group stands in the word.
            if L::HAS_LEAF && L::is_leaf(raw) & (span::<F, L>(raw) == 0) {
                if L::HAS_TABLE && (va & mask::<F, L>() != 0 || slot_last > last) {
                    let leaf = va & !mask::<F, L>();
                    break Err((va, Stopped::Leaf { va: leaf, level: L::NUMBER }));
                }
                self.edit.invalidate_leaf::<L>(table, index, va);
                removed += 1;
            } else if !L::SPANS.is_empty() && L::is_leaf(raw) {
                let span = L::span(raw);
                if let Err(stop) = self.span::<L>((table, index), (va, last), span) {
                    break Err(stop);
                }
                removed += 1 << span;
                slot_last = va | low_bits(L::SHIFT + span);
                index += (1 << span) - 1;
            } else if let Some(child) = next_table::<F, L>(self.edit.shape, raw) {
                let (empty, result) = self.child::<L::Next>(child, va, slot_last.min(last));
                if empty {
                    self.edit.invalidate_table::<L>(table, index, va);
                    removed += 1;
                    self.edit.world.free(child, layout::<F, L::Next>(u32::MAX));
                }
                if result.is_err() {
                    break result;
                }
            } else {
                break Err((va, Stopped::Hole { va, level: L::NUMBER }));
            }
            if slot_last >= last {
                break Ok(());
            }
            va = slot_last + 1;
            index += 1;
        };
        (removed, result)
    }

    /// Unmaps a leaf of several slots, if the range begins at its start and covers it.
    #[cold]
    #[inline(never)]
    fn span<L: Level<F>>(
        &mut self,
        slot: (W::Table, usize),
        (va, last): (u64, u64),
        span: u32,
    ) -> Result<(), Stop> {
        let low = low_bits(L::SHIFT + span);
        if va & low != 0 || last - va < low {
            return Err((va, Stopped::Leaf { va: va & !low, level: L::NUMBER }));
        }
        self.edit.invalidate_span::<L>(slot, va, span);
        Ok(())
    }

    /// Unmaps within a table below the root; whether that left it empty, and the outcome.
    #[inline(always)]
    fn child<L: Level<F>>(&mut self, address: Phys, va: u64, last: u64) -> (bool, Result<(), Stop>) {
        let table = table_at::<F, W>(self.edit.world, address);
        let first = slot::<F, L>(va);
        let all = first == 0 && last - va == low_bits(L::SHIFT + L::BITS);
        if !U::LIVE && L::HAS_LEAF && all && is_full::<F, L, W>(self.edit.world, table) {
            // Nobody walks the table and all of it goes: its entries may stay in it.
            let _ = self.edit.forget(table, 1 << L::BITS);
            return (true, Ok(()));
        }
        let (removed, result) = self.table::<L>((table, first), va, last);
        let empty = removed != 0
            && match self.edit.forget(table, removed) {
                Some(count) => count == 0,
                None => {
                    removed == 1 << L::BITS
                        || !has_neighbour::<F, L, W>(
                            (self.edit.world, self.edit.shape),
                            table,
                            first,
                            first + removed - 1,
                        ) && is_empty::<F, L, W>((self.edit.world, self.edit.shape), table)
                }
            };
        (empty, result)
    }
}
