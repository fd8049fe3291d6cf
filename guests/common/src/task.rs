//! What a guest is told to do: the words `seed=N count=N`, and in builds that can do wrong `fault=NAME`.

use core::fmt;

/// What a guest does wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Leaves the TLB invalidations out.
    NoTlbi,
    /// Maps one granule beside what was asked.
    ShiftOutput,
    /// Makes leaves executable that should not be.
    DropXn,
}

impl Fault {
    /// All of them, by name.
    pub const ALL: [(&'static str, Fault); 3] =
        [("no-tlbi", Fault::NoTlbi), ("shift-output", Fault::ShiftOutput), ("drop-xn", Fault::DropXn)];
}

/// What a guest does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// All that is random follows from it.
    pub seed: u64,
    /// Translations to compare for each format, at least.
    pub count: u64,
    /// What to do wrong.
    pub fault: Option<Fault>,
}

/// Why a text is no task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complaint<'a> {
    /// It says nothing of this.
    Missing(&'static str),
    /// This word means nothing, or has no proper value.
    Unknown(&'a str),
    /// A fault is asked of a build that has none.
    Sound(&'a str),
}

impl fmt::Display for Complaint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Complaint::Missing(name) => write!(f, "the guest was not given `{name}=N`")?,
            Complaint::Unknown(word) => write!(f, "the guest does not understand `{word}`")?,
            Complaint::Sound(word) => write!(f, "`{word}` needs a build with the feature `faults`")?,
        }
        write!(
            f,
            "; it takes `seed=N count=N`, N decimal or 0x and hexadecimal, and is started by `cargo xtask qemu`"
        )
    }
}

impl Task {
    /// Reads a task. `faulty`: the build can do wrong.
    ///
    /// # Errors
    /// A word that is unknown or has no proper number; a seed or a count that is missing.
    pub fn parse(text: &str, faulty: bool) -> Result<Task, Complaint<'_>> {
        let (mut seed, mut count, mut fault) = (None, None, None);
        for word in text.split_whitespace() {
            let (name, value) = word.split_once('=').ok_or(Complaint::Unknown(word))?;
            match name {
                "seed" => seed = Some(number(value).ok_or(Complaint::Unknown(word))?),
                "count" => count = Some(number(value).ok_or(Complaint::Unknown(word))?),
                "fault" => {
                    let found = Fault::ALL.iter().find(|(name, _)| *name == value);
                    fault = Some(found.ok_or(Complaint::Unknown(word))?.1);
                    if !faulty {
                        return Err(Complaint::Sound(word));
                    }
                }
                _ => return Err(Complaint::Unknown(word)),
            }
        }
        let seed = seed.ok_or(Complaint::Missing("seed"))?;
        let count = count.ok_or(Complaint::Missing("count"))?;
        Ok(Task { seed, count, fault })
    }
}

/// A number, decimal or hexadecimal with 0x. No sign.
fn number(text: &str) -> Option<u64> {
    let (digits, radix) = text.strip_prefix("0x").map_or((text, 10), |digits| (digits, 16));
    let unsigned = !digits.starts_with(['+', '-']);
    u64::from_str_radix(digits, radix).ok().filter(|_| unsigned)
}
