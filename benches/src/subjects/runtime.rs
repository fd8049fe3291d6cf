//! ptdsl, with generated code of two formats, as its README shows it.

use crate::pool::pool;
use crate::walker::{ARM64, Done, Operation, Refused, Size, Walker, Window, Words, X86_64};
use ptdsl::memory::{Frames, Linear, Maintain, NoMaintenance};
use ptdsl::{
    Boundary, Breaks, Config, Existing, Format, Fresh, Grouping, Holes, How, Inactive, Live, PageTable, Phys,
    Quiesced, Range, Sizes, TableLayout, Use, World,
};
use ptdsl_generated::{arm64_hyp, x86_64};
use std::mem::ManuallyDrop;
use std::sync::atomic::Ordering::Relaxed;

const PAGE: u64 = 4096;

/// A format with the attributes that are measured.
pub trait Known: Format<Word = u64> {
    /// Writable.
    const WRITABLE: Self::Attributes;
    /// Takes the right to write away.
    const READ_ONLY: Self::Patch;
    /// Descriptors, as the manual has them.
    const WORDS: Words;
}

impl Known for arm64_hyp::Arm64Hyp {
    const WRITABLE: Self::Attributes = arm64_hyp::Attributes::RW_NORMAL;
    const READ_ONLY: Self::Patch = arm64_hyp::Patch::new().prot(arm64_hyp::Prot::R);
    const WORDS: Words = ARM64;
}

impl Known for x86_64::X8664 {
    const WRITABLE: Self::Attributes = x86_64::Attributes::RW_SUPERVISOR_WB;
    const READ_ONLY: Self::Patch = x86_64::Patch::new().prot(x86_64::Prot::R);
    const WORDS: Words = X86_64;
}

/// Which ptdsl.
pub trait Setting {
    /// The column's name.
    const NAME: &'static str;
    /// What it is.
    const ABOUT: &'static str;
    /// The format.
    type Format: Known;
    /// Whether hardware may walk it.
    type Use: Use;
    /// Memory, allocator and maintenance.
    type World: World<Self::Format>;
    /// An empty world.
    fn world() -> Self::World;
    /// From the table as it was made.
    fn start(
        table: PageTable<Self::Format, Inactive>,
        world: &mut Self::World,
    ) -> PageTable<Self::Format, Self::Use>;
    /// As it was made, at the end.
    fn stop(table: PageTable<Self::Format, Self::Use>) -> PageTable<Self::Format, Inactive>;
    /// Every leaf may be broken.
    fn breaks() -> <Self::Use as Use>::Breaks<'static>;
}

// SAFETY: no PE translates through the pool's tables, so none can touch what is broken for a moment.
static QUIESCED: Quiesced = unsafe { Quiesced::promise() };

/// Frames of the pool, as they were left.
#[derive(Debug)]
pub struct FromPool;

impl Frames for FromPool {
    #[inline(always)]
    fn allocate(&mut self, _: TableLayout) -> Option<Fresh> {
        Some(Fresh { address: Phys(pool().take()?), zeroed: false })
    }
    #[inline(always)]
    fn free(&mut self, address: Phys, _: TableLayout) {
        pool().give(address.0);
    }
}

/// Maintenance that is counted and does nothing else.
#[derive(Debug, Default)]
pub struct Counter(u64);

impl<F: Format> Maintain<F> for Counter {
    #[inline(always)]
    fn step(&mut self, _: F::Step) {
        self.0 += 1;
    }
}

/// Frames of the pool with the number of entries of each, kept beside them.
#[derive(Debug)]
pub struct Counted;

