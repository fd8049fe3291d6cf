//! A place in a table, so that page after page is found without a walk from the root.

use core::fmt;

use crate::address::{Phys, Range};
use crate::error::{Error, MapError};
use crate::format::{Format, Level, low_bits, slot};
use crate::table::{PageTable, Use};
use crate::tier::Tier;
use crate::transition::Edit;
use crate::unmap::{Boundary, Unmapped};
use crate::unmap_range::prune_from_root;
use crate::walk::page_slot;
use crate::world::World;
use crate::{map, unmap};

/// Maps and unmaps single pages, fastest where one lies near the last: made by [`PageTable::cursor`].
///
/// While it exists nobody else edits the table. Each call is complete when it returns, except that a table which lost its
/// last entry is freed when the cursor goes on to another table, or is dropped.
pub struct Cursor<'a, F: Format, W: World<F>, U: Use> {
    table: &'a mut PageTable<F, U>,
    world: &'a mut W,
    /// The table of the last level that the last page lies in.
    place: Option<W::Table>,
    /// First address that it translates. Where there is no `place`: 1, with which no page agrees.
    base: u64,
    /// Whether an entry went from it, and nobody has looked yet whether it was the last.
    lost: bool,
}

impl<F: Format, U: Use> PageTable<F, U> {
    /// A cursor on the table.
    #[inline]
    pub fn cursor<'a, W: World<F>>(&'a mut self, world: &'a mut W) -> Cursor<'a, F, W, U> {
        Cursor { table: self, world, place: None, base: 1, lost: false }
    }
}

impl<F: Format, W: World<F>, U: Use> Cursor<'_, F, W, U> {
    /// Maps the page at `va` to `output`, into an empty slot only.
    ///
    /// # Errors
    /// As [`PageTable::map`] for one page.
    #[inline(always)]
    pub fn map(&mut self, va: u64, output: Phys, attributes: F::Attributes) -> Result<(), MapError> {
        if let Some(place) = self.place
            && self.is_near(va)
            && self.table.is_output_page(output)
            && self.map_near::<F::Top>(place, va, output, attributes)
        {
            return Ok(());
        }
        self.map_far(va, output, attributes)
    }

    /// Unmaps the page at `va`.
    ///
    /// # Errors
    /// As [`PageTable::unmap`] for one page with [`Boundary::Stop`].
    #[inline(always)]
    pub fn unmap(&mut self, va: u64) -> Result<Unmapped, Error> {
        if let Some(place) = self.place
            && self.is_near(va)
            && self.unmap_near::<F::Top>(place, va)
        {
            return Ok(Unmapped { bytes: low_bits(F::GRANULE_SHIFT) + 1, stopped: None });
        }
        self.unmap_far(va)
    }

    /// Whether `va` is a page in the table where the cursor stands; then it was checked with the first page there.
    #[inline(always)]
    fn is_near(&self, va: u64) -> bool {
        let within = reach::<F, F::Top>() & !low_bits(F::GRANULE_SHIFT);
        (va ^ self.base) & !within == 0
    }

    #[inline(always)]
    fn map_near<L: Level<F>>(
        &mut self,
        place: W::Table,
        va: u64,
        output: Phys,
        attributes: F::Attributes,
    ) -> bool {
        if L::HAS_TABLE {
            return self.map_near::<L::Next>(place, va, output, attributes);
        }
        let mut edit: Edit<'_, F, W, U> = self.table.edit(self.world);
        let at = (place, slot::<F, L>(va));
        let done = map::page_here::<F, L, W, U>(&mut edit, at, va, output, attributes);
        edit.finish();
        done
    }

    #[inline(always)]
    fn unmap_near<L: Level<F>>(&mut self, place: W::Table, va: u64) -> bool {
        if L::HAS_TABLE {
            return self.unmap_near::<L::Next>(place, va);
        }
        let mut edit: Edit<'_, F, W, U> = self.table.edit(self.world);
        let done = unmap::page_here::<F, L, W, U>(&mut edit, (place, slot::<F, L>(va)), va).is_some();
        self.lost |= done;
        done
    }

    #[inline(never)]
    fn map_far(&mut self, va: u64, output: Phys, attributes: F::Attributes) -> Result<(), MapError> {
        self.leave();
        let page = Range::new(va, low_bits(F::GRANULE_SHIFT) + 1);
        let page = page.map_err(|error| MapError { mapped: 0, error })?;
        self.table.map(self.world, page, output, attributes)?;
        self.stand_at(va);
        Ok(())
    }

    #[inline(never)]
    fn unmap_far(&mut self, va: u64) -> Result<Unmapped, Error> {
        self.leave();
        let page = Range::new(va, low_bits(F::GRANULE_SHIFT) + 1)?;
        self.table.check(page)?;
        self.stand_at(va);
        if let Some(place) = self.place
            && self.unmap_near::<F::Top>(place, va)
        {
            return Ok(Unmapped { bytes: low_bits(F::GRANULE_SHIFT) + 1, stopped: None });
        }
        // No page by itself: `unmap` says what it is, and removes nothing that lies elsewhere.
        self.leave();
        self.table.unmap(self.world, page, Boundary::Stop)
    }

    /// Gives the place up, and frees its table if that is empty now.
    fn leave(&mut self) {
        self.place = None;
        let base = core::mem::replace(&mut self.base, 1);
        if core::mem::take(&mut self.lost) {
            prune_from_root::<F, W, U>(self.world, self.table.shape(), base);
        }
    }

    /// Stands in the last table on the way to a checked address, if there is one.
    fn stand_at(&mut self, va: u64) {
        let shape = self.table.shape();
        // A root of the last level need not be as large as the others, and is not freed: no place for a cursor.
        if Tier::root::<F>(shape.width).has_table
            && let Some((place, _)) = page_slot::<F, W>(self.world, shape, va)
        {
            self.place = Some(place);
            self.base = va & !reach::<F, F::Top>();
        }
    }
}

/// Low bits of an address inside a table of the last level.
#[inline(always)]
fn reach<F: Format, L: Level<F>>() -> u64 {
    if L::HAS_TABLE { reach::<F, L::Next>() } else { low_bits(L::SHIFT + L::BITS) }
}

impl<F: Format, W: World<F>, U: Use> Drop for Cursor<'_, F, W, U> {
    #[inline]
    fn drop(&mut self) {
        if self.lost {
            self.leave();
        }
    }
}

impl<F: Format, W: World<F>, U: Use> fmt::Debug for Cursor<'_, F, W, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor").field("table", &self.table).field("base", &self.base).finish()
    }
}
