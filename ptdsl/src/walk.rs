//! The way of a single page from the root: one straight descent for each level that a root may have, so that none of them
//! asks again where it began.

use crate::format::{Format, Level, Shape, next_table, root_slot, slot};
use crate::table::starts_at;
use crate::transition::{load, table as table_at};
use crate::world::World;

/// The slot of a checked address in a table of the last level; `None` if the walk ends before.
#[inline(always)]
pub(crate) fn page_slot<F: Format, W: World<F>>(
    world: &W,
    shape: &Shape<F>,
    va: u64,
) -> Option<(W::Table, usize)> {
    from_root::<F, F::Top, W>(world, shape, va)
}

#[inline(always)]
fn from_root<F: Format, L: Level<F>, W: World<F>>(
    world: &W,
    shape: &Shape<F>,
    va: u64,
) -> Option<(W::Table, usize)> {
    if starts_at::<F, L>(shape.width) {
        let root = table_at::<F, W>(world, shape.root);
        down::<F, L, W>(world, shape, va, (root, root_slot::<F, L>(va, shape.width)))
    } else {
        from_root::<F, L::Next, W>(world, shape, va)
    }
}

#[inline(always)]
fn down<F: Format, L: Level<F>, W: World<F>>(
    world: &W,
    shape: &Shape<F>,
    va: u64,
    (table, index): (W::Table, usize),
) -> Option<(W::Table, usize)> {
    if !L::HAS_TABLE {
        return Some((table, index));
    }
    let child = next_table::<F, L>(shape, load::<F, W>(world, table, index))?;
    let child = table_at::<F, W>(world, child);
    down::<F, L::Next, W>(world, shape, va, (child, slot::<F, L::Next>(va)))
}
