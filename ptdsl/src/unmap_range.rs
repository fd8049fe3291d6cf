//! `unmap` of a range: leaf by leaf, each with its invalidation; tables that lose their last entry are freed after theirs.

use crate::address::{Phys, Range};
use crate::error::Error;
use crate::format::{Format, Level, Shape, low_bits};
use crate::table::{PageTable, Use};
use crate::tier::Tier;
use crate::transition::{AT_ONCE, Edit, empty_slots, load, table as table_at};
use crate::unmap::{Stopped, Unmapped};
use crate::world::World;

impl<F: Format, U: Use> PageTable<F, U> {
    #[inline(never)]
    pub(crate) fn unmap_range<W: World<F>>(
        &mut self,
        world: &mut W,
        range: Range,
    ) -> Result<Unmapped, Error> {
        self.check(range)?;
        let (first, last) = (range.first(), range.last());
        let mut unmap: Unmap<'_, F, W, U> = Unmap { edit: self.edit(world), stop: None };
        let width = self.shape.width;
        let tier = Tier::root::<F>(width);
        let root = table_at::<F, W>(unmap.edit.world, self.shape.root);
        let (removed, _) = unmap.table(tier, (root, tier.root_slot::<F>(first, width)), (first, last));
        // The root stays, and need not have as many slots as other tables: nobody asks whether it is empty.
        let _ = unmap.edit.forget(root, removed);
        Ok(match unmap.stop {
            None => Unmapped { bytes: (last - first).wrapping_add(1), stopped: None },
            Some((at, stopped)) => Unmapped { bytes: at - first, stopped: Some(stopped) },
        })
    }
}

/// Slots of a table that have just become empty.
#[derive(Clone, Copy)]
pub(crate) struct Gone {
    /// log2 of the slots of the table.
    pub(crate) slots: u32,
    /// The first.
    pub(crate) first: usize,
    /// The last.
    pub(crate) last: usize,
}

impl Gone {
    /// Whether an entry stands beside them: there the next one stands when pages are unmapped in order, up or down.
    #[inline(always)]
    pub(crate) fn has_neighbour<F: Format, W: World<F>>(
        self,
        world: &W,
        table: W::Table,
        empty: F::Word,
    ) -> bool {
        let taken = |slot: usize| load::<F, W>(world, table, slot) != empty;
        self.last + 1 < 1 << self.slots && taken(self.last + 1) || self.first != 0 && taken(self.first - 1)
    }

    /// Whether nothing is left in the table, of whose count `entries` are still to be taken off.
    #[inline(never)]
    fn was_all<F: Format, W: World<F>, U: Use>(
        self,
        edit: &mut Edit<'_, F, W, U>,
        table: W::Table,
        (entries, empty): (usize, F::Word),
    ) -> bool {
        match edit.forget(table, entries) {
            Some(count) => count == 0,
            None => {
                let slots = 1 << self.slots;
                self.last - self.first == slots - 1
                    || !self.has_neighbour::<F, W>(edit.world, table, empty)
                        && empty_slots::<F, W>(edit.world, table, 0..slots, empty) == slots
            }
        }
    }
}

/// Frees the tables on the way to an address that have lost their last entry, the lowest first.
#[cold]
#[inline(never)]
pub(crate) fn prune_from_root<F: Format, W: World<F>, U: Use>(world: &mut W, shape: &Shape<F>, va: u64) {
    let tier = Tier::root::<F>(shape.width);
    let root = table_at::<F, W>(world, shape.root);
    let mut edit: Edit<'_, F, W, U> = Edit::new(world, shape);
    prune(&mut edit, tier, (root, tier.root_slot::<F>(va, shape.width)), va);
}

/// Whether an entry went from the table: `index` pointed to a table that was empty.
fn prune<F: Format, W: World<F>, U: Use>(
    edit: &mut Edit<'_, F, W, U>,
    tier: &Tier,
    (table, index): (W::Table, usize),
    va: u64,
) -> bool {
    if !tier.has_table {
        return true; // the leaf's own level: it has gone
    }
    let raw = load::<F, W>(edit.world, table, index);
    let Some(address) = tier.next_table::<F>(edit.shape, raw) else {
        return true;
    };
    let child = table_at::<F, W>(edit.world, address);
    let below = tier.below::<F>();
    let at = below.slot(va);
    let gone = Gone { slots: below.bits, first: at, last: at };
    let empty = below.empty::<F>(edit.shape);
    let all = prune(edit, below, (child, at), va) && gone.was_all(edit, child, (0, empty));
    if all {
        edit.invalidate_table(tier, (table, index), va);
        let _ = edit.forget(table, 1);
        edit.world.free(address, below.layout);
    }
    all
}

