//! `map_funded`: every table page is in hand before the first store.

use core::marker::PhantomData;

use super::{How, Map};
use crate::address::{Phys, Range};
use crate::error::{Error, MapError};
use crate::format::{Format, Level, Run, Transition, layout, mask, next_table, root_slot, slot};
use crate::table::{PageTable, Use, allocate, starts_at};
use crate::transition::{Permit, load, table as table_at};
use crate::word::Word;
use crate::world::{Fresh, TableLayout, World};

impl<F: Format, U: Use> PageTable<F, U> {
    /// [`map_with`](Self::map_with), all or nothing as to memory: it takes every table page that the range needs before it
    /// stores anything. For callers that cannot go on with half a range.
    ///
    /// The range is walked once more for that. Pages in hand are chained through their own words: no other memory is
    /// needed, however many they are.
    ///
    /// # Errors
    /// As [`map_with`](Self::map_with), but with [`Error::OutOfMemory`] and [`Error::BadTablePage`] nothing was mapped and
    /// every page went back. After [`Error::AlreadyMapped`] what lies before it stays mapped, and pages that were not
    /// needed went back.
    pub fn map_funded<W: World<F>>(
        &mut self,
        world: &mut W,
        range: Range,
        output: Phys,
        attributes: F::Attributes,
        how: How,
    ) -> Result<(), MapError> {
        if let Err(error) = self.check(range).and_then(|()| self.check_output(range, output)) {
            return Err(MapError { mapped: 0, error });
        }
        let mut funded = Funded { world, chains: [const { None }; LAYOUTS], format: PhantomData };
        let delta = output.0.wrapping_sub(range.first());
        let mut map = Map { edit: self.edit(&mut funded), attributes, delta, how };
        let result = match map.fund::<F::Top>(range) {
            Ok(()) => {
                let result = map.start::<F::Top>(range);
                map.edit.finish();
                result.map_err(|stop| MapError {
                    mapped: stop.va.wrapping_sub(range.first()),
                    error: stop.error,
                })
            }
            Err(error) => Err(MapError { mapped: 0, error }),
        };
        funded.release();
        result
    }
}

/// Tables below the root come in fewer sizes than levels, of which no format has more than eight.
const LAYOUTS: usize = 8;

/// Table pages of one size, each with the address of the next.
struct Chain {
    layout: TableLayout,
    first: Link,
}

/// The address of a page in hand; 0 is the end. Bit 0 says that the page is zeroed but for its link: table pages are aligned.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Link(u64);

impl Link {
    const END: Link = Link(0);

    fn new(address: Phys, zeroed: bool) -> Self {
        Link(address.0 | u64::from(zeroed))
    }

    fn address(self) -> Phys {
        Phys(self.0 & !1)
    }

    fn zeroed(self) -> bool {
        self.0 & 1 != 0
    }
}

/// The caller's world, with table pages in hand.
struct Funded<'a, F: Format, W: World<F>> {
    world: &'a mut W,
    chains: [Option<Chain>; LAYOUTS],
    format: PhantomData<F>,
}

impl<F: Format, W: World<F>> Funded<'_, F, W> {
    /// Takes one more page for a table of level `L`.
    fn add<L: Level<F>>(&mut self, va: u64) -> Result<(), Error> {
        let layout = layout::<F, L>(u32::MAX);
        let ((address, zeroed), table) = allocate::<F, L, W>(self.world, layout, va)?;
        let alike = |chain: &&mut Option<Chain>| chain.as_ref().is_none_or(|chain| chain.layout == layout);
        let Some(chain) = self.chains.iter_mut().find(alike) else {
            // Unreachable, see `LAYOUTS`.
            self.world.free(address, layout);
            return Err(Error::OutOfMemory { va, level: L::NUMBER });
        };
        let next = chain.as_ref().map_or(Link::END, |chain| chain.first);
        // A word may be narrower than an address.
        for (slot, half) in [next.0 & 0xffff_ffff, next.0 >> 32].into_iter().enumerate() {
            self.world.store(Permit::runtime(), table, slot, F::Word::from_u64(half));
        }
        *chain = Some(Chain { layout, first: Link::new(address, zeroed) });
        Ok(())
    }

    /// A page of that size out of the hand.
    fn take(&mut self, layout: TableLayout) -> Option<Fresh> {
        let chain = self.chains.iter_mut().flatten().find(|chain| chain.layout == layout)?;
        let link = chain.first;
        if link == Link::END {
            return None;
        }
        let table = table_at::<F, W>(self.world, link.address());
        let half = |slot| load::<F, W>(self.world, table, slot).to_u64() & 0xffff_ffff;
        chain.first = Link(half(0) | half(1) << 32);
        if link.zeroed() {
            for slot in 0..2 {
                self.world.store(Permit::runtime(), table, slot, F::Word::ZERO);
            }
        }
        Some(Fresh { address: link.address(), zeroed: link.zeroed() })
    }

    /// Gives back what is still in hand.
    fn release(mut self) {
        let layouts = self.chains.each_ref().map(|chain| chain.as_ref().map(|chain| chain.layout));
        for layout in layouts.into_iter().flatten() {
            while let Some(fresh) = self.take(layout) {
                self.world.free(fresh.address, layout);
            }
        }
    }
}