impl Frames for Counted {
    #[inline(always)]
    fn allocate(&mut self, _: TableLayout) -> Option<Fresh> {
        let address = pool().take()?;
        pool().count(address)?.store(0, Relaxed);
        Some(Fresh { address: Phys(address), zeroed: false })
    }
    #[inline(always)]
    fn free(&mut self, address: Phys, _: TableLayout) {
        pool().give(address.0);
    }
    #[inline(always)]
    fn count(&mut self, table: Phys, delta: isize) -> Option<usize> {
        let place = pool().count(table.0)?;
        let count = place.load(Relaxed).wrapping_add_signed(delta as i32);
        place.store(count, Relaxed);
        Some(count as usize)
    }
}

macro_rules! setting {
    ($(#[$doc:meta])* $name:ident, $text:literal, $about:literal, $format:ty, $use:ty, $world:ty, $make:expr, $start:expr, $stop:expr, $breaks:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}
        impl Setting for $name {
            const NAME: &'static str = $text;
            const ABOUT: &'static str = $about;
            type Format = $format;
            type Use = $use;
            type World = $world;
            fn world() -> Self::World {
                $make
            }
            fn start(table: PageTable<$format, Inactive>, world: &mut $world) -> PageTable<$format, $use> {
                let start: fn(PageTable<$format, Inactive>, &mut $world) -> PageTable<$format, $use> = $start;
                start(table, world)
            }
            fn stop(table: PageTable<$format, $use>) -> PageTable<$format, Inactive> {
                let stop: fn(PageTable<$format, $use>) -> PageTable<$format, Inactive> = $stop;
                stop(table)
            }
            fn breaks() -> <$use as Use>::Breaks<'static> {
                $breaks
            }
        }
    };
}

setting!(
    /// arm64-hyp, not walked by hardware.
    Arm64, "ptdsl", "arm64-hyp, a table that hardware does not walk yet",
    arm64_hyp::Arm64Hyp, Inactive, Linear<arm64_hyp::Arm64Hyp, FromPool, NoMaintenance>,
    // SAFETY: the pool hands out its own memory by its own address, a whole frame each, and nothing else uses it.
    unsafe { Linear::new(0, FromPool, NoMaintenance) }, |table, _| table, |table| table, ()
);
setting!(
    /// arm64-hyp, live.
    Arm64Live, "ptdsl-live", "the same live, barriers and invalidations counted",
    arm64_hyp::Arm64Hyp, Live, Linear<arm64_hyp::Arm64Hyp, FromPool, Counter>,
    // SAFETY: as above.
    unsafe { Linear::new(0, FromPool, Counter(0)) }, |table, world| table.activate(world),
    // SAFETY: no hardware ever walked it.
    |table| unsafe { table.deactivate() },
    Breaks::new(&[], &QUIESCED)
);
setting!(
    /// arm64-hyp with counts.
    Arm64Counted, "ptdsl-counts", "the same as ptdsl, with a count of entries for each table",
    arm64_hyp::Arm64Hyp, Inactive, Linear<arm64_hyp::Arm64Hyp, Counted, NoMaintenance>,
    // SAFETY: as above.
    unsafe { Linear::new(0, Counted, NoMaintenance) }, |table, _| table, |table| table, ()
);
setting!(
    /// x86-64, not walked by hardware.
    X8664, "ptdsl-x86", "x86-64, a table that hardware does not walk yet",
    x86_64::X8664, Inactive, Linear<x86_64::X8664, FromPool, NoMaintenance>,
    // SAFETY: as above.
    unsafe { Linear::new(0, FromPool, NoMaintenance) }, |table, _| table, |table| table, ()
);

/// A table of that setting.
#[derive(Debug)]
pub struct Ptdsl<S: Setting> {
    table: ManuallyDrop<PageTable<S::Format, S::Use>>,
    world: S::World,
}

#[inline(always)]
fn range(va: u64, bytes: u64) -> Result<Range, Refused> {
    Range::new(va, bytes).map_err(|_| Refused)
}

impl<S: Setting> Walker for Ptdsl<S> {
    const NAME: &'static str = S::NAME;
    const ABOUT: &'static str = S::ABOUT;
    const WORDS: Words = S::Format::WORDS;

