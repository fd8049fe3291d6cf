//! What is asked of an MMU, and what it may answer.

use core::fmt;

/// What an access does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Reads data.
    Load,
    /// Writes data.
    Store,
    /// Executes.
    Fetch,
}

/// One way to have an address translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// What it does.
    pub kind: Kind,
    /// With the lower of two privileges (EL0, U-mode, CPL 3).
    pub user: bool,
    /// It is performed. If not, an instruction asks what it would give, and no memory is accessed.
    pub touch: bool,
}

impl Access {
    /// An access that is performed.
    #[must_use]
    pub const fn touch(kind: Kind, user: bool) -> Self {
        Access { kind, user, touch: true }
    }

    /// A question what an access would give.
    #[must_use]
    pub const fn ask(kind: Kind, user: bool) -> Self {
        Access { kind, user, touch: false }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = if self.touch { "" } else { "asked: " };
        let user = if self.user { ", unprivileged" } else { "" };
        write!(f, "{way}{:?}{user}", self.kind)
    }
}

/// Why an access was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// No leaf.
    Translation,
    /// A leaf that does not allow it.
    Permission,
    /// A leaf whose accessed flag is 0, where software sets it.
    AccessFlag,
    /// An address with more bits than the machine or the table has.
    AddressSize,
    /// Whatever else the machine says, in its own code: never expected.
    Other(u64),
}

/// What came of an access. What a machine does not tell is left at 0 or `None`, in what is expected as in what is found:
/// two outcomes agree if they are equal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It reached memory.
    Reached {
        /// The 4 KiB page, by its physical address.
        output: u64,
        /// Memory type and shareability, in the machine's own code.
        memory: u64,
    },
    /// It was refused.
    Refused {
        /// Why.
        why: Why,
        /// Level of the entry that refused.
        level: Option<i32>,
    },
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Outcome::Reached { output, memory } => write!(f, "{output:#x}, memory {memory:#x}"),
            Outcome::Refused { why, level: Some(level) } => write!(f, "{why:x?} fault, level {level}"),
            Outcome::Refused { why, level: None } => write!(f, "{why:x?} fault"),
        }
    }
}
