//! What both engines are asked and what they answer.

use std::fmt;

use crate::format::{stage1_pte_prot, stage2_pte_prot};
use crate::linux::Errno;
use crate::memory::FakeMemory;
use crate::setup::Setup;
use crate::state::Root;

/// One operation of a scenario, with its inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Makes the table.
    Init {
        /// Input bits.
        va_bits: u32,
    },
    /// Maps a range.
    Map {
        /// First input address.
        addr: u64,
        /// Bytes.
        size: u64,
        /// First output address.
        phys: u64,
        /// Protection bits.
        prot: u64,
    },
    /// Unmaps a range.
    Unmap {
        /// First input address.
        addr: u64,
        /// Bytes.
        size: u64,
    },
    /// Finds the entry of an address.
    Get {
        /// The address.
        addr: u64,
    },
    /// Decodes a raw last-level descriptor.
    PteProt {
        /// 1 or 2.
        stage: u32,
        /// The descriptor.
        raw: u64,
    },
    /// Visits a range.
    Walk {
        /// First input address.
        addr: u64,
        /// Bytes.
        size: u64,
        /// Which calls are wanted.
        flags: Flags,
        /// Where the visitor ends it.
        stop: Option<Stop>,
    },
    /// Frees everything.
    Destroy,
    /// From now on so many allocations succeed; `None`: all.
    AllocBudget(Option<u64>),
}

/// Which visitor calls a walk makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags {
    /// At entries that are no tables.
    pub leaf: bool,
    /// Before a table's entries.
    pub pre: bool,
    /// After a table's entries.
    pub post: bool,
}

impl Flags {
    /// From the kernel's flag word; `None` if it has others.
    #[must_use]
    pub fn from_word(word: u64) -> Option<Self> {
        (word & !7 == 0).then_some(Flags { leaf: word & 1 != 0, pre: word & 2 != 0, post: word & 4 != 0 })
    }
}

/// The visitor call that does not return 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Its number, from 0.
    pub at: u64,
    /// What it returns.
    pub ret: i64,
}

/// A return value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ret {
    /// 0, or a negative error number.
    Code(i64),
    /// A byte count.
    Bytes(u64),
}

impl fmt::Display for Ret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ret::Code(code) => write!(f, "{code}"),
            Ret::Bytes(bytes) => write!(f, "{bytes:#x}"),
        }
    }
}

/// What an operation answered. `None`: it has no such answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The return value.
    pub ret: Option<Ret>,
    /// The raw entry that `get` reached.
    pub pte: Option<u64>,
    /// Its level.
    pub level: Option<i32>,
    /// Its protection, decoded.
    pub prot: Option<u64>,
    /// The root's level.
    pub start_level: Option<i32>,
    /// Input bits of the table.
    pub ia_bits: Option<u32>,
}

impl Outcome {
    /// A return code alone.
    #[must_use]
    pub fn code(code: i64) -> Self {
        Outcome { ret: Some(Ret::Code(code)), ..Outcome::default() }
    }

    /// A byte count alone.
    #[must_use]
    pub fn bytes(bytes: u64) -> Self {
        Outcome { ret: Some(Ret::Bytes(bytes)), ..Outcome::default() }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.ret.map(|ret| format!("ret {ret}")),
            self.pte.map(|pte| format!("pte {pte:#x}")),
            self.level.map(|level| format!("level {level}")),
            self.prot.map(|prot| format!("prot {prot:#x}")),
            self.start_level.map(|level| format!("start_level {level}")),
            self.ia_bits.map(|bits| format!("ia_bits {bits}")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        f.write_str(if parts.is_empty() { "nothing" } else { "" })?;
        f.write_str(&parts.join(", "))
    }
}

/// Why an operation cannot be replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported(pub String);

/// One implementation of the page-table code, on a memory of its own.
pub trait Engine {
    /// `kvm_pgtable_hyp_init`.
    ///
    /// # Errors
    /// [`Unsupported`]: nothing done.
    fn init(&mut self, va_bits: u32) -> Result<Outcome, Unsupported>;

    /// `kvm_pgtable_hyp_map`.
    ///
    /// # Errors
    /// Linux's error number.
    fn map(&mut self, addr: u64, size: u64, phys: u64, prot: u64) -> Result<(), Errno>;

    /// `kvm_pgtable_hyp_unmap`: bytes.
    fn unmap(&mut self, addr: u64, size: u64) -> u64;

    /// `kvm_pgtable_get_leaf`, and the protection of what was found.
    fn get(&mut self, addr: u64) -> Outcome;

    /// `kvm_pgtable_walk`.
    ///
    /// # Errors
    /// Linux's error number, or what the visitor returned.
    fn walk(&mut self, addr: u64, size: u64, flags: Flags, stop: Option<Stop>) -> Result<(), Errno>;

    /// `kvm_pgtable_hyp_destroy`.
    ///
    /// # Errors
    /// [`Unsupported`]: nothing done.
    fn destroy(&mut self) -> Result<(), Unsupported>;

    /// What it runs as.
    fn setup(&self) -> &Setup;

    /// The memory that it works on.
    fn memory(&self) -> &FakeMemory;

    /// The same, to change it.
    fn memory_mut(&mut self) -> &mut FakeMemory;

    /// The table's root; `None` if there is none.
    fn root(&self) -> Option<Root>;

    /// Input bits of the table, or of the last one that was; 0 before the first.
    fn ia_bits(&self) -> u32;

    /// Performs an operation.
    ///
    /// # Errors
    /// [`Unsupported`]: nothing done.
    fn call(&mut self, call: &Call) -> Result<Outcome, Unsupported> {
        let code = |result: Result<(), Errno>| Outcome::code(result.err().unwrap_or(0));
        Ok(match *call {
            Call::Init { va_bits } => self.init(va_bits)?,
            Call::Map { addr, size, phys, prot } => code(self.map(addr, size, phys, prot)),
            Call::Unmap { addr, size } => Outcome::bytes(self.unmap(addr, size)),
            Call::Get { addr } => self.get(addr),
            // Any word at all, also of no listed kind: nothing of the library decodes that as Linux does.
            Call::PteProt { stage, raw } => {
                let stage1 = |raw| stage1_pte_prot(self.setup().hvhe, raw);
                let prot = if stage == 1 { stage1(raw) } else { stage2_pte_prot(raw) };
                Outcome { prot: Some(prot), ..Outcome::default() }
            }
            Call::Walk { addr, size, flags, stop } => code(self.walk(addr, size, flags, stop)),
            Call::Destroy => {
                self.destroy()?;
                Outcome::default()
            }
            Call::AllocBudget(budget) => {
                self.memory_mut().set_budget(budget);
                Outcome::default()
            }
        })
    }
}
