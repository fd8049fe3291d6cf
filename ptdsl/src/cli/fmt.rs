//! `ptdsl fmt`: the one layout that all specs have.

use std::path::PathBuf;

use ptdsl_compiler::source::SourceMap;
use ptdsl_compiler::syntax;
use ptdsl_formats::files::Files;

use super::report::{self, Failure};
use super::{patch, spec, write};

/// For `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  ptdsl fmt mine.pt          rewrites the file in place
  ptdsl fmt *.pt --check     prints what would change, and exits with 1 if anything would";

/// Arguments of `ptdsl fmt`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Paths of specs
    #[arg(value_name = "SPEC", required = true)]
    specs: Vec<String>,
    /// Write nothing; print what would change, and exit with 1 if anything would
    #[arg(long)]
    check: bool,
}

/// A spec in its own layout and in the right one.
struct Layout {
    name: String,
    path: Option<PathBuf>,
    is: String,
    should_be: String,
}

/// Runs `ptdsl fmt`.
///
/// # Errors
/// See [`Failure`]. If a spec has syntax errors no file is written.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut layouts = Vec::new();
    let mut errors = false;
    for spec in &arguments.specs {
        match layout(spec) {
            Ok(layout) => layouts.push(layout),
            Err(Failure::Findings) => errors = true,
            Err(usage) => return Err(usage),
        }
    }
    if errors {
        return Err(Failure::Findings);
    }
    if arguments.check { check(&layouts) } else { rewrite(&layouts) }
}

fn layout(spec: &str) -> Result<Layout, Failure> {
    let text = spec::open(&Files::new(""), spec)?;
    let mut sources = SourceMap::default();
    let file = sources.add(&text.name, &text.text);
    match syntax::parse(file, &text.text) {
        Ok(tree) => {
            let should_be = syntax::print(&tree, &text.text);
            Ok(Layout { name: text.name, path: text.path, is: text.text, should_be })
        }
        Err(diagnostics) => {
            report::findings(&sources, &diagnostics);
            Err(Failure::Findings)
        }
    }
}

fn check(layouts: &[Layout]) -> Result<(), Failure> {
    let changed: Vec<&Layout> = layouts.iter().filter(|layout| layout.is != layout.should_be).collect();
    for layout in &changed {
        report::out(&patch::unified(&layout.name, &layout.is, &layout.should_be))?;
        report::finding(&format!("{} is not laid out as `ptdsl fmt` does", layout.name));
    }
    if changed.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = changed.iter().map(|layout| layout.name.as_str()).collect();
    report::help(&format!("run `ptdsl fmt {}`", names.join(" ")));
    Err(Failure::Findings)
}

fn rewrite(layouts: &[Layout]) -> Result<(), Failure> {
    // Nothing is written if anything cannot be.
    if let Some(layout) = layouts.iter().find(|layout| layout.path.is_none()) {
        return Err(Failure::usage(format!(
            "`{}` is built into this command and cannot be rewritten",
            layout.name
        ))
        .help("give the path of a file"));
    }
    for layout in layouts {
        // Checked above.
        let Some(path) = &layout.path else { continue };
        if write::replace(path, &layout.should_be)? {
            report::out(&format!("formatted {}\n", layout.name))?;
        }
    }
    Ok(())
}
