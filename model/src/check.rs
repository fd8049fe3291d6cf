//! The rules that a machine checks after each event, and what a violation says.

use std::fmt;

use crate::event::Event;

/// A rule, by its letter in the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// (a) Two translations of one address that hardware may hold together conflict.
    Conflict,
    /// (a) Two translations of one address give write and execute together, and neither gives both: "rw ↔ rx goes through r".
    WriteAndExecute,
    /// (b) A table page is freed while an observer may still walk through it.
    TableInUse,
    /// (b) A data page is released while an observer may still reach it.
    DataInUse,
    /// (c) A walk can read memory that was never written.
    Uninitialised,
    /// (c) A walk can read a descriptor with a bit that must be zero, or walk into memory that holds no table.
    Malformed,
    /// (d) What may be used is not what the operation promised.
    Stale,
    /// (e) A new mapping is not certain to be visible to the PE that made it.
    NotVisible,
    /// (e) Code may be executed that an instruction cache still holds from before.
    StaleCode,
    /// (f) Something was invalidated or ordered without need.
    Needless,
    /// (g) An access that must not fault may fault.
    Faults,
    /// A plain store over an entry in which the walker may just set accessed or dirty.
    LostUpdate,
    /// An invalidation with a level hint that the PE does not take, or one that cannot be told.
    Operand,
}

impl Rule {
    /// The letter in the protocol's list of checks; `-` for what it demands elsewhere.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Rule::Conflict | Rule::WriteAndExecute => 'a',
            Rule::TableInUse | Rule::DataInUse => 'b',
            Rule::Uninitialised | Rule::Malformed => 'c',
            Rule::Stale => 'd',
            Rule::NotVisible | Rule::StaleCode => 'e',
            Rule::Needless => 'f',
            Rule::Faults => 'g',
            Rule::LostUpdate | Rule::Operand => '-',
        }
    }

    /// The class of bugs that it stops first, where there is one.
    #[must_use]
    pub fn class(self) -> Option<&'static str> {
        match self {
            Rule::Conflict | Rule::Faults => Some("K1"),
            Rule::WriteAndExecute => Some("K14"),
            Rule::TableInUse | Rule::DataInUse => Some("K10"),
            Rule::Uninitialised => Some("K22"),
            Rule::Malformed => Some("K17"),
            Rule::Stale => Some("K3"),
            Rule::NotVisible | Rule::StaleCode => Some("K11"),
            Rule::Operand => Some("K4"),
            Rule::Needless | Rule::LostUpdate => None,
        }
    }

    /// The rule in a few words.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Rule::Conflict => "conflicting translations",
            Rule::WriteAndExecute => "writable and executable at once",
            Rule::TableInUse => "table freed while it may be walked",
            Rule::DataInUse => "page released while it may be used",
            Rule::Uninitialised => "walk of uninitialised memory",
            Rule::Malformed => "walk of a malformed descriptor",
            Rule::Stale => "a translation that should be gone, or is not the promised one",
            Rule::NotVisible => "a mapping that is not certainly visible",
            Rule::StaleCode => "stale instructions",
            Rule::Needless => "maintenance without need",
            Rule::Faults => "an access that may fault",
            Rule::LostUpdate => "a lost accessed or dirty update",
            Rule::Operand => "an operand that this PE does not take",
        }
    }
}

/// A broken rule, with the events that led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// What exactly.
    pub detail: String,
    /// The observer in question: a PE's number, or the IOMMU's, which is the number of PEs.
    pub observer: Option<u8>,
    /// The last events, the offending one last.
    pub trace: Vec<Event>,
}

impl Violation {
    /// The offending event.
    #[must_use]
    pub fn event(&self) -> Option<&Event> {
        self.trace.last()
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule ({})", self.rule.letter())?;
        if let Some(class) = self.rule.class() {
            write!(f, ", {class}")?;
        }
        write!(f, ": {}: {}", self.rule.text(), self.detail)?;
        if let Some(observer) = self.observer {
            write!(f, ", observer {observer}")?;
        }
        for event in &self.trace {
            write!(f, "\n{event}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Violation {}

/// A broken rule before the trace is attached.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) rule: Rule,
    pub(crate) detail: String,
    pub(crate) observer: Option<u8>,
}

impl Broken {
    #[cold]
    pub(crate) fn new(rule: Rule, observer: impl Into<Option<u8>>, detail: impl Into<String>) -> Box<Broken> {
        Box::new(Broken { rule, detail: detail.into(), observer: observer.into() })
    }
}

/// The outcome of a step inside the machine.
pub(crate) type Checked<T = ()> = Result<T, Box<Broken>>;
