//! `unmap`: leaf by leaf, each with its invalidation; tables that lose their last entry are freed after theirs.

use crate::address::Range;
use crate::error::Error;
use crate::format::{Format, Level, layout, low_bits, mask, slot};
use crate::table::{PageTable, Use, starts_at};
use crate::transition::{Edit, load, table as table_at};
use crate::world::World;

/// What `unmap` does at a leaf that reaches beyond the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Boundary {
    /// Stop before it. What lies outside the range is never touched.
    Stop,
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
    /// [`Error::Misaligned`] and [`Error::OutOfRange`]: nothing done.
    #[inline]
    pub fn unmap<W: World<F>>(
        &mut self,
        world: &mut W,
        range: Range,
        boundary: Boundary,
    ) -> Result<Unmapped, Error> {
        let Boundary::Stop = boundary;
        self.check(range)?;
        let mut unmap = Unmap {
            edit: self.edit(world),
        };
        let (first, last) = (range.first(), range.last());
        Ok(match unmap.start::<F::Top>(first, last) {
            Ok(()) => Unmapped {
                bytes: (last - first).wrapping_add(1),
                stopped: None,
            },
            Err((at, stopped)) => Unmapped {
                bytes: at - first,
                stopped: Some(stopped),
            },
        })
    }
}

/// The address where it stopped, and why.
type Stop = (u64, Stopped);

/// One call of `unmap`.
struct Unmap<'a, F: Format, W, U> {
    edit: Edit<'a, F, W, U>,
}

impl<F: Format, W: World<F>, U: Use> Unmap<'_, F, W, U> {
    #[inline(always)]
    fn start<L: Level<F>>(&mut self, va: u64, last: u64) -> Result<(), Stop> {
        if starts_at::<F, L>(self.edit.shape.width) {
            let root = table_at::<F, W>(self.edit.world, self.edit.shape.root);
            // The root stays, and may have fewer slots than a whole table: nobody asks whether it is empty.
            self.table::<L, true>(root, va, last).1
        } else {
            self.start::<L::Next>(va, last)
        }
    }

    /// Unmaps within one table; whether that left it empty, and the outcome.
    #[inline(always)]
    fn table<L: Level<F>, const ROOT: bool>(
        &mut self,
        table: W::Table,
        mut va: u64,
        last: u64,
    ) -> (bool, Result<(), Stop>) {
        let end = last.min(va | low_bits(L::SHIFT + L::BITS));
        let first = slot::<F, L>(va, self.edit.shape.width);
        let mut index = first;
        let mut removed = 0;
        let mut count = None;
        let result = loop {
            let raw = load::<F, W>(self.edit.world, table, index);
            let slot_last = va | mask::<F, L>();
            if L::HAS_LEAF && L::is_leaf(raw) {
                if va & mask::<F, L>() != 0 || slot_last > end {
                    let leaf = va & !mask::<F, L>();
                    break Err((
                        va,
                        Stopped::Leaf {
                            va: leaf,
                            level: L::NUMBER,
                        },
                    ));
                }
                count = self.edit.invalidate_leaf::<L>(table, index, va);
                removed += 1;
            } else if let Some(child) = L::next_table(raw) {
                let child_table = table_at::<F, W>(self.edit.world, child);
                let (empty, result) = self.table::<L::Next, false>(child_table, va, slot_last.min(end));
                if empty {
                    count = self.edit.invalidate_table::<L>(table, index, va);
                    removed += 1;
                    self.edit.world.free(child, layout::<F, L::Next>(u32::MAX));
                }
                if result.is_err() {
                    break result;
                }
            } else {
                break Err((va, Stopped::Hole { va, level: L::NUMBER }));
            }
            if slot_last >= end {
                break Ok(());
            }
            va = slot_last + 1;
            index += 1;
        };
        let empty = !ROOT
            && removed != 0
            && match count {
                Some(count) => count == 0,
                None => removed == 1 << L::BITS || self.is_empty::<L>(table, index, first),
            };
        (empty, result)
    }

    /// Whether a table has no entry left. Looks beside what was just removed first: there the next entry stands when
    /// pages are unmapped in order, up or down.
    #[inline(always)]
    fn is_empty<L: Level<F>>(&self, table: W::Table, last: usize, first: usize) -> bool {
        let slots: usize = 1 << L::BITS;
        let taken = |slot: usize| load::<F, W>(self.edit.world, table, slot & (slots - 1)) != L::EMPTY;
        !taken(last.wrapping_add(1)) && !taken(first.wrapping_sub(1)) && self.all_empty::<L>(table)
    }

    #[inline(never)]
    fn all_empty<L: Level<F>>(&self, table: W::Table) -> bool {
        (0..1 << L::BITS).all(|slot| load::<F, W>(self.edit.world, table, slot) == L::EMPTY)
    }
}
