//! `visit`: the walk as a tool for one's own code, with a call before a table, at a leaf, and after a table.

use crate::address::Range;
use crate::error::Error;
use crate::format::{Format, Level, Shape, mask, next_table, root_slot, slot, span};
use crate::table::{PageTable, Use, starts_at};
use crate::transition::{load, table as table_at};
use crate::world::World;

/// A slot that the walk stands at.
#[derive(Clone, Copy, Debug)]
pub struct Slot<F: Format, T> {
    /// The table.
    pub table: T,
    /// Index in the table.
    pub index: usize,
    /// The address where the walk entered the slot: the range's start, or the slot's.
    pub va: u64,
    /// Last address of the visited range.
    pub last: u64,
    /// The descriptor as it was loaded.
    pub raw: F::Word,
}

impl<F: Format, T> Slot<F, T> {
    /// log2 of the bytes that the whole entry maps: more than the slot's where its leaf takes several. Each of them is
    /// visited; only all together may change.
    #[inline(always)]
    pub fn shift<L: Level<F>>(&self) -> u32 {
        if L::HAS_LEAF && L::is_leaf(self.raw) { L::SHIFT + span::<F, L>(self.raw) } else { L::SHIFT }
    }
}

/// What the walk does after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Goes on with the descriptor that it loaded.
    Go,
    /// Loads the slot again, and descends if a table stands there now.
    Reread,
}

/// One's own code at each slot of a walk. Methods are generic over the level and compile into the walk.
pub trait Visitor<F: Format, W: World<F>> {
    /// What ends a walk early.
    type Stop;

    /// At a table, before its entries.
    ///
    /// # Errors
    /// Ends the walk.
    #[inline(always)]
    fn pre<L: Level<F>>(&mut self, world: &mut W, slot: &Slot<F, W::Table>) -> Result<Then, Self::Stop> {
        let _ = (world, slot);
        Ok(Then::Go)
    }

    /// At a slot that is no table: a leaf, an empty or a reserved entry.
    ///
    /// # Errors
    /// Ends the walk.
    fn leaf<L: Level<F>>(&mut self, world: &mut W, slot: &Slot<F, W::Table>) -> Result<Then, Self::Stop>;

    /// At a table, after its entries; not after a stop among them.
    ///
    /// # Errors
    /// Ends the walk.
    #[inline(always)]
    fn post<L: Level<F>>(&mut self, world: &mut W, slot: &Slot<F, W::Table>) -> Result<(), Self::Stop> {
        let _ = (world, slot);
        Ok(())
    }
}

impl<F: Format, U: Use> PageTable<F, U> {
    /// Walks `range` in ascending order; the range need not be aligned.
    ///
    /// # Errors
    /// [`Error::OutOfRange`]: nothing visited. The inner result is the visitor's.
    pub fn visit<W: World<F>, V: Visitor<F, W>>(
        &self,
        world: &mut W,
        range: Range,
        visitor: &mut V,
    ) -> Result<Result<(), V::Stop>, Error> {
        self.check_input(range)?;
        Ok(start::<F, F::Top, W, V>(self, world, range, visitor))
    }
}

fn start<F: Format, L: Level<F>, W: World<F>, V: Visitor<F, W>>(
    table: &PageTable<F, impl Use>,
    world: &mut W,
    range: Range,
    visitor: &mut V,
) -> Result<(), V::Stop> {
    if starts_at::<F, L>(table.shape.width) {
        let root = table_at::<F, W>(world, table.shape.root);
        let index = root_slot::<F, L>(range.first(), table.shape.width);
        walk::<F, L, W, V>((world, &table.shape), (root, index), range, range.last(), visitor)
    } else {
        start::<F, L::Next, W, V>(table, world, range, visitor)
    }
}

fn walk<F: Format, L: Level<F>, W: World<F>, V: Visitor<F, W>>(
    (world, shape): (&mut W, &Shape<F>),
    (table, mut index): (W::Table, usize),
    within: Range,
    last: u64,
    visitor: &mut V,
) -> Result<(), V::Stop> {
    let mut va = within.first();
    loop {
        let mut here = Slot { table, index, va, last, raw: load::<F, W>(world, table, index) };
        let then = if next_table::<F, L>(shape, here.raw).is_some() {
            visitor.pre::<L>(world, &here)?
        } else {
            visitor.leaf::<L>(world, &here)?
        };
        if then == Then::Reread {
            here.raw = load::<F, W>(world, table, index);
        }
        if let Some(child) = next_table::<F, L>(shape, here.raw) {
            let child = table_at::<F, W>(world, child);
            if let Ok(part) = Range::inclusive(va, within.last().min(va | mask::<F, L>())) {
                walk::<F, L::Next, W, V>(
                    (world, shape),
                    (child, slot::<F, L::Next>(va)),
                    part,
                    last,
                    visitor,
                )?;
            }
            visitor.post::<L>(world, &here)?;
        }
        let slot_last = va | mask::<F, L>();
        if slot_last >= within.last() {
            return Ok(());
        }
        va = slot_last + 1;
        index += 1;
    }
}
