//! `map` of a range: one descent; fresh tables are filled before they are linked.

use crate::address::{Phys, Range};
use crate::error::{Error, MapError};
use crate::format::{Format, low_bits};
use crate::map::{Existing, Grouping, How, Sizes};
use crate::table::{PageTable, Use, allocate};
use crate::tier::Tier;
use crate::transition::{Edit, empty_slots, load, table as table_at};
use crate::word::Word;
use crate::world::World;

/// How to map; a type of its own where less is asked for, so that the rest is not compiled.
pub(crate) trait Manner: Copy {
    fn how(self) -> How;
}

impl Manner for How {
    #[inline(always)]
    fn how(self) -> How {
        self
    }
}

/// Leaves of one slot into empty slots.
#[derive(Clone, Copy)]
pub(crate) struct Plain(pub(crate) Sizes);

impl Manner for Plain {
    #[inline(always)]
    fn how(self) -> How {
        How { sizes: self.0, existing: Existing::Refuse, grouping: Grouping::Single }
    }
}

impl<F: Format, U: Use> PageTable<F, U> {
    #[inline(never)]
    pub(crate) fn map_range<W: World<F>, M: Manner>(
        &mut self,
        world: &mut W,
        range: Range,
        output: Phys,
        attributes: F::Attributes,
        how: M,
    ) -> Result<(), MapError> {
        let checked = self.check(range).and_then(|()| self.check_output(range, output));
        if let Err(error) = checked {
            return Err(MapError { mapped: 0, error });
        }
        let (first, last) = (range.first(), range.last());
        let delta = output.0.wrapping_sub(first);
        let mut map = Map { edit: self.edit(world), attributes, delta, how, stop: None };
        let width = map.edit.shape.width;
        let tier = Tier::root::<F>(width);
        let root = table_at::<F, W>(map.edit.world, map.edit.shape.root);
        map.table(tier, (root, tier.root_slot::<F>(first, width)), (first, last), true);
        map.edit.finish();
        match map.stop {
            None => Ok(()),
            Some(stop) => Err(MapError { mapped: stop.va.wrapping_sub(first), error: stop.error }),
        }
    }
}

/// Where a map stopped: everything before `va` is mapped.
pub(crate) struct Stop {
    va: u64,
    error: Error,
}

/// One call of `map`.
pub(crate) struct Map<'a, F: Format, W, U, M> {
    pub(crate) edit: Edit<'a, F, W, U>,
    pub(crate) attributes: F::Attributes,
    /// Output minus input, modulo 2^64: outputs follow from the distance, never from a cursor.
    pub(crate) delta: u64,
    pub(crate) how: M,
    pub(crate) stop: Option<Stop>,
}

