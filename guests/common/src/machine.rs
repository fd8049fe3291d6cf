//! What a guest provides for each of its formats.

use core::fmt;

use ptdsl::{Config, Fault, Format, Live, PageTable, Phys, Range, Shape, Word, World};

use crate::access::{Access, Outcome};
use crate::random::Random;
use crate::walk::Step;

/// A leaf as it acts.
#[derive(Clone, Copy, Debug)]
pub struct Leaf<F: Format> {
    /// Its level.
    pub level: i32,
    /// The descriptor, with the restrictions of the tables above it applied.
    pub word: F::Word,
    /// Output of the very byte.
    pub output: u64,
}

/// What the guest itself needs in every table: where, and how.
#[derive(Clone, Copy, Debug)]
pub struct Own<F: Format> {
    /// Input addresses, whole granules.
    pub range: Range,
    /// Output of the first.
    pub output: Phys,
    /// Attributes.
    pub attributes: F::Attributes,
}

/// Memory that may be touched. Each of its tagged 4 KiB pages holds its own physical address in the first 8 bytes, and 16 bytes
/// further on code that returns that address divided by 4096.
#[derive(Clone, Copy, Debug)]
pub struct Ram {
    /// Its first byte, a multiple of 1 GiB where there is that much, of 2 MiB at least.
    pub first: u64,
    /// Bytes from there of which every page is tagged.
    pub dense: u64,
    /// Bytes in all; beyond `dense` the first page of each [`STRIDE`](Ram::STRIDE) is tagged.
    pub bytes: u64,
}

impl Ram {
    /// The distance of tagged pages beyond the dense part.
    pub const STRIDE: u64 = 2 << 20;

    /// Whether a page is tagged.
    #[must_use]
    pub fn tagged(&self, output: u64) -> bool {
        let offset = output.wrapping_sub(self.first);
        let page = offset & !0xfff;
        offset < self.dense || offset < self.bytes && page.is_multiple_of(Self::STRIDE)
    }

    /// The tagged pages.
    pub fn pages(&self) -> impl Iterator<Item = u64> + use<> {
        let Ram { first, dense, bytes } = *self;
        let sparse = (0..bytes).step_by(Self::STRIDE as usize).filter(move |&offset| offset >= dense);
        (0..dense).step_by(4096).chain(sparse).map(move |offset| first + offset)
    }
}

/// A translation regime with tables of a format: what [`compare`](crate::compare) needs to know of it and do with it.
pub trait Machine<F: Format> {
    /// Where the tables live.
    type World: World<F>;

    /// The accesses to try at each address. Those that ask come first: a difference is then seen before memory is touched.
    fn accesses(&self) -> &'static [Access];

    /// Whether an access that is performed can tell anything, at an address that a leaf of `1 << shift` bytes maps.
    fn tells(&self, va: u64, shift: u32, access: Access) -> bool {
        let _ = (va, shift, access);
        true
    }

    /// The memory that may be touched.
    fn ram(&self) -> Ram;

    /// Whether outputs outside of [`ram`](Machine::ram) are worth mapping: there are accesses that ask.
    fn asks(&self) -> bool {
        self.accesses().iter().any(|access| !access.touch)
    }

    /// A random shape of a table that the machine supports and that has room for what [`own`](Machine::own) says.
    fn config(&self, random: &mut Random) -> Config<F>;

    /// Random attributes.
    fn attributes(&self, random: &mut Random) -> F::Attributes;

    /// Random attributes that allow a privileged load.
    fn readable(&self, random: &mut Random) -> F::Attributes;

    /// The same, executable: the fault `drop-xn`. Attributes that are executable already come back as they are.
    fn without_xn(&self, attributes: F::Attributes) -> F::Attributes;

    /// Input addresses where nothing random happens, which [`own`](Machine::own) lies in.
    fn keep_out(&self, config: &Config<F>) -> Option<Range>;

    /// What the guest itself needs of the table; `None`s are skipped.
    fn own(&self, config: &Config<F>) -> [Option<Own<F>>; 6];

    /// A random restriction put into a table's descriptor, before the table is live. The descriptor as it is where the
    /// format has none.
    fn restrict(&self, level: i32, descriptor: F::Word, random: &mut Random) -> F::Word {
        let _ = (level, random);
        descriptor
    }

    /// Reads a descriptor where it lies in memory.
    fn read(&self, descriptor: Phys) -> F::Word;

    /// Writes one, in a table that is not live.
    fn write(&mut self, descriptor: Phys, word: F::Word);

    /// From now on accesses are translated by this table.
    fn enter(&mut self, table: &PageTable<F, Live>);

    /// From now on they are not, and no TLB holds anything of it; then the table is destroyed.
    fn leave(&mut self, table: PageTable<F, Live>, world: &mut Self::World);

    /// 4 KiB pages that hold tables.
    fn pages(&self, world: &Self::World) -> u32;

    /// What the access must give, by the manual: at this leaf, or where a walk ended without one.
    fn expected(&self, shape: &Shape<F>, found: Result<Leaf<F>, Fault>, access: Access) -> Outcome;

    /// What the access must give where the table does not translate the address.
    fn outside(&self, shape: &Shape<F>, va: u64, access: Access) -> Outcome {
        let _ = va;
        self.expected(shape, Err(Fault::Input), access)
    }

    /// The leaf after an access that reached it: with its accessed and dirty bits, where hardware sets them.
    fn marked(&self, leaf: F::Word, access: Access) -> F::Word {
        let _ = access;
        leaf
    }

    /// Bits of a leaf, or of a reserved entry, that hardware may set for an access which it refuses.
    fn may_mark(&self) -> F::Word {
        F::Word::ZERO
    }

    /// A valid entry with some bits turned over, most of them such that hardware and `translate` must refuse it: reserved bits,
    /// bits that must be 0. It may lead to no memory but RAM. `None` where the machine has nothing to say of such entries.
    fn flipped(&self, step: &Step<F>, random: &mut Random) -> Option<F::Word> {
        let _ = (step, random);
        None
    }

    /// Writes an entry of the table that is walked, and drops all that is cached of the table.
    fn overwrite(&mut self, descriptor: Phys, word: F::Word) {
        self.write(descriptor, word);
    }

    /// Has the address translated. Of accesses that are performed, a load goes to the first 8 bytes of the page, a store to
    /// the 8 bytes that follow, whose content is anyone's, and a fetch to the code behind them.
    fn probe(&mut self, va: u64, access: Access) -> Outcome;

    /// What the machine tells of its own walk, for a report: the registers that the last probe left, PAR_EL1, ESR, CR2 or
    /// whatever says why, each with its meaning. Whole lines, four columns in.
    fn evidence(&self, f: &mut dyn fmt::Write) -> fmt::Result;
}
