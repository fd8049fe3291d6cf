//! What happens on a machine: one event each for an instruction, or for a promise that the model must check.

use std::fmt;

use crate::memory::Place;
use crate::tlbi::Invalidate;

/// Who is reached by a barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// `nsh`: this PE alone.
    Local,
    /// `ish`: all PEs of the machine, and the IOMMU's walks.
    Inner,
    /// `osh`.
    Outer,
    /// `sy`.
    System,
}

/// Which accesses a barrier orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accesses {
    /// `st`: stores. It makes stores visible to walkers, and never completes an invalidation.
    Stores,
    /// `ld`: loads; it orders no store.
    Loads,
    /// Everything.
    All,
}

/// How a store is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Not at all (but on x86, where every store is a release).
    Plain,
    /// After everything before it.
    Release,
}

/// One event on one PE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A load. On x86 it acquires.
    Load(Place),
    /// A load-acquire: joins the view of the store that it reads.
    LoadAcquire(Place),
    /// A store.
    Store(Place, u64, Order),
    /// An atomic exchange with acquire and release: returns the old word, with what the walker may have set in it.
    Exchange(Place, u64),
    /// A compare-exchange with acquire and release; stores only if the place holds `expected`.
    CompareExchange {
        /// Where.
        place: Place,
        /// The old word.
        expected: u64,
        /// The new word.
        new: u64,
    },
    /// Data memory barrier, or `fence w, w` and `fence rw, rw`.
    Dmb(Domain, Accesses),
    /// Data synchronisation barrier. On x86: a serialising instruction that drains the store buffer.
    Dsb(Domain, Accesses),
    /// Instruction synchronisation barrier.
    Isb,
    /// Another context synchronisation: an exception taken or returned from.
    Exception,
    /// An invalidation by the machine's own rules (TLBI, INVLPG, `sfence.vma`).
    Invalidate(Invalidate),
    /// An interrupt to another PE, which takes it: what this PE did before is visible to what that PE does after.
    Interrupt(u8),
    /// Acquires a lock.
    Lock(u8),
    /// Releases a lock.
    Unlock(u8),
    /// This PE begins to walk a context.
    Enter(u8),
    /// This PE ceases to walk a context.
    Leave(u8),
    /// The VMID that invalidations of this PE mean, from its next context synchronisation on.
    SelectVmid(u16),
    /// A command to the IOMMU: invalidate.
    IommuInvalidate(Invalidate),
    /// Waits until the IOMMU has done what this PE told it.
    IommuSync,
    /// A table page goes back to the allocator.
    Free(u32),
    /// A data page gets another owner: first and last byte of its physical addresses.
    Release(u64, u64),
    /// Data is written into a page that will be executed: first byte of its physical addresses.
    WriteCode(u64),
    /// The instruction cache forgets a page (`ic ivau`), or everything (`None`: `ic iallu`).
    CleanCode(Option<u64>, Domain),
    /// This PE executes at an input address.
    Fetch(u64),
    /// This PE accesses an input address: it may not fault.
    Touch(u64),
    /// An operation returns that promised this PE what stands in the machine's list of promises.
    Return,
}

/// An event, as a trace shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number, from 1.
    pub time: u64,
    /// Who.
    pub pe: u8,
    /// What.
    pub act: Act,
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Domain::Local => "nsh",
            Domain::Inner => "ish",
            Domain::Outer => "osh",
            Domain::System => "sy",
        })
    }
}

impl fmt::Display for Accesses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Accesses::Stores => "st",
            Accesses::Loads => "ld",
            Accesses::All => "",
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table {}[{}]", self.page, self.slot)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>6} pe{} ", self.time, self.pe)?;
        match self.act {
            Act::Load(p) => write!(f, "load {p}"),
            Act::LoadAcquire(p) => write!(f, "load-acquire {p}"),
            Act::Store(p, word, Order::Plain) => write!(f, "store {p} = {word:#x}"),
            Act::Store(p, word, Order::Release) => write!(f, "store-release {p} = {word:#x}"),
            Act::Exchange(p, word) => write!(f, "exchange {p} = {word:#x}"),
            Act::CompareExchange { place, expected, new } => {
                write!(f, "compare-exchange {place}: {expected:#x} -> {new:#x}")
            }
            Act::Dmb(domain, accesses) => write!(f, "dmb {domain}{accesses}"),
            Act::Dsb(domain, accesses) => write!(f, "dsb {domain}{accesses}"),
            Act::Isb => f.write_str("isb"),
            Act::Exception => f.write_str("exception"),
            Act::Invalidate(i) => write!(f, "invalidate {i}"),
            Act::Interrupt(to) => write!(f, "interrupts pe{to}"),
            Act::Lock(n) => write!(f, "lock {n}"),
            Act::Unlock(n) => write!(f, "unlock {n}"),
            Act::Enter(n) => write!(f, "enters context {n}"),
            Act::Leave(n) => write!(f, "leaves context {n}"),
            Act::SelectVmid(n) => write!(f, "selects VMID {n}"),
            Act::IommuInvalidate(i) => write!(f, "IOMMU: invalidate {i}"),
            Act::IommuSync => f.write_str("IOMMU: sync"),
            Act::Free(page) => write!(f, "frees table {page}"),
            Act::Release(first, last) => write!(f, "releases {first:#x}..={last:#x}"),
            Act::WriteCode(pa) => write!(f, "writes code at {pa:#x}"),
            Act::CleanCode(Some(pa), domain) => write!(f, "ic ivau {pa:#x} ({domain})"),
            Act::CleanCode(None, domain) => write!(f, "ic iallu ({domain})"),
            Act::Fetch(va) => write!(f, "executes at {va:#x}"),
            Act::Touch(va) => write!(f, "accesses {va:#x}"),
            Act::Return => f.write_str("returns"),
        }
    }
}
