//! Reads the spec and every file that it uses, each once.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{FileId, Loader, SourceFile, SourceMap, Span};
use crate::syntax::{self, ast};

/// More files than any spec has: a loader that invents names without end must stop somewhere.
const MOST_FILES: usize = 256;

/// A file and the files that it uses.
#[derive(Debug)]
pub(crate) struct Unit {
    /// Its tree.
    pub(crate) ast: ast::File,
    /// The files behind its `use` lines, in order.
    pub(crate) uses: Vec<FileId>,
}

/// All files of one compilation.
#[derive(Debug)]
pub(crate) struct Program {
    units: Vec<Unit>,
}

impl Program {
    /// The file behind an id of this compilation.
    pub(crate) fn unit(&self, file: FileId) -> &Unit {
        &self.units[file.0 as usize]
    }

    /// The file that was given to the compiler.
    pub(crate) fn root(&self) -> FileId {
        FileId(0)
    }
}

struct Loading<'l> {
    loader: &'l dyn Loader,
    sources: &'l mut SourceMap,
    found: &'l mut Diagnostics,
    units: Vec<Unit>,
    /// The files whose `use` lines are being read, the root first.
    open: Vec<FileId>,
}

/// Reads everything. With errors in `found` the result must not be interpreted: a file may be missing from it.
pub(crate) fn load(
    root: SourceFile,
    loader: &dyn Loader,
    sources: &mut SourceMap,
    found: &mut Diagnostics,
) -> Program {
    let mut loading = Loading { loader, sources, found, units: Vec::new(), open: Vec::new() };
    loading.add(root);
    Program { units: loading.units }
}

impl Loading<'_> {
    fn add(&mut self, file: SourceFile) -> FileId {
        let id = self.sources.add(file.name, file.text);
        let ast = match syntax::parse(id, &self.sources.file(id).text) {
            Ok(ast) => ast,
            Err(faults) => {
                faults.into_iter().for_each(|fault| self.found.push(fault));
                ast::File { uses: Vec::new(), items: Vec::new(), comments: Vec::new() }
            }
        };
        let lines: Vec<(String, Span)> =
            ast.uses.iter().map(|u| (u.path.node.clone(), u.path.span)).collect();
        self.units.push(Unit { ast, uses: Vec::new() });
        self.open.push(id);
        let mut uses: Vec<(FileId, Span)> = Vec::new();
        for (path, span) in lines {
            let Some(used) = self.follow(&path, span, id) else { continue };
            if let Some((_, first)) = uses.iter().find(|(file, _)| *file == used) {
                let finding = Diagnostic::new(
                    Code::DuplicateItem,
                    format!("`{path}` is used twice"),
                    span,
                    "used again here",
                );
                self.found.push(finding.label(*first, "used first here").help("remove one of the lines"));
            } else {
                uses.push((used, span));
            }
        }
        self.open.pop();
        self.units[id.0 as usize].uses = uses.into_iter().map(|(file, _)| file).collect();
        id
    }

    fn follow(&mut self, path: &str, span: Span, from: FileId) -> Option<FileId> {
        let file = match self.loader.load(path, &self.sources.file(from).name) {
            Ok(file) => file,
            Err(reason) => {
                let finding = Diagnostic::new(
                    Code::UseNotFound,
                    format!("the used file `{path}` cannot be read"),
                    span,
                    "used here",
                );
                self.found.push(finding.note(reason).help(
                    "the path is relative to the file that uses it; embedded formats are used by their file name",
                ));
                return None;
            }
        };
        let known = self.sources.files().find(|(_, old)| old.name == file.name).map(|(id, _)| id);
        match known {
            Some(id) if self.open.contains(&id) => {
                let start = self.open.iter().position(|&open| open == id).unwrap_or(0);
                let names =
                    self.open[start..].iter().chain([&id]).map(|&id| self.sources.file(id).name.as_str());
                let chain = names.collect::<Vec<_>>().join(" uses ");
                let finding = Diagnostic::new(
                    Code::UseCycle,
                    format!("`{path}` is already being read: files use each other in a circle"),
                    span,
                    "closes the circle",
                );
                self.found.push(
                    finding.note(chain).help("move what both need into a third file that uses neither"),
                );
                None
            }
            Some(id) => Some(id),
            None if self.units.len() >= MOST_FILES => {
                let message = format!("more than {MOST_FILES} files are used");
                self.found.push(
                    Diagnostic::new(Code::UseNotFound, message, span, "not read any more")
                        .help("join files: a format needs a handful"),
                );
                None
            }
            None => Some(self.add(file)),
        }
    }
}
