//! `unmap`: what a caller may ask for, and the way of a single page.

use crate::address::Range;
use crate::error::Error;
use crate::format::{Format, Level, low_bits};
use crate::table::{PageTable, Use};
use crate::transition::{Edit, load, single};
use crate::unmap_range::{Gone, prune_from_root};
use crate::walk::page_slot;
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
        if self.is_page(range) && self.unmap_page(world, range.first()) {
            return Ok(Unmapped { bytes: low_bits(F::GRANULE_SHIFT) + 1, stopped: None });
        }
        match boundary {
            Boundary::Stop => self.unmap_range(world, range),
            Boundary::Split(breaks) => self.unmap_splitting(world, range, breaks),
        }
    }

    /// `unmap` for one page; does nothing and returns `false` unless that is a leaf by itself.
    #[inline(always)]
    fn unmap_page<W: World<F>>(&mut self, world: &mut W, va: u64) -> bool {
        let Some((table, index)) = page_slot::<F, W>(world, &self.shape, va) else {
            return false;
        };
        let mut edit: Edit<'_, F, W, U> = self.edit(world);
        let Some(left) = page_at::<F, F::Top, W, U>(&mut edit, (table, index), va) else {
            return false;
        };
        if !left {
            prune_from_root::<F, W, U>(world, &self.shape, va);
        }
        true
    }
}

/// Unmaps a page in a table of the last level; whether entries are left in it for sure. `None` if it is no leaf by itself:
/// nothing was done.
#[inline(always)]
fn page_at<F: Format, L: Level<F>, W: World<F>, U: Use>(
    edit: &mut Edit<'_, F, W, U>,
    (table, index): (W::Table, usize),
    va: u64,
) -> Option<bool> {
    if L::HAS_TABLE {
        return page_at::<F, L::Next, W, U>(edit, (table, index), va);
    }
    let count = page_here::<F, L, W, U>(edit, (table, index), va)?;
    Some(match count {
        Some(count) => count != 0,
        None => Gone { slots: L::BITS, first: index, last: index }.has_neighbour::<F, W>(
            edit.world,
            table,
            L::empty(edit.shape),
        ),
    })
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
    if !single::<F, L>(raw) {
        return None;
    }
    edit.invalidate_leaf::<L>(table, index, va);
    Some(edit.forget(table, 1))
}
