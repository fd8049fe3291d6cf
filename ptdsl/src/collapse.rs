//! `collapse`: a table whose entries agree becomes the one leaf that maps the same.

use crate::address::{Phys, Range};
use crate::error::Error;
use crate::format::{Along, Format, Level, low_bits, mask};
use crate::leaf::{At, Leaf, descend, not_mapped, with_flags_of, without_flags};
use crate::safety::Breaks;
use crate::table::{PageTable, Use};
use crate::transition::{Edit, load, table as table_at};
use crate::word::Word;
use crate::world::World;

impl<F: Format, U: Use> PageTable<F, U> {
    /// Makes one leaf of `level` out of the table that translates the region of that level around `va`. Its entries are
    /// leaves with consecutive outputs, the first of which is a multiple of the leaf's size, and agree in everything but
    /// accessed and dirty: the leaf has what any had. The table's page is freed.
    ///
    /// On a live table the whole region is unmapped for a moment, unless the format collapses by one store or the table
    /// was made with `no_conflict_abort`: `breaks` says whether it may be.
    ///
    /// # Errors
    /// [`Error::OutOfRange`], [`Error::PinnedOverlap`], [`Error::NoLeaf`], [`Error::NotMapped`], [`Error::AlreadyLeaf`],
    /// [`Error::Differs`] with the first entry that does not agree, [`Error::Misaligned`] for the output of the first,
    /// [`Error::Pinned`], [`Error::NeedsSplit`]: nothing is changed.
    pub fn collapse<W: World<F>>(
        &mut self,
        world: &mut W,
        va: u64,
        level: i32,
        breaks: U::Breaks<'_>,
    ) -> Result<(), Error> {
        self.check_input(Range::inclusive(va, va)?)?;
        self.leaf_shift(level)?;
        let breaks = U::breaks(breaks);
        self.check_pinned(&breaks)?;
        let mut collapse = Collapse { table: self, level, breaks: &breaks };
        descend(world, &self.shape, va, &mut collapse).unwrap_or(Err(Error::NotMapped { va, level }))
    }
}

struct Collapse<'p, 'b, F: Format, U: Use> {
    table: &'p PageTable<F, U>,
    level: i32,
    breaks: &'p Breaks<'b>,
}

impl<F: Format, W: World<F>, U: Use> At<F, W> for Collapse<'_, '_, F, U> {
    type Out = Result<(), Error>;

    fn at<L: Level<F>>(
        &mut self,
        world: &mut W,
        place: (W::Table, usize),
        va: u64,
        (raw, next): (F::Word, Option<Phys>),
    ) -> Option<Self::Out> {
        let va = va & !mask::<F, L>();
        if L::is_leaf(raw) {
            return Some(Err(Error::AlreadyLeaf { va, level: L::NUMBER }));
        }
        let Some(child) = next else { return Some(Err(not_mapped::<F, L>(va))) };
        (L::NUMBER == self.level).then(|| self.region::<L, W>(world, place, va, (raw, child)))
    }
}

impl<F: Format, U: Use> Collapse<'_, '_, F, U> {
    fn region<L: Level<F>, W: World<F>>(
        &self,
        world: &mut W,
        place: (W::Table, usize),
        va: u64,
        (raw, child): (F::Word, Phys),
    ) -> Result<(), Error> {
        let table = table_at::<F, W>(world, child);
        let mut leaf = agreed::<F, L, W>(world, table, va, raw)?;
        let mut edit: Edit<'_, F, W, U> = self.table.edit(world);
        let in_place = U::LIVE && (F::COLLAPSES_IN_PLACE || edit.shape.no_conflict_abort);
        if U::LIVE && !in_place {
            self.breaks.allow((va, va | mask::<F, L>()), L::NUMBER)?;
        }
        let here = Leaf { table: place.0, slot: place.1, va, span: 0, word: leaf };
        if in_place {
            edit.collapse_in_place::<L>(&here);
        } else {
            edit.break_table::<L>(place, va);
            leaf = flags::<F, L, W>(edit.world, table, leaf);
            edit.make::<L>(&here, crate::Transition::PublishLeaf, &mut |_| leaf);
        }
        if in_place {
            // What hardware set in the table up to its invalidation.
            let last = flags::<F, L, W>(edit.world, table, leaf);
            edit.add_flags::<L>(&here, last);
        }
        edit.world.free(child, crate::format::layout::<F, L::Next>(u32::MAX));
        Ok(())
    }
}

/// The leaf of level `L` that the entries of a table amount to.
fn agreed<F: Format, L: Level<F>, W: World<F>>(
    world: &W,
    table: W::Table,
    va: u64,
    link: F::Word,
) -> Result<F::Word, Error> {
    let below = <L::Next as Level<F>>::NUMBER;
    let differs = |k: u64, entry: F::Word| Error::Differs {
        va: va | k << <L::Next as Level<F>>::SHIFT,
        level: below,
        entry: entry.to_u64(),
    };
    let raw = load::<F, W>(world, table, 0);
    let first = single::<F, L::Next, W>(world, table, 0).ok_or(differs(0, raw))?;
    let output = <L::Next as Level<F>>::output(first).0;
    if output & mask::<F, L>() != 0 {
        return Err(Error::Misaligned { address: output, alignment: mask::<F, L>().wrapping_add(1) });
    }
    let whole = L::promote(first).map(without_flags::<F, L>).ok_or(differs(0, raw))?;
    // What the table descriptor takes away from its leaves, the larger leaf would give back.
    if F::effective(below, first, Along::NONE.then(link, L::ALONG)) != first {
        return Err(Error::Differs { va, level: L::NUMBER, entry: link.to_u64() });
    }
    for k in 0..1_u64 << <L::Next as Level<F>>::BITS {
        let raw = load::<F, W>(world, table, k as usize);
        let found = single::<F, L::Next, W>(world, table, k as usize).map(without_flags::<F, L::Next>);
        if found.is_none() || found != L::demote(whole, k).map(without_flags::<F, L::Next>) {
            return Err(differs(k, raw));
        }
    }
    Ok(flags::<F, L, W>(world, table, whole))
}

/// The leaf in a slot, by itself if it is a part of one that takes several.
fn single<F: Format, L: Level<F>, W: World<F>>(world: &W, table: W::Table, slot: usize) -> Option<F::Word> {
    let raw = load::<F, W>(world, table, slot);
    if !L::is_leaf(raw) {
        return None;
    }
    let span = if L::SPANS.is_empty() { 0 } else { L::span(raw) };
    if span == 0 {
        return Some(raw);
    }
    let k = slot as u64 & low_bits(span);
    let first = load::<F, W>(world, table, slot - k as usize);
    L::single(first, k).map(|leaf| with_flags_of::<F, L>(leaf, raw))
}

/// The leaf of level `L` with the flags that any entry of the table below has.
fn flags<F: Format, L: Level<F>, W: World<F>>(world: &W, table: W::Table, mut leaf: F::Word) -> F::Word {
    for slot in 0..1 << <L::Next as Level<F>>::BITS {
        let raw = load::<F, W>(world, table, slot);
        if <L::Next as Level<F>>::accessed(raw) {
            leaf = L::with_accessed(leaf, true);
        }
        if <L::Next as Level<F>>::dirty(raw) {
            leaf = L::with_dirty(leaf, true);
        }
    }
    leaf
}
