//! `protect`: sets, clears or replaces attributes of what is mapped, and cuts the leaves at the range's ends where it must.

use crate::address::Range;
use crate::cut::{Cut, Rewrite};
use crate::each::{Each, each};
use crate::error::Error;
use crate::format::{Change, Format, Level, Shape};
use crate::funds::Funds;
use crate::leaf::{Leaf, change_of, through};
use crate::safety::Breaks;
use crate::table::{PageTable, Use};
use crate::transition::Edit;
use crate::unmap::Stopped;
use crate::word::Word;
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

    fn inside<L: Level<F>>(&self, _: &Shape<F>, leaf: F::Word) -> F::Word {
        // A first pass has found that no leaf refuses it.
        L::patch(leaf, self.0).unwrap_or(leaf)
    }

    fn class<L: Level<F>>(&self, leaf: F::Word) -> Change {
        let new = L::patch(leaf, self.0).unwrap_or(leaf);
        // Where one may not follow the other, nothing of the old may be left when the new one appears.
        if through::<F, L>(leaf, new).is_some() { Change::Break } else { L::change(leaf, new) }
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
                let mut edit: Edit<'_, F, W, U> = self.edit(world);
                let done = each(&mut edit, rest, &mut Perform { patch: &patch, last });
                edit.finish();
                if let Err(Cutting) = done {
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
        let mut plan = Plan { apply, holes, breaks, range };
        let hole = match each(&mut self.edit(world), range, &mut plan) {
            Ok(()) => None,
            Err(End::Hole(va, level)) => Some((va, level)),
            Err(End::Refused(error)) => return Err(error),
        };
        let last = hole.map_or(range.last(), |(va, _)| va.wrapping_sub(1));
        if hole.is_none_or(|(va, _)| va != range.first()) {
            let cut = Cut { first: range.first(), last, rewrite: apply };
            self.plan_ends(world, &cut, (funds, breaks))?;
        }
        Ok(hole)
    }
}

/// The first pass: what would be refused, refuses everything.
struct Plan<'p, 'b, F: Format> {
    apply: &'p Apply<'p, F>,
    holes: Holes,
    breaks: &'p Breaks<'b>,
    range: Range,
}

/// Why the first pass ends early.
enum End {
    Hole(u64, i32),
    Refused(Error),
}

impl<F: Format, W: World<F>, U: Use> Each<F, W, U> for Plan<'_, '_, F> {
    type Stop = End;

    fn leaf<L: Level<F>>(
        &mut self,
        _: &mut Edit<'_, F, W, U>,
        leaf: &Leaf<W::Table, F::Word>,
        end: u64,
    ) -> Result<(), End> {
        let Some(new) = L::patch(leaf.word, self.apply.0) else {
            let entry = leaf.word.to_u64();
            return Err(End::Refused(Error::Forbidden { va: leaf.va, level: L::NUMBER, entry }));
        };
        // Leaves that reach beyond the range are judged where they are cut.
        let whole = self.range.first() <= leaf.va && end <= self.range.last();
        if U::LIVE && whole && change_of::<F, L>(leaf, new) == Change::Break {
            self.breaks.allow((leaf.va, end), L::NUMBER).map_err(End::Refused)?;
        }
        Ok(())
    }

    fn hole<L: Level<F>>(&mut self, va: u64, _: F::Word) -> Result<(), End> {
        match self.holes {
            Holes::Stop => Err(End::Hole(va, L::NUMBER)),
            Holes::Skip => Ok(()),
        }
    }
}

/// The second pass, over leaves that lie whole in the range.
struct Perform<'p, F: Format> {
    patch: &'p F::Patch,
    last: u64,
}

/// A leaf reaches beyond the range.
struct Cutting;

impl<F: Format, W: World<F>, U: Use> Each<F, W, U> for Perform<'_, F> {
    type Stop = Cutting;

    fn leaf<L: Level<F>>(
        &mut self,
        edit: &mut Edit<'_, F, W, U>,
        leaf: &Leaf<W::Table, F::Word>,
        end: u64,
    ) -> Result<(), Cutting> {
        if end > self.last {
            return Err(Cutting);
        }
        let patch = self.patch;
        edit.change_leaf::<L>(leaf, &|word| L::patch(word, patch).unwrap_or(word));
        Ok(())
    }
}
