//! The only place that stores descriptors: each function is one transition, with the steps that the format demands.

use core::marker::PhantomData;

use crate::address::Phys;
use crate::format::{Change, Format, Level, Run, Shape, Transition, span};
use crate::table::Use;
use crate::tier::Tier;
use crate::word::Word;
use crate::world::World;

/// The right to access table memory of a world `W`. Only the runtime makes one, for each single access, so nobody else
/// can store over a live entry, or reach memory through a forged table.
#[derive(Debug)]
pub struct Permit<W: ?Sized>(PhantomData<fn(&W)>);

impl<W: ?Sized> Permit<W> {
    #[inline(always)]
    pub(crate) fn runtime() -> Self {
        Permit(PhantomData)
    }

    /// A permit from outside the runtime: for a world that wraps another, such as a simulator's.
    ///
    /// # Safety
    /// It is used for one access that the runtime asked the wrapping world for, passed on unchanged.
    #[allow(unsafe_code)]
    #[must_use]
    pub unsafe fn pass_on() -> Self {
        Permit(PhantomData)
    }
}

/// Slots that a loop over a run handles in one round.
pub(crate) const AT_ONCE: usize = 16;

/// One load of a descriptor.
#[inline(always)]
pub(crate) fn load<F: Format, W: World<F>>(world: &W, table: W::Table, slot: usize) -> F::Word {
    world.load(Permit::runtime(), table, slot)
}

/// The table behind a descriptor or a root.
#[inline(always)]
pub(crate) fn table<F: Format, W: World<F>>(world: &W, address: Phys) -> W::Table {
    world.table(Permit::runtime(), address)
}

/// Stores `first` and what follows it by `step` each into slots. Outside of the level, so that all levels share it.
#[inline(never)]
fn fill<F: Format, W: World<F>>(
    world: &mut W,
    table: W::Table,
    slots: core::ops::Range<usize>,
    (first, step): (F::Word, F::Word),
) {
    let (mut slot, end, mut word) = (slots.start, slots.end, first);
    // Many at once: the compiler does not unroll volatile stores far enough by itself. Two words at a time: a processor that
    // stores two in a cycle does not wait for the one before.
    let (mut next, both) = (word.wrapping_add(step), step.wrapping_add(step));
    // One counter, so that the compiler keeps one.
    let rounds = slot + ((end - slot) & !(AT_ONCE - 1));
    while slot != rounds {
        for k in (0..AT_ONCE).step_by(2) {
            world.store(Permit::runtime(), table, slot + k, word);
            world.store(Permit::runtime(), table, slot + k + 1, next);
            (word, next) = (word.wrapping_add(both), next.wrapping_add(both));
        }
        slot += AT_ONCE;
    }
    while slot < end {
        world.store(Permit::runtime(), table, slot, word);
        word = word.wrapping_add(step);
        slot += 1;
    }
}

/// How many of the slots are empty, up to the first that is not. The common case is one pass of loads without a branch
/// each. Outside of the level, so that all levels share it.
#[inline(never)]
pub(crate) fn empty_slots<F: Format, W: World<F>>(
    world: &W,
    table: W::Table,
    slots: core::ops::Range<usize>,
    empty: F::Word,
) -> usize {
    if empty == F::Word::ZERO {
        leading(slots, |slot| load::<F, W>(world, table, slot))
    } else {
        leading(slots, |slot| load::<F, W>(world, table, slot) ^ empty)
    }
}

/// How many of the slots are 0, up to the first that is not.
#[inline(always)]
fn leading<T: Word>(slots: core::ops::Range<usize>, word: impl Fn(usize) -> T) -> usize {
    let (mut slot, end) = (slots.start, slots.end);
    while slot + AT_ONCE <= end && (0..AT_ONCE).fold(T::ZERO, |found, k| found | word(slot + k)) == T::ZERO {
        slot += AT_ONCE;
    }
    while slot < end && word(slot) == T::ZERO {
        slot += 1;
    }
    slot - slots.start
}

/// Whether a word is a leaf that takes one slot.
#[inline(always)]
pub(crate) fn single<F: Format, L: Level<F>>(raw: F::Word) -> bool {
    L::is_leaf(raw) & (span::<F, L>(raw) == 0)
}