impl<F: Format, W: World<F>, U: Use, M: Manner> Map<'_, F, W, U, M> {
    /// Ends the call: everything before `va` is mapped. That no slot is done with, and that it does not go on.
    #[inline(always)]
    fn stop(&mut self, va: u64, error: Error) -> (usize, bool) {
        self.stop = Some(Stop { va, error });
        (0, false)
    }

    #[inline(always)]
    fn output(&self, va: u64) -> Phys {
        Phys(va.wrapping_add(self.delta))
    }

    /// Maps within one table. `live`: the walk reaches it; if not, it is fresh, and the slots from `index` on hold nothing
    /// and need not even be empty. The first slot that it has not come to, and whether to go on.
    #[inline(never)]
    fn table(
        &mut self,
        tier: &'static Tier,
        (table, mut index): (W::Table, usize),
        (mut va, last): (u64, u64),
        live: bool,
    ) -> (usize, bool) {
        loop {
            let slots = match self.leaves(tier, (table, index), (va, last), live) {
                (0, fits) => {
                    let (slots, on) = self.other(tier, (table, index), (va, last), (fits, live));
                    if !on {
                        return (index + slots, false);
                    }
                    slots
                }
                (slots, _) => slots,
            };
            index += slots;
            let end = (va | tier.low) + ((slots as u64 - 1) << tier.shift);
            if end >= last {
                return (index, true);
            }
            va = end + 1;
        }
    }

    /// Writes as many leaves as one run may have; the slots that they take, and whether one of a single slot would fit.
    #[inline(always)]
    fn leaves(
        &mut self,
        tier: &Tier,
        (table, index): (W::Table, usize),
        (va, last): (u64, u64),
        live: bool,
    ) -> (usize, bool) {
        if self.spans(tier) {
            let slots = self.publish_span(tier, (table, index), (va, last), live);
            if slots != 0 {
                return (slots, true);
            }
        }
        let want = self.fitting(tier, va, last);
        if want == 0 {
            return (0, false);
        }
        let count = if live { self.empty(tier, table, index, want) } else { want };
        if count != 0 {
            let first = tier.leaf::<F>(self.output(va), self.attributes);
            self.edit.publish_leaves(tier, (table, index), (va, count), first, live);
        }
        (count, true)
    }

    /// Whether leaves of several slots may be written.
    #[inline(always)]
    fn spans(&self, tier: &Tier) -> bool {
        let how = self.how.how();
        how.grouping == Grouping::Spans && (!tier.has_table || how.sizes == Sizes::Largest)
    }

    /// Writes the largest leaf of several slots that may begin at `va`, end by `last` and finds them empty: its slots; 0 if
    /// there is none. In a fresh table, which is not `live`, nothing need be empty.
    #[inline(never)]
    fn publish_span(
        &mut self,
        tier: &Tier,
        (table, index): (W::Table, usize),
        (va, last): (u64, u64),
        live: bool,
    ) -> usize {
        let output = self.output(va);
        let fits = |span: u32| {
            let low = low_bits(tier.shift + span);
            // Outputs that are counted up must not carry out of the piece of the word that they are counted up in.
            let counts = tier.stride::<F>(span) == F::Word::ZERO || low & !tier.linear == 0;
            let carried = output.0 & !tier.reach_of::<F>(span) == 0;
            (va | output.0) & low == 0 && last - va >= low && counts && carried
        };
        for &span in tier.spans::<F>().iter().rev() {
            if fits(span) && (!live || self.empty(tier, table, index, 1 << span) == 1 << span) {
                let first = tier.spanning::<F>(output, self.attributes, span);
                self.edit.publish_span(tier, (table, index), (va, span), first, live);
                return 1 << span;
            }
        }
        0
    }

    /// How many whole, aligned entries of the level the range begins with, up to `last`, which lies within the
    /// table; 0 where no leaf of that size may be written. No more than up to the place where a larger leaf may begin.
    #[inline(always)]
    pub(crate) fn fitting(&self, tier: &Tier, va: u64, mut last: u64) -> usize {
        if self.spans(tier)
            && let Some(&least) = tier.spans::<F>().first()
            && self.delta & low_bits(tier.shift + least) == 0
        {
            last = last.min(va | low_bits(tier.shift + least));
        }
        let output = self.output(va).0;
        let low = tier.low;
        if !tier.has_leaf
            || (tier.has_table && (self.how.how().sizes == Sizes::Pages || (va | output) & low != 0))
            || output & !tier.reach != 0
        {
            return 0;
        }
        // Outputs of one run must not carry out of the piece of the word that they are counted up in.
        let carried = tier.linear & tier.reach;
        let in_piece = if carried == u64::MAX { u64::MAX } else { carried & !output };
        // Both ends inclusive: an entry is whole if its last byte is within.
        ((last - va).min(in_piece).wrapping_add(1) >> tier.shift) as usize
    }

    /// A slot that holds something, or needs a table: the slots that are done with, and whether to go on.
    #[inline(always)]
    fn other(
        &mut self,
        tier: &'static Tier,
        (table, index): (W::Table, usize),
        (va, last): (u64, u64),
        (leaf_fits, live): (bool, bool),
    ) -> (usize, bool) {
        let empty = tier.empty::<F>(self.edit.shape);
        let raw = if live { load::<F, W>(self.edit.world, table, index) } else { empty };
        let end = last.min(va | tier.low);
        if tier.has_table {
            if let Some(child) = tier.next_table::<F>(self.edit.shape, raw) {
                let child = table_at::<F, W>(self.edit.world, child);
                let below = tier.below::<F>();
                return (1, self.table(below, (child, below.slot(va)), (va, end), true).1);
            }
            if raw == empty {
                return self.grow(tier, (table, index), (va, end), live);
            }
        }
        if raw == empty {
            // Ranges are whole granules: the output is beyond what a leaf of the last level carries.
            let (address, bits) = (self.output(va).0, tier.reach.count_ones());
            return self.stop(va, Error::OutputOutOfRange { address, bits });
        }
        if leaf_fits && let Some(slots) = self.replace(tier, (table, index), (va, last), raw) {
            return (slots, true);
        }
        self.stop(va, Error::AlreadyMapped { va, level: tier.number, entry: raw.to_u64() })
    }

    /// What [`Existing`] makes of a slot that holds something: how many slots have what they should then; `None` if that is
    /// not allowed.
    #[inline(always)]
    fn replace(
        &mut self,
        tier: &Tier,
        (table, index): (W::Table, usize),
        (va, last): (u64, u64),
        raw: F::Word,
    ) -> Option<usize> {
        let is_leaf = tier.is_leaf::<F>(raw);
        match self.how.how().existing {
            Existing::Update if is_leaf => {
                let span = tier.span::<F>(raw);
                let low = low_bits(tier.shift + span);
                let output = self.output(va);
                let whole = (va | output.0) & low == 0 && last - va >= low;
                let new = tier.spanning::<F>(output, self.attributes, span);
                let stored = whole && self.edit.store_over(tier, (table, index), span, new);
                stored.then_some(1 << span)
            }
            Existing::Annotated if !is_leaf && tier.annotation::<F>(raw).is_some() => {
                // The value goes first; then the slot is as any other.
                let empty = tier.empty::<F>(self.edit.shape);
                self.edit.annotate((table, index), raw, empty, empty);
                let first = tier.leaf::<F>(self.output(va), self.attributes);
                self.edit.publish_leaves(tier, (table, index), (va, 1), first, true);
                Some(1)
            }
            _ => None,
        }
    }

    /// How many of `want` slots from `index` on are empty, up to the first that is not.
    #[inline(always)]
    fn empty(&self, tier: &Tier, table: W::Table, index: usize, want: usize) -> usize {
        let empty = tier.empty::<F>(self.edit.shape);
        empty_slots::<F, W>(self.edit.world, table, index..index + want, empty)
    }

    /// Makes a table for an empty slot, fills it and then links it; how many slots are done with, and whether to go on.
    #[inline(never)]
    fn grow(
        &mut self,
        tier: &'static Tier,
        parent: (W::Table, usize),
        (va, last): (u64, u64),
        live: bool,
    ) -> (usize, bool) {
        let below = tier.below::<F>();
        let ((address, zeroed), child) = match allocate::<F, W>(self.edit.world, below, below.layout, va) {
            Ok(fresh) => fresh,
            Err(error) => return self.stop(va, error),
        };
        let from = below.slot(va);
        let (to, on) = self.table(below, (child, from), (va, last), false);
        if to == from {
            // It stopped before the first slot.
            self.edit.world.free(address, below.layout);
            return (0, false);
        }
        if !zeroed {
            // Every word is written.
            let empty = below.empty::<F>(self.edit.shape);
            self.edit.clear_fresh(child, 0..from, empty);
            self.edit.clear_fresh(child, to..below.slots(), empty);
        }
        self.edit.publish_table(tier, parent, va, address, live);
        (1, on)
    }
}
