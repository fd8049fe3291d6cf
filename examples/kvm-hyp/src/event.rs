//! What an operation did, in the golden files' own notation.

use std::fmt;

/// A barrier's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dsb {
    /// `dsb ishst`
    Ishst,
    /// `dsb ish`
    Ish,
}

/// When a visitor was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before a table's entries.
    Pre,
    /// At an entry that is no table.
    Leaf,
    /// After a table's entries.
    Post,
}

/// One event. Pages are arena page numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A page was allocated.
    Alloc(usize),
    /// No page was left.
    AllocFail,
    /// A page was freed.
    Free(usize),
    /// A page's reference count rose to this.
    Get(usize, u64),
    /// A page's reference count fell to this.
    Put(usize, u64),
    /// A plain store.
    Store {
        /// Page.
        page: usize,
        /// Descriptor index.
        slot: usize,
        /// New descriptor.
        word: u64,
    },
    /// A store-release.
    Release {
        /// Page.
        page: usize,
        /// Descriptor index.
        slot: usize,
        /// New descriptor.
        word: u64,
    },
    /// A data barrier.
    Dsb(Dsb),
    /// `isb`
    Isb,
    /// `tlbi vale2is` for a leaf, `tlbi vae2is` for a table.
    Tlbi {
        /// Whether only last-level entries are meant.
        leaf: bool,
        /// Address, bits 55:12.
        va: u64,
        /// Level hint as hardware gets it.
        hint: Option<i32>,
    },
    /// A kernel warning.
    Warn,
    /// A visitor call of `walk`.
    Visit {
        /// Which.
        when: When,
        /// Level of the entry.
        level: i32,
        /// Walk address.
        va: u64,
        /// Descriptor.
        raw: u64,
    },
}

impl Event {
    /// The golden files' name of this kind of event.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Event::Alloc(_) => "alloc",
            Event::AllocFail => "alloc_fail",
            Event::Free(_) => "free",
            Event::Get(..) => "get",
            Event::Put(..) => "put",
            Event::Store { .. } => "st",
            Event::Release { .. } => "rel",
            Event::Dsb(_) => "dsb",
            Event::Isb => "isb",
            Event::Tlbi { .. } => "tlbi",
            Event::Warn => "warn",
            Event::Visit { .. } => "visit",
        }
    }
}

/// Whether level 3 compares events of that kind: everything but reference counts and warnings.
#[must_use]
pub fn is_architectural(kind: &str) -> bool {
    !matches!(kind, "get" | "put" | "warn")
}

/// Compact JSON, as the golden files print it.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match *self {
            Event::Alloc(page) | Event::Free(page) => write!(f, r#"["{kind}",{page}]"#),
            Event::AllocFail | Event::Isb | Event::Warn => write!(f, r#"["{kind}"]"#),
            Event::Get(page, count) | Event::Put(page, count) => write!(f, r#"["{kind}",{page},{count}]"#),
            Event::Store { page, slot, word } | Event::Release { page, slot, word } => {
                write!(f, r#"["{kind}",{page},{slot},"{word:#x}"]"#)
            }
            Event::Dsb(Dsb::Ishst) => write!(f, r#"["{kind}","ishst"]"#),
            Event::Dsb(Dsb::Ish) => write!(f, r#"["{kind}","ish"]"#),
            Event::Tlbi { leaf, va, hint } => {
                let name = if leaf { "vale2is" } else { "vae2is" };
                write!(f, r#"["{kind}","{name}","{va:#x}","#)?;
                match hint {
                    Some(level) => write!(f, "{level}]"),
                    None => write!(f, "null]"),
                }
            }
            Event::Visit { when, level, va, raw } => {
                let when = match when {
                    When::Pre => "pre",
                    When::Leaf => "leaf",
                    When::Post => "post",
                };
                write!(f, r#"["{kind}","{when}",{level},"{va:#x}","{raw:#x}"]"#)
            }
        }
    }
}

/// FNV-1a, 64 bits, over lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u64);

impl Digest {
    /// Of nothing.
    pub const EMPTY: Digest = Digest(0xcbf2_9ce4_8422_2325);

    /// One more line.
    pub fn line(&mut self, text: &impl fmt::Display) {
        // Writing to a digest never fails, and neither does printing what is hashed here.
        let _ = fmt::Write::write_fmt(self, format_args!("{text}\n"));
    }

    /// The number.
    #[must_use]
    pub fn value(self) -> u64 {
        self.0
    }
}

impl fmt::Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 =
            text.bytes().fold(self.0, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_print_as_in_the_files() {
        let tlbi = |hint| Event::Tlbi { leaf: false, va: 0x1000, hint };
        assert_eq!(tlbi(None).to_string(), r#"["tlbi","vae2is","0x1000",null]"#);
        assert_eq!(tlbi(Some(2)).to_string(), r#"["tlbi","vae2is","0x1000",2]"#);
        assert_eq!(Event::Release { page: 1, slot: 2, word: 0x7c3 }.to_string(), r#"["rel",1,2,"0x7c3"]"#);
        assert_eq!(
            Event::Visit { when: When::Post, level: 1, va: 0, raw: 3 }.to_string(),
            r#"["visit","post",1,"0x0","0x3"]"#
        );
    }

    #[test]
    fn digest_is_fnv_1a() {
        // The published value for "foobar" is 0x85944171f73967e8; one more round takes in the line's end.
        let mut digest = Digest::EMPTY;
        digest.line(&"foobar");
        assert_eq!(digest.value(), (0x8594_4171_f739_67e8 ^ 0x0a_u64).wrapping_mul(0x100_0000_01b3));
        assert_eq!(Digest::EMPTY.value(), 0xcbf2_9ce4_8422_2325);
    }
}
