//! What happens to a leaf that reaches beyond a range: its table of smaller leaves is made complete before anything else
//! knows of it, and then takes the leaf's place.

use crate::address::Phys;
use crate::error::Error;
use crate::format::{Change, Format, Level, Shape, Transition, low_bits, slot};
use crate::funds::Funds;
use crate::leaf::{At, Leaf, descend};
use crate::safety::Breaks;
use crate::table::{PageTable, Use};
use crate::transition::Edit;
use crate::world::World;

/// What becomes of the leaves inside the range.
pub(crate) trait Rewrite<F: Format> {
    /// A leaf by itself of level `L` becomes this word: another leaf, or empty.
    fn inside<L: Level<F>>(&self, shape: &Shape<F>, leaf: F::Word) -> F::Word;

    /// What that means for a leaf of level `L`.
    fn class<L: Level<F>>(&self, leaf: F::Word) -> Change;

    /// Whether leaves are taken out.
    const REMOVES: bool;
}

/// They stay as they are.
pub(crate) struct Keep;

impl<F: Format> Rewrite<F> for Keep {
    const REMOVES: bool = false;

    fn inside<L: Level<F>>(&self, _: &Shape<F>, leaf: F::Word) -> F::Word {
        leaf
    }

    fn class<L: Level<F>>(&self, _: F::Word) -> Change {
        Change::Nothing
    }
}

/// They go.
pub(crate) struct Remove;

impl<F: Format> Rewrite<F> for Remove {
    const REMOVES: bool = true;

    fn inside<L: Level<F>>(&self, shape: &Shape<F>, _: F::Word) -> F::Word {
        L::empty(shape)
    }

    fn class<L: Level<F>>(&self, _: F::Word) -> Change {
        Change::Invalidate
    }
}

/// A range whose ends cut leaves, and what becomes of its inside.
pub(crate) struct Cut<'r, R> {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) rewrite: &'r R,
}

/// How an entry lies to the range.
#[derive(PartialEq, Eq)]
enum Lies {
    Outside,
    Inside,
    Across,
}

impl<R> Cut<'_, R> {
    fn lies(&self, first: u64, last: u64) -> Lies {
        if last < self.first || self.last < first {
            Lies::Outside
        } else if self.first <= first && last <= self.last {
            Lies::Inside
        } else {
            Lies::Across
        }
    }

    /// Whether one of the ends lies inside these addresses.
    fn cuts(&self, first: u64, last: u64) -> bool {
        self.lies(first, last) == Lies::Across
    }
}

impl<F: Format, U: Use> PageTable<F, U> {
    /// Takes the pages that cutting the leaf around `va`, if there is one, will need, and asks whether that leaf may be
    /// broken if it must. Nothing is stored.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], [`Error::BadTablePage`], [`Error::NoSmallerLeaf`], [`Error::Pinned`],
    /// [`Error::NeedsSplit`]. The caller releases the funds.
    pub(crate) fn plan_cut<W: World<F>, R: Rewrite<F>>(
        &self,
        world: &mut W,
        va: u64,
        cut: &Cut<'_, R>,
        (funds, breaks): (&mut Funds<W::Table>, &Breaks<'_>),
    ) -> Result<(), Error> {
        let shape = &self.shape;
        let mut plan = Plan { live: U::LIVE, no_conflict: shape.no_conflict_abort, cut, funds, breaks };
        descend(world, shape, va, &mut plan).unwrap_or(Ok(()))
    }

    /// Cuts the leaf around `va`, if there is one that reaches beyond the range. Its last address in that case.
    pub(crate) fn do_cut<W: World<F>, R: Rewrite<F>>(
        &self,
        world: &mut W,
        va: u64,
        cut: &Cut<'_, R>,
        funds: &mut Funds<W::Table>,
    ) -> Option<u64> {
        let mut perform = Perform { table: self, cut, funds };
        descend(world, &self.shape, va, &mut perform).flatten()
    }
}

/// Whether a leaf that is cut need not be broken.
fn in_place<F: Format, L: Level<F>, R: Rewrite<F>>(
    leaf: &Leaf<impl Copy, F::Word>,
    rewrite: &R,
    no_conflict: bool,
) -> bool {
    let allowed = no_conflict || F::SPLITS_IN_PLACE && leaf.span == 0;
    allowed && rewrite.class::<L>(leaf.word) < Change::Break
}

struct Plan<'p, 'b, R, T> {
    live: bool,
    no_conflict: bool,
    cut: &'p Cut<'p, R>,
    funds: &'p mut Funds<T>,
    breaks: &'p Breaks<'b>,
}

impl<F: Format, W: World<F>, R: Rewrite<F>> At<F, W> for Plan<'_, '_, R, W::Table> {
    type Out = Result<(), Error>;

