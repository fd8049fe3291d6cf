//! `protect`: sets, clears or replaces attributes of what is mapped, and cuts the leaves at the range's ends where it must.

use crate::address::Range;
use crate::cut::{Cut, Rewrite};
use crate::error::Error;
use crate::format::{Change, Format, Level, mask, root_slot, slot};
use crate::funds::Funds;
use crate::leaf::Leaf;
use crate::safety::Breaks;
use crate::table::{PageTable, Use, starts_at};
use crate::transition::{Edit, load, table as table_at};
use crate::unmap::Stopped;
use crate::world::World;

/// What `protect` does where nothing is mapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Holes {
    /// Stops before it.
    #[default]
    Stop,
    /// Goes on behind it.
    Skip,
}

/// How far `protect` got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a protect may stop before the end of its range"]
pub struct Protected {
    /// Bytes from the range's start in which everything that is mapped has the new attributes now.
    pub bytes: u64,
    /// The hole that it stopped at; `None` if it did not.
    pub stopped: Option<Stopped>,
}

/// A patch for what lies inside the range.
struct Apply<'p, F: Format>(&'p F::Patch);

impl<F: Format> Rewrite<F> for Apply<'_, F> {
    const REMOVES: bool = false;

    fn inside<L: Level<F>>(&self, leaf: F::Word) -> F::Word {
        // A first pass has found that no leaf refuses it.
        L::patch(leaf, self.0).unwrap_or(leaf)
    }

    fn class<L: Level<F>>(&self, leaf: F::Word) -> Change {
        let new = self.inside::<L>(leaf);
        // Where one may not follow the other, nothing of the old may be left when the new one appears.
        if L::through(leaf, new).is_some() { Change::Break } else { L::change(leaf, new) }
    }
}

impl<F: Format, U: Use> PageTable<F, U> {
    /// Applies `patch` to everything that is mapped in `range`. What the patch does not name stays as it is.
    ///
    /// A leaf that reaches beyond the range is split as [`split`](Self::split) does; a leaf whose change the format's rules
    /// class as `break` is broken. From write to execute and back the way leads through neither, flushed in between, where
    /// the spec says so. On a live table, when it returns, no PE uses what the patch took away.
    ///
    /// # Errors
    /// [`Error::Misaligned`], [`Error::OutOfRange`], [`Error::PinnedOverlap`], [`Error::Forbidden`],
    /// [`Error::OutOfMemory`], [`Error::BadTablePage`], [`Error::NoSmallerLeaf`], [`Error::Pinned`],
    /// [`Error::NeedsSplit`]: nothing is changed.
    pub fn protect<W: World<F>>(
        &mut self,
        world: &mut W,
        range: Range,
        patch: F::Patch,
        holes: Holes,
        breaks: U::Breaks<'_>,
    ) -> Result<Protected, Error> {
        self.check(range)?;
        let breaks = U::breaks(breaks);
        self.check_pinned(&breaks)?;
        let apply = Apply(&patch);
        let mut funds = Funds::none();
        let planned = self.plan_protect(world, range, &apply, holes, (&mut funds, &breaks));
        let stopped = match planned {
            Ok(stopped) => stopped,
            Err(error) => {
                funds.release::<F, W>(world);
                return Err(error);
            }
        };
        // Up to the hole, whose first byte is no byte of any leaf.
        let last = stopped.map_or(range.last(), |at| at.0.wrapping_sub(1));
        if let Ok(range) = Range::inclusive(range.first(), last)
            && stopped.is_none_or(|at| at.0 != range.first())
        {
            let cut = Cut { first: range.first(), last: range.last(), rewrite: &apply };
            let first = match self.do_cut(world, cut.first, &cut, &mut funds) {
                Some(end) => end.checked_add(1),
                None => Some(cut.first),
            };
            if let Some(rest) = first.and_then(|first| Range::inclusive(first, last).ok()) {
                let mut walk = Walk { edit: self.edit(world), apply: &apply, last: rest.last() };
                let end = walk.start::<F::Top>(rest.first());
                walk.edit.finish();
                if end.is_some() {
                    self.do_cut(world, cut.last, &cut, &mut funds);
                }
            }
        }
        funds.release::<F, W>(world);
        let bytes = match stopped {
            Some((va, _)) => va - range.first(),
            None => (range.last() - range.first()).wrapping_add(1),
        };
        Ok(Protected { bytes, stopped: stopped.map(|(va, level)| Stopped::Hole { va, level }) })
    }

