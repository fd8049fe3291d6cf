//! Table pages that an operation takes before it changes anything.

use crate::address::Phys;
use crate::error::Error;
use crate::format::{Format, Level, layout};
use crate::table::allocate;
use crate::tier::Tier;
use crate::world::{TableLayout, World};

/// A range has two ends, and each cuts at most one leaf, which needs at most one table a level below it. No format has
/// more than eight levels.
const MOST: usize = 14;

/// Pages in hand.
pub(crate) struct Funds<T> {
    pages: [Option<(i32, Phys, TableLayout, T)>; MOST],
}

impl<T: Copy> Funds<T> {
    pub(crate) fn none() -> Self {
        Funds { pages: [const { None }; MOST] }
    }

    /// Takes a page for a table of level `L`.
    ///
    /// # Errors
    /// As [`allocate`]; what was taken before stays in hand.
    pub(crate) fn add<F: Format, L: Level<F>, W: World<F, Table = T>>(
        &mut self,
        world: &mut W,
        va: u64,
    ) -> Result<(), Error> {
        let Some(room) = self.pages.iter_mut().find(|page| page.is_none()) else {
            // Unreachable, see `MOST`.
            return Err(Error::OutOfMemory { va, level: L::NUMBER });
        };
        let layout = layout::<F, L>(u32::MAX);
        let ((address, _), table) = allocate::<F, W>(world, Tier::of::<F, L>(), layout, va)?;
        *room = Some((L::NUMBER, address, layout, table));
        Ok(())
    }

    /// A page for a table of level `L`, if one is in hand.
    pub(crate) fn take<F: Format, L: Level<F>>(&mut self) -> Option<(Phys, T)> {
        let place = self.pages.iter_mut().find(|page| matches!(page, Some(page) if page.0 == L::NUMBER))?;
        place.take().map(|(_, address, _, table)| (address, table))
    }

    /// Gives back what was not needed.
    pub(crate) fn release<F: Format, W: World<F, Table = T>>(&mut self, world: &mut W) {
        for (_, address, layout, _) in self.pages.iter_mut().filter_map(Option::take) {
            world.free(address, layout);
        }
    }
}
