//! Page tables from a specification: the runtime that generated code stands on.
//!
//! A spec describes a page-table format as the architecture manual does; `ptdsl!` or the command `ptdsl gen` turns it
//! into a module with typed descriptors and one [`Level`] implementation per level. The operations are written here,
//! once, generic over those levels, so that the compiler makes one straight descent of them for each format.
//!
//! Everything that touches the world goes through [`World`]: table memory, barriers, TLB maintenance, table pages.
//! The same operation runs on hardware, over a host [`Arena`] (feature `std`), and in a simulator.
#![no_std]
#![deny(missing_docs, unsafe_op_in_unsafe_fn, unsafe_code)]

#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod address;
mod alike;
mod annotate;
#[cfg(feature = "std")]
mod arena;
mod batch;
mod breaking;
mod collapse;
mod cursor;
mod cut;
mod each;
pub mod error;
mod flags;
pub mod format;
mod funds;
mod gather;
mod leaf;
mod map;
mod map_funded;
mod map_range;
mod mappings;
#[allow(unsafe_code)]
pub mod memory;
mod protect;
mod safety;
mod split;
mod table;
#[doc(hidden)]
pub mod tables;
mod tier;
mod transition;
mod translate;
mod unmap;
mod unmap_range;
mod unmap_split;
pub mod visit;
mod walk;
mod word;
pub mod world;

pub use address::{Phys, Range};
#[cfg(feature = "std")]
pub use arena::Arena;
pub use cursor::Cursor;
pub use error::{Error, MapError};
pub use format::{Along, Change, End, Extend, Format, Level, OutputChoice, Part, Run, Shape, Transition};
pub use gather::{Flushed, Gather, Limits};
pub use map::{Existing, Grouping, How, Sizes};
pub use mappings::{Mapping, Mappings};
pub use protect::{Holes, Protected};
#[cfg(feature = "macro")]
pub use ptdsl_macros::ptdsl;
pub use safety::{Breaks, Quiesced};
pub use table::{Config, Inactive, Live, PageTable, Use};
pub use transition::Permit;
pub use translate::{Fault, Translation};
pub use unmap::{Boundary, Stopped, Unmapped};
pub use visit::{Slot, Then, Visitor};
pub use word::Word;
pub use world::{Fresh, TableLayout, World};

/// Whether this thread unwinds already. Without `std` nobody knows; a panic during a panic aborts, as the panic itself
/// does there.
fn panicking() -> bool {
    #[cfg(any(test, feature = "std"))]
    let panicking = std::thread::panicking();
    #[cfg(not(any(test, feature = "std")))]
    let panicking = false;
    panicking
}

/// The README's code, compiled and run as documentation tests.
#[cfg(all(doctest, feature = "macro", feature = "std"))]
#[doc = include_str!("../../README.md")]
mod readme {}
