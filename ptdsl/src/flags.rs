//! Accessed and dirty: tested and cleared.

use core::convert::Infallible;

use crate::address::Range;
use crate::each::{Each, each};
use crate::error::Error;
use crate::format::{Format, Level};
use crate::leaf::Leaf;
use crate::table::{PageTable, Use};
use crate::transition::Edit;
use crate::world::World;

impl<F: Format, U: Use> PageTable<F, U> {
    /// Whether any leaf that maps a byte of `range` was accessed since the flag was last cleared; clears it in those that
    /// were. A leaf that reaches beyond the range is cleared as a whole. On a live table each is then invalidated as the
    /// format's change rules demand, so that the next use sets the flag again.
    ///
    /// # Errors
    /// [`Error::NoFlag`] where the format does not say which field it is, [`Error::OutOfRange`]: nothing is changed.
    pub fn test_and_clear_accessed<W: World<F>>(
        &mut self,
        world: &mut W,
        range: Range,
    ) -> Result<bool, Error> {
        self.test_and_clear::<Accessed, W>(world, range)
    }

    /// The same for dirty: whether hardware wrote through any leaf that maps a byte of `range`. When it returns, every
    /// later write sets the flag again: pages that were dirty may be copied.
    ///
    /// # Errors
    /// As [`test_and_clear_accessed`](Self::test_and_clear_accessed).
    pub fn test_and_clear_dirty<W: World<F>>(&mut self, world: &mut W, range: Range) -> Result<bool, Error> {
        self.test_and_clear::<Dirty, W>(world, range)
    }

    fn test_and_clear<A: Flag, W: World<F>>(&mut self, world: &mut W, range: Range) -> Result<bool, Error> {
        self.check_input(range)?;
        if !declared::<F, F::Top, A>() {
            return Err(Error::NoFlag);
        }
        let mut clear = Clear::<A> { found: false, flag: core::marker::PhantomData };
        let mut edit: Edit<'_, F, W, U> = self.edit(world);
        let Ok(()) = each(&mut edit, range, &mut clear);
        edit.finish();
        Ok(clear.found)
    }
}

/// One of the two flags.
trait Flag {
    fn declared<F: Format, L: Level<F>>() -> bool;
    fn is_set<F: Format, L: Level<F>>(leaf: F::Word) -> bool;
    fn clear<F: Format, L: Level<F>>(leaf: F::Word) -> F::Word;
}

enum Accessed {}

impl Flag for Accessed {
    fn declared<F: Format, L: Level<F>>() -> bool {
        L::ACCESSED
    }
    fn is_set<F: Format, L: Level<F>>(leaf: F::Word) -> bool {
        L::accessed(leaf)
    }
    fn clear<F: Format, L: Level<F>>(leaf: F::Word) -> F::Word {
        L::with_accessed(leaf, false)
    }
}

enum Dirty {}

impl Flag for Dirty {
    fn declared<F: Format, L: Level<F>>() -> bool {
        L::DIRTY
    }
    fn is_set<F: Format, L: Level<F>>(leaf: F::Word) -> bool {
        L::dirty(leaf)
    }
    fn clear<F: Format, L: Level<F>>(leaf: F::Word) -> F::Word {
        L::with_dirty(leaf, false)
    }
}

/// Whether leaves of any level have the flag.
fn declared<F: Format, L: Level<F>, A: Flag>() -> bool {
    if !L::HAS_LEAF && !L::HAS_TABLE { false } else { A::declared::<F, L>() || declared::<F, L::Next, A>() }
}

struct Clear<A> {
    found: bool,
    flag: core::marker::PhantomData<A>,
}

impl<A: Flag, F: Format, W: World<F>, U: Use> Each<F, W, U> for Clear<A> {
    type Stop = Infallible;

    fn leaf<L: Level<F>>(
        &mut self,
        edit: &mut Edit<'_, F, W, U>,
        leaf: &Leaf<W::Table, F::Word>,
        _: u64,
    ) -> Result<(), Infallible> {
        if A::is_set::<F, L>(leaf.word) {
            self.found = true;
            edit.clear_flag::<L>(leaf, &|word| A::clear::<F, L>(word));
        }
        Ok(())
    }
}
