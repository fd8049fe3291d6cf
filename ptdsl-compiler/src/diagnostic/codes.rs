//! The only list of codes. Messages, `ptdsl explain` and the documentation read it; a code is never used again.

use super::Severity;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal, $title:literal;)+) => {
        /// What kind of finding it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Code { $($(#[doc = $doc])+ $name = $number,)+ }

        impl Code {
            /// Every code, ascending.
            pub const ALL: &'static [Code] = &[$(Code::$name),+];

            /// A few words that name the fault.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)+ }
            }

            /// Paragraphs for `ptdsl explain`.
            #[must_use]
            pub fn explanation(self) -> &'static str {
                match self { $(Code::$name => concat!($($doc, "\n"),+),)+ }
            }
        }
    };
}

mod list;

pub use list::Code;

impl Code {
    /// `PT0301`
    #[must_use]
    pub fn id(self) -> String {
        format!("PT{:04}", self as u16)
    }

    /// Codes from 900 are warnings.
    #[must_use]
    pub fn severity(self) -> Severity {
        if (self as u16) >= 900 { Severity::Warning } else { Severity::Error }
    }

    /// The code that an id such as `PT0301`, `pt301` or `301` names.
    #[must_use]
    pub fn parse(id: &str) -> Option<Code> {
        let digits = id.strip_prefix("PT").or_else(|| id.strip_prefix("pt")).unwrap_or(id);
        let number: u16 = digits.parse().ok()?;
        Code::ALL.iter().copied().find(|&code| code as u16 == number)
    }
}
