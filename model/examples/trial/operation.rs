//! One operation, performed alone or in a batch.

use ptdsl::{
    Boundary, Breaks, Error, Format, Gather, Holes, How, Live, PageTable, Phys, Quiesced, Range, Stopped,
};
use ptdsl_model::port::Model;

/// What may be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum May {
    Break,
    /// All but the page [`PINNED`].
    Pinned,
    Nothing,
}

/// The page that is pinned where one is.
pub(crate) const PINNED: u64 = 2;

/// Pages `.0..=.1` of the window.
pub(crate) type Pages = (u64, u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// To the outputs of the window, moved by so many pages, with these attributes of the space.
    Map(Pages, u64, usize, How),
    Unmap(Pages),
    UnmapSplit(Pages, May),
    Protect(Pages, usize, Holes, May),
    Split(Pages, May),
    SplitTo(u64, i32, May),
    Collapse(u64, i32, May),
    Annotate(Pages, u64),
    Accessed(Pages),
    Dirty(Pages),
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Bytes from the start, and where it stopped.
    Done(u64, Option<Stopped>),
    /// After so many bytes.
    Refused(u64, Error),
    /// Whether a flag was set.
    Flag(bool),
}

/// Who performs it.
pub(crate) enum Target<'a, 'b, F: Format> {
    Alone(&'a mut PageTable<F, Live>, &'a mut Model<F>),
    Batch(&'a mut Gather<'b, F, Model<F>>),
}

/// The input addresses of a window, and what is mapped there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'s, F: Format> {
    /// First input address.
    pub(crate) base: u64,
    pub(crate) attributes: &'s [F::Attributes],
}

impl<F: Format> Window<'_, F> {
    /// Input address of a page.
    pub(crate) fn va(&self, page: u64) -> u64 {
        self.base.wrapping_add(page << F::GRANULE_SHIFT)
    }

    /// First and last input address of pages.
    pub(crate) fn addresses(&self, (first, last): Pages) -> (u64, u64) {
        (self.va(first), self.va(last) | ((1 << F::GRANULE_SHIFT) - 1))
    }

    /// Where a page is mapped to.
    pub(crate) fn output(page: u64, skew: u64) -> u64 {
        Model::<F>::DATA + ((page + skew) << F::GRANULE_SHIFT)
    }
}

impl Operation {
    pub(crate) fn pages(&self) -> Pages {
        match *self {
            Operation::Map(pages, ..)
            | Operation::Unmap(pages)
            | Operation::UnmapSplit(pages, _)
            | Operation::Protect(pages, ..)
            | Operation::Split(pages, _)
            | Operation::Annotate(pages, _)
            | Operation::Accessed(pages)
            | Operation::Dirty(pages) => pages,
            Operation::SplitTo(page, ..) | Operation::Collapse(page, ..) => (page, page),
        }
    }

    /// What it may break; everything where it is not asked.
    pub(crate) fn may(&self) -> May {
        match *self {
            Operation::UnmapSplit(_, may)
            | Operation::Protect(_, _, _, may)
            | Operation::Split(_, may)
            | Operation::SplitTo(_, _, may)
            | Operation::Collapse(_, _, may) => may,
            // They take away nothing that stays.
            _ => May::Nothing,
        }
    }

    /// Whether it is told what it may break.
    pub(crate) fn breaks(&self) -> bool {
        matches!(
            self,
            Operation::UnmapSplit(..)
                | Operation::Protect(..)
                | Operation::Split(..)
                | Operation::SplitTo(..)
                | Operation::Collapse(..)
        )
    }

    /// Whether it changes flags of leaves that it keeps.
    pub(crate) fn flags(&self) -> bool {
        matches!(self, Operation::Accessed(_) | Operation::Dirty(_))
    }

    /// Performs it.
    ///
    /// # Errors
    /// The window lies outside of what can be addressed.
    pub(crate) fn perform<F: Format>(
        &self,
        target: &mut Target<'_, '_, F>,
        window: Window<'_, F>,
    ) -> Result<Outcome, Error> {
        let (first, last) = window.addresses(self.pages());
        let range = Range::inclusive(first, last)?;
        let pin = window.addresses((PINNED, PINNED));
        let pinned = [Range::inclusive(pin.0, pin.1)?];
        // SAFETY: the PEs are the model's: what they may meet meanwhile is what the model watches.
        #[allow(unsafe_code)]
        let quiesced = unsafe { Quiesced::promise() };
        let breaks = match self.may() {
            May::Break => Breaks::new(&[], &quiesced),
            May::Pinned => Breaks::new(&pinned, &quiesced),
            May::Nothing => Breaks::NONE,
        };
        macro_rules! on {
            ($method:ident($($argument:expr),*)) => {
                match target {
                    Target::Alone(table, model) => table.$method(*model, $($argument),*),
                    Target::Batch(batch) => batch.$method($($argument),*),
                }
            };
        }
        let result = match *self {
            Operation::Map((page, _), skew, which, how) => {
                let output = Phys(Window::<F>::output(page, skew));
                let attributes = window.attributes[which];
                let result = match target {
                    Target::Alone(table, model) => table.map_with(*model, range, output, attributes, how),
                    Target::Batch(batch) => batch.map(range, output, attributes, how),
                };
                return Ok(match result {
                    Ok(()) => Outcome::Done(range.last() - range.first() + 1, None),
                    Err(error) => Outcome::Refused(error.mapped, error.error),
                });
            }
            Operation::Unmap(_) => on!(unmap(range, Boundary::Stop)).map(|u| (u.bytes, u.stopped)),
            Operation::UnmapSplit(..) => {
                on!(unmap(range, Boundary::Split(breaks))).map(|u| (u.bytes, u.stopped))
            }
            Operation::Protect(_, which, holes, _) => {
                let patch = F::Patch::from(window.attributes[which]);
                on!(protect(range, patch, holes, breaks)).map(|p| (p.bytes, p.stopped))
            }
            Operation::Split(..) => on!(split(range, breaks)).map(|()| (0, None)),
            Operation::SplitTo(_, level, _) => on!(split_to(first, level, breaks)).map(|()| (0, None)),
            Operation::Collapse(_, level, _) => on!(collapse(first, level, breaks)).map(|()| (0, None)),
            Operation::Annotate(_, value) => on!(annotate(range, value)).map(|()| (0, None)),
            Operation::Accessed(_) | Operation::Dirty(_) => {
                let found = if matches!(self, Operation::Dirty(_)) {
                    on!(test_and_clear_dirty(range))
                } else {
                    on!(test_and_clear_accessed(range))
                };
                return Ok(found.map_or_else(|error| Outcome::Refused(0, error), Outcome::Flag));
            }
        };
        Ok(match result {
            Ok((bytes, stopped)) => Outcome::Done(bytes, stopped),
            Err(error) => Outcome::Refused(0, error),
        })
    }
}
