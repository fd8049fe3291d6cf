//! A page table: its shape, its life from creation to destruction, and the checks that every operation begins with.

use core::fmt;
use core::marker::PhantomData;

use crate::address::{Phys, Range};
use crate::error::Error;
use crate::format::{
    Extend, Format, Level, Run, Shape, Transition, layout, low_bits, next_table, root_layout,
};
use crate::safety::Breaks;
use crate::tier::Tier;
use crate::transition::{Edit, load, table as table_at};
use crate::word::Word;
use crate::world::{TableLayout, World};

/// Whether hardware may walk the table while it is edited. A type, so that it costs nothing to ask.
pub trait Use: fmt::Debug + 'static {
    /// Whether edits perform the format's barriers and invalidations.
    const LIVE: bool;

    /// What an operation that has to break a leaf is given: [`Breaks`] for a live table, `()` for another.
    type Breaks<'a>: Copy + fmt::Debug;

    /// The same, whichever it is.
    fn breaks(given: Self::Breaks<'_>) -> Breaks<'_>;
}

/// Hardware may walk the table: every edit performs the format's sequences.
#[derive(Clone, Copy, Debug)]
pub enum Live {}

/// No hardware walks the table, and no TLB holds anything of it: edits are plain stores.
#[derive(Clone, Copy, Debug)]
pub enum Inactive {}

impl Use for Live {
    const LIVE: bool = true;
    type Breaks<'a> = Breaks<'a>;

    #[inline(always)]
    fn breaks(given: Self::Breaks<'_>) -> Breaks<'_> {
        given
    }
}

impl Use for Inactive {
    const LIVE: bool = false;
    type Breaks<'a> = ();

    #[inline(always)]
    fn breaks((): Self::Breaks<'_>) -> Breaks<'_> {
        Breaks::NONE
    }
}

/// What a caller decides when a table is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config<F: Format> {
    /// Input bits, within the format's limits.
    pub width: u32,
    /// Output bits, one of the format's limits.
    pub output_bits: u32,
    /// What tells the table's translations from others': ASID, VMID, PCID. 0 where the format has none.
    pub tag: u64,
    /// Options of the table.
    pub options: F::Options,
    /// Whether hardware may set accessed and dirty flags (on arm64 TCR_ELx.HA and HD): then a live leaf is never
    /// changed by a plain store. Without effect where the format declares no such fields.
    pub hardware_updates: bool,
    /// Whether no PE and no device that walks the table raises an abort when it meets two sizes of one leaf: then size and
    /// contiguous bit of a live leaf change in place. On arm64 FEAT_BBM at level 3, or a list of PEs that are known
    /// not to; never the level 2 that an ID register gives.
    pub no_conflict_abort: bool,
}

impl<F: Format> Default for Config<F> {
    /// The widest input, the widest output, tag 0, no option; hardware updates where the format declares them, conflict
    /// aborts possible.
    fn default() -> Self {
        Config {
            width: F::MAX_WIDTH,
            output_bits: F::OUTPUT.last().map_or(0, |choice| choice.bits),
            tag: 0,
            options: F::Options::default(),
            hardware_updates: F::HARDWARE_UPDATES,
            no_conflict_abort: false,
        }
    }
}

/// A page table of format `F`. It owns its table pages; dropping it without [`destroy`](PageTable::destroy) keeps them.
#[must_use = "the table's pages are lost unless it is kept or destroyed"]
pub struct PageTable<F: Format, U: Use = Live> {
    pub(crate) shape: Shape<F>,
    /// Input bits above the width.
    beyond_input: u64,
    /// Output bits above the limit.
    beyond_output: u64,
    /// Added to an address that the table translates, it clears the input bits above the width.
    bias: u64,
    /// The bits that are 0 in the biased address of a page.
    no_page: u64,
    /// The bits that are 0 in the output of a page.
    no_output_page: u64,
    state: PhantomData<U>,
}

impl<F: Format, U: Use> fmt::Debug for PageTable<F, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(F::NAME)
            .field("root", &self.shape.root)
            .field("root_level", &self.shape.root_level)
            .field("width", &self.shape.width)
            .field("output_bits", &self.shape.output.bits)
            .finish()
    }
}

