//! Memory for tables, from one region.

use ptdsl::memory::Frames;
use ptdsl::{Fresh, Phys, TableLayout};

const PAGE: u64 = 4096;

/// Tables of any size and alignment from a region of 4 KiB pages, at most 1024; a bit for each that is taken.
#[derive(Debug)]
pub struct Pool {
    first: u64,
    pages: usize,
    taken: [u64; 16],
}

impl Pool {
    /// Hands out `bytes` bytes of physical memory from `first`, a multiple of 4096; 4 MiB at most.
    #[must_use]
    pub fn new(first: u64, bytes: u64) -> Self {
        let pages = (bytes / PAGE).min(1024) as usize;
        Pool { first, pages, taken: [0; 16] }
    }

    /// Pages that hold tables.
    #[must_use]
    pub fn used(&self) -> u32 {
        self.taken.iter().map(|word| word.count_ones()).sum()
    }

    fn is_taken(&self, page: usize) -> bool {
        self.taken[page / 64] >> (page % 64) & 1 == 1
    }

    fn mark(&mut self, first: usize, pages: usize, taken: bool) {
        for page in first..(first + pages).min(self.pages) {
            let bit = 1 << (page % 64);
            let word = &mut self.taken[page / 64];
            *word = if taken { *word | bit } else { *word & !bit };
        }
    }
}

fn pages(layout: TableLayout) -> usize {
    layout.bytes.div_ceil(PAGE).min(1 << 32) as usize
}

impl Frames for Pool {
    fn allocate(&mut self, layout: TableLayout) -> Option<Fresh> {
        let count = pages(layout);
        let fits = |&page: &usize| {
            let address = self.first + page as u64 * PAGE;
            address.is_multiple_of(layout.alignment) && (page..page + count).all(|page| !self.is_taken(page))
        };
        let page = (0..(self.pages + 1).saturating_sub(count)).find(fits)?;
        self.mark(page, count, true);
        // Not zeroed: the walker writes every word before it links the table.
        Some(Fresh { address: Phys(self.first + page as u64 * PAGE), zeroed: false })
    }

    fn free(&mut self, address: Phys, layout: TableLayout) {
        let page = (address.0.wrapping_sub(self.first) / PAGE).min(self.pages as u64) as usize;
        self.mark(page, pages(layout), false);
    }
}
