//! The transitions that replace a leaf or a table by something else: in place where the format allows it, else
//! break-before-make. With `transition.rs` the only code that stores descriptors.

use crate::format::{Change, Format, Level, Run, Transition, next_table};
use crate::leaf::{Leaf, change_of, through, with_flags_of};
use crate::table::Use;
use crate::transition::{Edit, Permit, load, table as table_at};
use crate::word::Word;
use crate::world::World;

impl<'a, F: Format, W: World<F>, U: Use> Edit<'a, F, W, U> {
    /// A leaf becomes another of the same size, `make` of each of its words. What class of change that is, the caller
    /// has looked at: [`Change::Break`] breaks it here.
    pub(crate) fn change_leaf<L: Level<F>>(
        &mut self,
        leaf: &Leaf<W::Table, F::Word>,
        make: &impl Fn(F::Word) -> F::Word,
    ) {
        let new = make(leaf.word);
        if !U::LIVE {
            self.in_place::<L>(leaf, None, false, make);
            return;
        }
        let class = change_of::<F, L>(leaf, new);
        if class != Change::Break
            && let Some(between) = through::<F, L>(leaf.word, new)
        {
            // What it may do no longer is gone everywhere before it may do something else.
            let class = transition_of(L::change(leaf.word, between));
            self.in_place::<L>(leaf, class, true, &|word| through::<F, L>(word, make(word)).unwrap_or(word));
            self.in_place::<L>(leaf, transition_of(L::change(between, new)), false, make);
            return;
        }
        match class {
            Change::Nothing => {}
            Change::Break => {
                let mut word = self.break_leaf::<L>(leaf);
                let stride = L::stride(leaf.span);
                let mut contents = |_| {
                    let slot = make(word);
                    word = word.wrapping_add(stride);
                    slot
                };
                self.make::<L>(leaf, Transition::PublishLeaf, &mut contents);
            }
            class => self.in_place::<L>(leaf, transition_of(class), false, make),
        }
    }

    /// Changes each slot of a leaf by one store. `now`: the steps are not put off, whatever the world does with others.
    fn in_place<L: Level<F>>(
        &mut self,
        leaf: &Leaf<W::Table, F::Word>,
        transition: Option<Transition>,
        now: bool,
        make: &impl Fn(F::Word) -> F::Word,
    ) {
        let run = self.run::<L>(leaf.va, leaf.slots());
        match transition {
            Some(transition) if now => F::before(self.world, transition, &run),
            Some(transition) => self.world.before(Permit::runtime(), transition, &run),
            None => {}
        }
        for slot in leaf.slot..leaf.slot + leaf.slots() {
            let old = load::<F, W>(self.world, leaf.table, slot);
            self.replace(leaf.table, slot, old, make);
        }
        match transition {
            Some(transition) if now => F::after(self.world, transition, &run),
            Some(transition) => self.world.after(Permit::runtime(), transition, &run),
            None => {}
        }
    }

    /// Stores `make` of what stands in a slot; returns what stood there.
    pub(crate) fn replace(
        &mut self,
        table: W::Table,
        slot: usize,
        mut old: F::Word,
        make: &impl Fn(F::Word) -> F::Word,
    ) -> F::Word {
        if !self.hardware_writes() {
            let new = make(old);
            if new != old {
                self.world.store(Permit::runtime(), table, slot, new);
            }
            return old;
        }
        // Hardware adds a flag or two, and then no more: this ends.
        while make(old) != old {
            match self.world.compare_exchange(Permit::runtime(), table, slot, old, make(old)) {
                Ok(()) => break,
                Err(seen) => old = seen,
            }
        }
        old
    }

    /// Break: every slot of the leaf becomes empty, and no translation of it remains. Its first word, with all flags that
    /// hardware ever set in any.
    pub(crate) fn break_leaf<L: Level<F>>(&mut self, leaf: &Leaf<W::Table, F::Word>) -> F::Word {
        let run = self.run::<L>(leaf.va, leaf.slots());
        F::before(self.world, Transition::InvalidateLeaf, &run);
        let mut word = leaf.word;
        for slot in leaf.slot..leaf.slot + leaf.slots() {
            if self.hardware_writes() {
                let last = self.world.exchange(Permit::runtime(), leaf.table, slot, L::empty(self.shape));
                word = with_flags_of::<F, L>(word, last);
            } else {
                self.world.store(Permit::runtime(), leaf.table, slot, L::empty(self.shape));
            }
        }
        F::after(self.world, Transition::InvalidateLeaf, &run);
        word
    }

    /// Make: the slots of a broken leaf, each with its contents. `transition` covers the most demanding of them.
    pub(crate) fn make<L: Level<F>>(
        &mut self,
        leaf: &Leaf<W::Table, F::Word>,
        transition: Transition,
        contents: &mut impl FnMut(usize) -> F::Word,
    ) {
        let run = self.run::<L>(leaf.va, leaf.slots());
        if U::LIVE {
            F::before(self.world, transition, &run);
        }
        for k in 0..leaf.slots() {
            let word = contents(k);
            self.world.store(Permit::runtime(), leaf.table, leaf.slot + k, word);
        }
        if U::LIVE {
            F::after(self.world, transition, &run);
            let leaves = transition == Transition::PublishTable && !F::PUBLISH_TABLE_COVERS_LEAF;
            if leaves && leaf.slots() > 1 {
                F::after(self.world, Transition::PublishLeaf, &run);
            }
        }
    }

