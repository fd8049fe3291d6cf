//! Which items a format has in the end: its file's, its parent's, its own.

use super::items::{self, Entry, Key};
use super::names;
use super::scope::{Declared, Scopes};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{FileId, Span};
use crate::syntax::ast::{self, Item, ItemKind};

/// A format with every item in one place, nothing interpreted yet.
#[derive(Debug)]
pub(crate) struct Resolved<'a> {
    /// Its name.
    pub(crate) name: &'a ast::Name,
    /// The item, for its docs.
    pub(crate) item: &'a Item,
    /// The file of the format itself.
    pub(crate) file: FileId,
    /// 32 or 64.
    pub(crate) word_bits: u32,
    entries: Vec<Entry<'a>>,
}

macro_rules! all_of {
    ($($(#[$doc:meta])* $name:ident: $variant:ident => $type:ty;)+) => {
        impl<'a> Resolved<'a> {
            $($(#[$doc])*
            pub(crate) fn $name(&self) -> impl Iterator<Item = &'a $type> + '_ {
                self.entries.iter().filter_map(|entry| match &entry.item.kind {
                    ItemKind::$variant(node) => Some(node),
                    _ => None,
                })
            })+
        }
    };
}

all_of! {
    /// All options.
    options: Option => ast::OptionDeclaration;
    /// Options of the type that are switched on.
    sets: Set => ast::Name;
    /// All levels, as declared.
    levels: Level => ast::Level;
    /// All `fields` blocks.
    fields: Fields => ast::Fields;
    /// All `effective` lines.
    effectives: Effective => ast::Effective;
    /// The `hardware` line, if any.
    hardware: Hardware => Vec<ast::Name>;
    /// All attributes.
    attributes: Attribute => ast::Attribute;
    /// All `forbid` lines.
    forbids: Forbid => Vec<ast::Assignment>;
    /// All groups.
    groups: Group => ast::Group;
    /// All sequences.
    sequences: Sequence => ast::Sequence;
    /// All operands.
    operands: Operand => ast::Operand;
    /// All instructions.
    instructions: Instruction => ast::Instruction;
    /// The granule, if any.
    granules: Granule => crate::source::Spanned<u64>;
    /// The architecture, if any.
    archs: Arch => ast::Name;
    /// The input, if any.
    inputs: Input => ast::Input;
    /// The output, if any.
    outputs: Output => ast::Output;
    /// The tag, if any.
    tags: Tag => ast::Slice;
    /// The change rules, if any.
    changes: Change => ast::Change;
}

impl<'a> Resolved<'a> {
    /// All items, with their keys.
    pub(crate) fn entries(&self) -> &[Entry<'a>] {
        &self.entries
    }

    /// Invalid, then tables, then leaves, each as declared.
    pub(crate) fn kinds(&self) -> Vec<(&'a Item, &'a ast::Kind)> {
        let kinds = self.entries.iter().filter_map(|entry| match &entry.item.kind {
            ItemKind::Kind(kind) => Some((entry.item, kind)),
            _ => None,
        });
        let mut kinds: Vec<_> = kinds.collect();
        kinds.sort_by_key(|(_, kind)| match kind.class {
            ast::KindClass::Invalid => 0,
            ast::KindClass::Table => 1,
            ast::KindClass::Leaf => 2,
        });
        kinds
    }

    /// All registers.
    pub(crate) fn registers(&self) -> impl Iterator<Item = &'a ast::Register> + '_ {
        self.entries.iter().filter_map(|entry| entry.register)
    }

    /// `otherwise reserved`, if it is there.
    pub(crate) fn otherwise_reserved(&self) -> Option<Span> {
        self.entries.iter().find(|entry| entry.key == Key::OtherwiseReserved).map(|entry| entry.item.span)
    }

    /// The docs of the item that declares `key`.
    pub(crate) fn docs(&self, key: &Key) -> &'a [crate::source::Spanned<String>] {
        self.entries.iter().find(|entry| entry.key == *key).map_or(&[], |entry| &entry.item.docs)
    }
}

/// A variant of a variant of a variant is rare; a thousand generations are an attack on the stack.
const MOST_GENERATIONS: usize = 32;

/// What a parent hands down.
struct Inherited<'a> {
    word_bits: u32,
    entries: Vec<Entry<'a>>,
    /// Top-level items that the parents have seen: a variant in another file must not bring them back over the parent's own.
    seen: Vec<Span>,
}

/// All formats of a file, in order. One whose parents cannot be found is reported and left out.
pub(crate) fn formats<'a>(scopes: &Scopes<'a>, file: FileId, found: &mut Diagnostics) -> Vec<Resolved<'a>> {
    let own: Vec<Declared<'a>> = scopes.of(file).formats.iter().filter(|f| f.file == file).copied().collect();
    let mut formats = Vec::new();
    for declared in own {
        if let Some(all) = resolve(scopes, declared, &mut Vec::new(), found) {
            formats.push(Resolved {
                name: &declared.format.name,
                item: declared.item,
                file,
                word_bits: all.word_bits,
                entries: all.entries,
            });
        }
    }
    formats
}

