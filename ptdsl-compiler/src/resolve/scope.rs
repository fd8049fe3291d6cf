//! What stands at the top level of a file, its own items and those of the files that it uses.

use super::items::{self, Entry};
use super::load::Program;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::FileId;
use crate::syntax::ast::{Format, Item, ItemKind};

/// A format and the file that declares it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declared<'a> {
    /// The file.
    pub(crate) file: FileId,
    /// The item, for its docs.
    pub(crate) item: &'a Item,
    /// The format.
    pub(crate) format: &'a Format,
}

/// The top level of one file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope<'a> {
    /// Items, used ones first.
    pub(crate) entries: Vec<Entry<'a>>,
    /// Formats, used ones first.
    pub(crate) formats: Vec<Declared<'a>>,
    /// This file and all that it uses, directly or not.
    files: Vec<FileId>,
}

/// The scopes of all files, by id.
#[derive(Debug)]
pub(crate) struct Scopes<'a> {
    list: Vec<Option<Scope<'a>>>,
    empty: Scope<'a>,
}

impl<'a> Scopes<'a> {
    /// The scope of every file that the root uses. There must be no cycle, which [`super::load`] sees to.
    pub(crate) fn new(program: &'a Program, found: &mut Diagnostics) -> Self {
        let mut scopes = Scopes { list: Vec::new(), empty: Scope::default() };
        scopes.build(program, program.root(), found);
        scopes
    }

    /// The scope of a file.
    pub(crate) fn of(&self, file: FileId) -> &Scope<'a> {
        self.list.get(file.0 as usize).and_then(Option::as_ref).unwrap_or(&self.empty)
    }

    fn build(&mut self, program: &'a Program, file: FileId, found: &mut Diagnostics) {
        let index = file.0 as usize;
        if self.list.get(index).is_some_and(Option::is_some) {
            return;
        }
        let unit = program.unit(file);
        let mut scope = Scope { files: vec![file], ..Scope::default() };
        for &used in &unit.uses {
            self.build(program, used, found);
            merge(&mut scope, self.of(used), &|file| self.of(file), found);
        }
        items::drop_inherited(&mut scope.entries, &unit.ast.items, found);
        items::replace_all(&mut scope.entries, items::entries(&unit.ast.items, found));
        for item in &unit.ast.items {
            let ItemKind::Format(format) = &item.kind else { continue };
            if let Some(old) = scope.formats.iter().find(|old| old.format.name.node == format.name.node) {
                let message = format!("format `{}` is declared twice", format.name.node);
                found.push(
                    Diagnostic::new(Code::DuplicateItem, message, format.name.span, "declared again here")
                        .label(old.format.name.span, "declared first here")
                        .help("remove or rename one of them"),
                );
            } else {
                scope.formats.push(Declared { file, item, format });
            }
        }
        if self.list.len() <= index {
            self.list.resize(index + 1, None);
        }
        self.list[index] = Some(scope);
    }
}

/// Takes in what a used file has. Two files that know nothing of each other must not declare the same thing: which of them
/// wins would hang on the order of the lines.
fn merge<'a, 's>(
    scope: &mut Scope<'a>,
    used: &Scope<'a>,
    scope_of: &dyn Fn(FileId) -> &'s Scope<'a>,
    found: &mut Diagnostics,
) where
    'a: 's,
{
    for new in &used.entries {
        let Some(old) = scope.entries.iter_mut().find(|old| old.key == new.key) else {
            scope.entries.push(new.clone());
            continue;
        };
        let (old_file, new_file) = (old.head.file, new.head.file);
        if scope_of(new_file).files.contains(&old_file) {
            *old = new.clone();
        } else if !scope_of(old_file).files.contains(&new_file) {
            let message = format!("two used files declare {}", new.key.describe());
            found.push(
                Diagnostic::new(Code::AmbiguousUse, message, new.head, "declared here")
                    .label(old.head, "and here")
                    .help("rename one of them, or let one file use the other, whose item it then replaces"),
            );
        }
    }
    for new in &used.formats {
        match scope.formats.iter().find(|old| old.format.name.node == new.format.name.node) {
            None => scope.formats.push(*new),
            Some(old) if old.format.name.span == new.format.name.span => {}
            Some(old) => {
                let message = format!("two used files declare format `{}`", new.format.name.node);
                found.push(
                    Diagnostic::new(Code::AmbiguousUse, message, new.format.name.span, "declared here")
                        .label(old.format.name.span, "and here")
                        .help("rename one of them"),
                );
            }
        }
    }
    for &file in &used.files {
        if !scope.files.contains(&file) {
            scope.files.push(file);
        }
    }
}
