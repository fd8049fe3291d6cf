//! `map_funded`: every table page is in hand before the first store.

use core::marker::PhantomData;

use crate::address::{Phys, Range};
use crate::error::{Error, MapError};
use crate::format::{Format, Run, Transition};
use crate::map::How;
use crate::map_range::Map;
use crate::table::{PageTable, Use, allocate};
use crate::tier::Tier;
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
        let (first, last) = (range.first(), range.last());
        let delta = output.0.wrapping_sub(first);
        let mut map = Map { edit: self.edit(&mut funded), attributes, delta, how, stop: None };
        let shape = map.edit.shape;
        let tier = Tier::root::<F>(shape.width);
        let root = table_at::<F, _>(map.edit.world, shape.root);
        let result = match map.fund(tier, (root, tier.root_slot::<F>(first, shape.width)), (first, last)) {
            Ok(()) => self.map_range(&mut funded, range, output, attributes, how),
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
    /// Takes one more page for a table.
    fn add(&mut self, tier: &Tier, va: u64) -> Result<(), Error> {
        let layout = tier.layout;
        let ((address, zeroed), table) = allocate::<F, W>(self.world, tier, layout, va)?;
        let alike = |chain: &&mut Option<Chain>| chain.as_ref().is_none_or(|chain| chain.layout == layout);
        let Some(chain) = self.chains.iter_mut().find(alike) else {
            // Unreachable, see `LAYOUTS`.
            self.world.free(address, layout);
            return Err(Error::OutOfMemory { va, level: tier.number });
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

impl<F: Format, W: World<F>, U: Use> Map<'_, F, Funded<'_, F, W>, U, How> {
    /// Takes a page for each table that the range needs below one that stands: the same decisions as the map takes.
    fn fund(
        &mut self,
        tier: &'static Tier,
        (table, mut index): (W::Table, usize),
        (mut va, last): (u64, u64),
    ) -> Result<(), Error> {
        if !tier.has_table {
            return Ok(());
        }
        let below = tier.below::<F>();
        loop {
            let end = last.min(va | tier.low);
            let raw = load::<F, _>(self.edit.world, table, index);
            if let Some(child) = tier.next_table::<F>(self.edit.shape, raw) {
                let child = table_at::<F, _>(self.edit.world, child);
                self.fund(below, (child, below.slot(va)), (va, end))?;
            } else if raw == tier.empty::<F>(self.edit.shape) && self.fitting(tier, va, last) == 0 {
                self.fund_fresh(below, (va, end))?;
            }
            if end == last {
                return Ok(());
            }
            va = end + 1;
            index += 1;
        }
    }

    /// For a table that does not stand: itself and those below it.
    fn fund_fresh(&mut self, tier: &'static Tier, (mut va, last): (u64, u64)) -> Result<(), Error> {
        self.edit.world.add(tier, va)?;
        while tier.has_table {
            let leaves = self.fitting(tier, va, last);
            let end = if leaves == 0 {
                let end = last.min(va | tier.low);
                self.fund_fresh(tier.below::<F>(), (va, end))?;
                end
            } else {
                va + (((leaves as u64) << tier.shift) - 1)
            };
            if end >= last {
                break;
            }
            va = end + 1;
        }
        Ok(())
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