fn resolve<'a>(
    scopes: &Scopes<'a>,
    declared: Declared<'a>,
    below: &mut Vec<Declared<'a>>,
    found: &mut Diagnostics,
) -> Option<Inherited<'a>> {
    let base = &declared.format.base;
    let scope = scopes.of(declared.file);
    let mut all = match base.node.as_str() {
        "u32" => Inherited { word_bits: 32, entries: Vec::new(), seen: Vec::new() },
        "u64" => Inherited { word_bits: 64, entries: Vec::new(), seen: Vec::new() },
        _ => {
            below.push(declared);
            let parent = parent(scopes, declared, below, found)?;
            let all = resolve(scopes, parent, below, found)?;
            below.pop();
            all
        }
    };
    let new: Vec<Entry<'a>> =
        scope.entries.iter().filter(|entry| !all.seen.contains(&entry.head)).cloned().collect();
    all.seen.extend(new.iter().map(|entry| entry.head));
    items::replace_all(&mut all.entries, new);
    items::drop_inherited(&mut all.entries, &declared.format.items, found);
    items::replace_all(&mut all.entries, items::entries(&declared.format.items, found));
    Some(all)
}

fn parent<'a>(
    scopes: &Scopes<'a>,
    declared: Declared<'a>,
    below: &[Declared<'a>],
    found: &mut Diagnostics,
) -> Option<Declared<'a>> {
    let base = &declared.format.base;
    let formats = &scopes.of(declared.file).formats;
    let Some(parent) = formats.iter().find(|f| f.format.name.node == base.node) else {
        let known = formats.iter().map(|f| f.format.name.node.as_str()).chain(["u32", "u64"]);
        let known = known.filter(|&name| name != declared.format.name.node);
        found.push(
            names::unknown(Code::UnknownParent, "word type or format", base, known)
                .note("after the colon stands `u32`, `u64`, or a format of this file or of a used one"),
        );
        return None;
    };
    let circle = below.iter().any(|f| f.format.name.span == parent.format.name.span);
    if !circle && below.len() >= MOST_GENERATIONS {
        let message = format!("more than {MOST_GENERATIONS} formats vary each other");
        found.push(
            Diagnostic::new(Code::ParentCycle, message, base.span, "not followed any further")
                .help("start one of them from `u32` or `u64`"),
        );
        return None;
    }
    if circle {
        let names = below.iter().map(|f| f.format.name.node.as_str()).chain([base.node.as_str()]);
        let chain = names.collect::<Vec<_>>().join(" varies ");
        let message = format!("format `{}` is its own parent", parent.format.name.node);
        found.push(
            Diagnostic::new(
                Code::ParentCycle,
                message,
                parent.format.base.span,
                "leads back to the format itself",
            )
            .note(chain)
            .help("one of them must start from `u32` or `u64`"),
        );
        return None;
    }
    Some(*parent)
}
