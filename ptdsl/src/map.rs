//! `map`: one descent per range; fresh tables are filled before they are linked.

use crate::address::{Phys, Range};
use crate::error::{Error, MapError};
use crate::format::{Format, Level, layout, low_bits, mask, next_table, root_slot, slot, span};
use crate::table::{PageTable, Use, allocate, starts_at};
use crate::transition::{Edit, empty_slots, load, table as table_at};
use crate::word::Word;
use crate::world::World;

mod funded;

/// Which leaf sizes `map` may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sizes {
    /// The largest leaf that fits range and alignment.
    #[default]
    Largest,
    /// Pages of the granule only.
    Pages,
}

/// What `map` does where a slot already holds a leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// [`Error::AlreadyMapped`].
    #[default]
    Refuse,
    /// A leaf of the same size that differs only in fields for which the format asks no more than a store (software's
    /// own bits) is kept and takes the new ones; one that takes several slots, in all of them, where the range covers
    /// it. Anything else is [`Error::AlreadyMapped`].
    Update,
    /// An entry that maps nothing but holds a value of software's ([`PageTable::annotate`]) is replaced, where the range
    /// covers it. A leaf is [`Error::AlreadyMapped`].
    Annotated,
}

/// Whether `map` may use leaves that take several slots: contiguous groups, NAPOT, repeated entries. A TLB may hold each
/// of them as one, and each of them changes only whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    /// One slot for each leaf.
    #[default]
    Single,
    /// The most slots that fit range and alignment and are all empty, among the leaf sizes that [`Sizes`] allows.
    Spans,
}

/// How `map` goes about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct How {
    /// Leaf sizes.
    pub sizes: Sizes,
    /// Slots that hold a leaf already.
    pub existing: Existing,
    /// Leaves that take several slots.
    pub grouping: Grouping,
}

impl<F: Format, U: Use> PageTable<F, U> {
    /// Maps `range` to consecutive outputs from `output`, with the largest leaves that fit, into empty slots only.
    ///
    /// # Errors
    /// As [`map_with`](Self::map_with).
    #[inline(always)]
    pub fn map<W: World<F>>(
        &mut self,
        world: &mut W,
        range: Range,
        output: Phys,
        attributes: F::Attributes,
    ) -> Result<(), MapError> {
        self.map_with(world, range, output, attributes, How::default())
    }

    /// Maps `range` to consecutive outputs from `output`.
    ///
    /// When it returns, the mapping is visible to the walks of this PE; another relies on it after synchronising with
    /// this one.
    ///
    /// # Errors
    /// [`MapError`] with the bytes that were mapped before: they stay mapped; a table that was made and left empty is
    /// freed. The reasons are [`Error::Misaligned`], [`Error::OutOfRange`] and [`Error::OutputOutOfRange`] (nothing
    /// done), [`Error::AlreadyMapped`], [`Error::OutOfMemory`] and [`Error::BadTablePage`].
    #[inline(always)]
    pub fn map_with<W: World<F>>(
        &mut self,
        world: &mut W,
        range: Range,
        output: Phys,
        attributes: F::Attributes,
        how: How,
    ) -> Result<(), MapError> {
        // One page into tables that exist is what most calls ask for.
        let page = self.is_page(range) && self.is_output_page(output);
        if page && self.map_page(world, range.first(), output, attributes) {
            return Ok(());
        }
        self.map_range(world, range, output, attributes, how)
    }

    /// `map_with` for one page; does nothing and returns `false` unless every table stands already and the slot is empty.
    #[inline(always)]
    fn map_page<W: World<F>>(
        &mut self,
        world: &mut W,
        va: u64,
        output: Phys,
        attributes: F::Attributes,
    ) -> bool {
        let mut edit: Edit<'_, F, W, U> = self.edit(world);
        let done = page_from_root::<F, F::Top, W, U>(&mut edit, va, output, attributes);
        edit.finish();
        done
    }

    #[inline(never)]
    fn map_range<W: World<F>>(
        &mut self,
        world: &mut W,
        range: Range,
        output: Phys,
        attributes: F::Attributes,
        how: How,
    ) -> Result<(), MapError> {
        let checked = self.check(range).and_then(|()| self.check_output(range, output));
        if let Err(error) = checked {
            return Err(MapError { mapped: 0, error });
        }
        let delta = output.0.wrapping_sub(range.first());
        let mut map = Map { edit: self.edit(world), attributes, delta, how };
        let result = map.start::<F::Top>(range);
        map.edit.finish();
        result.map_err(|stop| MapError { mapped: stop.va.wrapping_sub(range.first()), error: stop.error })
    }
}

