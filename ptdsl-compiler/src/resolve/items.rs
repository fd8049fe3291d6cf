//! Items by what they declare, so that one can replace another.

use super::names;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Span;
use crate::syntax::ast::{Item, ItemKind, Register};

/// What an item declares; of two items with one key, the later replaces the earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Arch,
    Granule,
    Input,
    Output,
    Tag,
    OtherwiseReserved,
    Hardware,
    Change,
    Set(String),
    Option(String),
    Level(i64),
    Kind(String),
    Fields(String),
    Effective(String),
    Attribute(String),
    /// A `group` by its levels.
    Group(i64, i64),
    Register(String),
    Instruction(String),
    Operand(String),
    Sequence(String, String),
    /// `forbid` lines add up; the place makes each its own.
    Forbid(Span),
}

impl Key {
    /// How messages call it.
    pub(crate) fn describe(&self) -> String {
        match self {
            Key::Arch => "`arch`".into(),
            Key::Granule => "`granule`".into(),
            Key::Input => "`input`".into(),
            Key::Output => "`output`".into(),
            Key::Tag => "`tag`".into(),
            Key::OtherwiseReserved => "`otherwise reserved`".into(),
            Key::Hardware => "`hardware`".into(),
            Key::Change => "`change`".into(),
            Key::Set(name) => format!("`set {name}`"),
            Key::Option(name) => format!("option `{name}`"),
            Key::Level(number) => format!("level {number}"),
            Key::Kind(name) => format!("kind `{name}`"),
            Key::Fields(name) => format!("fields `{name}`"),
            Key::Effective(name) => format!("effective `{name}`"),
            Key::Attribute(name) => format!("attribute `{name}`"),
            Key::Group(first, last) => format!("a group at levels {first}..={last}"),
            Key::Register(name) => format!("register `{name}`"),
            Key::Instruction(name) => format!("instruction `{name}`"),
            Key::Operand(name) => format!("operand `{name}`"),
            Key::Sequence(verb, object) => format!("sequence `{verb} {object}`"),
            Key::Forbid(_) => "`forbid`".into(),
        }
    }

    /// First and last level of a group.
    fn group(&self) -> Option<(i64, i64)> {
        match self {
            Key::Group(first, last) => Some((*first, *last)),
            _ => None,
        }
    }

    /// The words by which `without` drops it.
    pub(crate) fn droppable(&self) -> Option<String> {
        match self {
            Key::Level(number) => Some(format!("level {number}")),
            Key::Effective(field) => Some(format!("effective {field}")),
            Key::Option(name)
            | Key::Kind(name)
            | Key::Fields(name)
            | Key::Attribute(name)
            | Key::Register(name)
            | Key::Instruction(name)
            | Key::Operand(name) => Some(name.clone()),
            _ => None,
        }
    }
}

/// An item, or one register of a `registers` item.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    /// What it declares.
    pub(crate) key: Key,
    /// The item.
    pub(crate) item: &'a Item,
    /// The register, where the item declares several.
    pub(crate) register: Option<&'a Register>,
    /// The words to underline when speaking of it.
    pub(crate) head: Span,
}

/// What an item declares and where it says so; nothing for formats, `without` and `registers`.
fn key_of(item: &Item) -> Option<(Key, Span)> {
    let whole = item.span;
    Some(match &item.kind {
        ItemKind::Format(_) | ItemKind::Without(_) | ItemKind::Registers(_) => return None,
        ItemKind::Arch(_) => (Key::Arch, whole),
        ItemKind::Granule(_) => (Key::Granule, whole),
        ItemKind::Input(_) => (Key::Input, whole),
        ItemKind::Output(output) => (Key::Output, output.slice.span),
        ItemKind::Tag(slice) => (Key::Tag, slice.span),
        ItemKind::OtherwiseReserved => (Key::OtherwiseReserved, whole),
        ItemKind::Hardware(_) => (Key::Hardware, whole),
        ItemKind::Change(change) => {
            (Key::Change, change.rules.first().map_or(whole, |rule| Span { end: rule.span.start, ..whole }))
        }
        ItemKind::Set(name) => (Key::Set(name.node.clone()), name.span),
        ItemKind::Option(option) => (Key::Option(option.name.node.clone()), option.name.span),
        ItemKind::Level(level) => (Key::Level(level.number.node), level.number.span),
        ItemKind::Kind(kind) => (Key::Kind(kind.name.node.clone()), kind.name.span),
        ItemKind::Fields(fields) => (Key::Fields(fields.name.node.clone()), fields.name.span),
        ItemKind::Effective(effective) => {
            (Key::Effective(effective.field.node.clone()), effective.field.span)
        }
        ItemKind::Attribute(attribute) => (Key::Attribute(attribute.name.node.clone()), attribute.name.span),
        ItemKind::Forbid(_) => (Key::Forbid(whole), whole),
        ItemKind::Group(group) => (Key::Group(group.first.node, group.last.node), whole),
        ItemKind::Instruction(one) => (Key::Instruction(one.name.node.clone()), one.name.span),
        ItemKind::Operand(one) => (Key::Operand(one.name.node.clone()), one.name.span),
        ItemKind::Sequence(one) => (Key::Sequence(one.verb.node.clone(), one.object.node.clone()), one.head),
    })
}

