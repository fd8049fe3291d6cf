//! From the words of the command line to compiled formats.

use std::path::Path;

use ptdsl_compiler::Compilation;
use ptdsl_compiler::diagnostic::{Code, Severity};
use ptdsl_compiler::ir::Format;
use ptdsl_compiler::source::{Loader, SourceFile};
use ptdsl_compiler::suggest::closest;
use ptdsl_compiler::syntax;
use ptdsl_formats::files::{FileError, Files, Text};

use super::report::{self, Failure};

/// The specs that a `use` names.
pub(crate) struct Uses(pub(crate) Files);

impl Loader for Uses {
    fn load(&self, path: &str, from: &str) -> Result<SourceFile, String> {
        let text = self.0.open_used(path, from).map_err(|error| error.to_string())?;
        Ok(SourceFile { name: text.name, text: text.text })
    }
}

/// The text of a spec.
///
/// # Errors
/// There is no such spec, or it cannot be read.
pub(crate) fn open(files: &Files, spec: &str) -> Result<Text, Failure> {
    files.open(spec).map_err(|error| {
        let failure = Failure::usage(&error);
        match error {
            FileError::NotFound { in_library: true, path } => {
                let name = Path::new(&path).file_name().and_then(|name| name.to_str()).unwrap_or_default();
                failure.help(format!("write `{name}` for the format of the library"))
            }
            FileError::NotFound { path, .. } => {
                let names = ptdsl_formats::all().iter().map(|format| format.name);
                let meant = closest(&path, names.clone());
                let meant = meant.or_else(|| closest(&format!("{path}.pt"), names));
                let failure = match meant {
                    Some(name) => failure.help(format!("did you mean `{name}`?")),
                    None => failure,
                };
                failure.help("`ptdsl formats` lists the library")
            }
            _ => failure,
        }
    })
}

/// A spec and what became of it.
pub(crate) struct Compiled {
    /// The spec's name for messages.
    pub(crate) name: String,
    /// All of it.
    pub(crate) compilation: Compilation,
    /// It declares no format, and only holds what others use.
    pub(crate) shared: bool,
}

impl Compiled {
    /// Number of errors and of warnings.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let diagnostics = &self.compilation.diagnostics;
        let errors = diagnostics.iter().filter(|one| one.severity() == Severity::Error).count();
        (errors, diagnostics.len() - errors)
    }
}

/// Compiles a spec and says nothing.
///
/// # Errors
/// There is no such spec, or it cannot be read.
pub(crate) fn compile(spec: &str) -> Result<Compiled, Failure> {
    let files = Files::new("");
    let text = open(&files, spec)?;
    let root = SourceFile { name: text.name.clone(), text: text.text };
    let mut compilation = ptdsl_compiler::compile(root, &Uses(files), &[]);
    let shared = only_shares(&compilation);
    if shared {
        compilation.diagnostics.clear();
    }
    Ok(Compiled { name: text.name, compilation, shared })
}

/// Whether all that is wrong with a spec is that it declares no format, and it declares something else.
fn only_shares(compilation: &Compilation) -> bool {
    let [only] = compilation.diagnostics.as_slice() else {
        return false;
    };
    let Some((id, root)) = compilation.sources.files().next() else {
        return false;
    };
    let declares = |file: syntax::ast::File| !file.items.is_empty() || !file.uses.is_empty();
    only.code == Code::NoFormat && syntax::parse(id, &root.text).is_ok_and(declares)
}

/// Compiles a file of the library, whatever lies in the current folder.
pub(crate) fn compile_library(format: &ptdsl_formats::Format) -> Compilation {
    let root = SourceFile { name: format.name.to_owned(), text: format.text.to_owned() };
    ptdsl_compiler::compile(root, &Uses(Files::new("")), &[])
}

/// The formats of a spec without errors; warnings are said. One format only, if a name is given.
///
/// # Errors
/// There is no such spec, it has errors (which are said), it has no format, or none of that name.
pub(crate) fn formats(spec: &str, only: Option<&str>) -> Result<Vec<Format>, Failure> {
    formats_of(compile(spec)?, only)
}

/// The formats of what was compiled; warnings are said. One format only, if a name is given.
///
/// # Errors
/// As [`formats`], but for a spec that is missing.
pub(crate) fn formats_of(compiled: Compiled, only: Option<&str>) -> Result<Vec<Format>, Failure> {
    let Compiled { name, compilation, shared } = compiled;
    if shared {
        return Err(Failure::usage(format!("`{name}` declares no format"))
            .help(format!("it holds what formats share: name a spec that has `use \"{name}\";`")));
    }
    report::findings(&compilation.sources, &compilation.diagnostics);
    if compilation.diagnostics.iter().any(|one| one.severity() == Severity::Error) {
        return Err(Failure::Findings);
    }
    let mut formats = compilation.formats;
    if let Some(only) = only {
        let names = names(&formats);
        formats.retain(|format| format.name == only);
        if formats.is_empty() {
            let failure = Failure::usage(format!("`{name}` has no format `{only}`"));
            let failure = match closest(only, names.iter().map(String::as_str)) {
                Some(meant) => failure.help(format!("did you mean `{meant}`?")),
                None => failure,
            };
            return Err(failure.help(format!("its formats are {}", names.join(", "))));
        }
    }
    Ok(formats)
}

/// The one format of a spec.
///
/// # Errors
/// As [`formats`]; or the spec has several and none was named.
pub(crate) fn format(spec: &str, only: Option<&str>) -> Result<Format, Failure> {
    let mut formats = formats(spec, only)?;
    if formats.len() > 1 {
        return Err(Failure::usage(format!("`{spec}` has several formats: {}", names(&formats).join(", ")))
            .help("choose one with `--format NAME`"));
    }
    // `formats` gives at least one.
    Ok(formats.remove(0))
}

fn names(formats: &[Format]) -> Vec<String> {
    formats.iter().map(|format| format.name.clone()).collect()
}
