//! A walk over the leaves and holes of a range, which may change the leaves that it meets.

use crate::address::Range;
use crate::format::{Format, Level, mask, next_table, root_slot, slot};
use crate::leaf::Leaf;
use crate::table::{Use, starts_at};
use crate::transition::{Edit, load, table as table_at};
use crate::world::World;

/// What is to be done with each.
pub(crate) trait Each<F: Format, W: World<F>, U: Use> {
    /// What ends the walk early.
    type Stop;

    /// At a leaf of level `L` whose last address is `end`. It may begin before the range and end after it.
    fn leaf<L: Level<F>>(
        &mut self,
        edit: &mut Edit<'_, F, W, U>,
        leaf: &Leaf<W::Table, F::Word>,
        end: u64,
    ) -> Result<(), Self::Stop>;

    /// At an entry that maps nothing.
    fn hole<L: Level<F>>(&mut self, va: u64, raw: F::Word) -> Result<(), Self::Stop> {
        let _ = (va, raw);
        Ok(())
    }
}

/// Walks the range, whose bytes the table translates.
pub(crate) fn each<F: Format, W: World<F>, U: Use, V: Each<F, W, U>>(
    edit: &mut Edit<'_, F, W, U>,
    range: Range,
    visitor: &mut V,
) -> Result<(), V::Stop> {
    from_root::<F, F::Top, W, U, V>(edit, range, visitor)
}

fn from_root<F: Format, L: Level<F>, W: World<F>, U: Use, V: Each<F, W, U>>(
    edit: &mut Edit<'_, F, W, U>,
    range: Range,
    visitor: &mut V,
) -> Result<(), V::Stop> {
    let shape = edit.shape;
    if starts_at::<F, L>(shape.width) {
        let root = table_at::<F, W>(edit.world, shape.root);
        let place = (root, root_slot::<F, L>(range.first(), shape.width));
        in_table::<F, L, W, U, V>(edit, place, (range.first(), range.last()), visitor)
    } else {
        from_root::<F, L::Next, W, U, V>(edit, range, visitor)
    }
}

fn in_table<F: Format, L: Level<F>, W: World<F>, U: Use, V: Each<F, W, U>>(
    edit: &mut Edit<'_, F, W, U>,
    (table, mut index): (W::Table, usize),
    (mut va, last): (u64, u64),
    visitor: &mut V,
) -> Result<(), V::Stop> {
    loop {
        let raw = load::<F, W>(edit.world, table, index);
        let mut end = va | mask::<F, L>();
        if let Some(child) = next_table::<F, L>(edit.shape, raw) {
            let child = (table_at::<F, W>(edit.world, child), slot::<F, L::Next>(va));
            in_table::<F, L::Next, W, U, V>(edit, child, (va, end.min(last)), visitor)?;
        } else if L::is_leaf(raw) {
            let leaf = Leaf::around::<F, L, W>(edit.world, (table, index), va, raw);
            end = leaf.last::<F, L>();
            index = leaf.slot + leaf.slots() - 1;
            visitor.leaf::<L>(edit, &leaf, end)?;
        } else {
            visitor.hole::<L>(va, raw)?;
        }
        if end >= last {
            return Ok(());
        }
        va = end + 1;
        index += 1;
    }
}
