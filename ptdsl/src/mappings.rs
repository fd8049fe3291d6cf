//! Iteration over what is mapped.

use crate::address::Range;
use crate::error::Error;
use crate::format::{Along, Format, Level, Shape, low_bits, mask, next_table, root_slot, slot, span};
use crate::table::{PageTable, Use, starts_at};
use crate::transition::{load, table as table_at};
use crate::translate::Translation;
use crate::world::World;

/// One leaf of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping<F: Format> {
    /// First input address that it maps.
    pub va: u64,
    /// The leaf, with the output of that address.
    pub leaf: Translation<F>,
}

/// The leaves of a range in ascending order; made by [`PageTable::mappings`].
#[derive(Debug)]
pub struct Mappings<'a, F: Format, W, U: Use> {
    table: &'a PageTable<F, U>,
    world: &'a W,
    rest: Option<Range>,
}

impl<F: Format, U: Use> PageTable<F, U> {
    /// Every leaf that maps a byte of `range`, in ascending order, empty parts skipped table by table.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn mappings<'a, W: World<F>>(
        &'a self,
        world: &'a W,
        range: Range,
    ) -> Result<Mappings<'a, F, W, U>, Error> {
        self.check_input(range)?;
        Ok(Mappings { table: self, world, rest: Some(range) })
    }
}

impl<F: Format, W: World<F>, U: Use> Iterator for Mappings<'_, F, W, U> {
    type Item = Mapping<F>;

    fn next(&mut self) -> Option<Mapping<F>> {
        let rest = self.rest?;
        let found = start::<F, F::Top, W>(self.world, self.table, rest);
        self.rest = found.and_then(|mapping| {
            let last = mapping.va | low_bits(mapping.leaf.shift);
            Range::inclusive(last.checked_add(1)?, rest.last()).ok()
        });
        found
    }
}

fn start<F: Format, L: Level<F>, W: World<F>>(
    world: &W,
    table: &PageTable<F, impl Use>,
    rest: Range,
) -> Option<Mapping<F>> {
    let shape = &table.shape;
    if starts_at::<F, L>(shape.width) {
        let root = table_at::<F, W>(world, shape.root);
        let index = root_slot::<F, L>(rest.first(), shape.width);
        first_leaf::<F, L, W>((world, shape), (root, index), (rest.first(), rest.last()), Along::NONE)
    } else {
        start::<F, L::Next, W>(world, table, rest)
    }
}

/// The first leaf of a table that maps a byte of `va..=last`.
fn first_leaf<F: Format, L: Level<F>, W: World<F>>(
    (world, shape): (&W, &Shape<F>),
    (table, mut index): (W::Table, usize),
    (mut va, last): (u64, u64),
    path: Along<F::Word>,
) -> Option<Mapping<F>> {
    loop {
        let raw = load::<F, W>(world, table, index);
        if let Some(child) = next_table::<F, L>(shape, raw) {
            let child = table_at::<F, W>(world, child);
            let found = first_leaf::<F, L::Next, W>(
                (world, shape),
                (child, slot::<F, L::Next>(va)),
                (va, last.min(va | mask::<F, L>())),
                path.then(raw, L::ALONG),
            );
            if found.is_some() {
                return found;
            }
        } else if L::is_leaf(raw) {
            let span = span::<F, L>(raw);
            let shift = L::SHIFT + span;
            // Where the range begins inside a leaf of several slots, its first word still says where it begins.
            let first = index & !((1 << span) - 1);
            let entry = if first == index { raw } else { load::<F, W>(world, table, first) };
            let leaf = Translation { output: L::output(entry), level: L::NUMBER, shift, entry, path };
            return Some(Mapping { va: va & !low_bits(shift), leaf });
        }
        let slot_last = va | mask::<F, L>();
        if slot_last >= last {
            return None;
        }
        va = slot_last + 1;
        index += 1;
    }
}
