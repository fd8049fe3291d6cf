//! A loader over folders, and findings as text.

#![allow(dead_code, reason = "each test takes what it needs")]

pub(crate) mod outline;
pub(crate) mod texts;

use ptdsl_compiler::Compilation;
use ptdsl_compiler::diagnostic::render::{Style, render};
use ptdsl_compiler::source::{Loader, SourceFile};
use std::path::PathBuf;

/// Finds files by name in folders of the package, the first that has it.
pub(crate) struct Folders(pub(crate) &'static [&'static str]);

impl Loader for Folders {
    fn load(&self, path: &str, _from: &str) -> Result<SourceFile, String> {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let texts =
            self.0.iter().filter_map(|folder| std::fs::read_to_string(here.join(folder).join(path)).ok());
        let text = texts.into_iter().next().ok_or_else(|| format!("no folder holds `{path}`"))?;
        Ok(SourceFile { name: path.to_owned(), text })
    }
}

/// Everything that a compilation says.
pub(crate) fn report(compilation: &Compilation) -> String {
    let style = Style { colour: false };
    let findings = compilation.diagnostics.iter();
    findings.map(|finding| render(finding, &compilation.sources, style)).collect::<Vec<_>>().join("\n")
}

/// The one format of a fixture of the emitter.
#[allow(dead_code, reason = "only the emitter's tests read fixtures")]
pub(crate) fn fixture(name: &str) -> ptdsl_compiler::ir::Format {
    let folder = Folders(&["tests/emit"]);
    let root = folder.load(name, "").expect("a fixture");
    let compilation = ptdsl_compiler::compile(root, &folder, &[]);
    let findings = report(&compilation);
    compilation.formats.into_iter().next().unwrap_or_else(|| panic!("{findings}"))
}
