//! A walk over raw words that shares nothing with the runtime's: for reports, and to find descriptors in memory.

use core::fmt::Debug;

use ptdsl::{Format, Level, Phys, Shape, Word};

/// One descriptor on the way.
#[derive(Clone, Copy, Debug)]
pub struct Step<F: Format> {
    /// Level of the table that it stands in.
    pub level: i32,
    /// log2 of the bytes that it maps.
    pub shift: u32,
    /// Its number in that table.
    pub slot: u64,
    /// Where it lies.
    pub place: Phys,
    /// The descriptor.
    pub word: F::Word,
    /// It points to another table.
    pub table: bool,
}

/// Walks to `va`, which the table translates, and shows each descriptor.
pub fn walk<F: Format>(
    shape: &Shape<F>,
    va: u64,
    read: impl Fn(Phys) -> F::Word,
    mut show: impl FnMut(Step<F>),
) {
    walk_decoded::<F>(shape, va, read, |step, _| show(step));
}

/// The same, with each descriptor as the generated code decodes it.
pub(crate) fn walk_decoded<F: Format>(
    shape: &Shape<F>,
    va: u64,
    read: impl Fn(Phys) -> F::Word,
    mut show: impl FnMut(Step<F>, &dyn Debug),
) {
    let low = if shape.width >= 64 { va } else { va & ((1 << shape.width) - 1) };
    descend::<F, F::Top>(shape.root_level, shape.root, low, false, &read, &mut show);
}

fn descend<F: Format, L: Level<F>>(
    root: i32,
    table: Phys,
    va: u64,
    below: bool,
    read: &impl Fn(Phys) -> F::Word,
    show: &mut impl FnMut(Step<F>, &dyn Debug),
) {
    if !below && L::NUMBER != root {
        // End of the levels: a root that is none of them does not come from `create`.
        if L::HAS_TABLE {
            descend::<F, L::Next>(root, table, va, false, read, show);
        }
        return;
    }
    // The root's index takes all bits that are left.
    let bits = if below { (1 << L::BITS) - 1 } else { u64::MAX };
    let slot = va >> L::SHIFT & bits;
    let place = Phys(table.0.wrapping_add(slot * F::Word::BYTES));
    let word = read(place);
    let next = L::next_table(word);
    let step = Step { level: L::NUMBER, shift: L::SHIFT, slot, place, word, table: next.is_some() };
    show(step, &L::entry(word));
    if let Some(next) = next
        && L::HAS_TABLE
    {
        descend::<F, L::Next>(root, next, va, true, read, show);
    }
}

/// The leaf of that level which maps `output`; `None` for a level without leaves.
#[must_use]
pub fn leaf_at<F: Format>(level: i32, output: Phys, attributes: F::Attributes) -> Option<F::Word> {
    find::<F, F::Top>(level, output, attributes)
}

fn find<F: Format, L: Level<F>>(level: i32, output: Phys, attributes: F::Attributes) -> Option<F::Word> {
    if L::NUMBER == level && L::HAS_LEAF {
        return Some(L::leaf(Phys(output.0 & !((1 << L::SHIFT) - 1)), attributes));
    }
    if L::HAS_TABLE { find::<F, L::Next>(level, output, attributes) } else { None }
}
