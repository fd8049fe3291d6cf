//! Declarations.

use super::super::ast::{Choice, Each, Effective, Empty, Extend, Fields, Repeats};
use super::super::ast::{
    Format, Group, Input, Instruction, Item, ItemKind, Kind, KindClass, Level, Limit, Name, Operand,
    OptionDeclaration, OptionScope, Output, Sequence, Step, Use,
};
use super::super::grammar::Rule;
use super::nodes::{Node, Nodes, name, number, span};
use super::{bits, values};
use crate::source::{FileId, Spanned};
use pest::iterators::Pairs;

/// The whole text.
pub(super) fn file(file: FileId, pairs: &mut Pairs<'_, Rule>) -> (Vec<Use>, Vec<Item>) {
    let Some(whole) = pairs.next() else {
        return (Vec::new(), Vec::new());
    };
    let mut nodes = Nodes::of(file, whole);
    let mut uses = Vec::new();
    while let Some(node) = nodes.take(Rule::use_line) {
        uses.push(Use { path: Nodes::of(file, node).string() });
    }
    (uses, nodes.all(Rule::item).map(|node| item(file, node)).collect())
}

/// A declaration and its docs, at top level or in a format.
fn item(file: FileId, node: Node<'_>) -> Item {
    let mut nodes = Nodes::of(file, node);
    let docs = nodes.docs();
    let declaration = nodes.any();
    let span = span(file, &declaration);
    let inner = Nodes::of(file, declaration).any();
    Item { docs, span, kind: kind(file, inner) }
}

/// What is declared.
fn kind(file: FileId, node: Node<'_>) -> ItemKind {
    let rule = node.as_rule();
    let mut nodes = Nodes::of(file, node);
    match rule {
        Rule::format => ItemKind::Format(Format {
            name: nodes.name(),
            base: nodes.name(),
            items: nodes.all(Rule::member).map(|node| item(file, node)).collect(),
        }),
        Rule::arch => ItemKind::Arch(nodes.name()),
        Rule::option => {
            let name = nodes.name();
            nodes.need(Rule::kw_of);
            let scope = if nodes.next_is(Rule::kw_table) { OptionScope::Table } else { OptionScope::Type };
            ItemKind::Option(OptionDeclaration { name, scope })
        }
        Rule::set => ItemKind::Set(nodes.name()),
        Rule::granule => {
            nodes.need(Rule::kw_granule);
            ItemKind::Granule(number(file, &nodes.any()))
        }
        Rule::input => ItemKind::Input(input(&mut nodes)),
        Rule::output => ItemKind::Output(output(&mut nodes)),
        Rule::tag => ItemKind::Tag(bits::slice(file, nodes.need(Rule::slice))),
        Rule::level => ItemKind::Level(level(nodes)),
        Rule::invalid => ItemKind::Kind(descriptor(nodes, KindClass::Invalid)),
        Rule::table => ItemKind::Kind(descriptor(nodes, KindClass::Table)),
        Rule::leaf => ItemKind::Kind(descriptor(nodes, KindClass::Leaf)),
        Rule::otherwise_reserved => ItemKind::OtherwiseReserved,
        Rule::fields => {
            ItemKind::Fields(Fields { name: nodes.name(), body: bits::body(file, nodes.need(Rule::body)) })
        }
        Rule::effective => {
            let field = nodes.name();
            ItemKind::Effective(Effective {
                field,
                value: values::expression(file, nodes.need(Rule::expression)),
            })
        }
        Rule::hardware => ItemKind::Hardware(names(nodes)),
        Rule::flag => ItemKind::Flag(values::flag(nodes)),
        Rule::attribute => ItemKind::Attribute(values::attribute(nodes)),
        Rule::forbid => {
            ItemKind::Forbid(nodes.all(Rule::assignment).map(|node| values::assignment(file, node)).collect())
        }
        Rule::group => ItemKind::Group(group(&mut nodes)),
        Rule::change => ItemKind::Change(values::change(nodes)),
        Rule::registers => {
            ItemKind::Registers(nodes.all(Rule::register).map(|node| values::register(file, node)).collect())
        }
        Rule::instruction => ItemKind::Instruction(Instruction {
            name: nodes.name(),
            parameters: arguments(&mut nodes),
            assembly: nodes.take(Rule::eq).map(|_| nodes.string()),
        }),
        Rule::operand => {
            let name = nodes.name();
            let bits = nodes.all(Rule::bits_value).map(|node| values::bits_value(file, node)).collect();
            ItemKind::Operand(Operand { name, bits })
        }
        Rule::sequence => ItemKind::Sequence(sequence(nodes)),
        Rule::without => ItemKind::Without(dropped(nodes)),
        // `common` in `pt.pest` lists just these.
        other => unreachable!("{other:?} is not a declaration"),
    }
}

/// All names that are left.
fn names(nodes: Nodes<'_>) -> Vec<Name> {
    let file = nodes.file;
    nodes.all(Rule::name).map(|node| name(file, &node)).collect()
}

/// `(a, b)`, or nothing.
fn arguments(nodes: &mut Nodes<'_>) -> Vec<Name> {
    let file = nodes.file;
    nodes.take(Rule::arguments).map_or_else(Vec::new, |node| names(Nodes::of(file, node)))
}

