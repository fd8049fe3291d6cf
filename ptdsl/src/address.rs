//! Addresses and ranges of addresses. Ranges are end-inclusive, so that the last byte of a 64-bit space has no special case.

use core::fmt;

use crate::error::Error;

/// A physical address, or whatever a table's output is (the IPA of a stage 1 under stage 2, for one).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Phys(pub u64);

impl fmt::Debug for Phys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// Input addresses `first..=last`, in bytes, never empty.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Range {
    first: u64,
    last: u64,
}

impl Range {
    /// `bytes` bytes from `start`.
    ///
    /// # Errors
    /// [`Error::Empty`] for 0 bytes, [`Error::Wraps`] where the range passes the end of the 64-bit space.
    #[inline]
    pub const fn new(start: u64, bytes: u64) -> Result<Range, Error> {
        let Some(length) = bytes.checked_sub(1) else {
            return Err(Error::Empty);
        };
        match start.checked_add(length) {
            Some(last) => Ok(Range { first: start, last }),
            None => Err(Error::Wraps { start, bytes }),
        }
    }

    /// `first..=last`: for ranges that end with the last byte of the 64-bit space, or span all of it.
    ///
    /// # Errors
    /// [`Error::Empty`] where `last` lies before `first`.
    #[inline]
    pub const fn inclusive(first: u64, last: u64) -> Result<Range, Error> {
        if last < first { Err(Error::Empty) } else { Ok(Range { first, last }) }
    }

    /// The first byte.
    #[inline(always)]
    #[must_use]
    pub const fn first(self) -> u64 {
        self.first
    }

    /// The last byte.
    #[inline(always)]
    #[must_use]
    pub const fn last(self) -> u64 {
        self.last
    }
}

impl fmt::Debug for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}..={:#x}", self.first, self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_reach_the_last_byte_of_the_space_and_no_further() {
        let last_page = Range::new(u64::MAX - 0xfff, 0x1000).expect("ends with the space");
        assert_eq!((last_page.first(), last_page.last()), (u64::MAX - 0xfff, u64::MAX));
        assert_eq!(Range::new(u64::MAX, 2), Err(Error::Wraps { start: u64::MAX, bytes: 2 }));
        assert_eq!(Range::new(0x1000, 0), Err(Error::Empty));
        assert_eq!(Range::inclusive(0, u64::MAX).map(|all| all.last()), Ok(u64::MAX));
        assert_eq!(Range::inclusive(1, 0), Err(Error::Empty));
    }

    #[test]
    fn addresses_print_as_hexadecimal() {
        let range = Range::new(0x1000, 0x2000).expect("no wrap");
        assert_eq!(std::format!("{range:?} {:?}", Phys(0x8000_0000)), "0x1000..=0x2fff 0x80000000");
    }
}
