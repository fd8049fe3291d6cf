//! Everything that an operation may refuse, each with the numbers that a caller needs to act.

use core::fmt;

/// Why an operation did nothing, or stopped. Nothing was stored for the part that it speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The range has no bytes.
    Empty,
    /// `start + bytes` passes the end of the 64-bit space.
    Wraps {
        /// First byte.
        start: u64,
        /// Length.
        bytes: u64,
    },
    /// An address is no multiple of the granule.
    Misaligned {
        /// The address: the range's first byte, the byte after its last, or the output address.
        address: u64,
        /// What it must be a multiple of, in bytes.
        alignment: u64,
    },
    /// The input range does not fit the table's width, or is not canonical.
    OutOfRange {
        /// The first byte that the table does not translate.
        address: u64,
        /// Input bits of the table.
        width: u32,
    },
    /// The output range passes the table's output limit.
    OutputOutOfRange {
        /// Last byte of the output.
        address: u64,
        /// Output bits of the table.
        bits: u32,
    },
    /// The format has no table of that many input bits.
    Width {
        /// What was asked for.
        width: u32,
        /// The fewest.
        min: u32,
        /// The most.
        max: u32,
    },
    /// The format has no output limit of that many bits.
    OutputBits {
        /// What was asked for.
        bits: u32,
    },
    /// The format's tag does not have that many bits.
    Tag {
        /// What was asked for.
        tag: u64,
        /// How many it has; 0 where there is none.
        bits: u32,
    },
    /// The slot holds something else already. Unmap it first.
    AlreadyMapped {
        /// First input address that is taken.
        va: u64,
        /// Level of the entry.
        level: i32,
        /// The entry.
        entry: u64,
    },
    /// [`World::allocate`](crate::World::allocate) gave no table page.
    OutOfMemory {
        /// Input address that needed it.
        va: u64,
        /// Level of the table that was needed.
        level: i32,
    },
    /// The allocated table page does not have the asked alignment or lies beyond what a descriptor can hold.
    BadTablePage {
        /// Its address.
        address: u64,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Error::Empty => write!(f, "the range is empty"),
            Error::Wraps { start, bytes } => {
                write!(f, "{bytes:#x} bytes from {start:#x} pass the end of the address space")
            }
            Error::Misaligned { address, alignment } => {
                write!(f, "{address:#x} is not a multiple of {alignment:#x}")
            }
            Error::OutOfRange { address, width } => {
                write!(f, "{address:#x} is outside the {width} input bits of this table")
            }
            Error::OutputOutOfRange { address, bits } => {
                write!(f, "output address {address:#x} does not fit {bits} bits")
            }
            Error::Width { width, min, max } => {
                write!(f, "{width} input bits: this format has {min} to {max}")
            }
            Error::Tag { tag, bits } => write!(f, "tag {tag:#x} does not fit the format's {bits} bits"),
            Error::OutputBits { bits } => write!(f, "this format has no limit of {bits} output bits"),
            Error::AlreadyMapped { va, level, entry } => {
                write!(f, "{va:#x} is taken: level {level} holds {entry:#x}")
            }
            Error::OutOfMemory { va, level } => {
                write!(f, "no memory for a level {level} table at {va:#x}")
            }
            Error::BadTablePage { address } => {
                write!(f, "table page {address:#x} is misaligned or out of reach of a descriptor")
            }
        }
    }
}

impl core::error::Error for Error {}

/// Why [`map`](crate::PageTable::map) stopped, and how far it got. The part before stays mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapError {
    /// Bytes from the range's start that are mapped now.
    pub mapped: u64,
    /// What stopped it.
    pub error: Error,
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (mapped {:#x} bytes before)", self.error, self.mapped)
    }
}

impl core::error::Error for MapError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.error)
    }
}
