//! The integer that holds a descriptor.

use core::fmt::{Debug, LowerHex};
use core::ops::{BitAnd, BitOr, BitXor, Not};

mod sealed {
    pub trait Sealed {}
    impl Sealed for u32 {}
    impl Sealed for u64 {}
}

/// `u32` or `u64`: what one load or store of a descriptor moves, single-copy atomic.
pub trait Word:
    sealed::Sealed
    + Copy
    + Eq
    + Debug
    + LowerHex
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + Not<Output = Self>
    + 'static
{
    /// All bits 0.
    const ZERO: Self;
    /// All bits 1.
    const ONES: Self;
    /// Bytes of a descriptor.
    const BYTES: u64;

    /// Zero-extends.
    fn to_u64(self) -> u64;
    /// Drops the bits that do not fit.
    fn from_u64(value: u64) -> Self;
    /// Adds modulo the word.
    #[must_use]
    fn wrapping_add(self, other: Self) -> Self;
}

macro_rules! word {
    ($($int:ty),*) => {$(
        impl Word for $int {
            const ZERO: Self = 0;
            const ONES: Self = <$int>::MAX;
            const BYTES: u64 = (<$int>::BITS / 8) as u64;

            #[inline(always)]
            fn to_u64(self) -> u64 {
                self as u64
            }
            #[inline(always)]
            fn from_u64(value: u64) -> Self {
                value as $int
            }
            #[inline(always)]
            fn wrapping_add(self, other: Self) -> Self {
                <$int>::wrapping_add(self, other)
            }
        }
    )*};
}
word!(u32, u64);