fn input(nodes: &mut Nodes<'_>) -> Input {
    let file = nodes.file;
    let slice = bits::slice(file, nodes.need(Rule::slice));
    let down_to = nodes.take(Rule::kw_down).map(|_| nodes.number());
    nodes.need(Rule::kw_extend);
    let extend = match nodes.take(Rule::slice) {
        Some(node) => Extend::Bit(bits::slice(file, node)),
        None => Extend::Constant(nodes.number()),
    };
    Input { slice, down_to, extend }
}

fn output(nodes: &mut Nodes<'_>) -> Output {
    let file = nodes.file;
    let slice = bits::slice(file, nodes.need(Rule::slice));
    let limit = nodes.take(Rule::limit).map(|node| {
        let mut nodes = Nodes::of(file, node);
        let name = nodes.name();
        let choices = nodes.all(Rule::choice).map(|node| {
            let mut nodes = Nodes::of(file, node);
            let (bits, code) = (nodes.number(), nodes.number());
            Choice { bits, code, input: nodes.take(Rule::kw_input).map(|_| nodes.number()) }
        });
        Limit { name, choices: choices.collect() }
    });
    Output { slice, limit }
}

/// What `without` drops: a name, or a level as `level` and its number with one space between; `effective` and a field likewise.
fn dropped(mut nodes: Nodes<'_>) -> Name {
    nodes.need(Rule::kw_without);
    let file = nodes.file;
    if let Some(word) = nodes.take(Rule::kw_effective) {
        let field = nodes.name();
        return Spanned::new(format!("effective {}", field.node), span(file, &word).to(field.span));
    }
    match nodes.take(Rule::kw_level) {
        None => nodes.name(),
        Some(word) => {
            let number = nodes.integer();
            Spanned::new(format!("level {}", number.node), span(file, &word).to(number.span))
        }
    }
}

fn level(mut nodes: Nodes<'_>) -> Level {
    let file = nodes.file;
    let number = nodes.integer();
    let index = bits::slice(file, nodes.need(Rule::slice));
    nodes.need(Rule::semi);
    let empty = nodes.take(Rule::kw_empty).map(|_| match nodes.take(Rule::kw_sentinel) {
        Some(word) => Spanned::new(Empty::Sentinel, span(file, &word)),
        None => {
            let word = nodes.number();
            Spanned::new(Empty::Word(word.node), word.span)
        }
    });
    Level { number, index, empty, kinds: names(nodes) }
}

fn descriptor(mut nodes: Nodes<'_>, class: KindClass) -> Kind {
    let file = nodes.file;
    let name = match class {
        KindClass::Invalid => Spanned::new("Invalid".to_owned(), span(file, &nodes.need(Rule::kw_invalid))),
        KindClass::Table | KindClass::Leaf => nodes.name(),
    };
    let only_if = nodes.take(Rule::only_if).map(|node| Nodes::of(file, node).name());
    let each = nodes.take(Rule::each).map(|node| {
        let mut nodes = Nodes::of(file, node);
        Each { name: nodes.name(), first: nodes.number(), last: nodes.number() }
    });
    let repeats = nodes.take(Rule::repeats).map(|node| {
        let mut nodes = Nodes::of(file, node);
        Repeats { number: nodes.number(), power: nodes.take(Rule::power).map(|_| nodes.name()) }
    });
    let guard = bits::guard(file, nodes.need(Rule::guard));
    let reach =
        nodes.take(Rule::reach).map(|node| bits::slice(file, Nodes::of(file, node).need(Rule::slice)));
    let body = bits::body(file, nodes.need(Rule::body));
    Kind { class, name, only_if, each, repeats, guard, reach, body }
}

fn group(nodes: &mut Nodes<'_>) -> Group {
    let file = nodes.file;
    let count = nodes.number();
    let first = nodes.integer();
    let last = if nodes.next_is(Rule::through) { nodes.integer() } else { first.clone() };
    Group { count, first, last, mark: values::assignment(file, nodes.need(Rule::assignment)) }
}

fn sequence(mut nodes: Nodes<'_>) -> Sequence {
    let file = nodes.file;
    nodes.need(Rule::kw_sequence);
    let verb = name(file, &nodes.any());
    let object = name(file, &nodes.any());
    let head = verb.span.to(object.span);
    let steps = nodes.all(Rule::step).map(|node| {
        let mut nodes = Nodes::of(file, node);
        let name = nodes.name();
        let brackets = nodes.take(Rule::arguments);
        let span = brackets.as_ref().map_or(name.span, |node| name.span.to(span(file, node)));
        let arguments = brackets.map_or_else(Vec::new, |node| names(Nodes::of(file, node)));
        let condition = nodes.take(Rule::condition).map(|node| {
            let mut nodes = Nodes::of(file, node);
            nodes.need(Rule::kw_if);
            (nodes.take(Rule::kw_not).is_some(), nodes.name())
        });
        Step { name, arguments, condition, span }
    });
    Sequence { verb, object, steps: steps.collect(), head }
}
