//! The final state as the golden files print it, read straight from memory: nothing of the runtime is used here.

use std::fmt;

use crate::memory::{FakeMemory, Page};
use crate::setup::Granule;

/// Where a table begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Root {
    /// Its page.
    pub page: Page,
    /// Its level; may be one that does not exist, for a table that Linux cannot walk.
    pub level: i32,
}

/// Neighbouring descriptors of one table with a constant difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Level.
    pub level: i32,
    /// Input address of the first.
    pub va: u64,
    /// Slot of the first.
    pub slot: u64,
    /// How many.
    pub n: u64,
    /// The first descriptor.
    pub raw: u64,
    /// What each is more than the one before, modulo 2^64.
    pub step: u64,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Row { level, va, slot, n, raw, step } = self;
        write!(f, r#"[{level},"{va:#x}",{slot},{n},"{raw:#x}","{step:#x}"]"#)
    }
}

/// The child of a table descriptor; `None` if it is none.
#[must_use]
pub fn child(memory: &FakeMemory, raw: u64, level: i32) -> Option<Page> {
    // Bits 11:0 are attributes; with 16K and 64K granules bits 15:12 of a child are 0 in these builds.
    (level < 3 && raw & 3 == 3).then(|| memory.page_at(raw & 0xffff_ffff_f000))
}

/// Every non-zero descriptor, a table before its children, ascending.
#[must_use]
pub fn rows(memory: &FakeMemory, root: Option<Root>, granule: Granule) -> Vec<Row> {
    let mut rows = Vec::new();
    let walks = |root: &Root| (-1..=3).contains(&root.level) && granule.level_shift(root.level) < u64::BITS;
    if let Some(root) = root.filter(walks) {
        table(memory, root.page, root.level, 0, granule, &mut rows);
    }
    rows
}

fn table(memory: &FakeMemory, page: Page, level: i32, va: u64, granule: Granule, rows: &mut Vec<Row>) {
    // The row that the next slot may lengthen.
    let mut open: Option<Row> = None;
    for (slot, &raw) in memory.words(page).iter().enumerate() {
        let slot = slot as u64;
        let va = va + (slot << granule.level_shift(level));
        let child = child(memory, raw, level);
        if let Some(row) = open.as_mut().filter(|_| raw != 0 && child.is_none()) {
            if row.n == 1 {
                row.step = raw.wrapping_sub(row.raw);
            }
            if raw == row.raw.wrapping_add(row.step.wrapping_mul(row.n)) {
                row.n += 1;
                continue;
            }
        }
        rows.extend(open.take().map(settled));
        if raw != 0 {
            let row = Row { level, va, slot, n: 1, raw, step: 0 };
            match child {
                Some(child) => {
                    rows.push(row);
                    table(memory, child, level + 1, va, granule, rows);
                }
                None => open = Some(row),
            }
        }
    }
    rows.extend(open.map(settled));
}

/// A single entry has no step.
fn settled(row: Row) -> Row {
    if row.n == 1 { Row { step: 0, ..row } } else { row }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_greedy_and_tables_stand_alone() {
        let mut memory = FakeMemory::new(0x1_0000_0000, 4096, true);
        let root = memory.allocate_page().expect("no budget");
        let below = memory.allocate_page().expect("no budget");
        for (slot, raw) in
            [(0, 0x1000_07c1), (1, 0x1020_07c1), (2, 0x1040_07c1), (3, 0x1_0000_1003), (5, 0x77c1)]
        {
            memory.write(root, slot, raw);
        }
        memory.write(below, 511, 0x57c3);
        let row = |level, va, slot, n, raw, step| Row { level, va, slot, n, raw, step };
        let found = rows(&memory, Some(Root { page: root, level: 2 }), Granule::K4);
        assert_eq!(
            found,
            [
                row(2, 0, 0, 3, 0x1000_07c1, 0x20_0000),
                row(2, 3 << 21, 3, 1, 0x1_0000_1003, 0),
                row(3, (3 << 21) + (511 << 12), 511, 1, 0x57c3, 0),
                row(2, 5 << 21, 5, 1, 0x77c1, 0),
            ]
        );
    }
}
