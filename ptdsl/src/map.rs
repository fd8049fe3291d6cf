//! `map`: what a caller may ask for, and the way of a single page.

use crate::address::{Phys, Range};
#[cfg(doc)]
use crate::error::Error;
use crate::error::MapError;
use crate::format::{Format, Level, low_bits};
use crate::map_range::Plain;
use crate::table::{PageTable, Use};
use crate::transition::{Edit, load};
use crate::walk::page_slot;
use crate::world::World;

/// Which leaf sizes `map` may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sizes {
    /// The largest leaf that fits range and alignment.
    #[default]
    Largest,
    /// Pages of the granule only.
    Pages,
}

/// What `map` does where a slot already holds a leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// [`Error::AlreadyMapped`].
    #[default]
    Refuse,
    /// A leaf of the same size that differs only in fields for which the format asks no more than a store (software's
    /// own bits) is kept and takes the new ones; one that takes several slots, in all of them, where the range covers
    /// it. Anything else is [`Error::AlreadyMapped`].
    Update,
    /// An entry that maps nothing but holds a value of software's ([`PageTable::annotate`]) is replaced, where the range
    /// covers it. A leaf is [`Error::AlreadyMapped`].
    Annotated,
}

/// Whether `map` may use leaves that take several slots: contiguous groups, NAPOT, repeated entries. A TLB may hold each
/// of them as one, and each of them changes only whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    /// One slot for each leaf.
    #[default]
    Single,
    /// The most slots that fit range and alignment and are all empty, among the leaf sizes that [`Sizes`] allows.
    Spans,
}

/// How `map` goes about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct How {
    /// Leaf sizes.
    pub sizes: Sizes,
    /// Slots that hold a leaf already.
    pub existing: Existing,
    /// Leaves that take several slots.
    pub grouping: Grouping,
}

impl<F: Format, U: Use> PageTable<F, U> {
    /// Maps `range` to consecutive outputs from `output`, with the largest leaves that fit, into empty slots only.
    ///
    /// # Errors
    /// As [`map_with`](Self::map_with).
    #[inline(always)]
    pub fn map<W: World<F>>(
        &mut self,
        world: &mut W,
        range: Range,
        output: Phys,
        attributes: F::Attributes,
    ) -> Result<(), MapError> {
        self.map_with(world, range, output, attributes, How::default())
    }

    /// Maps `range` to consecutive outputs from `output`.
    ///
    /// When it returns, the mapping is visible to the walks of this PE; another relies on it after synchronising with
    /// this one.
    ///
    /// # Errors
    /// [`MapError`] with the bytes that were mapped before: they stay mapped; a table that was made and left empty is
    /// freed. The reasons are [`Error::Misaligned`], [`Error::OutOfRange`] and [`Error::OutputOutOfRange`] (nothing
    /// done), [`Error::AlreadyMapped`], [`Error::OutOfMemory`] and [`Error::BadTablePage`].
    #[inline(always)]
    pub fn map_with<W: World<F>>(
        &mut self,
        world: &mut W,
        range: Range,
        output: Phys,
        attributes: F::Attributes,
        how: How,
    ) -> Result<(), MapError> {
        // One page into tables that exist is what most calls ask for.
        let page = self.is_page(range) && self.is_output_page(output);
        if page && self.map_page(world, range.first(), output, attributes) {
            return Ok(());
        }
        let alone = range.last() - range.first() == low_bits(F::GRANULE_SHIFT);
        match how {
            How { sizes: _, existing: Existing::Refuse, grouping: Grouping::Single } if alone => {
                self.map_far(world, range.first(), output, attributes)
            }
            How { sizes, existing: Existing::Refuse, grouping: Grouping::Single } => {
                self.map_range(world, range, output, attributes, Plain(sizes))
            }
            how => self.map_range(world, range, output, attributes, how),
        }
    }

    /// `map_with` for a range of one granule: arguments that fit into registers, so that the common way needs no stack.
    #[cold]
    #[inline(never)]
    fn map_far<W: World<F>>(
        &mut self,
        world: &mut W,
        va: u64,
        output: Phys,
        attributes: F::Attributes,
    ) -> Result<(), MapError> {
        let range = Range::inclusive(va, va.wrapping_add(low_bits(F::GRANULE_SHIFT)));
        let range = range.map_err(|error| MapError { mapped: 0, error })?;
        self.map_range(world, range, output, attributes, Plain(Sizes::Pages))
    }

    /// `map_with` for one page; does nothing and returns `false` unless every table stands already and the slot is empty.
    #[inline(always)]
    fn map_page<W: World<F>>(
        &mut self,
        world: &mut W,
        va: u64,
        output: Phys,
        attributes: F::Attributes,
    ) -> bool {
        let mut edit: Edit<'_, F, W, U> = self.edit(world);
        let place = page_slot::<F, W>(edit.world, edit.shape, va);
        let done =
            place.is_some_and(|place| page_at::<F, F::Top, W, U>(&mut edit, place, va, output, attributes));
        edit.finish();
        done
    }
}

/// [`page_here`] at the level that pages have.
#[inline(always)]
fn page_at<F: Format, L: Level<F>, W: World<F>, U: Use>(
    edit: &mut Edit<'_, F, W, U>,
    place: (W::Table, usize),
    va: u64,
    output: Phys,
    attributes: F::Attributes,
) -> bool {
    if L::HAS_TABLE {
        page_at::<F, L::Next, W, U>(edit, place, va, output, attributes)
    } else {
        page_here::<F, L, W, U>(edit, place, va, output, attributes)
    }
}

/// Maps a page in a table of the last level if its slot is empty; otherwise does nothing and returns `false`.
#[inline(always)]
pub(crate) fn page_here<F: Format, L: Level<F>, W: World<F>, U: Use>(
    edit: &mut Edit<'_, F, W, U>,
    (table, index): (W::Table, usize),
    va: u64,
    output: Phys,
    attributes: F::Attributes,
) -> bool {
    if load::<F, W>(edit.world, table, index) != L::empty(edit.shape) || output.0 & !L::REACH != 0 {
        return false;
    }
    edit.publish_leaf::<L>((table, index), va, L::leaf(output, attributes));
    true
}