    fn lacks(_: Operation) -> Option<&'static str> {
        None
    }

    fn new(_: Window) -> Option<Self> {
        let mut world = S::world();
        // No flags of hardware's, as the walkers by hand: a leaf that may still take one goes by an exchange.
        let config: Config<S::Format> = Config { width: 48, hardware_updates: false, ..Config::default() };
        let table = PageTable::create(&mut world, &config).ok()?;
        let table = S::start(table, &mut world);
        Some(Ptdsl { table: ManuallyDrop::new(table), world })
    }

    fn root(&self) -> u64 {
        self.table.root().0
    }

    #[inline(always)]
    fn map(&mut self, va: u64, pa: u64, bytes: u64, size: Size) -> Done {
        let sizes = if size == Size::Page { Sizes::Pages } else { Sizes::Largest };
        let how = How { sizes, existing: Existing::Refuse, grouping: Grouping::Single };
        let range = range(va, bytes)?;
        self.table.map_with(&mut self.world, range, Phys(pa), S::Format::WRITABLE, how).map_err(|_| Refused)
    }

    #[inline(always)]
    fn map_page(&mut self, va: u64, pa: u64) -> Done {
        let range = range(va, PAGE)?;
        self.table.map(&mut self.world, range, Phys(pa), S::Format::WRITABLE).map_err(|_| Refused)
    }

    #[inline(always)]
    fn unmap(&mut self, va: u64, bytes: u64) -> Done {
        match self.table.unmap(&mut self.world, range(va, bytes)?, Boundary::Stop) {
            Ok(unmapped) if unmapped.stopped.is_none() => Ok(()),
            _ => Err(Refused),
        }
    }

    #[inline(always)]
    fn unmap_page(&mut self, va: u64) -> Done {
        self.unmap(va, PAGE)
    }

    #[inline(always)]
    fn map_pages(&mut self, pages: impl Iterator<Item = (u64, u64)>) -> Done {
        let mut cursor = self.table.cursor(&mut self.world);
        for (va, pa) in pages {
            cursor.map(va, Phys(pa), S::Format::WRITABLE).map_err(|_| Refused)?;
        }
        Ok(())
    }

    #[inline(always)]
    fn unmap_pages(&mut self, pages: impl Iterator<Item = u64>) -> Done {
        let mut cursor = self.table.cursor(&mut self.world);
        for va in pages {
            match cursor.unmap(va) {
                Ok(unmapped) if unmapped.stopped.is_none() => {}
                _ => return Err(Refused),
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn look_up(&self, va: u64) -> Option<u64> {
        self.table.translate(&self.world, va).ok().map(|found| found.output.0)
    }

    #[inline(always)]
    fn protect(&mut self, va: u64, bytes: u64) -> Done {
        let range = range(va, bytes)?;
        let done = self.table.protect(&mut self.world, range, S::Format::READ_ONLY, Holes::Stop, S::breaks());
        match done {
            Ok(protected) if protected.stopped.is_none() => Ok(()),
            _ => Err(Refused),
        }
    }

    #[inline(always)]
    fn protect_page(&mut self, va: u64) -> Done {
        self.protect(va, PAGE)
    }

    #[inline(always)]
    fn split(&mut self, va: u64) -> Done {
        self.table.split(&mut self.world, range(va, PAGE)?, S::breaks()).map_err(|_| Refused)
    }

    #[inline(always)]
    fn unmap_inside(&mut self, va: u64) -> Done {
        match self.table.unmap(&mut self.world, range(va, PAGE)?, Boundary::Split(S::breaks())) {
            Ok(unmapped) if unmapped.stopped.is_none() => Ok(()),
            _ => Err(Refused),
        }
    }

    fn destroy(&mut self) -> Done {
        // SAFETY: nothing is called after `destroy`, so the table is taken once.
        let table = unsafe { ManuallyDrop::take(&mut self.table) };
        S::stop(table).destroy(&mut self.world);
        Ok(())
    }
}
