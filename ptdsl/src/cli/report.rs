//! What the command says, and where: results on standard output, everything else on standard error.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use ptdsl_compiler::diagnostic::Diagnostic;
use ptdsl_compiler::diagnostic::render::{Style, render};
use ptdsl_compiler::source::SourceMap;

/// Why a command ends without success.
pub(crate) enum Failure {
    /// Something is wrong with a spec or a generated file, and has been said.
    Findings,
    /// The command cannot do what it was asked.
    Usage {
        /// What is wrong, one sentence, lower case.
        message: String,
        /// What to do, a line each.
        help: Vec<String>,
    },
}

impl Failure {
    /// A usage error.
    pub(crate) fn usage(message: impl Display) -> Failure {
        Failure::Usage { message: message.to_string(), help: Vec::new() }
    }

    /// Adds what to do.
    pub(crate) fn help(mut self, line: impl Display) -> Failure {
        if let Failure::Usage { help, .. } = &mut self {
            help.push(line.to_string());
        }
        self
    }
}

/// Bold text, on a terminal.
pub(crate) const BOLD: &str = "\x1b[1m";
/// Text that is less important, on a terminal.
pub(crate) const DIM: &str = "\x1b[2m";
/// Text about something wrong, on a terminal.
pub(crate) const RED: &str = "\x1b[1;31m";
/// Text about something right, on a terminal.
pub(crate) const GREEN: &str = "\x1b[32m";
/// Ends all of these.
pub(crate) const RESET: &str = "\x1b[0m";

/// Writes a result.
///
/// # Errors
/// The output cannot be written. A reader that has seen enough (`| head`) is no error.
pub(crate) fn out(text: &str) -> Result<(), Failure> {
    let mut stream = anstream::stdout().lock();
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::usage(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a result as JSON, indented, with a newline at the end.
///
/// # Errors
/// As [`out`].
pub(crate) fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    match serde_json::to_string_pretty(value) {
        Ok(text) => out(&(text + "\n")),
        Err(error) => Err(Failure::usage(format!("the result does not fit into JSON: {error}"))),
    }
}

/// Writes a message. If even that fails there is nobody to tell.
pub(crate) fn note(text: &str) {
    let mut stream = anstream::stderr().lock();
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}

/// Writes a usage error.
pub(crate) fn usage(message: &str, lines: &[String]) {
    finding(message);
    for line in lines {
        help(line);
    }
}

/// Writes a sentence about something wrong.
pub(crate) fn finding(message: &str) {
    note(&format!("{RED}error{RESET}{BOLD}: {message}{RESET}\n"));
}

/// Writes what to do.
pub(crate) fn help(line: &str) {
    note(&format!("  {BOLD}help{RESET}: {line}\n"));
}

/// Writes findings.
pub(crate) fn findings(sources: &SourceMap, diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        note(&format!("{}\n", render(diagnostic, sources, Style { colour: true })));
    }
}

/// `1 error`, `2 errors`.
pub(crate) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
