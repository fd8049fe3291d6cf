//! `ptdsl check`: everything that is wrong with specs.

use ptdsl_compiler::diagnostic::{Diagnostic, Label, Severity};
use ptdsl_compiler::source::SourceMap;
use serde::Serialize;

use super::report::{self, Failure, count};
use super::spec::{self, Compiled};

/// For `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  ptdsl check mine.pt             everything that is wrong, with places and what to do
  ptdsl check formats/*.pt --json for programs
  ptdsl explain PT0301            more about a code";

/// Arguments of `ptdsl check`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Paths of specs or names of built-in formats
    #[arg(value_name = "SPEC", required = true)]
    specs: Vec<String>,
    /// Write the findings as JSON to standard output
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct SpecJson<'a> {
    spec: &'a str,
    formats: Vec<&'a str>,
    diagnostics: Vec<DiagnosticJson<'a>>,
}

#[derive(Serialize)]
struct DiagnosticJson<'a> {
    code: String,
    severity: &'static str,
    message: &'a str,
    labels: Vec<LabelJson<'a>>,
    notes: &'a [String],
    help: &'a [String],
}

/// Lines and columns count from 1, columns in characters; `start` and `end` are bytes of the file.
#[derive(Serialize)]
struct LabelJson<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    start: u32,
    end: u32,
    text: &'a str,
}

/// Runs `ptdsl check`.
///
/// # Errors
/// See [`Failure`]. Warnings alone are a success.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let compiled: Vec<Compiled> =
        arguments.specs.iter().map(|spec| spec::compile(spec)).collect::<Result<_, _>>()?;
    if arguments.json {
        let list: Vec<SpecJson<'_>> = compiled.iter().map(json).collect();
        report::json(&list)?;
    } else {
        for one in &compiled {
            report::findings(&one.compilation.sources, &one.compilation.diagnostics);
            report::out(&format!("{}: {}\n", one.name, verdict(one)))?;
        }
    }
    if compiled.iter().any(|one| one.counts().0 > 0) { Err(Failure::Findings) } else { Ok(()) }
}

/// `ok, declares arm64_hyp`, `2 errors, 1 warning`
fn verdict(compiled: &Compiled) -> String {
    let names: Vec<&str> = compiled.compilation.formats.iter().map(|format| format.name.as_str()).collect();
    let good = match names.len() {
        // Its items are checked where they are used.
        0 => "ok, declares no format, is for others to use".to_owned(),
        _ => format!("ok, declares {}", names.join(", ")),
    };
    match compiled.counts() {
        (0, 0) => good,
        (0, warnings) => format!("{good}; {}", count(warnings, "warning")),
        (errors, 0) => count(errors, "error"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}

fn json(compiled: &Compiled) -> SpecJson<'_> {
    let compilation = &compiled.compilation;
    SpecJson {
        spec: &compiled.name,
        formats: compilation.formats.iter().map(|format| format.name.as_str()).collect(),
        diagnostics: compilation
            .diagnostics
            .iter()
            .map(|one| diagnostic(&compilation.sources, one))
            .collect(),
    }
}

fn diagnostic<'a>(sources: &'a SourceMap, one: &'a Diagnostic) -> DiagnosticJson<'a> {
    DiagnosticJson {
        code: one.code.id(),
        severity: match one.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: &one.message,
        labels: one.labels.iter().map(|one| label(sources, one)).collect(),
        notes: &one.notes,
        help: &one.help,
    }
}

fn label<'a>(sources: &'a SourceMap, label: &'a Label) -> LabelJson<'a> {
    let (line, column) = sources.position(label.span);
    LabelJson {
        file: &sources.file(label.span.file).name,
        line,
        column,
        start: label.span.start,
        end: label.span.end,
        text: &label.text,
    }
}