/// Whether a table of that width starts at level `L`.
#[inline(always)]
pub(crate) fn starts_at<F: Format, L: Level<F>>(width: u32) -> bool {
    // The last level is the only one left when all above are too high.
    !L::HAS_TABLE || F::MIN_WIDTH > L::SHIFT || width > L::SHIFT
}

impl<F: Format> PageTable<F, Inactive> {
    /// Makes an empty table.
    ///
    /// # Errors
    /// [`Error::Width`], [`Error::OutputBits`], [`Error::WidthForOutput`] and [`Error::Tag`] for a shape that the format does not have, [`Error::OutOfMemory`] and
    /// [`Error::BadTablePage`] for a root that was not to be had.
    pub fn create<W: World<F>>(world: &mut W, config: &Config<F>) -> Result<Self, Error> {
        let Config { width, output_bits, tag, options, hardware_updates, no_conflict_abort } = *config;
        if width < F::MIN_WIDTH || width > F::MAX_WIDTH {
            return Err(Error::Width { width, min: F::MIN_WIDTH, max: F::MAX_WIDTH });
        }
        let mut limits = F::OUTPUT.iter().enumerate();
        let Some((limit, &output)) = limits.find(|(_, choice)| choice.bits == output_bits) else {
            return Err(Error::OutputBits { bits: output_bits });
        };
        if let Some(&max) = F::MOST_INPUT.get(limit)
            && width > max
        {
            return Err(Error::WidthForOutput { width, bits: output_bits, max });
        }
        if tag & !low_bits(F::TAG_BITS) != 0 {
            return Err(Error::Tag { tag, bits: F::TAG_BITS });
        }
        let sentinels = F::Sentinels::default();
        let hardware_updates = hardware_updates && F::HARDWARE_UPDATES;
        let (root_level, root) = (0, Phys(0));
        let shape = Shape {
            width,
            output,
            root_level,
            root,
            options,
            tag,
            sentinels,
            hardware_updates,
            no_conflict_abort,
        };
        create_at::<F, F::Top, W>(world, shape)
    }

    /// From now on hardware may walk it: makes every store so far visible to walkers.
    pub fn activate<W: World<F>>(self, world: &mut W) -> PageTable<F, Live> {
        let run = Run { va: 0, count: 1, shift: 0, level: self.shape.root_level, shape: &self.shape };
        F::before(world, Transition::PublishTable, &run);
        F::after(world, Transition::PublishTable, &run);
        PageTable::new(self.shape)
    }

    /// Frees every table page, each after those below it, the root last.
    pub fn destroy<W: World<F>>(self, world: &mut W) {
        destroy_at::<F, F::Top, W>(world, &self.shape);
    }
}

impl<F: Format> PageTable<F, Live> {
    /// Edits become plain stores again.
    ///
    /// # Safety
    /// No PE and no device may walk the table from now on, and no TLB or walk cache may hold anything of it.
    #[allow(unsafe_code)]
    pub unsafe fn deactivate(self) -> PageTable<F, Inactive> {
        PageTable::new(self.shape)
    }
}

impl<F: Format, U: Use> PageTable<F, U> {
    fn new(shape: Shape<F>) -> Self {
        let (beyond_input, beyond_output) = (!low_bits(shape.width), !low_bits(shape.output.bits));
        let bias = match F::EXTEND {
            Extend::Zero => 0,
            Extend::One => low_bits(shape.width).wrapping_add(1),
            Extend::Sign => low_bits(shape.width) / 2 + 1,
        };
        let granule = low_bits(F::GRANULE_SHIFT);
        let (no_page, no_output_page) = (beyond_input | granule, beyond_output | granule);
        PageTable { shape, beyond_input, beyond_output, bias, no_page, no_output_page, state: PhantomData }
    }

    /// What was decided when the table was created.
    #[inline(always)]
    pub fn shape(&self) -> &Shape<F> {
        &self.shape
    }

    /// Physical address of the root table.
    #[inline(always)]
    pub fn root(&self) -> Phys {
        self.shape.root
    }

    /// The values of the registers that make hardware walk this table.
    pub fn registers(&self) -> F::Registers {
        F::registers(&self.shape)
    }

    /// Starts an operation.
    #[inline(always)]
    pub(crate) fn edit<'a, W: World<F>>(&'a self, world: &'a mut W) -> Edit<'a, F, W, U> {
        Edit::new(world, &self.shape)
    }

