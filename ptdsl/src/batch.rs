//! A world that puts invalidations off, and everything that has to wait for them.

use crate::address::Phys;
use crate::format::{Format, Part, Run, Shape, Transition};
use crate::gather::{Flushed, Limits};
use crate::transition::Permit;
use crate::world::{Fresh, TableLayout, World};

/// Runs of entries that are kept apart; what lies side by side is one.
const RUNS: usize = 16;
/// Freed table pages that wait.
const PAGES: usize = 32;

/// Entries whose invalidation is owed.
#[derive(Clone, Copy, Debug)]
struct Entries {
    va: u64,
    count: usize,
    shift: u32,
    level: i32,
}

impl Entries {
    fn last(&self) -> u64 {
        // The entries lie within the input addresses: no overflow but at the end of 64 bits.
        self.va.wrapping_add((self.count as u64) << self.shift).wrapping_sub(1)
    }
}

/// What is owed of one kind.
#[derive(Debug)]
struct Owed {
    runs: [Option<Entries>; RUNS],
    entries: usize,
}

impl Owed {
    const NOTHING: Owed = Owed { runs: [None; RUNS], entries: 0 };

    /// Adds a run; whether there was room.
    fn add<F: Format>(&mut self, run: &Run<'_, F>) -> bool {
        let new = Entries { va: run.va, count: run.count, shift: run.shift, level: run.level };
        let bytes = (new.count as u64) << new.shift;
        for old in self.runs.iter_mut().flatten() {
            let alike = old.shift == new.shift && old.level == new.level;
            if alike && old.last().wrapping_add(1) == new.va && new.va != 0 {
                old.count += new.count;
            } else if alike && new.va.wrapping_add(bytes) == old.va && old.va != 0 {
                old.va = new.va;
                old.count += new.count;
            } else {
                continue;
            }
            self.entries += new.count;
            return true;
        }
        let Some(room) = self.runs.iter_mut().find(|run| run.is_none()) else { return false };
        *room = Some(new);
        self.entries += new.count;
        true
    }

    fn meets<F: Format>(&self, run: &Run<'_, F>) -> bool {
        let last = run.va.wrapping_add((run.count as u64) << run.shift).wrapping_sub(1);
        self.runs.iter().flatten().any(|old| old.va <= last && run.va <= old.last())
    }
}

/// The world of gather mode, around the caller's.
#[derive(Debug)]
pub(crate) struct Batch<'a, F: Format, W> {
    pub(crate) world: &'a mut W,
    shape: Shape<F>,
    limits: Limits,
    leaves: Owed,
    tables: Owed,
    publish_leaf: bool,
    publish_table: bool,
    pages: [Option<(Phys, TableLayout)>; PAGES],
    pub(crate) done: Flushed,
}

impl<'a, F: Format, W: World<F>> Batch<'a, F, W> {
    pub(crate) fn new(world: &'a mut W, shape: Shape<F>, limits: Limits) -> Self {
        Batch {
            world,
            shape,
            limits,
            leaves: Owed::NOTHING,
            tables: Owed::NOTHING,
            publish_leaf: false,
            publish_table: false,
            pages: [None; PAGES],
            done: Flushed::default(),
        }
    }

    /// Whether anything is owed.
    pub(crate) fn owes(&self) -> bool {
        self.leaves.entries + self.tables.entries != 0
            || self.publish_leaf
            || self.publish_table
            || self.pages.iter().any(Option::is_some)
    }

    /// Pays everything: invalidations, then what they hold back.
    pub(crate) fn flush(&mut self) {
        self.invalidate();
        self.publish();
        for (address, layout) in self.pages.iter_mut().filter_map(Option::take) {
            self.world.free(address, layout);
            self.done.pages += 1;
        }
    }

    fn invalidate(&mut self) {
        let entries = self.leaves.entries + self.tables.entries;
        if entries == 0 {
            return;
        }
        self.done.flushes += 1;
        let (leaves, tables) = (
            core::mem::replace(&mut self.leaves, Owed::NOTHING),
            core::mem::replace(&mut self.tables, Owed::NOTHING),
        );
        let world = &mut *self.world;
        let whole = Run { va: 0, count: 1, shift: 0, level: self.shape.root_level, shape: &self.shape };
        if F::INVALIDATES_ALL && entries > self.limits.entries {
            F::after(world, Transition::InvalidateAll, &whole);
            self.done.full += 1;
            return;
        }
        self.done.entries += entries as u64;
        let shape = &self.shape;
        let each = |world: &mut W, transition, owed: &Owed| {
            for &Entries { va, count, shift, level } in owed.runs.iter().flatten() {
                F::part(world, transition, Part::Entries, &Run { va, count, shift, level, shape });
            }
        };
        let (leaf, table) = (Transition::InvalidateLeaf, Transition::InvalidateTable);
        let both = leaves.entries != 0 && tables.entries != 0;
        if both && F::INVALIDATES_ALIKE {
            F::part(world, leaf, Part::Open, &whole);
            each(world, leaf, &leaves);
            each(world, table, &tables);
            F::part(world, leaf, Part::Close, &whole);
            return;
        }
        for (transition, owed) in [(leaf, &leaves), (table, &tables)] {
            let covered = transition == leaf && both && F::TABLE_INVALIDATES_ALL;
            if owed.entries != 0 && !covered {
                F::part(world, transition, Part::Open, &whole);
                each(world, transition, owed);
                F::part(world, transition, Part::Close, &whole);
            }
        }
    }