    fn at<L: Level<F>>(
        &mut self,
        world: &mut W,
        place: (W::Table, usize),
        va: u64,
        (raw, _): (F::Word, Option<Phys>),
    ) -> Option<Result<(), Error>> {
        if !L::is_leaf(raw) {
            return None;
        }
        let leaf = Leaf::around::<F, L, W>(world, place, va, raw);
        let last = leaf.last::<F, L>();
        if !self.cut.cuts(leaf.va, last) {
            return Some(Ok(()));
        }
        if self.live
            && !in_place::<F, L, R>(&leaf, self.cut.rewrite, self.no_conflict)
            && let Err(error) = self.breaks.allow((leaf.va, last), L::NUMBER)
        {
            return Some(Err(error));
        }
        let refused = Error::NoSmallerLeaf { va: leaf.va, level: L::NUMBER };
        let mut ends = [slot_of::<F, L>(&leaf, self.cut.first), slot_of::<F, L>(&leaf, self.cut.last)];
        if ends[0] == ends[1] {
            ends[1] = None;
        }
        let all_single = (0..leaf.slots()).all(|k| L::single(leaf.word, k as u64).is_some());
        if !all_single {
            return Some(Err(refused));
        }
        for k in ends.into_iter().flatten() {
            let start = leaf.va_of::<F, L>(k);
            if let Some(single) = L::single(leaf.word, k as u64)
                && self.cut.cuts(start, start | low_bits(L::SHIFT))
                && let Err(error) = self.tables::<F, L, W>(world, single, start)
            {
                return Some(Err(error));
            }
        }
        Some(Ok(()))
    }
}

/// The slot of a leaf that an address lies in.
fn slot_of<F: Format, L: Level<F>>(leaf: &Leaf<impl Copy, F::Word>, va: u64) -> Option<usize> {
    (leaf.va <= va && va <= leaf.last::<F, L>()).then(|| ((va - leaf.va) >> L::SHIFT) as usize)
}

impl<R, T: Copy> Plan<'_, '_, R, T> {
    /// Takes a page for the table that replaces the entry of level `L` at `va`, and for those below it.
    fn tables<F: Format, L: Level<F>, W: World<F, Table = T>>(
        &mut self,
        world: &mut W,
        raw: F::Word,
        va: u64,
    ) -> Result<(), Error> {
        if !L::HAS_TABLE || L::demote(raw, 0).is_none() {
            return Err(Error::NoSmallerLeaf { va, level: L::NUMBER });
        }
        let last = va | low_bits(L::SHIFT);
        self.funds.add::<F, L::Next, W>(world, va)?;
        let inside = |end: u64| (va <= end && end <= last).then(|| slot::<F, L::Next>(end) as u64);
        let (first, end) = (inside(self.cut.first), inside(self.cut.last));
        for k in [first, end.filter(|_| end != first)].into_iter().flatten() {
            let start = va | k << <L::Next as Level<F>>::SHIFT;
            if self.cut.cuts(start, start | low_bits(<L::Next as Level<F>>::SHIFT))
                && let Some(child) = L::demote(raw, k)
            {
                self.tables::<F, L::Next, W>(world, child, start)?;
            }
        }
        Ok(())
    }
}

struct Perform<'p, F: Format, U: Use, R, T> {
    table: &'p PageTable<F, U>,
    cut: &'p Cut<'p, R>,
    funds: &'p mut Funds<T>,
}

impl<F: Format, W: World<F>, U: Use, R: Rewrite<F>> At<F, W> for Perform<'_, F, U, R, W::Table> {
    type Out = Option<u64>;

    fn at<L: Level<F>>(
        &mut self,
        world: &mut W,
        place: (W::Table, usize),
        va: u64,
        (raw, _): (F::Word, Option<Phys>),
    ) -> Option<Option<u64>> {
        if !L::is_leaf(raw) {
            return None;
        }
        let leaf = Leaf::around::<F, L, W>(world, place, va, raw);
        let last = leaf.last::<F, L>();
        if !self.cut.cuts(leaf.va, last) {
            return Some(None);
        }
        let mut edit: Edit<'_, F, W, U> = self.table.edit(world);
        let word = self.cut_leaf::<L, W>(&mut edit, &leaf);
        if R::REMOVES && edit.hardware_writes() {
            edit.world.removed(leaf.va.max(self.cut.first), L::NUMBER, word);
        }
        Some(Some(last))
    }
}

