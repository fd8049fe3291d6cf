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
    /// With that output limit the format has no table of that many input bits.
    WidthForOutput {
        /// Input bits that were asked for.
        width: u32,
        /// Output bits that were asked for.
        bits: u32,
        /// The most input bits with them.
        max: u32,
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
    /// A live leaf would have to be broken: parts of it that stay mapped would be unmapped for a moment, and nobody
    /// promised that this does no harm. See [`Breaks`](crate::Breaks).
    NeedsSplit {
        /// First input address of the leaf.
        va: u64,
        /// Its level.
        level: i32,
    },
    /// A live leaf would have to be broken, and it maps a pinned byte.
    Pinned {
        /// First input address of the leaf.
        va: u64,
        /// Its level.
        level: i32,
        /// First address of the pinned range.
        pinned: u64,
    },
    /// Two pinned ranges overlap.
    PinnedOverlap {
        /// First address that both have.
        address: u64,
    },
    /// The patch would make a leaf that the spec does not list, or forbids.
    Forbidden {
        /// First input address of the leaf.
        va: u64,
        /// Its level.
        level: i32,
        /// The leaf as it is.
        entry: u64,
    },
    /// Nothing is mapped there.
    NotMapped {
        /// The address.
        va: u64,
        /// Level of the slot where the walk ended.
        level: i32,
    },
    /// The leaf cannot be split: the level below has no leaves, or none that can say the same.
    NoSmallerLeaf {
        /// First input address of the leaf.
        va: u64,
        /// Its level.
        level: i32,
    },
    /// The format has no leaves at that level, or the table does not reach up to it.
    NoLeaf {
        /// The level that was asked for.
        level: i32,
    },
    /// No table stands in the slot that was to become a leaf, because a leaf does already.
    AlreadyLeaf {
        /// First input address of the leaf.
        va: u64,
        /// Its level.
        level: i32,
    },
    /// A table cannot become one leaf: this entry is no leaf, or says something else than those before it.
    Differs {
        /// Input address of the first entry that differs.
        va: u64,
        /// Its level.
        level: i32,
        /// The entry.
        entry: u64,
    },
    /// Invalid entries have no room for that value.
    Annotation {
        /// What was to be kept.
        value: u64,
        /// Bits that the format has for it; of levels that differ, the fewest.
        bits: u32,
    },
    /// The format does not say which of its fields hold that flag.
    NoFlag,
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
            Error::WidthForOutput { width, bits, max } => {
                write!(
                    f,
                    "{width} input bits: with a limit of {bits} output bits this format has at most {max}"
                )
            }
            Error::Tag { tag, bits } => write!(f, "tag {tag:#x} does not fit the format's {bits} bits"),
            Error::OutputBits { bits } => write!(f, "this format has no limit of {bits} output bits"),
            Error::AlreadyMapped { va, level, entry } => {
                write!(f, "{va:#x} is taken: level {level} holds {entry:#x}")
            }
            Error::OutOfMemory { va, level } => {
                write!(f, "no memory for a level {level} table at {va:#x}")
            }
            Error::NeedsSplit { va, level } => {
                write!(f, "the live level {level} leaf at {va:#x} would have to be broken")
            }
            Error::Pinned { va, level, pinned } => {
                write!(
                    f,
                    "the level {level} leaf at {va:#x} would have to be broken, and {pinned:#x} is pinned"
                )
            }
            Error::PinnedOverlap { address } => write!(f, "two pinned ranges overlap at {address:#x}"),
            Error::Forbidden { va, level, entry } => {
                write!(
                    f,
                    "the level {level} leaf at {va:#x} ({entry:#x}) would become one that the format forbids"
                )
            }
            Error::NotMapped { va, level } => write!(f, "{va:#x} is not mapped (level {level})"),
            Error::NoSmallerLeaf { va, level } => {
                write!(f, "the level {level} leaf at {va:#x} cannot be split: no smaller leaf says the same")
            }
            Error::NoLeaf { level } => write!(f, "this table has no leaves at level {level}"),
            Error::AlreadyLeaf { va, level } => {
                write!(f, "{va:#x} is mapped by a level {level} leaf already")
            }
            Error::Differs { va, level, entry } => {
                write!(
                    f,
                    "the level {level} entry at {va:#x} ({entry:#x}) does not agree with those before it"
                )
            }
            Error::Annotation { value, bits } => {
                write!(f, "{value:#x} does not fit the {bits} bits that invalid entries have for software")
            }
            Error::NoFlag => write!(f, "the format does not say which field holds that flag"),
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