impl<F: Format, W: World<F>, U: Use> Map<'_, F, Funded<'_, F, W>, U> {
    /// Takes a page for each table that the range needs and that does not stand yet.
    fn fund<L: Level<F>>(&mut self, range: Range) -> Result<(), Error> {
        let shape = self.edit.shape;
        if starts_at::<F, L>(shape.width) {
            let root = table_at::<F, _>(self.edit.world, shape.root);
            let place = (root, root_slot::<F, L>(range.first(), shape.width));
            self.fund_existing::<L>(place, range.first(), range.last())
        } else {
            self.fund::<L::Next>(range)
        }
    }

    /// In a table that stands: the same decisions as `existing` takes.
    fn fund_existing<L: Level<F>>(
        &mut self,
        (table, mut index): (W::Table, usize),
        mut va: u64,
        last: u64,
    ) -> Result<(), Error> {
        if !L::HAS_TABLE {
            return Ok(());
        }
        loop {
            let slot_last = va | mask::<F, L>();
            let within = last.min(slot_last);
            let raw = load::<F, _>(self.edit.world, table, index);
            if let Some(child) = next_table::<F, L>(self.edit.shape, raw) {
                let child = table_at::<F, _>(self.edit.world, child);
                self.fund_existing::<L::Next>((child, slot::<F, L::Next>(va)), va, within)?;
            } else if raw == L::empty(self.edit.shape) && self.leaves::<L>(va, last) == 0 {
                self.fund_fresh::<L>(va, within)?;
            }
            if slot_last >= last {
                return Ok(());
            }
            va = slot_last + 1;
            index += 1;
        }
    }

    /// For an empty slot of level `L`: its table and those below it.
    fn fund_fresh<L: Level<F>>(&mut self, mut va: u64, last: u64) -> Result<(), Error> {
        self.edit.world.add::<L::Next>(va)?;
        if !<L::Next as Level<F>>::HAS_TABLE {
            return Ok(());
        }
        loop {
            let leaves = self.leaves::<L::Next>(va, last);
            let done = if leaves == 0 {
                let slot_last = va | mask::<F, L::Next>();
                self.fund_fresh::<L::Next>(va, last.min(slot_last))?;
                slot_last
            } else {
                va + (((leaves as u64) << <L::Next as Level<F>>::SHIFT) - 1)
            };
            if done >= last {
                return Ok(());
            }
            va = done + 1;
        }
    }
}

impl<F: Format, W: World<F>> World<F> for Funded<'_, F, W> {
    type Table = W::Table;

    #[inline(always)]
    fn table(&self, _: Permit<Self>, address: Phys) -> W::Table {
        self.world.table(Permit::runtime(), address)
    }

    #[inline(always)]
    fn load(&self, _: Permit<Self>, table: W::Table, slot: usize) -> F::Word {
        self.world.load(Permit::runtime(), table, slot)
    }

    #[inline(always)]
    fn store(&mut self, _: Permit<Self>, table: W::Table, slot: usize, word: F::Word) {
        self.world.store(Permit::runtime(), table, slot, word);
    }

    #[inline(always)]
    fn exchange(&mut self, _: Permit<Self>, table: W::Table, slot: usize, word: F::Word) -> F::Word {
        self.world.exchange(Permit::runtime(), table, slot, word)
    }

    #[inline(always)]
    fn compare_exchange(
        &mut self,
        _: Permit<Self>,
        table: W::Table,
        slot: usize,
        current: F::Word,
        new: F::Word,
    ) -> Result<(), F::Word> {
        self.world.compare_exchange(Permit::runtime(), table, slot, current, new)
    }

    #[inline(always)]
    fn step(&mut self, step: F::Step) {
        self.world.step(step);
    }

    #[inline(always)]
    fn before(&mut self, _: Permit<Self>, transition: Transition, run: &Run<'_, F>) {
        self.world.before(Permit::runtime(), transition, run);
    }

    #[inline(always)]
    fn after(&mut self, _: Permit<Self>, transition: Transition, run: &Run<'_, F>) {
        self.world.after(Permit::runtime(), transition, run);
    }

    #[inline(always)]
    fn removed(&mut self, va: u64, level: i32, word: F::Word) {
        self.world.removed(va, level, word);
    }

    fn allocate(&mut self, layout: TableLayout) -> Option<Fresh> {
        self.take(layout).or_else(|| self.world.allocate(layout))
    }

    fn free(&mut self, address: Phys, layout: TableLayout) {
        self.world.free(address, layout);
    }

    #[inline(always)]
    fn count(&mut self, table: W::Table, delta: isize) -> Option<usize> {
        self.world.count(table, delta)
    }
}
