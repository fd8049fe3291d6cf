//! What generated code provides: a format, and one type per level.

use core::fmt::Debug;

use crate::address::Phys;
use crate::word::Word;
use crate::world::{TableLayout, World};

/// What the input bits above a table's width must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extend {
    /// All 0.
    Zero,
    /// All 1.
    One,
    /// Copies of the highest translated bit.
    Sign,
}

/// A number of output bits that a table may be created with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputChoice {
    /// Bits.
    pub bits: u32,
    /// Its code in the format's registers.
    pub code: u64,
}

/// What is decided when a table is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape<F: Format> {
    /// Input bits.
    pub width: u32,
    /// Output limit.
    pub output: OutputChoice,
    /// Number of the root's level.
    pub root_level: i32,
    /// Physical address of the root.
    pub root: Phys,
    /// Options of the table.
    pub options: F::Options,
    /// What tells this table's translations from others': ASID, VMID, PCID; 0 where the format has none.
    pub tag: u64,
    /// Tables of empty slots; see [`Level::SENTINEL`].
    pub sentinels: F::Sentinels,
    /// Whether hardware may set flags in live leaves.
    pub hardware_updates: bool,
    /// Whether size and contiguous bit of a live leaf change in place.
    pub no_conflict_abort: bool,
}

/// What happens to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// Invalid to leaf.
    PublishLeaf,
    /// Invalid to table.
    PublishTable,
    /// Leaf to invalid.
    InvalidateLeaf,
    /// Table to invalid.
    InvalidateTable,
    /// Anything to invalid, all of the table at once.
    InvalidateAll,
    /// Leaf to a table whose leaves map the same, by one store.
    SplitLeaf,
    /// Table to the leaf that maps the same, by one store.
    CollapseTable,
}

/// A third of what follows the store of an invalidation, so that one barrier pair may serve many entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What comes before the first step that names an address; all of it where none does.
    Open,
    /// From the first step that names an address to the last: once for each run.
    Entries,
    /// What comes behind.
    Close,
}

/// What replacing a live leaf by another requires, from nothing to everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// The words are equal.
    Nothing,
    /// One store.
    Store,
    /// One store, then what publishing a leaf requires.
    Publish,
    /// One store, then what invalidating a leaf requires.
    Invalidate,
    /// Break-before-make.
    Break,
}

/// Neighbouring entries of one table that change together.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a, F: Format> {
    /// Input address of the first.
    pub va: u64,
    /// How many, at least 1.
    pub count: usize,
    /// log2 of the bytes that one maps.
    pub shift: u32,
    /// Number of their level.
    pub level: i32,
    /// The table.
    pub shape: &'a Shape<F>,
}

impl<F: Format> Run<'_, F> {
    /// Input address of each entry.
    #[inline(always)]
    pub fn addresses(&self) -> impl Iterator<Item = u64> + use<F> {
        let (va, shift) = (self.va, self.shift);
        (0..self.count as u64).map(move |k| va.wrapping_add(k << shift))
    }
}

/// Bits that the tables on the way to a leaf have in common: what hierarchical attributes are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Along<W> {
    /// OR of all table descriptors.
    pub any: W,
    /// AND of all table descriptors.
    pub all: W,
}

impl<W: Word> Along<W> {
    /// No table passed yet.
    pub const NONE: Along<W> = Along { any: W::ZERO, all: W::ONES };

    /// One more table descriptor, of whose bits only those in `mask` count.
    #[inline(always)]
    #[must_use]
    pub fn then(self, table: W, mask: W) -> Self {
        Along { any: self.any | table & mask, all: self.all & (table | !mask) }
    }
}

