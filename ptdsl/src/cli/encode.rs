//! `ptdsl encode`: a descriptor's raw word from names and values.

use ptdsl_compiler::decode::{Value, encode};

use super::report::{self, Failure};
use super::{number, spec};

/// For `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  ptdsl encode arm64-hyp.pt Page --level 3 PA=0x40000000 prot=rw memory=normal
  ptdsl encode arm64-hyp.pt Table --level 1 next=0x48001000 XNTable=1
  ptdsl encode arm64-hyp.pt invalid --level 3 '[9:2]=10'   bits that the spec leaves free";

/// Arguments of `ptdsl encode`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Path of a spec or name of a built-in format
    spec: String,
    /// The kind of descriptor, as the spec calls it; `invalid` for an empty slot
    kind: String,
    /// The level of the table that will hold the word, as the manual counts
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    level: i32,
    /// A field, the address, an attribute, or free bits (`[9:2]`), and its value: a number or a name
    #[arg(value_name = "FIELD=VALUE")]
    assignments: Vec<String>,
    /// Which format, if the spec has several
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
    /// Write {"format", "level", "kind", "raw"} as JSON
    #[arg(long)]
    json: bool,
}

/// What `encode --json` writes.
#[derive(serde::Serialize)]
struct Word<'a> {
    format: &'a str,
    level: i32,
    kind: &'a str,
    raw: String,
}

/// Runs `ptdsl encode`.
///
/// # Errors
/// See [`Failure`].
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let format = spec::format(&arguments.spec, arguments.format.as_deref())?;
    let assignments: Vec<(&str, Value)> =
        arguments.assignments.iter().map(|word| assignment(word)).collect::<Result<_, _>>()?;
    let raw = encode(&format, arguments.level, &arguments.kind, &assignments)
        .map_err(|error| Failure::usage(format!("{}: {error}", format.name)))?;
    let word = number::word(raw, format.word_bits);
    if arguments.json {
        // The spec's own spelling; the invalid kind has none.
        let mut kinds = format.levels.iter().flat_map(|level| &level.kinds).map(|kind| kind.name.as_str());
        let kind = kinds.find(|kind| kind.eq_ignore_ascii_case(&arguments.kind));
        let kind = kind.filter(|kind| !kind.eq_ignore_ascii_case("invalid")).unwrap_or("invalid");
        return report::json(&Word { format: &format.name, level: arguments.level, kind, raw: word });
    }
    report::out(&(word + "\n"))
}

fn assignment(word: &str) -> Result<(&str, Value), Failure> {
    let Some((name, value)) = word.split_once('=') else {
        return Err(
            Failure::usage(format!("`{word}` is no assignment")).help("write FIELD=VALUE, such as AF=1")
        );
    };
    if !number::is_number(value) {
        return Ok((name, Value::Name(value.to_owned())));
    }
    match number::parse(value) {
        Some(number) => Ok((name, Value::Number(number))),
        None => Err(Failure::usage(format!("`{value}` in `{word}` is no number of up to 64 bits"))
            .help("write 0x4000_0000, 0b11 or 42")),
    }
}
