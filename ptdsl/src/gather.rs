//! Gather mode: many edits of a live table, their invalidations together at the end.

use core::fmt;

use crate::address::{Phys, Range};
use crate::batch::Batch;
use crate::error::{Error, MapError};
use crate::format::Format;
use crate::map::How;
use crate::protect::{Holes, Protected};
use crate::safety::Breaks;
use crate::table::{Live, PageTable};
use crate::unmap::{Boundary, Unmapped};
use crate::world::World;

/// When a batch is invalidated as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// More entries than this are not invalidated one by one where the format has `sequence invalidate all`.
    pub entries: usize,
}

impl Default for Limits {
    /// 64 entries.
    fn default() -> Self {
        Limits { entries: 64 }
    }
}

/// What a batch came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flushed {
    /// Times that invalidations were carried out: 1 unless an edit could not wait or there was no room for more.
    pub flushes: u32,
    /// Of these, times that everything was invalidated.
    pub full: u32,
    /// Entries that were invalidated one by one.
    pub entries: u64,
    /// Table pages that were given back.
    pub pages: u32,
}

/// Edits of a live table whose invalidations are put off: until [`finish`](Gather::finish) returns, any PE may still use what
/// was taken away. Pages of tables that went are given to [`World::free`] only after the invalidation.
///
/// One barrier pair serves them all. An edit that cannot wait, such as a new leaf where an old one may still be cached, makes
/// what is owed happen before it; a leaf that has to be broken is invalidated at once.
///
/// Dropped without `finish`, it pays what it owes, so that nothing stale stays; a debug build then panics, because code behind
/// the drop may have relied on the edits before they were complete.
#[must_use = "until `finish` other PEs may use what was taken away"]
pub struct Gather<'a, F: Format, W: World<F>> {
    table: &'a mut PageTable<F, Live>,
    batch: Batch<'a, F, W>,
    last: &'static str,
}

impl<F: Format, W: World<F>> fmt::Debug for Gather<'_, F, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").field("table", &self.table).field("last", &self.last).finish_non_exhaustive()
    }
}

impl<F: Format> PageTable<F, Live> {
    /// Begins a batch.
    pub fn gather<'a, W: World<F>>(&'a mut self, world: &'a mut W, limits: Limits) -> Gather<'a, F, W> {
        let batch = Batch::new(world, self.shape, limits);
        Gather { table: self, batch, last: "gather" }
    }
}

impl<F: Format, W: World<F>> Gather<'_, F, W> {
    /// As [`PageTable::map_with`].
    ///
    /// # Errors
    /// As there.
    pub fn map(
        &mut self,
        range: Range,
        output: Phys,
        attributes: F::Attributes,
        how: How,
    ) -> Result<(), MapError> {
        self.last = "map";
        self.table.map_with(&mut self.batch, range, output, attributes, how)
    }

    /// As [`PageTable::unmap`].
    ///
    /// # Errors
    /// As there.
    pub fn unmap(&mut self, range: Range, boundary: Boundary<Breaks<'_>>) -> Result<Unmapped, Error> {
        self.last = "unmap";
        self.table.unmap(&mut self.batch, range, boundary)
    }

    /// As [`PageTable::protect`].
    ///
    /// # Errors
    /// As there.
    pub fn protect(
        &mut self,
        range: Range,
        patch: F::Patch,
        holes: Holes,
        breaks: Breaks<'_>,
    ) -> Result<Protected, Error> {
        self.last = "protect";
        self.table.protect(&mut self.batch, range, patch, holes, breaks)
    }

    /// As [`PageTable::split`].
    ///
    /// # Errors
    /// As there.
    pub fn split(&mut self, range: Range, breaks: Breaks<'_>) -> Result<(), Error> {
        self.last = "split";
        self.table.split(&mut self.batch, range, breaks)
    }

    /// As [`PageTable::split_to`].
    ///
    /// # Errors
    /// As there.
    pub fn split_to(&mut self, va: u64, level: i32, breaks: Breaks<'_>) -> Result<(), Error> {
        self.last = "split_to";
        self.table.split_to(&mut self.batch, va, level, breaks)
    }

    /// As [`PageTable::collapse`].
    ///
    /// # Errors
    /// As there.
    pub fn collapse(&mut self, va: u64, level: i32, breaks: Breaks<'_>) -> Result<(), Error> {
        self.last = "collapse";
        self.table.collapse(&mut self.batch, va, level, breaks)
    }

    /// As [`PageTable::annotate`].
    ///
    /// # Errors
    /// As there.
    pub fn annotate(&mut self, range: Range, value: u64) -> Result<(), Error> {
        self.last = "annotate";
        self.table.annotate(&mut self.batch, range, value)
    }

    /// As [`PageTable::test_and_clear_accessed`].
    ///
    /// # Errors
    /// As there.
    pub fn test_and_clear_accessed(&mut self, range: Range) -> Result<bool, Error> {
        self.last = "test_and_clear_accessed";
        self.table.test_and_clear_accessed(&mut self.batch, range)
    }

    /// As [`PageTable::test_and_clear_dirty`]: the pages are clean once the batch is finished.
    ///
    /// # Errors
    /// As there.
    pub fn test_and_clear_dirty(&mut self, range: Range) -> Result<bool, Error> {
        self.last = "test_and_clear_dirty";
        self.table.test_and_clear_dirty(&mut self.batch, range)
    }

    /// Carries out everything that is owed. When it returns, no PE uses what was taken away, and every table page has been
    /// given back.
    pub fn finish(mut self) -> Flushed {
        self.batch.flush();
        self.batch.done
    }
}

impl<F: Format, W: World<F>> Drop for Gather<'_, F, W> {
    fn drop(&mut self) {
        if !self.batch.owes() {
            return;
        }
        self.batch.flush();
        if cfg!(debug_assertions) && !crate::panicking() {
            unfinished(self.last);
        }
    }
}

#[cold]
fn unfinished(operation: &str) {
    panic!("a batch of edits was dropped without `finish` after `{operation}`");
}
