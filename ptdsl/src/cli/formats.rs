//! `ptdsl formats`: the built-in library.

use serde::Serialize;

use super::report::{self, BOLD, DIM, Failure, RESET};
use super::spec;

/// For `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  ptdsl formats
  ptdsl formats --json";

/// Arguments of `ptdsl formats`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write a list of {"name", "shared", "formats": [{"name", "docs"}]} as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct FileJson {
    name: &'static str,
    shared: bool,
    formats: Vec<FormatJson>,
}

#[derive(Serialize)]
struct FormatJson {
    name: String,
    docs: Vec<String>,
}

/// Runs `ptdsl formats`.
///
/// # Errors
/// See [`Failure`].
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let files: Vec<FileJson> = ptdsl_formats::all().iter().map(file).collect();
    if arguments.json {
        return report::json(&files);
    }
    let width = files.iter().map(|file| file.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for file in &files {
        if file.shared {
            text.push_str(&format!("{:<width$}  {DIM}shared by formats, for `use`{RESET}\n", file.name));
        }
        for format in &file.formats {
            let summary = format.docs.first().map_or("", String::as_str);
            let line = format!("{BOLD}{:<width$}{RESET}  {}: {summary}", file.name, format.name);
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    report::out(&text)
}

fn file(file: &'static ptdsl_formats::Format) -> FileJson {
    let compilation = spec::compile_library(file);
    let formats = compilation.formats.into_iter();
    FileJson {
        name: file.name,
        shared: file.shared,
        formats: formats.map(|format| FormatJson { name: format.name, docs: format.docs }).collect(),
    }
}
