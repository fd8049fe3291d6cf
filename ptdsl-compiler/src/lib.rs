//! The ptdsl compiler: from the text of a page-table format to Rust, as a pure function.
//!
//! No I/O, no macro, no command line, and no format's name live here. Data flows one way:
//! text → [`syntax`] → resolve (files, names, variants) → model (numbers) → check → lower → [`ir`] → back-ends.
//! [`compile`] is that pipeline; back-ends read its [`Compilation::formats`].

#[cfg(feature = "interpreter")]
pub mod decode;
pub mod diagnostic;
pub mod emit;
pub mod ir;
pub mod source;
pub mod suggest;
pub mod syntax;

mod check;
mod cubes;
mod lower;
mod model;
mod resolve;

use diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use model::Model;
use resolve::inherit::Resolved;
use resolve::load::Program;
use resolve::scope::Scopes;
use source::{Loader, SourceFile, SourceMap};

/// What became of a spec.
#[derive(Clone, Debug)]
pub struct Compilation {
    /// The texts that were read: the spec first, then what it uses. Places in diagnostics point into them.
    pub sources: SourceMap,
    /// The formats that the spec itself declares, in order; those of used files are parents only. Empty if there are errors.
    pub formats: Vec<ir::Format>,
    /// Everything that was found, sorted by place; warnings do not keep formats from being emitted.
    pub diagnostics: Vec<Diagnostic>,
}

impl Compilation {
    /// Whether there are errors, and so no formats.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|finding| finding.severity() == Severity::Error)
    }

    /// The names of all texts that were read, the spec's first: when one of them changes, the result may.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        self.sources.files().map(|(_, file)| file.name.as_str())
    }
}

/// Compiles a spec: `root` is its text, `loader` finds what it `use`s, and `options` names options `of type` that are on in
/// addition to those that the formats `set`.
///
/// Every fault is reported in one run. Only a text that cannot be parsed or found keeps the later passes from running, since
/// all that they said would follow from that. There are no panics, whatever the text.
#[must_use]
pub fn compile(root: SourceFile, loader: &dyn Loader, options: &[&str]) -> Compilation {
    let mut sources = SourceMap::default();
    let mut found = Diagnostics::default();
    let program = resolve::load::load(root, loader, &mut sources, &mut found);
    let formats = if found.has_errors() { Vec::new() } else { understand(&program, options, &mut found) };
    Compilation { sources, formats, diagnostics: found.sorted() }
}

/// From trees to the intermediate representation.
fn understand(program: &Program, options: &[&str], found: &mut Diagnostics) -> Vec<ir::Format> {
    let scopes = Scopes::new(program, found);
    let formats = resolve::inherit::formats(&scopes, program.root(), found);
    if scopes.of(program.root()).formats.iter().all(|format| format.file != program.root()) {
        found.push(
            Diagnostic::without_place(Code::NoFormat, "the file declares no format")
                .help("files with shared items only are checked where they are used"),
        );
    }
    switches(&formats, options, found);
    let models: Vec<Model<'_>> = formats.iter().map(|format| Model::new(format, options, found)).collect();
    for model in &models {
        check::format(model, found);
    }
    check::file(&models, found);
    if found.has_errors() { Vec::new() } else { models.iter().filter_map(lower::format).collect() }
}

/// Options that are switched on from outside exist in some format, and are of the type.
fn switches(formats: &[Resolved<'_>], options: &[&str], found: &mut Diagnostics) {
    for &name in options {
        let scopes = || formats.iter().flat_map(Resolved::options).filter(|option| option.name.node == name);
        if scopes().any(|option| option.scope == syntax::ast::OptionScope::Type) {
            continue;
        }
        let message = format!("there is no option of the type `{name}` to switch on");
        let mut finding = Diagnostic::without_place(Code::UnknownSwitch, message);
        let known =
            formats.iter().flat_map(Resolved::options).filter(|o| o.scope == syntax::ast::OptionScope::Type);
        if let Some(option) = scopes().next() {
            finding =
                finding.label(option.name.span, "an option of the table, given when a table is created");
        } else if let Some(meant) = resolve::names::meant(name, known.map(|option| option.name.node.as_str()))
        {
            finding = finding.help(format!("did you mean `{meant}`?"));
        }
        found.push(finding.help("switch on options that a format declares `of type`"));
    }
}
