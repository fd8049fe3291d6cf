//! A level as a value: what walks ranges is compiled once for a format, not once for each of its levels.

use core::marker::PhantomData;

use crate::address::Phys;
use crate::format::{Change, Format, Level, Shape, layout, low_bits, next_table, span};
use crate::leaf::with_flags_of;
use crate::transition::single;
use crate::word::Word;
use crate::world::TableLayout;

/// Most levels of a format. One that has more does not compile.
const MOST: usize = 8;

/// What an operation knows of a level whose type it does not know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tier {
    /// How far below [`Format::Top`].
    depth: usize,
    /// [`Level::NUMBER`].
    pub(crate) number: i32,
    /// [`Level::SHIFT`].
    pub(crate) shift: u32,
    /// [`Level::BITS`].
    pub(crate) bits: u32,
    /// [`Level::HAS_LEAF`].
    pub(crate) has_leaf: bool,
    /// [`Level::HAS_TABLE`].
    pub(crate) has_table: bool,
    /// [`Level::REACH`].
    pub(crate) reach: u64,
    /// [`Level::LINEAR`].
    pub(crate) linear: u64,
    /// Low bits of an address inside one entry.
    pub(crate) low: u64,
    /// A whole table.
    pub(crate) layout: TableLayout,
}

/// The levels of a format from the top down; what follows the last is of no use.
struct Tiers<F>(PhantomData<F>);

impl<F: Format> Tiers<F> {
    const ALL: &'static [Tier; MOST] = &all::<F, F::Top>([tier::<F, F::Top>(0); MOST], 0);
}

const fn all<F: Format, L: Level<F>>(mut tiers: [Tier; MOST], depth: usize) -> [Tier; MOST] {
    tiers[depth] = tier::<F, L>(depth);
    if L::HAS_TABLE { all::<F, L::Next>(tiers, depth + 1) } else { tiers }
}

const fn tier<F: Format, L: Level<F>>(depth: usize) -> Tier {
    Tier {
        depth,
        number: L::NUMBER,
        shift: L::SHIFT,
        bits: L::BITS,
        has_leaf: L::HAS_LEAF,
        has_table: L::HAS_TABLE,
        reach: L::REACH,
        linear: L::LINEAR,
        low: low_bits(L::SHIFT),
        layout: layout::<F, L>(u32::MAX),
    }
}

/// How far level `L` lies below `T`.
const fn depth<F: Format, T: Level<F>, L: Level<F>>() -> usize {
    if T::NUMBER == L::NUMBER || !T::HAS_TABLE { 0 } else { 1 + depth::<F, T::Next, L>() }
}

/// Functions of a level, each asked of the level at that depth.
macro_rules! ask {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) -> $out:ty { $level:ident: $answer:expr })+) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub(crate) fn $name<F: Format>(&self, $($arg: $type),*) -> $out {
            #[inline(always)]
            fn at<F: Format, $level: Level<F>>(depth: usize, $($arg: $type),*) -> $out {
                if depth == 0 || !$level::HAS_TABLE {
                    $answer
                } else {
                    at::<F, $level::Next>(depth - 1, $($arg),*)
                }
            }
            at::<F, F::Top>(self.depth, $($arg),*)
        }
    )+};
}

impl Tier {
    /// Level `L`.
    #[inline(always)]
    pub(crate) fn of<F: Format, L: Level<F>>() -> &'static Tier {
        const { &tier::<F, L>(depth::<F, F::Top, L>()) }
    }

    /// The level where a table of that width starts.
    #[inline(always)]
    pub(crate) fn root<F: Format>(width: u32) -> &'static Tier {
        let mut tier = &Tiers::<F>::ALL[0];
        while tier.has_table && width <= tier.shift {
            tier = tier.below::<F>();
        }
        tier
    }

    /// The next level down; only where there are tables.
    #[inline(always)]
    pub(crate) fn below<F: Format>(&self) -> &'static Tier {
        &Tiers::<F>::ALL[(self.depth + 1) % MOST]
    }

    /// How far below [`Format::Top`].
    #[inline(always)]
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Slots of a whole table.
    #[inline(always)]
    pub(crate) fn slots(&self) -> usize {
        1 << self.bits
    }

    /// The slot of an address in a table below the root.
    #[inline(always)]
    pub(crate) fn slot(&self, va: u64) -> usize {
        (va >> self.shift) as usize & (self.slots() - 1)
    }

    /// As [`root_slot`](crate::format::root_slot).
    #[inline(always)]
    pub(crate) fn root_slot<F: Format>(&self, va: u64, width: u32) -> usize {
        (crate::format::translated::<F>(va, width) >> self.shift) as usize
    }

    ask! {
        /// [`Level::empty`].
        empty(shape: &Shape<F>) -> F::Word { L: L::empty(shape) }
        /// Whether an empty slot is 0.
        empty_is_zero() -> bool { L: L::SENTINEL.is_none() && L::EMPTY == F::Word::ZERO }
        /// As [`next_table`].
        next_table(shape: &Shape<F>, raw: F::Word) -> Option<Phys> { L: next_table::<F, L>(shape, raw) }
        /// [`Level::link`].
        link(child: Phys) -> F::Word { L: L::link(child) }
        /// [`Level::leaf`].
        leaf(output: Phys, attributes: F::Attributes) -> F::Word { L: L::leaf(output, attributes) }
        /// [`Level::STEP`].
        step() -> F::Word { L: L::STEP }
        /// [`Level::is_leaf`].
        is_leaf(raw: F::Word) -> bool { L: L::is_leaf(raw) }
        /// As [`single`].
        single(raw: F::Word) -> bool { L: single::<F, L>(raw) }
        /// As [`span`].
        span(leaf: F::Word) -> u32 { L: span::<F, L>(leaf) }
        /// [`Level::SPANS`].
        spans() -> &'static [u32] { L: L::SPANS }
        /// [`Level::stride`].
        stride(span: u32) -> F::Word { L: L::stride(span) }
        /// [`Level::reach`].
        reach_of(span: u32) -> u64 { L: L::reach(span) }
        /// [`Level::spanning`].
        spanning(output: Phys, attributes: F::Attributes, span: u32) -> F::Word { L: L::spanning(output, attributes, span) }
        /// [`Level::change`].
        change(old: F::Word, new: F::Word) -> Change { L: L::change(old, new) }
        /// As [`with_flags_of`].
        with_flags_of(leaf: F::Word, other: F::Word) -> F::Word { L: with_flags_of::<F, L>(leaf, other) }
        /// [`Level::annotation`].
        annotation(raw: F::Word) -> Option<u64> { L: L::annotation(raw) }
    }
}