    /// Looks at every leaf of the range; the hole where it ends.
    fn plan_protect<W: World<F>>(
        &self,
        world: &mut W,
        range: Range,
        apply: &Apply<'_, F>,
        holes: Holes,
        (funds, breaks): (&mut Funds<W::Table>, &Breaks<'_>),
    ) -> Result<Option<(u64, i32)>, Error> {
        let live = U::LIVE;
        let mut plan = Plan { world: &*world, apply, holes, breaks, live, hole: None, range };
        plan.start::<F::Top>(self.shape.width, self.shape.root)?;
        let hole = plan.hole;
        let last = hole.map_or(range.last(), |(va, _)| va.wrapping_sub(1));
        if hole.is_none_or(|(va, _)| va != range.first()) {
            let cut = Cut { first: range.first(), last, rewrite: apply };
            self.plan_ends(world, &cut, (funds, breaks))?;
        }
        Ok(hole)
    }
}

/// The first pass: what would be refused, refuses everything.
struct Plan<'p, 'b, F: Format, W> {
    world: &'p W,
    apply: &'p Apply<'p, F>,
    holes: Holes,
    breaks: &'p Breaks<'b>,
    live: bool,
    hole: Option<(u64, i32)>,
    range: Range,
}

impl<F: Format, W: World<F>> Plan<'_, '_, F, W> {
    fn start<L: Level<F>>(&mut self, width: u32, root: crate::Phys) -> Result<(), Error> {
        if starts_at::<F, L>(width) {
            let root = table_at::<F, W>(self.world, root);
            let va = self.range.first();
            self.table::<L>((root, root_slot::<F, L>(va, width)), va, self.range.last())
        } else {
            self.start::<L::Next>(width, root)
        }
    }

    fn table<L: Level<F>>(
        &mut self,
        (table, mut index): (W::Table, usize),
        mut va: u64,
        last: u64,
    ) -> Result<(), Error> {
        loop {
            let raw = load::<F, W>(self.world, table, index);
            let mut end = va | mask::<F, L>();
            if let Some(child) = L::next_table(raw) {
                let child = table_at::<F, W>(self.world, child);
                self.table::<L::Next>((child, slot::<F, L::Next>(va)), va, end.min(last))?;
                if self.hole.is_some() {
                    return Ok(());
                }
            } else if L::is_leaf(raw) {
                let leaf = Leaf::around::<F, L, W>(self.world, (table, index), va, raw);
                end = leaf.last::<F, L>();
                self.leaf::<L>(&leaf, end)?;
                index = leaf.slot + leaf.slots() - 1;
            } else if self.holes == Holes::Stop {
                self.hole = Some((va, L::NUMBER));
                return Ok(());
            }
            if end >= last {
                return Ok(());
            }
            va = end + 1;
            index += 1;
        }
    }

    fn leaf<L: Level<F>>(&self, leaf: &Leaf<W::Table, F::Word>, end: u64) -> Result<(), Error> {
        let entry = crate::Word::to_u64(leaf.word);
        let Some(new) = L::patch(leaf.word, self.apply.0) else {
            return Err(Error::Forbidden { va: leaf.va, level: L::NUMBER, entry });
        };
        // Leaves that reach beyond the range are judged where they are cut.
        let whole = self.range.first() <= leaf.va && end <= self.range.last();
        let broken = L::through(leaf.word, new).is_none() && L::change(leaf.word, new) == Change::Break;
        if self.live && whole && broken {
            self.breaks.allow((leaf.va, end), L::NUMBER)?;
        }
        Ok(())
    }
}

/// The second pass, over leaves that lie whole in the range.
struct Walk<'a, 'p, F: Format, W, U> {
    edit: Edit<'a, F, W, U>,
    apply: &'p Apply<'p, F>,
    last: u64,
}

impl<F: Format, W: World<F>, U: Use> Walk<'_, '_, F, W, U> {
    fn start<L: Level<F>>(&mut self, va: u64) -> Option<()> {
        let shape = self.edit.shape;
        if starts_at::<F, L>(shape.width) {
            let root = table_at::<F, W>(self.edit.world, shape.root);
            self.table::<L>((root, root_slot::<F, L>(va, shape.width)), va, self.last)
        } else {
            self.start::<L::Next>(va)
        }
    }

    /// `Some` where a leaf reaches beyond the range, which ends the walk.
    fn table<L: Level<F>>(
        &mut self,
        (table, mut index): (W::Table, usize),
        mut va: u64,
        last: u64,
    ) -> Option<()> {
        loop {
            let raw = load::<F, W>(self.edit.world, table, index);
            let mut end = va | mask::<F, L>();
            if let Some(child) = L::next_table(raw) {
                let child = table_at::<F, W>(self.edit.world, child);
                let found = self.table::<L::Next>((child, slot::<F, L::Next>(va)), va, end.min(last));
                if found.is_some() {
                    return found;
                }
            } else if L::is_leaf(raw) {
                let leaf = Leaf::around::<F, L, W>(self.edit.world, (table, index), va, raw);
                end = leaf.last::<F, L>();
                if end > self.last {
                    return Some(());
                }
                let patch = self.apply.0;
                self.edit.change_leaf::<L>(&leaf, &|word| L::patch(word, patch).unwrap_or(word));
                index = leaf.slot + leaf.slots() - 1;
            }
            if end >= last {
                return None;
            }
            va = end + 1;
            index += 1;
        }
    }
}
