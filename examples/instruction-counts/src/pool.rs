//! Table pages from one piece of zeroed memory, each handed out once.

use ptdsl::memory::Frames;
use ptdsl::{Fresh, Phys, TableLayout};
use std::alloc::{Layout, alloc_zeroed};

const PAGE: u64 = 4096;

/// A bump allocator. It lives as long as the program, and so does its memory.
#[derive(Debug)]
pub(crate) struct Pool {
    next: u64,
    end: u64,
}

impl Pool {
    /// Room for that many pages of 4 KiB.
    ///
    /// # Errors
    /// There is no such amount of memory.
    pub(crate) fn new(pages: usize) -> Result<Self, Box<dyn std::error::Error>> {
        let layout = Layout::from_size_align(pages * PAGE as usize, PAGE as usize)?;
        if layout.size() == 0 {
            return Err("a pool without a page".into());
        }
        // SAFETY: the size is not 0.
        let memory = unsafe { alloc_zeroed(layout) };
        if memory.is_null() {
            return Err("no memory for the pool".into());
        }
        let next = memory.expose_provenance() as u64;
        Ok(Self { next, end: next + layout.size() as u64 })
    }
}

impl Frames for Pool {
    #[inline]
    fn allocate(&mut self, layout: TableLayout) -> Option<Fresh> {
        // A root with few slots is smaller than a page; a page serves it too.
        if layout.bytes > PAGE || self.end - self.next < PAGE {
            return None;
        }
        let address = Phys(self.next);
        self.next += PAGE;
        Some(Fresh { address, zeroed: true })
    }

    #[inline]
    fn free(&mut self, _: Phys, _: TableLayout) {
        // Never handed out again, so every page is still zeroed when it is.
    }
}
