//! The only place that stores descriptors: each function is one transition, with the steps that the format demands.

use core::marker::PhantomData;

use crate::address::Phys;
use crate::format::{Change, Format, Level, Run, Shape, Transition, span};
use crate::leaf::with_flags_of;
use crate::table::Use;
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
pub(crate) const AT_ONCE: usize = 8;

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
    // By eight: the compiler does not unroll volatile stores far enough by itself. Two words at a time: a processor that
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
fn single<F: Format, L: Level<F>>(raw: F::Word) -> bool {
    L::is_leaf(raw) & (span::<F, L>(raw) == 0)
}

/// The transitions of one operation on one table, with what is owed before the operation may return.
pub(crate) struct Edit<'a, F: Format, W, U> {
    pub(crate) world: &'a mut W,
    pub(crate) shape: &'a Shape<F>,
    owed_leaf: bool,
    owed_table: bool,
    /// Whether hardware may write into leaves of the table at any moment.
    hardware: bool,
    state: PhantomData<U>,
}

impl<'a, F: Format, W: World<F>, U: Use> Edit<'a, F, W, U> {
    #[inline(always)]
    pub(crate) fn new(world: &'a mut W, shape: &'a Shape<F>) -> Self {
        let hardware = U::LIVE && F::HARDWARE_UPDATES && shape.hardware_updates;
        Edit { world, shape, owed_leaf: false, owed_table: false, hardware, state: PhantomData }
    }