/// One call of `unmap`.
struct Unmap<'a, F: Format, W, U> {
    edit: Edit<'a, F, W, U>,
    /// The address where it stopped, and why.
    stop: Option<(u64, Stopped)>,
}

impl<F: Format, W: World<F>, U: Use> Unmap<'_, F, W, U> {
    /// Unmaps within one table; how many entries went, and whether to go on.
    #[inline(never)]
    fn table(
        &mut self,
        tier: &'static Tier,
        (table, mut index): (W::Table, usize),
        (mut va, last): (u64, u64),
    ) -> (usize, bool) {
        let mut removed = 0;
        loop {
            let low = tier.low;
            let mut slots = 0;
            if va & low == 0 {
                let whole = ((last - va) >> tier.shift) + u64::from((last - va) & low == low);
                slots = self.edit.clear_leaves(tier, (table, index), va, whole as usize);
                removed += slots;
            }
            if slots == 0 {
                slots = 1;
                let raw = load::<F, W>(self.edit.world, table, index);
                if let Some(child) = tier.next_table::<F>(self.edit.shape, raw) {
                    let (empty, on) = self.child(tier, child, (va, last.min(va | low)));
                    if empty {
                        self.edit.invalidate_table(tier, (table, index), va);
                        removed += 1;
                        self.edit.world.free(child, tier.below::<F>().layout);
                    }
                    if !on {
                        return (removed, false);
                    }
                } else if tier.is_leaf::<F>(raw) {
                    let span = tier.span::<F>(raw);
                    slots = 1 << span;
                    let low = low_bits(tier.shift + span);
                    if va & low != 0 || last - va < low {
                        self.stop = Some((va, Stopped::Leaf { va: va & !low, level: tier.number }));
                        return (removed, false);
                    }
                    self.edit.invalidate_span(tier, (table, index), va, span);
                    removed += slots;
                } else {
                    self.stop = Some((va, Stopped::Hole { va, level: tier.number }));
                    return (removed, false);
                }
            }
            let end = (va | low) + ((slots as u64 - 1) << tier.shift);
            if end >= last {
                return (removed, true);
            }
            va = end + 1;
            index += slots;
        }
    }

    /// Unmaps within a table below one of `tier`; whether that left it empty, and whether to go on.
    #[inline(always)]
    fn child(&mut self, tier: &'static Tier, address: Phys, (va, last): (u64, u64)) -> (bool, bool) {
        let below = tier.below::<F>();
        let table = table_at::<F, W>(self.edit.world, address);
        let first = below.slot(va);
        if !U::LIVE && last - va == tier.low && is_full::<F, F::Top, W>(self.edit.world, below.depth(), table)
        {
            // Nobody walks the table and all of it goes: its entries may stay in it.
            let _ = self.edit.forget(table, below.slots());
            return (true, true);
        }
        let (removed, on) = self.table(below, (table, first), (va, last));
        let gone = Gone { slots: below.bits, first, last: (first + removed).wrapping_sub(1) };
        let empty = below.empty::<F>(self.edit.shape);
        (removed != 0 && gone.was_all(&mut self.edit, table, (removed, empty)), on)
    }
}

/// Whether a whole table of the level at that depth holds leaves and nothing else. One branch for a few words:
/// it is looked through fast.
#[inline(always)]
fn is_full<F: Format, L: Level<F>, W: World<F>>(world: &W, depth: usize, table: W::Table) -> bool {
    if depth != 0 && L::HAS_TABLE {
        return is_full::<F, L::Next, W>(world, depth - 1, table);
    }
    let step = AT_ONCE.min(1 << L::BITS);
    let leaf = |slot| L::is_leaf(load::<F, W>(world, table, slot));
    L::HAS_LEAF
        && (0..(1 << L::BITS) / step).all(|round| (0..step).fold(true, |all, k| all & leaf(round * step + k)))
}