    /// Whether the range is one granule, aligned, that the table translates.
    #[inline(always)]
    pub(crate) fn is_page(&self, range: Range) -> bool {
        range.last() - range.first() == low_bits(F::GRANULE_SHIFT)
            && self.biased(range.first()) & self.no_page == 0
    }

    /// What is 0 above the width exactly if the address is what the format extends.
    #[inline(always)]
    fn biased(&self, address: u64) -> u64 {
        if matches!(F::EXTEND, Extend::Zero) { address } else { address.wrapping_add(self.bias) }
    }

    /// Whether a page may be mapped to that output.
    #[inline(always)]
    pub(crate) fn is_output_page(&self, output: Phys) -> bool {
        output.0 & self.no_output_page == 0
    }

    /// The range that the table translates, where it is one.
    ///
    /// # Errors
    /// [`Error::Misaligned`], [`Error::OutOfRange`].
    #[inline(never)]
    pub(crate) fn check(&self, range: Range) -> Result<(), Error> {
        let granule = low_bits(F::GRANULE_SHIFT);
        if range.first() & granule != 0 {
            return Err(Error::Misaligned { address: range.first(), alignment: granule + 1 });
        }
        if range.last() & granule != granule {
            return Err(Error::Misaligned { address: range.last().wrapping_add(1), alignment: granule + 1 });
        }
        self.check_input(range)
    }

    /// As [`check`](Self::check), without alignment.
    #[inline(always)]
    pub(crate) fn check_input(&self, range: Range) -> Result<(), Error> {
        if self.translates(range) { Ok(()) } else { Err(self.first_outside(range)) }
    }

    /// Whether the table translates the whole range.
    #[inline(always)]
    fn translates(&self, range: Range) -> bool {
        match F::EXTEND {
            // The range is ordered: one end decides.
            Extend::Zero => self.canonical(range.last()),
            Extend::One => self.canonical(range.first()),
            // Both ends canonical, and no hole between them.
            Extend::Sign => {
                self.canonical(range.first())
                    && self.canonical(range.last())
                    && (self.beyond_input == 0 || (range.first() ^ range.last()) >> 63 == 0)
            }
        }
    }

    #[cold]
    fn first_outside(&self, range: Range) -> Error {
        let after_low_half = low_bits(self.shape.width) / 2 + 1;
        let after_all = low_bits(self.shape.width).wrapping_add(1);
        let address = [range.first(), after_low_half, after_all, range.last()]
            .into_iter()
            .find(|&a| range.first() <= a && a <= range.last() && !self.canonical(a));
        Error::OutOfRange { address: address.unwrap_or(range.last()), width: self.shape.width }
    }

    /// Whether the bits above the width are what the format extends with.
    #[inline(always)]
    pub(crate) fn canonical(&self, address: u64) -> bool {
        self.biased(address) & self.beyond_input == 0
    }

    /// The output range, where it is one.
    ///
    /// # Errors
    /// [`Error::Misaligned`], [`Error::OutputOutOfRange`].
    #[inline(always)]
    pub(crate) fn check_output(&self, range: Range, output: Phys) -> Result<(), Error> {
        let granule = low_bits(F::GRANULE_SHIFT);
        if output.0 & granule != 0 {
            return Err(Error::Misaligned { address: output.0, alignment: granule + 1 });
        }
        match output.0.checked_add(range.last() - range.first()) {
            Some(last) if last & self.beyond_output == 0 => Ok(()),
            last => {
                let address = last.unwrap_or(u64::MAX);
                Err(Error::OutputOutOfRange { address, bits: self.shape.output.bits })
            }
        }
    }
}

fn create_at<F: Format, L: Level<F>, W: World<F>>(
    world: &mut W,
    mut shape: Shape<F>,
) -> Result<PageTable<F, Inactive>, Error> {
    if !starts_at::<F, L>(shape.width) {
        return create_at::<F, L::Next, W>(world, shape);
    }
    shape.root_level = L::NUMBER;
    make_sentinels::<F, L, W>(world, &mut shape)?;
    let layout = root_layout::<F, L>(shape.width);
    let (root, table) = match allocate::<F, W>(world, Tier::of::<F, L>(), layout, 0) {
        Ok(root) => root,
        Err(error) => {
            free_sentinels::<F, L, W>(world, &shape);
            return Err(error);
        }
    };
    shape.root = root.0;
    let mut edit: Edit<'_, F, W, Inactive> = Edit::new(world, &shape);
    if !root.1 {
        let slots = (layout.bytes / F::Word::BYTES) as usize;
        edit.clear_fresh(table, 0..slots, L::empty(&shape));
    }
    Ok(PageTable::new(shape))
}