#[inline(always)]
fn page_from_root<F: Format, L: Level<F>, W: World<F>, U: Use>(
    edit: &mut Edit<'_, F, W, U>,
    va: u64,
    output: Phys,
    attributes: F::Attributes,
) -> bool {
    let shape = edit.shape;
    if starts_at::<F, L>(shape.width) {
        let root = table_at::<F, W>(edit.world, shape.root);
        page::<F, L, W, U>(edit, (root, root_slot::<F, L>(va, shape.width)), va, output, attributes)
    } else {
        page_from_root::<F, L::Next, W, U>(edit, va, output, attributes)
    }
}

#[inline(always)]
fn page<F: Format, L: Level<F>, W: World<F>, U: Use>(
    edit: &mut Edit<'_, F, W, U>,
    (table, index): (W::Table, usize),
    va: u64,
    output: Phys,
    attributes: F::Attributes,
) -> bool {
    if L::HAS_TABLE {
        return match next_table::<F, L>(edit.shape, load::<F, W>(edit.world, table, index)) {
            Some(child) => {
                let child = table_at::<F, W>(edit.world, child);
                page::<F, L::Next, W, U>(edit, (child, slot::<F, L::Next>(va)), va, output, attributes)
            }
            None => false,
        };
    }
    page_here::<F, L, W, U>(edit, (table, index), va, output, attributes)
}

/// Maps a page in a table of the last level if its slot is empty; otherwise does nothing and returns `false`.
#[inline(always)]
pub(crate) fn page_here<F: Format, L: Level<F>, W: World<F>, U: Use>(
    edit: &mut Edit<'_, F, W, U>,
    (table, index): (W::Table, usize),
    va: u64,
    output: Phys,
    attributes: F::Attributes,
) -> bool {
    if load::<F, W>(edit.world, table, index) != L::empty(edit.shape) || output.0 & !L::REACH != 0 {
        return false;
    }
    edit.publish_leaf::<L>((table, index), va, L::leaf(output, attributes));
    true
}

/// Where a map stopped: everything before `va` is mapped.
struct Stop {
    va: u64,
    error: Error,
}

/// One call of `map`.
struct Map<'a, F: Format, W, U> {
    edit: Edit<'a, F, W, U>,
    attributes: F::Attributes,
    /// Output minus input, modulo 2^64: outputs follow from the distance, never from a cursor.
    delta: u64,
    how: How,
}

