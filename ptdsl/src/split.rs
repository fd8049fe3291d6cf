//! `split`: leaves become smaller ones that map the same.

use crate::address::{Phys, Range};
use crate::cut::{Cut, Keep};
use crate::error::Error;
use crate::format::{Format, Level, low_bits};
use crate::funds::Funds;
use crate::leaf::{At, descend, not_mapped};
use crate::table::{PageTable, Use, starts_at};
use crate::world::World;

impl<F: Format, U: Use> PageTable<F, U> {
    /// Cuts the leaves at both ends of `range`, so that afterwards no leaf that maps a byte of it reaches beyond it. Every
    /// address translates as before, with the same attributes, software's bits and flags.
    ///
    /// On a live table a leaf is broken first, unless the format splits by one store or the table was made with
    /// `no_conflict_abort`: `breaks` says which may be.
    ///
    /// # Errors
    /// [`Error::Misaligned`], [`Error::OutOfRange`], [`Error::PinnedOverlap`], [`Error::OutOfMemory`],
    /// [`Error::BadTablePage`], [`Error::NoSmallerLeaf`], [`Error::Pinned`], [`Error::NeedsSplit`]: nothing is changed.
    pub fn split<W: World<F>>(
        &mut self,
        world: &mut W,
        range: Range,
        breaks: U::Breaks<'_>,
    ) -> Result<(), Error> {
        self.check(range)?;
        let cut = Cut { first: range.first(), last: range.last(), rewrite: &Keep };
        self.cut_ends(world, &cut, breaks)
    }

    /// Makes the leaf that maps `va` one entry of `level`, or leaves it alone where it is one of a lower level. A leaf
    /// that takes several slots of that level is dissolved.
    ///
    /// # Errors
    /// [`Error::NoLeaf`] for a level that has no leaves, [`Error::NotMapped`], and as [`split`](Self::split): nothing is
    /// changed.
    pub fn split_to<W: World<F>>(
        &mut self,
        world: &mut W,
        va: u64,
        level: i32,
        breaks: U::Breaks<'_>,
    ) -> Result<(), Error> {
        self.check_input(Range::inclusive(va, va)?)?;
        let shift = self.leaf_shift(level)?;
        descend(world, &self.shape, va, &mut IsMapped).unwrap_or(Err(Error::NotMapped { va, level }))?;
        let cut = Cut { first: va & !low_bits(shift), last: va | low_bits(shift), rewrite: &Keep };
        self.cut_ends(world, &cut, breaks)
    }

    fn cut_ends<W: World<F>>(
        &mut self,
        world: &mut W,
        cut: &Cut<'_, Keep>,
        breaks: U::Breaks<'_>,
    ) -> Result<(), Error> {
        self.cutting(world, cut, breaks, |table, world, funds| {
            table.do_cut(world, cut.first, cut, funds);
            table.do_cut(world, cut.last, cut, funds);
            Ok(())
        })
    }

    /// Plans the cuts, and performs what needs them if nothing is refused; pages that were not needed go back.
    ///
    /// # Errors
    /// Those of [`check_pinned`](Self::check_pinned), [`plan_ends`](Self::plan_ends) and `perform`.
    pub(crate) fn cutting<W: World<F>, R: crate::cut::Rewrite<F>, T>(
        &mut self,
        world: &mut W,
        cut: &Cut<'_, R>,
        breaks: U::Breaks<'_>,
        perform: impl FnOnce(&mut Self, &mut W, &mut Funds<W::Table>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let breaks = U::breaks(breaks);
        self.check_pinned(&breaks)?;
        let mut funds = Funds::none();
        let result = match self.plan_ends(world, cut, (&mut funds, &breaks)) {
            Ok(()) => perform(self, world, &mut funds),
            Err(error) => Err(error),
        };
        funds.release::<F, W>(world);
        result
    }

    /// Plans the cuts at both ends; a leaf that both cut is one.
    ///
    /// # Errors
    /// As [`plan_cut`](Self::plan_cut).
    pub(crate) fn plan_ends<W: World<F>, R: crate::cut::Rewrite<F>>(
        &self,
        world: &mut W,
        cut: &Cut<'_, R>,
        (funds, breaks): (&mut Funds<W::Table>, &crate::safety::Breaks<'_>),
    ) -> Result<(), Error> {
        self.plan_cut(world, cut.first, cut, (&mut *funds, breaks))?;
        if self.same_leaf(world, cut.first, cut.last) {
            return Ok(());
        }
        self.plan_cut(world, cut.last, cut, (funds, breaks))
    }

    /// Whether one leaf maps both addresses.
    fn same_leaf<W: World<F>>(&self, world: &mut W, first: u64, last: u64) -> bool {
        descend(world, &self.shape, first, &mut LeafEnd).is_some_and(|end| last <= end)
    }

    /// log2 of what an entry of a level maps.
    ///
    /// # Errors
    /// [`Error::NoLeaf`] where the table has no leaves of that level.
    pub(crate) fn leaf_shift(&self, level: i32) -> Result<u32, Error> {
        shift_of::<F, F::Top>(self.shape.width, level).ok_or(Error::NoLeaf { level })
    }
}

fn shift_of<F: Format, L: Level<F>>(width: u32, level: i32) -> Option<u32> {
    if !L::HAS_LEAF && !L::HAS_TABLE {
        return None;
    }
    if L::NUMBER == level {
        return (L::HAS_LEAF && starts_at::<F, L>(width)).then_some(L::SHIFT);
    }
    shift_of::<F, L::Next>(width, level)
}

/// Whether the walk ends at a leaf.
struct IsMapped;

impl<F: Format, W: World<F>> At<F, W> for IsMapped {
    type Out = Result<(), Error>;

    fn at<L: Level<F>>(
        &mut self,
        _: &mut W,
        _: (W::Table, usize),
        va: u64,
        (raw, next): (F::Word, Option<Phys>),
    ) -> Option<Self::Out> {
        if L::is_leaf(raw) {
            return Some(Ok(()));
        }
        next.is_none().then(|| Err(not_mapped::<F, L>(va)))
    }
}

/// The last address of the leaf where the walk ends.
struct LeafEnd;

impl<F: Format, W: World<F>> At<F, W> for LeafEnd {
    type Out = u64;

    fn at<L: Level<F>>(
        &mut self,
        world: &mut W,
        place: (W::Table, usize),
        va: u64,
        (raw, _): (F::Word, Option<Phys>),
    ) -> Option<u64> {
        L::is_leaf(raw).then(|| crate::leaf::Leaf::around::<F, L, W>(world, place, va, raw).last::<F, L>())
    }
}
