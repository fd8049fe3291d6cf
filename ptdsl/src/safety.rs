//! What breaking a live leaf needs of the caller: the ranges that must stay mapped, and a promise.

use crate::address::Range;
use crate::error::Error;
use crate::format::Format;
use crate::table::{PageTable, Use};

/// A promise about the window between break and make, in which a part of a live leaf that stays mapped is unmapped for
/// every PE. Made by [`promise`](Quiesced::promise), passed in [`Breaks`].
#[derive(Debug)]
pub struct Quiesced(());

impl Quiesced {
    /// Promises it, for every operation that is given a reference to the result.
    ///
    /// # Safety
    /// While such an operation runs, for each leaf of the table that it breaks (one that it splits, collapses into, or
    /// whose output, memory type or size it changes), one of these holds for every PE and device that uses the table,
    /// the one that runs the operation included:
    /// - it does not access, execute from or prefetch architecturally any address that the leaf maps, be it with an
    ///   instruction, its stack, its vectors, a table walk through that mapping, or DMA;
    /// - or its fault or abort handler lies outside the leaf, waits until the operation has returned, and retries.
    #[allow(unsafe_code)]
    #[must_use]
    pub const unsafe fn promise() -> Self {
        Quiesced(())
    }
}

/// What an operation may break of a live table.
///
/// ```
/// use ptdsl::{Breaks, Quiesced, Range};
/// # fn main() -> Result<(), ptdsl::Error> {
/// let code_and_stacks = [Range::new(0x4000_0000, 0x20_0000)?];
/// // SAFETY: the other PEs wait in code inside the pinned range.
/// let quiesced = unsafe { Quiesced::promise() };
/// let breaks = Breaks::new(&code_and_stacks, &quiesced);
/// # let _ = breaks;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Breaks<'a> {
    pinned: &'a [Range],
    quiesced: Option<&'a Quiesced>,
}

impl<'a> Breaks<'a> {
    /// Nothing: an operation that would break a leaf gives [`Error::NeedsSplit`].
    pub const NONE: Breaks<'static> = Breaks { pinned: &[], quiesced: None };

    /// Any leaf that holds no byte of `pinned`: what any PE needs at all times, its code, stack and vectors, and the tables
    /// where they are mapped. Ranges of whole granules, none of which overlap.
    #[must_use]
    pub const fn new(pinned: &'a [Range], quiesced: &'a Quiesced) -> Self {
        Breaks { pinned, quiesced: Some(quiesced) }
    }

    /// Whether the leaf `first..=last` may be broken.
    ///
    /// # Errors
    /// [`Error::Pinned`], [`Error::NeedsSplit`].
    pub(crate) fn allow(&self, (first, last): (u64, u64), level: i32) -> Result<(), Error> {
        if let Some(pinned) = self.pinned.iter().find(|p| p.first() <= last && first <= p.last()) {
            return Err(Error::Pinned { va: first, level, pinned: pinned.first() });
        }
        match self.quiesced {
            Some(_) => Ok(()),
            None => Err(Error::NeedsSplit { va: first, level }),
        }
    }
}

impl<F: Format, U: Use> PageTable<F, U> {
    /// Whether pinned ranges are ranges of the table, and disjoint.
    ///
    /// # Errors
    /// [`Error::Misaligned`], [`Error::OutOfRange`], [`Error::PinnedOverlap`].
    pub(crate) fn check_pinned(&self, breaks: &Breaks<'_>) -> Result<(), Error> {
        for (index, range) in breaks.pinned.iter().enumerate() {
            self.check(*range)?;
            let meets = |other: &&Range| other.first() <= range.last() && range.first() <= other.last();
            if let Some(other) = breaks.pinned[..index].iter().find(meets) {
                return Err(Error::PinnedOverlap { address: other.first().max(range.first()) });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_spared_if_a_single_pinned_byte_lies_in_it() {
        let range = |first, last| Range::inclusive(first, last).expect("not empty");
        let pinned = [range(0x3000, 0x3fff), range(u64::MAX - 0xfff, u64::MAX)];
        // SAFETY: no table is involved.
        #[allow(unsafe_code)]
        let quiesced = unsafe { Quiesced::promise() };
        let breaks = Breaks::new(&pinned, &quiesced);
        assert_eq!(breaks.allow((0, 0x2fff), 2), Ok(()));
        assert_eq!(breaks.allow((0x4000, 0x7fff), 2), Ok(()));
        for leaf in [(0, 0x3000), (0x3fff, 0x4000), (0x3800, 0x3801), (0, u64::MAX)] {
            assert_eq!(breaks.allow(leaf, 2), Err(Error::Pinned { va: leaf.0, level: 2, pinned: 0x3000 }));
        }
        let last = u64::MAX - 0xfff;
        assert_eq!(
            breaks.allow((last, u64::MAX), 3),
            Err(Error::Pinned { va: last, level: 3, pinned: last })
        );
        assert_eq!(Breaks::NONE.allow((0, 0xfff), 3), Err(Error::NeedsSplit { va: 0, level: 3 }));
    }
}