/// A page for a table of a level, checked: (address, is zeroed) and its handle.
#[inline(always)]
pub(crate) fn allocate<F: Format, W: World<F>>(
    world: &mut W,
    tier: &Tier,
    layout: TableLayout,
    va: u64,
) -> Result<((Phys, bool), W::Table), Error> {
    // An allocator's zeroes are empty slots only where the empty word is 0.
    allocate_page::<F, W>(world, layout, (va, tier.number), tier.empty_is_zero::<F>())
}

/// The same, once for all callers. `zeroes`: an empty slot is 0.
#[inline(never)]
fn allocate_page<F: Format, W: World<F>>(
    world: &mut W,
    layout: TableLayout,
    (va, level): (u64, i32),
    zeroes: bool,
) -> Result<((Phys, bool), W::Table), Error> {
    let Some(fresh) = world.allocate(layout) else {
        return Err(Error::OutOfMemory { va, level });
    };
    if fresh.address.0 & (layout.alignment - 1) != 0 || fresh.address.0 & !low_bits(F::TABLE_BITS) != 0 {
        world.free(fresh.address, layout);
        return Err(Error::BadTablePage { address: fresh.address.0 });
    }
    Ok(((fresh.address, fresh.zeroed && zeroes), table_at::<F, W>(world, fresh.address)))
}

/// Makes the tables that empty slots of level `L` and below point to, the lowest first; all of them, or none.
fn make_sentinels<F: Format, L: Level<F>, W: World<F>>(
    world: &mut W,
    shape: &mut Shape<F>,
) -> Result<(), Error> {
    if !L::HAS_TABLE {
        return Ok(());
    }
    make_sentinels::<F, L::Next, W>(world, shape)?;
    let Some(place) = L::SENTINEL else { return Ok(()) };
    let below = Tier::of::<F, L::Next>();
    let ((address, zeroed), table) = match allocate::<F, W>(world, below, below.layout, 0) {
        Ok(fresh) => fresh,
        Err(error) => {
            free_sentinels::<F, L::Next, W>(world, shape);
            return Err(error);
        }
    };
    if !zeroed {
        let mut edit: Edit<'_, F, W, Inactive> = Edit::new(world, shape);
        edit.clear_fresh(table, 0..below.slots(), L::Next::empty(shape));
    }
    if let Some(sentinel) = shape.sentinels.as_mut().get_mut(place) {
        *sentinel = address;
    }
    Ok(())
}

/// Frees the tables that empty slots of level `L` and below point to.
fn free_sentinels<F: Format, L: Level<F>, W: World<F>>(world: &mut W, shape: &Shape<F>) {
    if !L::HAS_TABLE {
        return;
    }
    if let Some(&sentinel) = L::SENTINEL.and_then(|place| shape.sentinels.as_ref().get(place)) {
        world.free(sentinel, layout::<F, L::Next>(u32::MAX));
    }
    free_sentinels::<F, L::Next, W>(world, shape);
}

fn destroy_at<F: Format, L: Level<F>, W: World<F>>(world: &mut W, shape: &Shape<F>) {
    if !starts_at::<F, L>(shape.width) {
        return destroy_at::<F, L::Next, W>(world, shape);
    }
    let layout = root_layout::<F, L>(shape.width);
    let root = table_at::<F, W>(world, shape.root);
    destroy_below::<F, L, W>((world, shape), root, layout);
    world.free(shape.root, layout);
    free_sentinels::<F, L, W>(world, shape);
}

fn destroy_below<F: Format, L: Level<F>, W: World<F>>(
    (world, shape): (&mut W, &Shape<F>),
    table: W::Table,
    own: TableLayout,
) {
    if !L::HAS_TABLE {
        return;
    }
    for slot in 0..(own.bytes / F::Word::BYTES) as usize {
        if let Some(child) = next_table::<F, L>(shape, load::<F, W>(world, table, slot)) {
            let layout = layout::<F, L::Next>(u32::MAX);
            let table = table_at::<F, W>(world, child);
            destroy_below::<F, L::Next, W>((world, shape), table, layout);
            world.free(child, layout);
        }
    }
}