impl<F: Format, U: Use, R: Rewrite<F>, T: Copy> Perform<'_, F, U, R, T> {
    /// Replaces a leaf that the range cuts; its last word.
    fn cut_leaf<L: Level<F>, W: World<F, Table = T>>(
        &mut self,
        edit: &mut Edit<'_, F, W, U>,
        leaf: &Leaf<T, F::Word>,
    ) -> F::Word {
        // At most two slots hold an end of the range; in a leaf of one slot, the same.
        let mut children: [Option<(usize, Phys)>; 2] = [None; 2];
        let mut free = children.iter_mut();
        for k in 0..leaf.slots() {
            let start = leaf.va_of::<F, L>(k);
            if self.cut.cuts(start, start | low_bits(L::SHIFT))
                && let (Some(place), Some(single)) = (free.next(), L::single(leaf.word, k as u64))
            {
                *place = self.build::<L, W>(edit, single, start).map(|child| (k, child));
            }
        }
        let child_of = |k| children.iter().flatten().find(|child| child.0 == k).map(|child| child.1);
        let (cut, shape) = (self.cut, edit.shape);
        let contents = |k: usize, word: F::Word| {
            if let Some(child) = child_of(k) {
                return L::link(child);
            }
            let start = leaf.va_of::<F, L>(k);
            let single = L::single(word, k as u64).unwrap_or(L::empty(shape));
            if cut.lies(start, start | low_bits(L::SHIFT)) == Lies::Inside {
                cut.rewrite.inside::<L>(shape, single)
            } else {
                single
            }
        };
        let flag = |edit: &mut Edit<'_, F, W, U>, word: F::Word| {
            for child in children.iter().flatten() {
                let table = crate::transition::table::<F, W>(edit.world, child.1);
                edit.flag_fresh::<L::Next, L>(table, word);
            }
        };
        let last = if U::LIVE && in_place::<F, L, R>(leaf, cut.rewrite, edit.shape.no_conflict_abort) {
            let mut before = leaf.word;
            edit.split_in_place::<L>(leaf, &mut |edit, k, word| {
                if word != before {
                    before = word;
                    flag(edit, word);
                }
                contents(k, word)
            })
        } else {
            let last = if U::LIVE { edit.break_leaf::<L>(leaf) } else { leaf.word };
            if last != leaf.word {
                flag(edit, last);
            }
            let table = children[0].is_some();
            let transition = if table { Transition::PublishTable } else { Transition::PublishLeaf };
            edit.make::<L>(leaf, transition, &mut |k| contents(k, last));
            last
        };
        let kept = (0..leaf.slots()).filter(|&k| contents(k, last) != L::empty(shape)).count();
        if kept != leaf.slots() {
            let _ = edit.forget(leaf.table, leaf.slots() - kept);
        }
        last
    }

    /// The table that replaces an entry of level `L` which the range cuts, complete; `None` if no page is in hand, which the
    /// plan excludes.
    fn build<L: Level<F>, W: World<F, Table = T>>(
        &mut self,
        edit: &mut Edit<'_, F, W, U>,
        raw: F::Word,
        va: u64,
    ) -> Option<Phys> {
        if !L::HAS_TABLE {
            return None;
        }
        let (page, table) = self.funds.take::<F, L::Next>()?;
        let shift = <L::Next as Level<F>>::SHIFT;
        let mut entries = 0;
        for k in 0..1_u64 << <L::Next as Level<F>>::BITS {
            let start = va | k << shift;
            let leaf = L::demote(raw, k).unwrap_or(<L::Next as Level<F>>::empty(edit.shape));
            let word = match self.cut.lies(start, start | low_bits(shift)) {
                Lies::Outside => leaf,
                Lies::Inside => self.cut.rewrite.inside::<L::Next>(edit.shape, leaf),
                Lies::Across => match self.build::<L::Next, W>(edit, leaf, start) {
                    Some(child) => <L::Next as Level<F>>::link(child),
                    None => leaf,
                },
            };
            edit.fill_fresh(table, k as usize, word);
            entries += isize::from(word != <L::Next as Level<F>>::empty(edit.shape));
        }
        let _ = edit.world.count(table, entries);
        Some(page)
    }
}
