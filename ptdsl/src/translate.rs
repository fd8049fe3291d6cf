//! `translate`: the walk that hardware does.

use core::fmt;

use crate::address::Phys;
use crate::format::{Along, Format, Level, low_bits, mask, root_slot, slot, span};
use crate::table::{PageTable, Use, starts_at};
use crate::transition::{load, table as table_at};
use crate::word::Word;
use crate::world::World;

/// A leaf that translates an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Translation<F: Format> {
    /// The output address of the very byte that was asked for.
    pub output: Phys,
    /// Number of the leaf's level.
    pub level: i32,
    /// log2 of the bytes that the leaf maps, all its slots together.
    pub shift: u32,
    /// The leaf as it stands in the slot of the address.
    pub entry: F::Word,
    /// What the tables on the way have in common.
    pub path: Along<F::Word>,
}

impl<F: Format> Translation<F> {
    /// The attributes of the leaf itself; `None` where its fields are no listed combination.
    pub fn attributes(&self) -> Option<F::Attributes> {
        F::attributes(self.level, self.entry)
    }

    /// The leaf with the restrictions of the tables above it applied.
    pub fn effective(&self) -> F::Word {
        F::effective(self.level, self.entry, self.path)
    }

    /// Bytes that the leaf maps; 0 stands for all 2^64.
    pub fn bytes(&self) -> u64 {
        1_u64.checked_shl(self.shift).unwrap_or(0)
    }
}

/// Why an address does not translate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The address is outside the table's input bits, or not canonical.
    Input,
    /// The walk ended in an entry that is neither table nor leaf.
    Translation {
        /// Its level.
        level: i32,
        /// The entry: empty, software's own, or reserved.
        entry: u64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Fault::Input => write!(f, "the address is outside the table's input bits"),
            Fault::Translation { level, entry } => {
                write!(f, "translation fault at level {level} (entry {entry:#x})")
            }
        }
    }
}

impl core::error::Error for Fault {}

impl<F: Format, U: Use> PageTable<F, U> {
    /// Walks as hardware does.
    ///
    /// # Errors
    /// [`Fault`], with the level as hardware reports it.
    #[inline]
    pub fn translate<W: World<F>>(&self, world: &W, va: u64) -> Result<Translation<F>, Fault> {
        if !self.canonical(va) {
            return Err(Fault::Input);
        }
        start::<F, F::Top, W>(self, world, va)
    }
}

#[inline(always)]
fn start<F: Format, L: Level<F>, W: World<F>>(
    table: &PageTable<F, impl Use>,
    world: &W,
    va: u64,
) -> Result<Translation<F>, Fault> {
    let shape = &table.shape;
    if starts_at::<F, L>(shape.width) {
        let root = table_at::<F, W>(world, shape.root);
        walk::<F, L, W>(world, (root, root_slot::<F, L>(va, shape.width)), va, Along::NONE)
    } else {
        start::<F, L::Next, W>(table, world, va)
    }
}

#[inline(always)]
fn walk<F: Format, L: Level<F>, W: World<F>>(
    world: &W,
    (table, index): (W::Table, usize),
    va: u64,
    path: Along<F::Word>,
) -> Result<Translation<F>, Fault> {
    let raw = load::<F, W>(world, table, index);
    // As hardware, which does not know a sentinel from another table.
    if L::HAS_TABLE
        && let Some(child) = L::next_table(raw)
    {
        let child = table_at::<F, W>(world, child);
        let index = slot::<F, L::Next>(va);
        return walk::<F, L::Next, W>(world, (child, index), va, path.then(raw, L::ALONG));
    }
    if L::HAS_TABLE
        && let Some((child, level)) = L::skipped(raw)
    {
        let child = table_at::<F, W>(world, child);
        return further_down::<F, L::Next, W>(world, child, (va, level), path.then(raw, L::ALONG))
            .ok_or(Fault::Translation { level: L::NUMBER, entry: raw.to_u64() })?;
    }
    if L::HAS_LEAF && L::is_leaf(raw) {
        let span = span::<F, L>(raw);
        let shift = L::SHIFT + span;
        // Members of a contiguous group hold an output each; a word that is repeated holds that of the whole leaf.
        let repeated = !L::SPANS.is_empty() && L::stride(span) == F::Word::ZERO;
        let inside = if repeated { low_bits(shift) } else { mask::<F, L>() };
        let output = Phys(L::output(raw).0 | va & inside);
        return Ok(Translation { output, level: L::NUMBER, shift, entry: raw, path });
    }
    Err(Fault::Translation { level: L::NUMBER, entry: raw.to_u64() })
}

/// The walk from a table of the level with that number; nothing if there is no such level from `L` down.
#[inline(never)]
fn further_down<F: Format, L: Level<F>, W: World<F>>(
    world: &W,
    table: W::Table,
    (va, level): (u64, i32),
    path: Along<F::Word>,
) -> Option<Result<Translation<F>, Fault>> {
    if L::NUMBER == level {
        Some(walk::<F, L, W>(world, (table, slot::<F, L>(va)), va, path))
    } else if L::HAS_TABLE {
        further_down::<F, L::Next, W>(world, table, (va, level), path)
    } else {
        None
    }
}