    #[inline(always)]
    pub(crate) fn run<L: Level<F>>(&self, va: u64, count: usize) -> Run<'a, F> {
        Run { va, count, shift: L::SHIFT, level: L::NUMBER, shape: self.shape }
    }

    /// Writes the empty word into slots of a table that no descriptor points to.
    #[inline(always)]
    pub(crate) fn clear_fresh<L: Level<F>>(&mut self, table: W::Table, slots: core::ops::Range<usize>) {
        let empty = L::empty(self.shape);
        fill(self.world, table, slots, (empty, F::Word::ZERO));
    }

    /// Empty slots become leaves with consecutive outputs. `live`: hardware may already walk the table.
    #[inline(always)]
    pub(crate) fn publish_leaves<L: Level<F>>(
        &mut self,
        (table, slot): (W::Table, usize),
        (va, count): (u64, usize),
        first: F::Word,
        live: bool,
    ) {
        let live = live && U::LIVE;
        let run = self.run::<L>(va, count);
        if live {
            self.world.before(Permit::runtime(), Transition::PublishLeaf, &run);
        }
        fill(self.world, table, slot..slot + count, (first, L::STEP));
        self.owe_leaf(&run, live);
        let _ = self.world.count(table, count as isize);
    }

    /// Empty slots become one leaf that takes them all. `live`: hardware may already walk the table.
    #[inline(never)]
    pub(crate) fn publish_span<L: Level<F>>(
        &mut self,
        (table, slot): (W::Table, usize),
        (va, span): (u64, u32),
        first: F::Word,
        live: bool,
    ) {
        let live = live && U::LIVE;
        let run = self.run::<L>(va, 1 << span);
        if live {
            self.world.before(Permit::runtime(), Transition::PublishLeaf, &run);
        }
        let (mut word, stride) = (first, L::stride(span));
        for slot in slot..slot + run.count {
            self.world.store(Permit::runtime(), table, slot, word);
            word = word.wrapping_add(stride);
        }
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

    /// A leaf becomes another where the format asks for no more than a store; whether it does.
    #[inline(always)]
    pub(crate) fn store_over<L: Level<F>>(
        &mut self,
        table: W::Table,
        slot: usize,
        old: F::Word,
        new: F::Word,
    ) -> bool {
        match L::change(old, new) {
            Change::Nothing => true,
            Change::Store if self.hardware_writes() => {
                // A flag that is set meanwhile stays.
                let make = |seen| if seen == old { new } else { with_flags_of::<F, L>(new, seen) };
                self.replace(table, slot, old, &make);
                true
            }
            Change::Store => {
                self.world.store(Permit::runtime(), table, slot, new);
                true
            }
            Change::Publish | Change::Invalidate | Change::Break => false,
        }
    }

    /// [`store_over`](Self::store_over) for a leaf that takes several slots: all of them, or none.
    #[inline(never)]
    pub(crate) fn store_over_span<L: Level<F>>(
        &mut self,
        (table, first): (W::Table, usize),
        span: u32,
        new: F::Word,
    ) -> bool {
        let stride = L::stride(span);
        let mut word = new;
        for slot in first..first + (1 << span) {
            let old = load::<F, W>(self.world, table, slot);
            if !matches!(L::change(old, word), Change::Nothing | Change::Store) {
                return false;
            }
            word = word.wrapping_add(stride);
        }
        word = new;
        for slot in first..first + (1 << span) {
            let old = load::<F, W>(self.world, table, slot);
            self.replace(table, slot, old, &|seen| with_flags_of::<F, L>(word, seen));
            word = word.wrapping_add(stride);
        }
        true
    }

    /// An empty slot becomes a table whose words are all written. `live`: hardware may already walk the parent.
    #[inline(always)]
    pub(crate) fn publish_table<L: Level<F>>(
        &mut self,
        (table, slot): (W::Table, usize),
        va: u64,
        child: Phys,
        live: bool,
    ) {
        let live = live && U::LIVE;
        let run = self.run::<L>(va, 1);
        if live {
            self.world.before(Permit::runtime(), Transition::PublishTable, &run);
        }
        self.world.store(Permit::runtime(), table, slot, L::link(child));
        self.owed_table |= live;
        let _ = self.world.count(table, 1);
    }

    /// An entry that maps nothing takes a value of software's, or loses it: hardware sees no difference.
    pub(crate) fn annotate<L: Level<F>>(
        &mut self,
        (table, slot): (W::Table, usize),
        old: F::Word,
        new: F::Word,
    ) {
        self.world.store(Permit::runtime(), table, slot, new);
        let empty = L::empty(self.shape);
        let delta = isize::from(new != empty) - isize::from(old != empty);
        if delta != 0 {
            let _ = self.world.count(table, delta);
        }
    }

    /// A leaf becomes an empty slot and no translation of it remains. [`forget`](Self::forget) it afterwards.
    #[inline(always)]
    pub(crate) fn invalidate_leaf<L: Level<F>>(&mut self, table: W::Table, slot: usize, va: u64) {
        self.invalidate::<L>((table, slot), va, Transition::InvalidateLeaf);
    }

    /// Leaves of a table that no hardware walks become empty slots, from `slot` on, up to the first that is no leaf of one slot or to
    /// `most` of them; how many. [`forget`](Self::forget) them afterwards.
    #[inline(always)]
    pub(crate) fn clear_leaves<L: Level<F>>(&mut self, table: W::Table, slot: usize, most: usize) -> usize {
        if U::LIVE {
            return 0;
        }
        let empty = L::empty(self.shape);
        let mut done = 0;
        // Words are looked at together: a branch for each would cost more than its load.
        while most - done >= AT_ONCE {
            let leaf = |k| single::<F, L>(load::<F, W>(self.world, table, slot + done + k));
            if !(0..AT_ONCE).fold(true, |all, k| all & leaf(k)) {
                break;
            }
            for k in 0..AT_ONCE {
                self.world.store(Permit::runtime(), table, slot + done + k, empty);
            }
            done += AT_ONCE;
        }
        while done < most && single::<F, L>(load::<F, W>(self.world, table, slot + done)) {
            self.world.store(Permit::runtime(), table, slot + done, empty);
            done += 1;
        }
        done
    }

    /// A leaf that takes several slots goes, whole: every slot is emptied before the first invalidation, so that no walk
    /// meets a part of it afterwards. `va` and `slot` are its first. [`forget`](Self::forget) all slots afterwards.
    #[inline(never)]
    pub(crate) fn invalidate_span<L: Level<F>>(
        &mut self,
        (table, slot): (W::Table, usize),
        va: u64,
        span: u32,
    ) {
        let run = self.run::<L>(va, 1 << span);
        if U::LIVE {
            self.world.before(Permit::runtime(), Transition::InvalidateLeaf, &run);
        }
        let empty = L::empty(self.shape);
        for (slot, va) in (slot..slot + run.count).zip(run.addresses()) {
            if self.hardware_writes() {
                self.take::<L>(table, slot, va);
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
    pub(crate) fn invalidate_table<L: Level<F>>(&mut self, table: W::Table, slot: usize, va: u64) {
        self.invalidate::<L>((table, slot), va, Transition::InvalidateTable);
    }

    #[inline(always)]
    fn invalidate<L: Level<F>>(&mut self, (table, slot): (W::Table, usize), va: u64, transition: Transition) {
        let run = self.run::<L>(va, 1);
        if U::LIVE {
            self.world.before(Permit::runtime(), transition, &run);
        }
        if transition == Transition::InvalidateLeaf && self.hardware_writes() {
            self.take::<L>(table, slot, va);
        } else {
            self.world.store(Permit::runtime(), table, slot, L::empty(self.shape));
        }
        if U::LIVE {
            self.world.after(Permit::runtime(), transition, &run);
        }
    }

    /// Whether hardware may write into leaves of the table at any moment.
    #[inline(always)]
    pub(crate) fn hardware_writes(&self) -> bool {
        U::LIVE && F::HARDWARE_UPDATES && self.hardware
    }

    /// A leaf becomes an empty slot by an exchange, so that no flag is lost that hardware sets up to then.
    #[inline(always)]
    fn take<L: Level<F>>(&mut self, table: W::Table, slot: usize, va: u64) -> F::Word {
        let last = self.world.exchange(Permit::runtime(), table, slot, L::empty(self.shape));
        self.world.removed(va, L::NUMBER, last);
        last
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
