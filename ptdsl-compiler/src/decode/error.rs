//! What the interpreter refuses, and what it would take instead.

use std::fmt;

use super::text;

/// Why a word cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The format has no level of that number.
    NoSuchLevel {
        /// The number that was asked for.
        level: i32,
        /// The format's levels.
        available: Vec<i32>,
    },
    /// The word has bits above the descriptor's width.
    TooWide {
        /// The word.
        raw: u64,
        /// Bits of a descriptor.
        word_bits: u32,
    },
}

/// Why a word cannot be encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// The format has no level of that number.
    Level(DecodeError),
    /// The level has no kind of that name.
    NoSuchKind {
        /// The name that was given.
        kind: String,
        /// The level's number.
        level: i32,
        /// The kinds of the level.
        available: Vec<String>,
        /// The kind that was probably meant.
        suggestion: Option<String>,
    },
    /// The kind has no field, address or attribute of that name.
    NoSuchName {
        /// The name that was given.
        name: String,
        /// The kind.
        kind: String,
        /// Fields, the address and attributes of the kind.
        available: Vec<String>,
        /// The name that was probably meant.
        suggestion: Option<String>,
    },
    /// A field or an attribute has no value of that name.
    NoSuchValue {
        /// The field or the attribute.
        name: String,
        /// The value that was given.
        value: String,
        /// The names that it knows.
        available: Vec<String>,
        /// The name that was probably meant.
        suggestion: Option<String>,
        /// Whether a number would do as well.
        numbers: bool,
    },
    /// A value needs more bits than there are.
    TooLarge {
        /// The field.
        name: String,
        /// The value that was given.
        value: u64,
        /// The largest value that fits.
        maximum: u64,
    },
    /// An address has bits that the kind does not hold at this level.
    Address {
        /// The address's name.
        name: String,
        /// The address that was given.
        value: u64,
        /// The kind.
        kind: String,
        /// The level's number.
        level: i32,
        /// Lowest bit that the kind holds: the address must be a multiple of 2 to this power.
        lowest: u32,
        /// The largest address that the kind holds.
        maximum: u64,
    },
    /// Bits were named by number that are not free.
    NotFree {
        /// The range as it was given.
        range: String,
        /// The kind.
        kind: String,
        /// The ranges that are free.
        available: Vec<String>,
    },
    /// Two assignments give the same bits different values.
    Conflict {
        /// The later assignment.
        name: String,
        /// What it disagrees with.
        with: String,
    },
    /// The values make a word of another kind, or of none.
    NotOfKind {
        /// The kind that was asked for.
        kind: String,
        /// The word.
        raw: u64,
        /// What the word is instead.
        instead: String,
    },
    /// The word would be of the kind, but the format does not allow it.
    Violation {
        /// The word.
        raw: u64,
        /// What is wrong.
        text: String,
    },
}

/// Why registers cannot be computed for a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableError {
    /// The number of input bits is out of the format's range.
    Width {
        /// The number that was asked for.
        width: u32,
        /// Fewest.
        minimum: u32,
        /// Most.
        maximum: u32,
    },
    /// The number of input bits does not go with that of output bits.
    WidthForOutput {
        /// The number of input bits that was asked for.
        width: u32,
        /// Output bits.
        bits: u32,
        /// Most input bits that go with them.
        maximum: u32,
    },
    /// The number of output bits is none that a table may be created with.
    OutputBits {
        /// The number that was asked for.
        bits: u32,
        /// The numbers that may be asked for.
        available: Vec<u32>,
    },
    /// The format has no option of that name.
    NoSuchOption {
        /// The name that was given.
        name: String,
        /// The options of the format.
        available: Vec<String>,
        /// The option that was probably meant.
        suggestion: Option<String>,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::NoSuchLevel { level, available } => {
                write!(f, "there is no level {level}; the levels are {}", numbers(available))
            }
            DecodeError::TooWide { raw, word_bits } => {
                write!(f, "{raw:#x} does not fit: a descriptor has {word_bits} bits")
            }
        }
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EncodeError::Level(error) => error.fmt(f),
            EncodeError::NoSuchKind { kind, level, available, suggestion } => {
                write!(f, "level {level} has no kind `{kind}`{}", meant(suggestion))?;
                write!(f, "; its kinds are {}", names(available))
            }
            EncodeError::NoSuchName { name, kind, available, suggestion } => {
                write!(f, "{kind} has no `{name}`{}; it has {}", meant(suggestion), names(available))
            }
            EncodeError::NoSuchValue { name, value, available, suggestion, numbers } => {
                write!(f, "{name} has no value `{value}`{}", meant(suggestion))?;
                match (available.is_empty(), numbers) {
                    (true, _) => write!(f, "; give a number"),
                    (false, true) => write!(f, "; give one of {} or a number", names(available)),
                    (false, false) => write!(f, "; give one of {}", names(available)),
                }
            }
            EncodeError::TooLarge { name, value, maximum } => {
                write!(f, "{name} = {value:#x} is out of range; the largest value is {maximum:#x}")
            }
            EncodeError::Address { name, value, kind, level, lowest, maximum } => {
                let aligned = value.trailing_zeros() >= *lowest;
                let fault = if aligned { "out of range" } else { "misaligned" };
                let step = 1u64.checked_shl(*lowest).unwrap_or(0);
                write!(f, "{name} = {value:#x} is {fault}; ")?;
                write!(f, "{kind} at level {level} takes multiples of {step:#x} up to {maximum:#x}")
            }
            EncodeError::NotFree { range, kind, available } => write!(
                f,
                "bits {range} of {kind} cannot be given by number; only ignored and software bits can: {}",
                names(available)
            ),
            EncodeError::Conflict { name, with } => write!(f, "{name} contradicts {with}"),
            EncodeError::NotOfKind { kind, raw, instead } => {
                write!(f, "these values make no {kind}: {raw:#x} is {instead}")
            }
            EncodeError::Violation { raw, text } => write!(f, "{text} (the word would be {raw:#x})"),
        }
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TableError::Width { width, minimum, maximum } => {
                write!(f, "a table cannot translate {width} input bits; it takes {minimum} to {maximum}")
            }
            TableError::WidthForOutput { width, bits, maximum } => {
                write!(
                    f,
                    "a table of {bits} output bits cannot translate {width} input bits; it takes at most {maximum}"
                )
            }
            TableError::OutputBits { bits, available } => {
                write!(f, "a table cannot have {bits} output bits; it takes one of {}", numbers(available))
            }
            TableError::NoSuchOption { name, available, suggestion } => {
                write!(f, "there is no option `{name}`{}", meant(suggestion))?;
                write!(f, "; the options are {}", names(available))
            }
        }
    }
}

impl std::error::Error for DecodeError {}
impl std::error::Error for EncodeError {}
impl std::error::Error for TableError {}

impl From<DecodeError> for EncodeError {
    fn from(error: DecodeError) -> Self {
        EncodeError::Level(error)
    }
}

fn meant(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default()
}

fn names(list: &[String]) -> String {
    text::list(list.iter().map(String::as_str))
}

fn numbers<T: fmt::Display>(list: &[T]) -> String {
    names(&list.iter().map(T::to_string).collect::<Vec<_>>())
}
