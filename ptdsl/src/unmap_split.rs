//! `unmap` with `Boundary::Split`: the leaves at the range's ends are cut, what lies between them goes
//! leaf by leaf.

use crate::address::Range;
use crate::cut::{Cut, Remove};
use crate::error::Error;
use crate::format::Format;
use crate::funds::Funds;
use crate::table::{PageTable, Use};
use crate::unmap::{Stopped, Unmapped};
use crate::world::World;

impl<F: Format, U: Use> PageTable<F, U> {
    #[inline(never)]
    pub(crate) fn unmap_splitting<W: World<F>>(
        &mut self,
        world: &mut W,
        range: Range,
        breaks: U::Breaks<'_>,
    ) -> Result<Unmapped, Error> {
        self.check(range)?;
        let cut = Cut { first: range.first(), last: range.last(), rewrite: &Remove };
        self.cutting(world, &cut, breaks, |table, world, funds| table.unmap_cut(world, range, &cut, funds))
    }

    fn unmap_cut<W: World<F>>(
        &mut self,
        world: &mut W,
        range: Range,
        cut: &Cut<'_, Remove>,
        funds: &mut Funds<W::Table>,
    ) -> Result<Unmapped, Error> {
        let whole = Unmapped { bytes: (range.last() - range.first()).wrapping_add(1), stopped: None };
        let first = match self.do_cut(world, range.first(), cut, funds) {
            Some(end) if end >= range.last() => return Ok(whole),
            Some(end) => end + 1,
            None => range.first(),
        };
        let done = self.unmap_range(world, Range::inclusive(first, range.last())?)?;
        let before = first - range.first();
        if let Some(Stopped::Leaf { .. }) = done.stopped
            && self.do_cut(world, range.last(), cut, funds).is_some()
        {
            return Ok(whole);
        }
        Ok(Unmapped { bytes: before.wrapping_add(done.bytes), stopped: done.stopped })
    }
}
