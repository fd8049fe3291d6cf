//! `ptdsl explain`: what a code means.

use ptdsl_compiler::diagnostic::{Code, Severity};

use super::report::{self, BOLD, Failure, RESET};

/// For `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  ptdsl explain PT0101
  ptdsl explain 101
  ptdsl explain           lists all codes";

/// Arguments of `ptdsl explain`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A code as `ptdsl check` prints it; without it, all codes are listed
    code: Option<String>,
}

/// Runs `ptdsl explain`.
///
/// # Errors
/// There is no such code.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Some(word) = &arguments.code else {
        let lines = Code::ALL.iter().map(|code| format!("{}  {}\n", code.id(), code.title()));
        return report::out(&lines.collect::<String>());
    };
    let code = Code::parse(word).ok_or_else(|| {
        Failure::usage(format!("there is no code `{word}`")).help("`ptdsl explain` lists all codes")
    })?;
    let severity = match code.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let head = format!("{BOLD}{}: {}{RESET} ({severity})", code.id(), code.title());
    let lines: Vec<&str> = code.explanation().lines().map(str::trim).collect();
    report::out(&format!("{head}\n\n{}\n", lines.join("\n").trim_end()))
}