/// The transitions of one operation on one table, with what is owed before the operation may return.
pub(crate) struct Edit<'a, F: Format, W, U> {
    pub(crate) world: &'a mut W,
    pub(crate) shape: &'a Shape<F>,
    owed_leaf: bool,
    owed_table: bool,
    state: PhantomData<U>,
}

impl<'a, F: Format, W: World<F>, U: Use> Edit<'a, F, W, U> {
    #[inline(always)]
    pub(crate) fn new(world: &'a mut W, shape: &'a Shape<F>) -> Self {
        Edit { world, shape, owed_leaf: false, owed_table: false, state: PhantomData }
    }

    #[inline(always)]
    pub(crate) fn run<L: Level<F>>(&self, va: u64, count: usize) -> Run<'a, F> {
        Run { va, count, shift: L::SHIFT, level: L::NUMBER, shape: self.shape }
    }

    /// As [`run`](Self::run).
    #[inline(always)]
    pub(crate) fn run_at(&self, tier: &Tier, va: u64, count: usize) -> Run<'a, F> {
        Run { va, count, shift: tier.shift, level: tier.number, shape: self.shape }
    }

    /// Writes the empty word into slots of a table that no descriptor points to.
    #[inline(always)]
    pub(crate) fn clear_fresh(&mut self, table: W::Table, slots: core::ops::Range<usize>, empty: F::Word) {
        fill(self.world, table, slots, (empty, F::Word::ZERO));
    }

    /// Empty slots become leaves with consecutive outputs. `live`: hardware may already walk the table.
    #[inline(always)]
    pub(crate) fn publish_leaves(
        &mut self,
        tier: &Tier,
        (table, slot): (W::Table, usize),
        (va, count): (u64, usize),
        first: F::Word,
        live: bool,
    ) {
        let live = live && U::LIVE;
        let run = self.run_at(tier, va, count);
        if live {
            self.world.before(Permit::runtime(), Transition::PublishLeaf, &run);
        }
        fill(self.world, table, slot..slot + count, (first, tier.step::<F>()));
        self.owe_leaf(&run, live);
        let _ = self.world.count(table, count as isize);
    }

    /// Empty slots become one leaf that takes them all. `live`: hardware may already walk the table.
    #[inline(never)]
    pub(crate) fn publish_span(
        &mut self,
        tier: &Tier,
        (table, slot): (W::Table, usize),
        (va, span): (u64, u32),
        first: F::Word,
        live: bool,
    ) {
        let live = live && U::LIVE;
        let run = self.run_at(tier, va, 1 << span);
        if live {
            self.world.before(Permit::runtime(), Transition::PublishLeaf, &run);
        }
        fill(self.world, table, slot..slot + run.count, (first, tier.stride::<F>(span)));
        self.owe_leaf(&run, live);
        let _ = self.world.count(table, run.count as isize);
    }

    /// One empty slot of a table that the walk reaches becomes a leaf.
    #[inline(always)]
    pub(crate) fn publish_leaf<L: Level<F>>(
        &mut self,
        (table, slot): (W::Table, usize),
        va: u64,
        word: F::Word,
    ) {
        let run = self.run::<L>(va, 1);
        if U::LIVE {
            self.world.before(Permit::runtime(), Transition::PublishLeaf, &run);
        }
        self.world.store(Permit::runtime(), table, slot, word);
        self.owe_leaf(&run, U::LIVE);
        let _ = self.world.count(table, 1);
    }

    /// What follows the store of leaves: at once, or once for the operation where the spec allows.
    #[inline(always)]
    fn owe_leaf(&mut self, run: &Run<'_, F>, live: bool) {
        if live && F::PUBLISH_LEAF_ONCE {
            self.owed_leaf = true;
        } else if live {
            self.world.after(Permit::runtime(), Transition::PublishLeaf, run);
        }
    }

    /// A leaf, in all its slots, becomes another where the format asks for no more than a store; whether it does.
    #[inline(never)]
    pub(crate) fn store_over(
        &mut self,
        tier: &Tier,
        (table, first): (W::Table, usize),
        span: u32,
        new: F::Word,
    ) -> bool {
        let stride = if span == 0 { F::Word::ZERO } else { tier.stride::<F>(span) };
        let slots = first..first + (1 << span);
        let mut word = new;
        for slot in slots.clone() {
            let old = load::<F, W>(self.world, table, slot);
            if !matches!(tier.change::<F>(old, word), Change::Nothing | Change::Store) {
                return false;
            }
            word = word.wrapping_add(stride);
        }
        word = new;
        for slot in slots {
            let old = load::<F, W>(self.world, table, slot);
            // A flag that is set meanwhile stays, and in a leaf of several slots one that is set in any.
            let kept =
                |seen| if span == 0 && seen == old { word } else { tier.with_flags_of::<F>(word, seen) };
            self.replace(table, slot, old, &kept);
            word = word.wrapping_add(stride);
        }
        true
    }

    /// An empty slot becomes a table whose words are all written. `live`: hardware may already walk the parent.
    #[inline(always)]
    pub(crate) fn publish_table(
        &mut self,
        tier: &Tier,
        (table, slot): (W::Table, usize),
        va: u64,
        child: Phys,
        live: bool,
    ) {
        let live = live && U::LIVE;
        let run = self.run_at(tier, va, 1);
        if live {
            self.world.before(Permit::runtime(), Transition::PublishTable, &run);
        }
        self.world.store(Permit::runtime(), table, slot, tier.link::<F>(child));
        self.owed_table |= live;
        let _ = self.world.count(table, 1);
    }

    /// An entry that maps nothing takes a value of software's, or loses it: hardware sees no difference.
    pub(crate) fn annotate(
        &mut self,
        (table, slot): (W::Table, usize),
        old: F::Word,
        new: F::Word,
        empty: F::Word,
    ) {
        self.world.store(Permit::runtime(), table, slot, new);
        let delta = isize::from(new != empty) - isize::from(old != empty);
        if delta != 0 {
            let _ = self.world.count(table, delta);
        }
    }

    /// A leaf becomes an empty slot and no translation of it remains. [`forget`](Self::forget) it afterwards.
    #[inline(always)]
    pub(crate) fn invalidate_leaf<L: Level<F>>(&mut self, table: W::Table, slot: usize, va: u64) {
        let run = self.run::<L>(va, 1);
        self.invalidate((table, slot), &run, L::empty(self.shape), self.hardware_writes());
    }

    /// Leaves of one slot become empty slots, from `slot` on, up to the first entry that is none or to `most` of them; how
    /// many. [`forget`](Self::forget) them afterwards.
    #[inline(always)]
    pub(crate) fn clear_leaves(
        &mut self,
        tier: &Tier,
        place: (W::Table, usize),
        va: u64,
        most: usize,
    ) -> usize {
        if tier.has_table || self.hardware_writes() {
            self.clear_each(tier, place, va, most)
        } else {
            self.clear_pages::<F::Top>(place, va, most)
        }
    }

    /// [`clear_leaves`](Self::clear_leaves) of any level, and by an exchange where hardware may still write to them.
    #[inline(never)]
    fn clear_each(&mut self, tier: &Tier, (table, slot): (W::Table, usize), va: u64, most: usize) -> usize {
        let empty = tier.empty::<F>(self.shape);
        for done in 0..most {
            let raw = load::<F, W>(self.world, table, slot + done);
            if !tier.single::<F>(raw) {
                return done;
            }
            let run = self.run_at(tier, va + ((done as u64) << tier.shift), 1);
            self.invalidate((table, slot + done), &run, empty, self.hardware_writes());
        }
        most
    }

    /// [`clear_leaves`](Self::clear_leaves) of the last level, where no hardware writes: here each instruction counts.
    #[inline(always)]
    fn clear_pages<L: Level<F>>(&mut self, (table, slot): (W::Table, usize), va: u64, most: usize) -> usize {
        if L::HAS_TABLE {
            return self.clear_pages::<L::Next>((table, slot), va, most);
        }
        let leaf = |world: &W, slot| single::<F, L>(load::<F, W>(world, table, slot));
        let empty = L::empty(self.shape);
        let mut done = 0;
        // Words are looked at together: a branch for each would cost more than its load.
        while !U::LIVE
            && most - done >= AT_ONCE
            && (0..AT_ONCE).fold(true, |all, k| all & leaf(self.world, slot + done + k))
        {
            for k in 0..AT_ONCE {
                self.world.store(Permit::runtime(), table, slot + done + k, empty);
            }
            done += AT_ONCE;
        }
        while done < most && leaf(self.world, slot + done) {
            let run = self.run::<L>(va + ((done as u64) << L::SHIFT), 1);
            self.invalidate((table, slot + done), &run, empty, false);
            done += 1;
        }
        done
    }

    /// A leaf in a slot goes, by an exchange if hardware may still write to it, and every translation of it.
    #[inline(always)]
    fn invalidate(
        &mut self,
        (table, slot): (W::Table, usize),
        run: &Run<'_, F>,
        empty: F::Word,
        exchange: bool,
    ) {
        if U::LIVE {
            self.world.before(Permit::runtime(), Transition::InvalidateLeaf, run);
        }
        if U::LIVE && F::HARDWARE_UPDATES && exchange {
            self.take((table, slot), run, empty);
        } else {
            self.world.store(Permit::runtime(), table, slot, empty);
        }
        if U::LIVE {
            self.world.after(Permit::runtime(), Transition::InvalidateLeaf, run);
        }
    }

    /// A leaf that takes several slots goes, whole: every slot is emptied before the first invalidation, so that no walk
    /// meets a part of it afterwards. `va` and `slot` are its first. [`forget`](Self::forget) all slots afterwards.
    #[inline(never)]
    pub(crate) fn invalidate_span(
        &mut self,
        tier: &Tier,
        (table, slot): (W::Table, usize),
        va: u64,
        span: u32,
    ) {
        let run = self.run_at(tier, va, 1 << span);
        if U::LIVE {
            self.world.before(Permit::runtime(), Transition::InvalidateLeaf, &run);
        }
        let empty = tier.empty::<F>(self.shape);
        for (slot, va) in (slot..slot + run.count).zip(run.addresses()) {
            if self.hardware_writes() {
                self.take((table, slot), &self.run_at(tier, va, 1), empty);
            } else {
                self.world.store(Permit::runtime(), table, slot, empty);
            }
        }
        if U::LIVE {
            self.world.after(Permit::runtime(), Transition::InvalidateLeaf, &run);
        }
    }

    /// A table becomes an empty slot and no walk through it remains: after this its page may be freed.
    /// [`forget`](Self::forget) it afterwards.
    #[inline(always)]
    pub(crate) fn invalidate_table(&mut self, tier: &Tier, (table, slot): (W::Table, usize), va: u64) {
        let run = self.run_at(tier, va, 1);
        if U::LIVE {
            self.world.before(Permit::runtime(), Transition::InvalidateTable, &run);
        }
        let empty = tier.empty::<F>(self.shape);
        self.world.store(Permit::runtime(), table, slot, empty);
        if U::LIVE {
            self.world.after(Permit::runtime(), Transition::InvalidateTable, &run);
        }
    }

    /// Whether hardware may write into leaves of the table at any moment.
    #[inline(always)]
    pub(crate) fn hardware_writes(&self) -> bool {
        // False in the shape of a format without such flags; said here, so that nothing is asked.
        U::LIVE && F::HARDWARE_UPDATES && self.shape.hardware_updates
    }

    /// A leaf becomes an empty slot by an exchange, so that no flag is lost that hardware sets up to then.
    #[inline(always)]
    fn take(&mut self, (table, slot): (W::Table, usize), run: &Run<'_, F>, empty: F::Word) {
        let last = self.world.exchange(Permit::runtime(), table, slot, empty);
        self.world.removed(run.va, run.level, last);
    }

    /// Takes invalidated entries off the table's count; the new one, if the world keeps one.
    #[inline(always)]
    pub(crate) fn forget(&mut self, table: W::Table, entries: usize) -> Option<usize> {
        self.world.count(table, -(entries as isize))
    }

    /// Pays what the publications of this operation still owe.
    #[inline(always)]
    pub(crate) fn finish(self) {
        let run = self.run::<F::Top>(0, 1);
        if self.owed_table {
            self.world.after(Permit::runtime(), Transition::PublishTable, &run);
        }
        if self.owed_leaf && !(self.owed_table && F::PUBLISH_TABLE_COVERS_LEAF) {
            self.world.after(Permit::runtime(), Transition::PublishLeaf, &run);
        }
    }
}