impl<F: Format, W: World<F>, U: Use> Map<'_, F, W, U> {
    fn start<L: Level<F>>(&mut self, range: Range) -> Result<(), Stop> {
        let shape = self.edit.shape;
        if starts_at::<F, L>(shape.width) {
            let root = table_at::<F, W>(self.edit.world, shape.root);
            self.existing::<L>(
                (root, root_slot::<F, L>(range.first(), shape.width)),
                range.first(),
                range.last(),
            )
        } else {
            self.start::<L::Next>(range)
        }
    }

    #[inline(always)]
    fn output(&self, va: u64) -> Phys {
        Phys(va.wrapping_add(self.delta))
    }

    /// Whether leaves of several slots may be written at level `L`.
    #[inline(always)]
    fn spans<L: Level<F>>(&self) -> bool {
        !L::SPANS.is_empty()
            && self.how.grouping == Grouping::Spans
            && (!L::HAS_TABLE || self.how.sizes == Sizes::Largest)
    }

    /// Writes the largest leaf of several slots that may begin at `va`, end by `last` and finds them empty: log2 of its
    /// slots; 0 if there is none. In a fresh table, which is not `live`, nothing need be empty.
    #[inline(never)]
    fn publish_span<L: Level<F>>(
        &mut self,
        (table, index): (W::Table, usize),
        va: u64,
        last: u64,
        live: bool,
    ) -> u32 {
        let output = self.output(va);
        let fits = |span: u32| {
            let low = low_bits(L::SHIFT + span);
            // Outputs that are counted up must not carry out of the piece of the word that they are counted up in.
            let counts = L::stride(span) == F::Word::ZERO || low & !L::LINEAR == 0;
            let carried = output.0 & !L::reach(span) == 0;
            (va | output.0) & low == 0 && last - va >= low && counts && carried
        };
        for &span in L::SPANS.iter().rev() {
            if fits(span) && (!live || self.empty::<L>(table, index, 1 << span) == 1 << span) {
                let first = L::spanning(output, self.attributes, span);
                self.edit.publish_span::<L>((table, index), (va, span), first, live);
                return span;
            }
        }
        0
    }

    /// How many whole, aligned entries of level `L` the range begins with, up to `last`, which lies within the
    /// table; 0 where no leaf of that size may be written. No more than up to the place where a larger leaf may begin.
    #[inline(always)]
    fn leaves<L: Level<F>>(&self, va: u64, mut last: u64) -> usize {
        if self.spans::<L>()
            && let Some(&least) = L::SPANS.first()
            && self.delta & low_bits(L::SHIFT + least) == 0
        {
            last = last.min(va | low_bits(L::SHIFT + least));
        }
        let low = mask::<F, L>();
        if !L::HAS_LEAF
            || (L::HAS_TABLE && (self.how.sizes == Sizes::Pages || (va | self.output(va).0) & low != 0))
        {
            return 0;
        }
        if self.output(va).0 & !L::REACH != 0 {
            return 0;
        }
        // Outputs of one run must not carry out of the piece of the word that they are counted up in.
        let carried = L::LINEAR & L::REACH;
        let in_piece = if carried == u64::MAX { u64::MAX } else { carried & !self.output(va).0 };
        // Both ends inclusive: an entry is whole if its last byte is within.
        ((last - va).min(in_piece).wrapping_add(1) >> L::SHIFT) as usize
    }

    /// Maps into a table that the walk reaches already, from `va` to `last`, both within it.
    #[inline(never)]
    fn existing<L: Level<F>>(
        &mut self,
        (table, mut index): (W::Table, usize),
        mut va: u64,
        last: u64,
    ) -> Result<(), Stop> {
        loop {
            if self.spans::<L>() {
                let span = self.publish_span::<L>((table, index), va, last, true);
                if span != 0 {
                    let leaf_last = va | low_bits(L::SHIFT + span);
                    if leaf_last >= last {
                        return Ok(());
                    }
                    va = leaf_last + 1;
                    index += 1 << span;
                    continue;
                }
            }
            let want = self.leaves::<L>(va, last);
            if want != 0 {
                let free = self.empty::<L>(table, index, want);
                if free != 0 {
                    let first = L::leaf(self.output(va), self.attributes);
                    self.edit.publish_leaves::<L>((table, index), (va, free), first, true);
                    let mapped = (free as u64) << L::SHIFT;
                    if last - va < mapped {
                        return Ok(());
                    }
                    va += mapped;
                    index += free;
                    continue;
                }
            }
            let span = self.one_leaf::<L>((table, index), va, last, want != 0)?;
            let leaf_last = va | low_bits(L::SHIFT + span);
            if leaf_last >= last {
                return Ok(());
            }
            va = leaf_last + 1;
            index += 1 << span;
        }
    }

    /// A slot that holds something, or needs a table; log2 of the slots that are done with.
    #[inline(always)]
    fn one_leaf<L: Level<F>>(
        &mut self,
        (table, index): (W::Table, usize),
        va: u64,
        last: u64,
        leaf_fits: bool,
    ) -> Result<u32, Stop> {
        let raw = load::<F, W>(self.edit.world, table, index);
        if L::HAS_TABLE {
            if let Some(child) = next_table::<F, L>(self.edit.shape, raw) {
                let child = table_at::<F, W>(self.edit.world, child);
                let slot = slot::<F, L::Next>(va);
                return self
                    .existing::<L::Next>((child, slot), va, last.min(va | mask::<F, L>()))
                    .map(|()| 0);
            }
            if raw == L::empty(self.edit.shape) {
                return self.grow::<L>((table, index), va, last.min(va | mask::<F, L>()), true).1.map(|()| 0);
            }
        }
        if leaf_fits && self.how.existing == Existing::Update && L::is_leaf(raw) {
            let span = span::<F, L>(raw);
            let low = low_bits(L::SHIFT + span);
            let updated = if span == 0 {
                let new = L::leaf(self.output(va), self.attributes);
                self.edit.store_over::<L>(table, index, raw, new)
            } else if (va | self.output(va).0) & low == 0 && last - va >= low {
                let new = L::spanning(self.output(va), self.attributes, span);
                self.edit.store_over_span::<L>((table, index), span, new)
            } else {
                false
            };
            if updated {
                return Ok(span);
            }
        }
        if raw == L::empty(self.edit.shape) {
            return Err(Stop { va, error: self.beyond::<L>(va) });
        }
        if leaf_fits
            && self.how.existing == Existing::Annotated
            && !L::is_leaf(raw)
            && L::annotation(raw).is_some()
        {
            // The value goes first; then the slot is as any other.
            self.edit.annotate::<L>((table, index), raw, L::empty(self.edit.shape));
            self.edit.publish_leaf::<L>((table, index), va, L::leaf(self.output(va), self.attributes));
            return Ok(0);
        }
        Err(Stop { va, error: Error::AlreadyMapped { va, level: L::NUMBER, entry: raw.to_u64() } })
    }

    /// Why no leaf of the last level can map an address: ranges are whole granules, so the output is beyond what it carries.
    #[cold]
    fn beyond<L: Level<F>>(&self, va: u64) -> Error {
        Error::OutputOutOfRange { address: self.output(va).0, bits: L::REACH.count_ones() }
    }

    /// How many of `want` slots from `index` on are empty, up to the first that is not.
    #[inline(always)]
    fn empty<L: Level<F>>(&self, table: W::Table, index: usize, want: usize) -> usize {
        let empty = L::empty(self.edit.shape);
        empty_slots::<F, W>(self.edit.world, table, index..index + want, empty)
    }

    /// Makes a table for an empty slot, fills it and then links it; (whether it was linked, the outcome).
    #[inline(never)]
    fn grow<L: Level<F>>(
        &mut self,
        parent: (W::Table, usize),
        va: u64,
        last: u64,
        live: bool,
    ) -> (bool, Result<(), Stop>) {
        let layout = layout::<F, L::Next>(u32::MAX);
        let ((address, zeroed), child) = match allocate::<F, L::Next, W>(self.edit.world, layout, va) {
            Ok(fresh) => fresh,
            Err(error) => return (false, Err(Stop { va, error })),
        };
        let result = self.fresh::<L::Next>(child, zeroed, va, last);
        let linked = !matches!(&result, Err(stop) if stop.va == va);
        if linked {
            self.edit.publish_table::<L>(parent, va, address, live);
        } else {
            self.edit.world.free(address, layout);
        }
        (linked, result)
    }

    /// Fills a table that nothing points to: every word is written, unless it is zeroed already.
    #[inline(always)]
    fn fresh<L: Level<F>>(
        &mut self,
        table: W::Table,
        zeroed: bool,
        mut va: u64,
        last: u64,
    ) -> Result<(), Stop> {
        let slots = 1 << L::BITS;
        let mut index = slot::<F, L>(va);
        if !zeroed {
            self.edit.clear_fresh::<L>(table, 0..index);
        }
        let result = loop {
            if self.spans::<L>() {
                let span = self.publish_span::<L>((table, index), va, last, false);
                if span != 0 {
                    index += 1 << span;
                    let leaf_last = va | low_bits(L::SHIFT + span);
                    if leaf_last >= last {
                        break Ok(());
                    }
                    va = leaf_last + 1;
                    continue;
                }
            }
            let leaves = self.leaves::<L>(va, last);
            if leaves != 0 {
                let first = L::leaf(self.output(va), self.attributes);
                self.edit.publish_leaves::<L>((table, index), (va, leaves), first, false);
                index += leaves;
                let mapped = (leaves as u64) << L::SHIFT;
                if last - va < mapped {
                    break Ok(());
                }
                va += mapped;
                continue;
            }
            if !L::HAS_TABLE {
                break Err(Stop { va, error: self.beyond::<L>(va) });
            }
            let slot_last = va | mask::<F, L>();
            let (linked, result) = self.grow::<L>((table, index), va, last.min(slot_last), false);
            index += usize::from(linked);
            if result.is_err() || slot_last >= last {
                break result;
            }
            va = slot_last + 1;
        };
        if !zeroed {
            self.edit.clear_fresh::<L>(table, index..slots);
        }
        result
    }
}