/// A page-table format. Implemented by generated code.
pub trait Format: Copy + Debug + Eq + 'static {
    /// The descriptor's word.
    type Word: Word;
    /// What a caller asks of a mapping. Only combinations that the spec lists can be built.
    type Attributes: Copy + Debug + Eq;
    /// Changes of a leaf's attributes; the default changes nothing, one from attributes sets all of them.
    type Patch: Copy + Debug + Default + Eq + From<Self::Attributes>;
    /// Booleans of a table.
    type Options: Copy + Debug + Default + Eq;
    /// Barriers and invalidations.
    type Step: Copy + Debug + Eq;
    /// Values of the registers that make hardware walk a table.
    type Registers: Copy + Debug + Eq;
    /// The level where the widest input starts.
    type Top: Level<Self>;
    /// One table for each level with [`Level::SENTINEL`]; `[Phys; 0]` in most formats.
    type Sentinels: Copy + Debug + Default + Eq + AsRef<[Phys]> + AsMut<[Phys]>;

    /// The spec's name.
    const NAME: &'static str;
    /// log2 of the granule in bytes.
    const GRANULE_SHIFT: u32;
    /// Fewest input bits of a table.
    const MIN_WIDTH: u32;
    /// Most input bits of a table.
    const MAX_WIDTH: u32;
    /// What the input bits above must be.
    const EXTEND: Extend;
    /// Address bits of tables: what every table descriptor can carry.
    const TABLE_BITS: u32;
    /// Bits of [`Shape::tag`].
    const TAG_BITS: u32 = 0;
    /// Output limits, the largest last.
    const OUTPUT: &'static [OutputChoice];
    /// Most input bits with each of these limits; empty where [`MAX_WIDTH`](Format::MAX_WIDTH) goes with all.
    const MOST_INPUT: &'static [u32] = &[];
    /// What the root's address is a multiple of, in bytes, because the registers hold no lower bits of it.
    const ROOT_ALIGNMENT: u64 = 1;
    /// Whether publishing a leaf needs no operand, so that one sequence serves all leaves of an operation.
    const PUBLISH_LEAF_ONCE: bool;
    /// Whether publishing a table ends with all that publishing a leaf needs.
    const PUBLISH_TABLE_COVERS_LEAF: bool;

    /// Whether hardware may set fields of leaves.
    const HARDWARE_UPDATES: bool;
    /// Whether the format has a sequence that invalidates all of a table.
    const INVALIDATES_ALL: bool;
    /// Whether invalidating leaves and invalidating tables open and close with the same steps.
    const INVALIDATES_ALIKE: bool;
    /// Whether what follows the store of an invalidated table invalidates all of the table.
    const TABLE_INVALIDATES_ALL: bool;
    /// Whether a live leaf becomes a table by one store; if not, it is broken first.
    const SPLITS_IN_PLACE: bool;
    /// Whether a live table becomes a leaf by one store; if not, it is broken first.
    const COLLAPSES_IN_PLACE: bool;

    /// The steps before the store of a transition.
    fn before<W: World<Self>>(world: &mut W, transition: Transition, run: &Run<'_, Self>);
    /// The steps after the store. Steps that name the entry's address happen for each, others once
    /// for the run.
    fn after<W: World<Self>>(world: &mut W, transition: Transition, run: &Run<'_, Self>);
    /// A part of what [`after`](Format::after) does for [`Transition::InvalidateLeaf`] and
    /// [`Transition::InvalidateTable`]; nothing for others.
    fn part<W: World<Self>>(world: &mut W, transition: Transition, part: Part, run: &Run<'_, Self>);
    /// The leaf as it acts below these tables: hierarchical attributes applied.
    fn effective(level: i32, leaf: Self::Word, path: Along<Self::Word>) -> Self::Word;
    /// The attributes of a leaf; `None` where its fields are no listed combination, or it is no leaf of that level.
    fn attributes(level: i32, leaf: Self::Word) -> Option<Self::Attributes>;
    /// Register values for a table.
    fn registers(shape: &Shape<Self>) -> Self::Registers;
    /// The spec's name of a step's instruction: for worlds that interpret steps instead of executing them.
    fn step_name(step: Self::Step) -> &'static str;
    /// An operand of a step, counted from 0, as the instruction takes it; `None` where it has no more.
    fn step_operand(step: Self::Step, index: usize) -> Option<u64>;
}

/// A level of a format. Implemented by generated code, one type per level. What an implementation leaves out says that there
/// is no such entry: a level without leaves has no functions of leaves.
pub trait Level<F: Format>: 'static {
    /// The level below; [`End`] below the last.
    type Next: Level<F>;
    /// The kinds that exist here, typed: for decoding and visitors.
    type Entry: Copy + Debug;

    /// The manual's number.
    const NUMBER: i32;
    /// log2 of the bytes that one entry maps.
    const SHIFT: u32;
    /// Index bits of a whole table.
    const BITS: u32;
    /// Whether leaves exist here.
    const HAS_LEAF: bool;
    /// Whether tables exist here.
    const HAS_TABLE: bool;
    /// The word of an empty slot; meaningless with [`SENTINEL`](Level::SENTINEL).
    const EMPTY: F::Word;
    /// The place in [`Shape::sentinels`] of the table of empty slots that an empty slot of this level points to, where the
    /// format has no word that says "nothing here".
    const SENTINEL: Option<usize> = None;
    /// Output bits that a leaf can carry, where not every kind of leaf reaches all outputs of the format.
    const REACH: u64 = u64::MAX;
    /// What a leaf's word grows by from one slot to the next, where the output follows the input.
    const STEP: F::Word;
    /// Output bits in which adding [`STEP`](Level::STEP) carries rightly: those that the leaf holds in one piece, and below.
    const LINEAR: u64;
    /// Table bits that hierarchical attributes read.
    const ALONG: F::Word;

    /// The word of an empty slot of a table.
    #[inline(always)]
    fn empty(shape: &Shape<F>) -> F::Word {
        let _ = shape;
        Self::EMPTY
    }
    /// The typed descriptor.
    fn entry(raw: F::Word) -> Self::Entry;
    /// The next table, if it is a table; an empty slot's too, where that is one.
    #[inline(always)]
    fn next_table(raw: F::Word) -> Option<Phys> {
        let _ = raw;
        None
    }
    /// The next table and the number of its level, if it is a table of a level further down than the next. Only
    /// [`translate`](crate::PageTable::translate) follows such an entry; what changes a table takes it for a reserved one.
    #[inline(always)]
    fn skipped(raw: F::Word) -> Option<(Phys, i32)> {
        let _ = raw;
        None
    }
    /// Whether it maps memory.
    #[inline(always)]
    fn is_leaf(raw: F::Word) -> bool {
        let _ = raw;
        false
    }
    /// The leaf's output address.
    #[inline(always)]
    fn output(raw: F::Word) -> Phys {
        let _ = raw;
        Phys(0)
    }
    /// A leaf's word. `output` is a multiple of the entry's size and within the output's bits.
    #[inline(always)]
    fn leaf(output: Phys, attributes: F::Attributes) -> F::Word {
        let _ = (output, attributes);
        F::Word::ZERO
    }
    /// A table's word. `child` is aligned to the size of a whole table of the level below.
    #[inline(always)]
    fn link(child: Phys) -> F::Word {
        let _ = child;
        F::Word::ZERO
    }
    /// What replacing a live leaf by another leaf requires.
    #[inline(always)]
    fn change(old: F::Word, new: F::Word) -> Change {
        let _ = (old, new);
        Change::Break
    }

    /// The leaf with a patch applied; `None` where the result would be no combination that the spec lists, or one that it
    /// forbids.
    #[inline(always)]
    fn patch(raw: F::Word, patch: &F::Patch) -> Option<F::Word> {
        let _ = (raw, patch);
        None
    }

    /// The leaf in slot `k` of a table that takes the place of the leaf `raw`: every attribute and every bit that software
    /// may use is the same. `None` where the level below has no leaf that can say the same.
    #[inline(always)]
    fn demote(raw: F::Word, k: u64) -> Option<F::Word> {
        let _ = (raw, k);
        None
    }

    /// The leaf of this level that [`demote`](Level::demote) takes apart into a table that begins with `first`; its output
    /// is a multiple of what the leaf maps. `None` where there is none.
    #[inline(always)]
    fn promote(first: F::Word) -> Option<F::Word> {
        let _ = first;
        None
    }

    /// The leaf between two that no PE may use at once: it may do no more than either of them. `None` where one may follow
    /// the other.
    #[inline(always)]
    fn through(old: F::Word, new: F::Word) -> Option<F::Word> {
        let _ = (old, new);
        None
    }

    /// Whether leaves have a flag that hardware sets when it uses them.
    const ACCESSED: bool = false;
    /// Whether leaves have a flag that hardware sets when it writes through them.
    const DIRTY: bool = false;

    /// Whether the leaf was used.
    #[inline(always)]
    fn accessed(raw: F::Word) -> bool {
        let _ = raw;
        false
    }

    /// The leaf, used or not.
    #[inline(always)]
    fn with_accessed(raw: F::Word, value: bool) -> F::Word {
        let _ = value;
        raw
    }

    /// Whether hardware wrote through the leaf since the flag was cleared.
    #[inline(always)]
    fn dirty(raw: F::Word) -> bool {
        let _ = raw;
        false
    }

    /// The leaf, written or not; as it is where hardware does not track that leaf.
    #[inline(always)]
    fn with_dirty(raw: F::Word, value: bool) -> F::Word {
        let _ = value;
        raw
    }

    /// Bits that an invalid entry has for software.
    const ANNOTATION_BITS: u32 = 0;

    /// The invalid entry that holds a value of at most [`ANNOTATION_BITS`](Level::ANNOTATION_BITS); 0 gives
    /// [`EMPTY`](Level::EMPTY).
    #[inline(always)]
    fn annotated(value: u64) -> F::Word {
        let _ = value;
        Self::EMPTY
    }

    /// The value of an invalid entry; `None` for a table, a leaf, or a word of no kind.
    #[inline(always)]
    fn annotation(raw: F::Word) -> Option<u64> {
        (raw == Self::EMPTY).then_some(0)
    }

    /// The leaf in slot `k` of a leaf that takes several, as a leaf by itself; `None` where there is none.
    #[inline(always)]
    fn single(raw: F::Word, k: u64) -> Option<F::Word> {
        let _ = k;
        Some(raw)
    }

    /// log2 of the slots of each leaf that takes several, ascending: contiguous groups, NAPOT, repeated entries.
    const SPANS: &'static [u32] = &[];

    /// log2 of the slots that a leaf takes; its first slot is a multiple of them. 0 where it is a leaf by itself.
    #[inline(always)]
    fn span(raw: F::Word) -> u32 {
        let _ = raw;
        0
    }

    /// What a leaf's word grows by from one of its slots to the next: [`STEP`](Level::STEP) in a contiguous group, whose
    /// members have consecutive outputs, 0 where the same word is repeated.
    #[inline(always)]
    fn stride(span: u32) -> F::Word {
        let _ = span;
        Self::STEP
    }

    /// Output bits that a leaf of `1 << span` slots can carry.
    #[inline(always)]
    fn reach(span: u32) -> u64 {
        let _ = span;
        Self::REACH
    }

    /// The first word of a leaf that takes `1 << span` slots. `span` is 0 or one of [`SPANS`](Level::SPANS); `output` is
    /// a multiple of what the whole leaf maps and within the output's bits.
    #[inline(always)]
    fn spanning(output: Phys, attributes: F::Attributes, span: u32) -> F::Word {
        let _ = span;
        Self::leaf(output, attributes)
    }
}

/// log2 of the slots that a leaf takes: nothing to ask where a level has no leaf that takes several.
#[inline(always)]
pub(crate) fn span<F: Format, L: Level<F>>(leaf: F::Word) -> u32 {
    if L::SPANS.is_empty() { 0 } else { L::span(leaf) }
}

/// The table that an entry leads to; `None` for an empty slot even where the format has it point to a sentinel.
#[inline(always)]
pub(crate) fn next_table<F: Format, L: Level<F>>(shape: &Shape<F>, raw: F::Word) -> Option<Phys> {
    if L::SENTINEL.is_some() && raw == L::empty(shape) { None } else { L::next_table(raw) }
}

/// Low bits of an address inside one entry of a level.
#[inline(always)]
pub(crate) const fn mask<F: Format, L: Level<F>>() -> u64 {
    low_bits(L::SHIFT)
}

/// `bits` ones; 64 is allowed.
#[inline(always)]
pub(crate) const fn low_bits(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

/// The slot of an address in a table of a level.
#[inline(always)]
pub(crate) fn slot<F: Format, L: Level<F>>(va: u64) -> usize {
    ((va >> L::SHIFT) & low_bits(L::BITS)) as usize
}

/// The slot of a checked address in the root: its index may have fewer bits than the level, or more.
#[inline(always)]
pub(crate) fn root_slot<F: Format, L: Level<F>>(va: u64, width: u32) -> usize {
    (translated::<F>(va, width) >> L::SHIFT) as usize
}

/// The bits of a checked address that a table of that width translates.
#[inline(always)]
pub(crate) fn translated<F: Format>(va: u64, width: u32) -> u64 {
    if matches!(F::EXTEND, Extend::Zero) { va } else { va & low_bits(width) }
}

/// Alignment of tables that are smaller, in bytes.
const LEAST_ALIGNMENT: u64 = 64;

/// Size and alignment of a table that translates `width` bits from level `L` down; the whole table for a large `width`.
#[inline(always)]
pub(crate) const fn layout<F: Format, L: Level<F>>(width: u32) -> TableLayout {
    let bits = if width > L::SHIFT + L::BITS { L::BITS } else { width.saturating_sub(L::SHIFT) };
    let bytes = <F::Word as Word>::BYTES << bits;
    // Some base registers have other fields in the address bits of a tiny root: none in those above a cache line.
    let alignment = if bytes < LEAST_ALIGNMENT { LEAST_ALIGNMENT } else { bytes };
    TableLayout { bytes, alignment }
}

/// [`layout`] of a root.
#[inline(always)]
pub(crate) const fn root_layout<F: Format, L: Level<F>>(width: u32) -> TableLayout {
    let TableLayout { bytes, alignment } = layout::<F, L>(width);
    TableLayout {
        bytes,
        alignment: if alignment < F::ROOT_ALIGNMENT { F::ROOT_ALIGNMENT } else { alignment },
    }
}

/// Below the last level: nothing.
#[derive(Clone, Copy, Debug)]
pub enum End {}

impl<F: Format> Level<F> for End {
    type Next = End;
    type Entry = ();

    const NUMBER: i32 = i32::MAX;
    const SHIFT: u32 = 0;
    const BITS: u32 = 0;
    const HAS_LEAF: bool = false;
    const HAS_TABLE: bool = false;
    const EMPTY: F::Word = F::Word::ZERO;
    const STEP: F::Word = F::Word::ZERO;
    const LINEAR: u64 = u64::MAX;
    const ALONG: F::Word = F::Word::ZERO;

    fn entry(_: F::Word) -> Self::Entry {}
    #[inline(always)]
    fn next_table(_: F::Word) -> Option<Phys> {
        None
    }
    #[inline(always)]
    fn is_leaf(_: F::Word) -> bool {
        false
    }
    #[inline(always)]
    fn output(_: F::Word) -> Phys {
        Phys(0)
    }
    #[inline(always)]
    fn leaf(_: Phys, _: F::Attributes) -> F::Word {
        F::Word::ZERO
    }
    #[inline(always)]
    fn link(_: Phys) -> F::Word {
        F::Word::ZERO
    }
    #[inline(always)]
    fn patch(_: F::Word, _: &F::Patch) -> Option<F::Word> {
        None
    }
    #[inline(always)]
    fn change(_: F::Word, _: F::Word) -> Change {
        Change::Break
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_bits_covers_nothing_and_everything() {
        assert_eq!([0, 1, 12, 63, 64].map(low_bits), [0, 1, 0xfff, u64::MAX >> 1, u64::MAX]);
    }

    #[test]
    fn tables_on_the_way_add_up_and_bits_outside_the_mask_do_not_count() {
        let path = Along::NONE.then(0b0101_u64, u64::MAX).then(0b0110, u64::MAX);
        assert_eq!((path.any, path.all), (0b0111, 0b0100));
        let masked = Along::NONE.then(0b0101_u64, 0b0001).then(0b0000, 0b0100);
        assert_eq!((masked.any, masked.all & 0b0101), (0b0001, 0b0001));
    }
}
