//! `ptdsl decode`: what a descriptor's raw word means.

mod json;
mod table;

use ptdsl_compiler::decode::{DecodeError, Decoded, decode};
use ptdsl_compiler::ir::{Format, KindClass};

use super::report::{self, Failure};
use super::{number, spec};

/// For `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  ptdsl decode arm64-hyp.pt 0x0040000040000743 --level 3
  ptdsl decode arm64-hyp.pt 0x48000003                at every level that fits
  ptdsl decode arm64-hyp.pt 0x743 --level 3 --json    for programs";

/// Arguments of `ptdsl decode`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Path of a spec or name of a built-in format
    spec: String,
    /// The word: hexadecimal (0x..), binary (0b..) or decimal, `_` allowed
    #[arg(value_name = "RAW", allow_hyphen_values = true)]
    raw: String,
    /// The level of the table that holds the word, as the manual counts; without it, every level that fits
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    level: Option<i32>,
    /// Which format, if the spec has several
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
    /// Write JSON: one object with `--level`, else a list
    #[arg(long)]
    json: bool,
}

/// Runs `ptdsl decode`.
///
/// # Errors
/// See [`Failure`]. An invalid word is a result, not an error.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let format = spec::format(&arguments.spec, arguments.format.as_deref())?;
    let raw = number::parse(&arguments.raw).ok_or_else(|| {
        Failure::usage(format!("`{}` is no word of up to {} bits", arguments.raw, format.word_bits))
            .help("write it as 0x0040_0000_4000_0743, 0b11 or 4099")
    })?;
    let at = |level| decode(&format, level, raw).map_err(|error| refused(&format, &error));
    if let Some(level) = arguments.level {
        let decoded = at(level)?;
        if arguments.json {
            return report::json(&json::word(&format, &decoded));
        }
        return report::out(&table::text(&format, &[decoded]));
    }
    let levels = format.levels.iter().map(|level| at(level.number));
    let list = worth_showing(levels.collect::<Result<_, _>>()?);
    if arguments.json {
        return report::json(&list.iter().map(|decoded| json::word(&format, decoded)).collect::<Vec<_>>());
    }
    report::out(&table::text(&format, &list))
}

fn refused(format: &Format, error: &DecodeError) -> Failure {
    Failure::usage(format!("{}: {error}", format.name))
}

/// The levels at which the walk goes on with the word; all of them if there is none.
fn worth_showing(list: Vec<Decoded>) -> Vec<Decoded> {
    if list.iter().all(|decoded| decoded.class == KindClass::Invalid) {
        return list;
    }
    list.into_iter().filter(|decoded| decoded.class != KindClass::Invalid).collect()
}
