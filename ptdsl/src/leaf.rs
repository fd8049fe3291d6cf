//! The leaf that maps an address, with all its slots, found by a walk.

use crate::address::Phys;
use crate::format::{Change, Format, Level, low_bits, mask, next_table, root_slot, slot};
use crate::table::starts_at;
use crate::transition::{load, table as table_at};
use crate::word::Word;
use crate::world::World;
use crate::{Error, Shape};

/// One leaf where it stands.
pub(crate) struct Leaf<T, W> {
    pub(crate) table: T,
    /// Its first slot.
    pub(crate) slot: usize,
    /// Its first input address.
    pub(crate) va: u64,
    /// log2 of its slots.
    pub(crate) span: u32,
    /// The word of its first slot, with the flags that hardware set in any.
    pub(crate) word: W,
}

impl<T: Copy, W: Word> Leaf<T, W> {
    /// The leaf that the slot of `va` belongs to, of which `raw` is the word there.
    #[inline(always)]
    pub(crate) fn around<F: Format<Word = W>, L: Level<F>, M: World<F, Table = T>>(
        world: &M,
        (table, index): (T, usize),
        va: u64,
        raw: W,
    ) -> Self {
        let span = if L::SPANS.is_empty() { 0 } else { L::span(raw) };
        let slot = index & !((1_usize << span) - 1);
        let va = va & !low_bits(L::SHIFT + span);
        let mut leaf = Leaf { table, slot, va, span, word: raw };
        if span != 0 {
            leaf.word = load::<F, M>(world, table, slot);
            for k in 1..leaf.slots() {
                leaf.word = with_flags_of::<F, L>(leaf.word, load::<F, M>(world, table, slot + k));
            }
        }
        leaf
    }

    pub(crate) fn slots(&self) -> usize {
        1 << self.span
    }

    /// Its last input address.
    #[inline(always)]
    pub(crate) fn last<F: Format<Word = W>, L: Level<F>>(&self) -> u64 {
        self.va | low_bits(L::SHIFT + self.span)
    }

    /// First input address of its slot `k`.
    pub(crate) fn va_of<F: Format<Word = W>, L: Level<F>>(&self, k: usize) -> u64 {
        self.va | (k as u64) << L::SHIFT
    }
}

/// What replacing the words of a leaf by others like `new` requires. A leaf of several slots is one to the TLB, and no slot
/// may say something else than its neighbours: it changes as a whole, by a break.
pub(crate) fn change_of<F: Format, L: Level<F>>(leaf: &Leaf<impl Copy, F::Word>, new: F::Word) -> Change {
    let change = L::change(leaf.word, new);
    if leaf.span != 0 && change > Change::Store { Change::Break } else { change }
}

/// The leaf, with the flags of another added.
pub(crate) fn with_flags_of<F: Format, L: Level<F>>(leaf: F::Word, other: F::Word) -> F::Word {
    let leaf = if L::accessed(other) { L::with_accessed(leaf, true) } else { leaf };
    if L::dirty(other) { L::with_dirty(leaf, true) } else { leaf }
}

/// The leaf between two that no PE may use at once, if there is one. While the dirty flag is clear the leaf may not look like one
/// that is written through, but hardware may set it at any moment.
pub(crate) fn through<F: Format, L: Level<F>>(old: F::Word, new: F::Word) -> Option<F::Word> {
    L::through(old, new).or_else(|| L::through(L::with_dirty(old, true), new))
}

/// The leaf as if hardware had never set a flag.
pub(crate) fn without_flags<F: Format, L: Level<F>>(leaf: F::Word) -> F::Word {
    L::with_dirty(L::with_accessed(leaf, false), false)
}

/// What is to be done at the entry where a walk ends. Generic over the level, so that the walk stays a chain of types.
pub(crate) trait At<F: Format, W: World<F>> {
    type Out;

    /// At a place in a table of level `L`; the entry there, and the table that it leads to. `None`: the walk goes on below, or
    /// ends where there is nothing below.
    fn at<L: Level<F>>(
        &mut self,
        world: &mut W,
        place: (W::Table, usize),
        va: u64,
        entry: (F::Word, Option<Phys>),
    ) -> Option<Self::Out>;
}

/// Walks to `va` and asks at each entry, from the root down; `None` if nobody answered.
pub(crate) fn descend<F: Format, W: World<F>, V: At<F, W>>(
    world: &mut W,
    shape: &Shape<F>,
    va: u64,
    ask: &mut V,
) -> Option<V::Out> {
    from_root::<F, F::Top, W, V>(world, shape, va, ask)
}

fn from_root<F: Format, L: Level<F>, W: World<F>, V: At<F, W>>(
    world: &mut W,
    shape: &Shape<F>,
    va: u64,
    ask: &mut V,
) -> Option<V::Out> {
    if starts_at::<F, L>(shape.width) {
        let root = table_at::<F, W>(world, shape.root);
        below::<F, L, W, V>(world, shape, (root, root_slot::<F, L>(va, shape.width)), va, ask)
    } else {
        from_root::<F, L::Next, W, V>(world, shape, va, ask)
    }
}

fn below<F: Format, L: Level<F>, W: World<F>, V: At<F, W>>(
    world: &mut W,
    shape: &Shape<F>,
    place: (W::Table, usize),
    va: u64,
    ask: &mut V,
) -> Option<V::Out> {
    let raw = load::<F, W>(world, place.0, place.1);
    let next = next_table::<F, L>(shape, raw);
    if let Some(answer) = ask.at::<L>(world, place, va, (raw, next)) {
        return Some(answer);
    }
    let child = table_at::<F, W>(world, next?);
    below::<F, L::Next, W, V>(world, shape, (child, slot::<F, L::Next>(va)), va, ask)
}

/// What a walk finds that was to end at a leaf and did not.
pub(crate) fn not_mapped<F: Format, L: Level<F>>(va: u64) -> Error {
    Error::NotMapped { va: va & !mask::<F, L>(), level: L::NUMBER }
}