    fn publish(&mut self) {
        let run = Run { va: 0, count: 1, shift: 0, level: self.shape.root_level, shape: &self.shape };
        if self.publish_table {
            F::after(self.world, Transition::PublishTable, &run);
        }
        if self.publish_leaf && !(self.publish_table && F::PUBLISH_TABLE_COVERS_LEAF) {
            F::after(self.world, Transition::PublishLeaf, &run);
        }
        (self.publish_leaf, self.publish_table) = (false, false);
    }

    fn owe(&mut self, transition: Transition, run: &Run<'_, F>) {
        let leaf = transition == Transition::InvalidateLeaf;
        let owed = if leaf { &mut self.leaves } else { &mut self.tables };
        if !owed.add(run) {
            self.flush();
            let owed = if leaf { &mut self.leaves } else { &mut self.tables };
            // An empty list has room.
            let _ = owed.add(run);
        }
    }
}

impl<F: Format, W: World<F>> World<F> for Batch<'_, F, W> {
    type Table = W::Table;

    #[inline(always)]
    fn table(&self, _: Permit<Self>, address: Phys) -> W::Table {
        self.world.table(Permit::runtime(), address)
    }

    #[inline(always)]
    fn load(&self, _: Permit<Self>, table: W::Table, slot: usize) -> F::Word {
        self.world.load(Permit::runtime(), table, slot)
    }

    #[inline(always)]
    fn store(&mut self, _: Permit<Self>, table: W::Table, slot: usize, word: F::Word) {
        self.world.store(Permit::runtime(), table, slot, word);
    }

    #[inline(always)]
    fn exchange(&mut self, _: Permit<Self>, table: W::Table, slot: usize, word: F::Word) -> F::Word {
        self.world.exchange(Permit::runtime(), table, slot, word)
    }

    #[inline(always)]
    fn compare_exchange(
        &mut self,
        _: Permit<Self>,
        table: W::Table,
        slot: usize,
        current: F::Word,
        new: F::Word,
    ) -> Result<(), F::Word> {
        self.world.compare_exchange(Permit::runtime(), table, slot, current, new)
    }

    #[inline(always)]
    fn step(&mut self, step: F::Step) {
        self.world.step(step);
    }

    fn before(&mut self, _: Permit<Self>, transition: Transition, run: &Run<'_, F>) {
        match transition {
            // What was there may still be cached: something else in its place would be a change without a break.
            Transition::PublishLeaf | Transition::PublishTable => self.invalidate(),
            // A leaf that changes again before the first change is seen everywhere would skip a step.
            Transition::InvalidateLeaf if self.leaves.meets(run) => self.invalidate(),
            _ => {}
        }
        F::before(self.world, transition, run);
    }

    fn after(&mut self, _: Permit<Self>, transition: Transition, run: &Run<'_, F>) {
        match transition {
            Transition::PublishLeaf if F::PUBLISH_LEAF_ONCE => self.publish_leaf = true,
            Transition::PublishTable => self.publish_table = true,
            Transition::InvalidateLeaf | Transition::InvalidateTable => self.owe(transition, run),
            _ => F::after(self.world, transition, run),
        }
    }

    #[inline(always)]
    fn removed(&mut self, va: u64, level: i32, word: F::Word) {
        self.world.removed(va, level, word);
    }

    fn allocate(&mut self, layout: TableLayout) -> Option<Fresh> {
        if let Some(fresh) = self.world.allocate(layout) {
            return Some(fresh);
        }
        // What waits for its invalidation may be what is asked for.
        if self.pages.iter().all(Option::is_none) {
            return None;
        }
        self.flush();
        self.world.allocate(layout)
    }

    fn free(&mut self, address: Phys, layout: TableLayout) {
        if self.pages.iter().all(Option::is_some) {
            self.flush();
        }
        match self.pages.iter_mut().find(|page| page.is_none()) {
            Some(room) => *room = Some((address, layout)),
            // Unreachable: a flush empties it.
            None => self.world.free(address, layout),
        }
    }

    #[inline(always)]
    fn count(&mut self, table: W::Table, delta: isize) -> Option<usize> {
        self.world.count(table, delta)
    }
}