    /// The slots of a leaf change to smaller leaves that map the same, each by one store and without a break: `contents` of
    /// a slot and of the leaf's word, which is asked again with the flags that hardware has set meanwhile.
    pub(crate) fn split_in_place<L: Level<F>>(
        &mut self,
        leaf: &Leaf<W::Table, F::Word>,
        contents: &mut impl FnMut(&mut Self, usize, F::Word) -> F::Word,
    ) -> F::Word {
        let run = self.run::<L>(leaf.va, leaf.slots());
        let (before, after) = if F::SPLITS_IN_PLACE {
            (Transition::SplitLeaf, Transition::SplitLeaf)
        } else {
            (Transition::PublishTable, Transition::InvalidateLeaf)
        };
        // A large leaf may be cached in pieces of the granule.
        let pieces = if F::SPLITS_IN_PLACE { self.pieces::<L>(leaf.va) } else { run };
        F::before(self.world, before, &run);
        let mut word = leaf.word;
        for k in 0..leaf.slots() {
            let slot = leaf.slot + k;
            let mut old = load::<F, W>(self.world, leaf.table, slot);
            loop {
                word = with_flags_of::<F, L>(word, old);
                let new = contents(self, k, word);
                if !self.hardware_writes() {
                    self.world.store(Permit::runtime(), leaf.table, slot, new);
                    break;
                }
                match self.world.compare_exchange(Permit::runtime(), leaf.table, slot, old, new) {
                    Ok(()) => break,
                    Err(seen) => old = seen,
                }
            }
        }
        F::after(self.world, after, &pieces);
        word
    }

    /// One word of a table that no descriptor points to.
    pub(crate) fn fill_fresh(&mut self, table: W::Table, slot: usize, word: F::Word) {
        self.world.store(Permit::runtime(), table, slot, word);
    }

    /// Sets the flags of `like` in every leaf of a table that no descriptor points to, and of those below it.
    pub(crate) fn flag_fresh<L: Level<F>, M: Level<F>>(&mut self, table: W::Table, like: F::Word) {
        if !L::HAS_LEAF && !L::HAS_TABLE {
            return;
        }
        for slot in 0..1 << L::BITS {
            let raw = load::<F, W>(self.world, table, slot);
            if let Some(child) = next_table::<F, L>(self.shape, raw) {
                let child = table_at::<F, W>(self.world, child);
                self.flag_fresh::<L::Next, M>(child, like);
            } else if L::is_leaf(raw) {
                let raw = if M::accessed(like) { L::with_accessed(raw, true) } else { raw };
                let raw = if M::dirty(like) { L::with_dirty(raw, true) } else { raw };
                self.world.store(Permit::runtime(), table, slot, raw);
            }
        }
    }

    /// Break of a table whose entries are live: the slot becomes empty, and no walk through it and no translation of
    /// anything below remains.
    pub(crate) fn break_table<L: Level<F>>(&mut self, (table, slot): (W::Table, usize), va: u64) {
        let count = 1_usize << <L::Next as Level<F>>::BITS;
        let below = self.run::<L::Next>(va, count);
        let transition = invalidation_of::<F>(count);
        if U::LIVE {
            F::before(self.world, transition, &below);
        }
        self.world.store(Permit::runtime(), table, slot, L::empty(self.shape));
        if U::LIVE {
            F::after(self.world, transition, &below);
        }
    }

    /// Every granule of an entry of level `L`.
    fn pieces<L: Level<F>>(&self, va: u64) -> Run<'a, F> {
        let count = 1_usize << (L::SHIFT - F::GRANULE_SHIFT);
        Run { va, count, shift: F::GRANULE_SHIFT, level: L::NUMBER, shape: self.shape }
    }

    /// A table becomes the leaf that maps the same, by one store; then no translation by the table remains.
    pub(crate) fn collapse_in_place<L: Level<F>>(&mut self, leaf: &Leaf<W::Table, F::Word>) {
        let here = self.pieces::<L>(leaf.va);
        let below = self.run::<L::Next>(leaf.va, 1 << <L::Next as Level<F>>::BITS);
        let (transition, run) = if F::COLLAPSES_IN_PLACE {
            (Transition::CollapseTable, &here)
        } else {
            (invalidation_of::<F>(below.count), &below)
        };
        F::before(self.world, transition, run);
        self.world.store(Permit::runtime(), leaf.table, leaf.slot, leaf.word);
        F::after(self.world, transition, run);
    }

    /// Sets the flags of `like` in the leaf in a slot.
    pub(crate) fn add_flags<L: Level<F>>(&mut self, leaf: &Leaf<W::Table, F::Word>, like: F::Word) {
        let old = load::<F, W>(self.world, leaf.table, leaf.slot);
        self.replace(leaf.table, leaf.slot, old, &|word| with_flags_of::<F, L>(word, like));
    }

    /// Clears a flag of a leaf, in all its slots.
    pub(crate) fn clear_flag<L: Level<F>>(
        &mut self,
        leaf: &Leaf<W::Table, F::Word>,
        make: &impl Fn(F::Word) -> F::Word,
    ) {
        let class = transition_of(L::change(leaf.word, make(leaf.word)));
        self.in_place::<L>(leaf, class.filter(|_| U::LIVE), false, make);
    }
}

/// How everything below a table is invalidated.
fn invalidation_of<F: Format>(entries: usize) -> Transition {
    let all = F::INVALIDATES_ALL && entries > MOST_BY_ADDRESS;
    if all { Transition::InvalidateAll } else { Transition::InvalidateTable }
}

/// More entries than this are not invalidated one by one where the format can invalidate all at once.
const MOST_BY_ADDRESS: usize = 64;

/// What goes around the store of a change in place.
fn transition_of(class: Change) -> Option<Transition> {
    match class {
        Change::Nothing | Change::Store => None,
        Change::Publish => Some(Transition::PublishLeaf),
        Change::Invalidate | Change::Break => Some(Transition::InvalidateLeaf),
    }
}