/// The items of one block: a file's top level or a format's braces. A second item with the key of a first is an error and
/// left out.
pub(crate) fn entries<'a>(items: &'a [Item], found: &mut Diagnostics) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = Vec::new();
    let mut add = |entry: Entry<'a>| match entries.iter().find(|old| old.key == entry.key) {
        None => entries.push(entry),
        Some(old) => {
            let message = format!("{} is declared twice", entry.key.describe());
            found.push(
                Diagnostic::new(Code::DuplicateItem, message, entry.head, "declared again here")
                    .label(old.head, "declared first here")
                    .help("remove or rename one of them"),
            );
        }
    };
    for item in items {
        if let ItemKind::Registers(registers) = &item.kind {
            for register in registers {
                let key = Key::Register(register.name.node.clone());
                add(Entry { key, item, register: Some(register), head: register.name.span });
            }
        } else if let Some((key, head)) = key_of(item) {
            add(Entry { key, item, register: None, head });
        }
    }
    entries
}

/// Puts `entry` in the place of the one with its key, or behind all. A group replaces every group of one of its levels.
pub(crate) fn replace_all<'a>(entries: &mut Vec<Entry<'a>>, block: Vec<Entry<'a>>) {
    let groups: Vec<(i64, i64)> = block.iter().filter_map(|entry| entry.key.group()).collect();
    entries.retain(|old| {
        old.key.group().is_none_or(|(first, last)| !groups.iter().any(|&(f, l)| f <= last && first <= l))
    });
    block.into_iter().for_each(|entry| replace(entries, entry));
}

fn replace<'a>(entries: &mut Vec<Entry<'a>>, entry: Entry<'a>) {
    match entries.iter_mut().find(|old| old.key == entry.key) {
        Some(old) => *old = entry,
        None => entries.push(entry),
    }
}

/// Carries out the `without` lines among `items` on what was inherited.
pub(crate) fn drop_inherited(entries: &mut Vec<Entry<'_>>, items: &[Item], found: &mut Diagnostics) {
    for item in items {
        let ItemKind::Without(name) = &item.kind else { continue };
        let hits: Vec<Key> = entries
            .iter()
            .filter(|entry| entry.key.droppable().as_ref() == Some(&name.node))
            .map(|entry| entry.key.clone())
            .collect();
        match hits.as_slice() {
            [one] => entries.retain(|entry| entry.key != *one),
            [] => {
                let known: Vec<String> = entries.iter().filter_map(|entry| entry.key.droppable()).collect();
                let message = format!("nothing called `{}` is inherited", name.node);
                let finding = Diagnostic::new(Code::NothingDropped, message, name.span, "not known")
                    .note("`without` drops what the parent format or a used file declares");
                found.push(match names::meant(name, known.iter().map(String::as_str)) {
                    Some(meant) => finding.help(format!("did you mean `{meant}`?")),
                    None => finding
                        .help("remove the line; what has no name, such as `input`, is replaced by declaring it again"),
                });
            }
            several => {
                let list = several.iter().map(Key::describe).collect::<Vec<_>>().join(" and ");
                let message = format!("`{}` names more than one inherited item", name.node);
                found.push(
                    Diagnostic::new(Code::NothingDropped, message, name.span, "which one?")
                        .note(format!("inherited are {list}"))
                        .help("rename one of them where it is declared"),
                );
            }
        }
    }
}
