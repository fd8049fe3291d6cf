//! Ranges, guards, and what bits mean.

use super::super::ast::{
    Bound, BoundAtom, BoundTerm, Constant, Entry, EntryKind, Field, FieldValues, Guard, Meaning, Range,
    Slice, Test,
};
use super::super::grammar::Rule;
use super::nodes::{Node, Nodes, name, number, span};
use crate::source::{FileId, Spanned};

/// `VA[47:0]` or `PA`.
pub(super) fn slice(file: FileId, node: Node<'_>) -> Slice {
    let span = span(file, &node);
    let mut nodes = Nodes::of(file, node);
    Slice { name: nodes.name(), bits: nodes.take(Rule::range).map(|node| range(file, node)), span }
}

/// `[hi:lo]` or `[bit]`.
pub(super) fn range(file: FileId, node: Node<'_>) -> Range {
    let span = span(file, &node);
    let mut nodes = Nodes::of(file, node);
    let hi = bound(file, nodes.need(Rule::bound));
    let lo = nodes.take(Rule::colon).map(|_| bound(file, nodes.need(Rule::bound)));
    let single = lo.is_none();
    Range { lo: lo.unwrap_or_else(|| hi.clone()), hi, single, span }
}

fn bound(file: FileId, node: Node<'_>) -> Spanned<Bound> {
    let span = span(file, &node);
    let mut terms = Vec::new();
    let mut minus = false;
    for node in node.into_inner() {
        match node.as_rule() {
            Rule::number => {
                terms.push(BoundTerm { minus, atom: BoundAtom::Number(number(file, &node).node) });
            }
            Rule::name => terms.push(BoundTerm { minus, atom: BoundAtom::Symbol(name(file, &node)) }),
            rule => minus = rule == Rule::minus,
        }
    }
    Spanned::new(Bound { terms }, span)
}

/// `a and b or not c`
pub(super) fn guard(file: FileId, node: Node<'_>) -> Spanned<Guard> {
    let span = span(file, &node);
    let mut nodes = Nodes::of(file, node.clone());
    let one = match node.as_rule() {
        Rule::guard => return join(file, nodes, Rule::and_guard, Guard::Or),
        Rule::and_guard => return join_and(file, nodes),
        Rule::negation => {
            nodes.need(Rule::kw_not);
            Guard::Not(Box::new(one_guard(file, &mut nodes)))
        }
        // The only rule left.
        _ => test(file, &mut nodes),
    };
    Spanned::new(one, span)
}

/// What `not`, `and` and `or` combine; a bracket around it is skipped.
fn one_guard(file: FileId, nodes: &mut Nodes<'_>) -> Spanned<Guard> {
    nodes.take(Rule::lparen);
    let node = nodes.any();
    guard(file, node)
}

fn join_and(file: FileId, mut nodes: Nodes<'_>) -> Spanned<Guard> {
    let mut parts = vec![one_guard(file, &mut nodes)];
    loop {
        nodes.take(Rule::rparen);
        if nodes.take(Rule::kw_and).is_none() {
            return combine(parts, Guard::And);
        }
        parts.push(one_guard(file, &mut nodes));
    }
}

fn join(file: FileId, nodes: Nodes<'_>, part: Rule, all: fn(Vec<Spanned<Guard>>) -> Guard) -> Spanned<Guard> {
    combine(nodes.all(part).map(|node| guard(file, node)).collect(), all)
}

/// One part stands for itself.
fn combine(mut parts: Vec<Spanned<Guard>>, all: fn(Vec<Spanned<Guard>>) -> Guard) -> Spanned<Guard> {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            // A guard has at least one part, so the span is that of the first to that of the last.
            let span = parts[0].span.to(parts[parts.len() - 1].span);
            Spanned::new(all(parts), span)
        }
    }
}

fn test(file: FileId, nodes: &mut Nodes<'_>) -> Guard {
    let range = range(file, nodes.need(Rule::range));
    let relation = nodes.any();
    let value = bound(file, nodes.need(Rule::bound));
    let test = match relation.as_rule() {
        Rule::eq => Test::Equal(value),
        Rule::ne => Test::NotEqual(value),
        // `in`
        _ => Test::In(value, bound(file, nodes.need(Rule::bound))),
    };
    Guard::Test { range, test }
}

/// `{ .. }` of a kind or of `fields`.
pub(super) fn body(file: FileId, node: Node<'_>) -> Vec<Entry> {
    Nodes::of(file, node).all(Rule::entry).map(|node| entry(file, node)).collect()
}

fn entry(file: FileId, node: Node<'_>) -> Entry {
    let mut nodes = Nodes::of(file, node);
    let docs = nodes.docs();
    let said = nodes.any();
    let span = span(file, &said);
    let rule = said.as_rule();
    let mut inside = Nodes::of(file, said);
    let kind = if rule == Rule::splice {
        EntryKind::Splice(inside.name())
    } else {
        let range = range(file, inside.need(Rule::range));
        EntryKind::Bits { range, meaning: choices(file, &mut inside) }
    };
    Entry { docs, span, remark: None, kind }
}

/// `A if x else B if y else C`; the later choices belong to the earlier `else`. Their number is bounded by `MAX_NESTING`.
fn choices(file: FileId, nodes: &mut Nodes<'_>) -> Meaning {
    let first = meaning(file, nodes.any());
    if nodes.take(Rule::kw_if).is_none() {
        return first;
    }
    let option = nodes.name();
    nodes.need(Rule::kw_else);
    Meaning::If { then: Box::new(first), option, otherwise: Box::new(choices(file, nodes)) }
}

fn meaning(file: FileId, node: Node<'_>) -> Meaning {
    let rule = node.as_rule();
    let mut nodes = Nodes::of(file, node.clone());
    match rule {
        Rule::kw_ignored => Meaning::Ignored,
        Rule::kw_res0 => Meaning::Res0,
        Rule::kw_res1 => Meaning::Res1,
        Rule::kw_mbz => Meaning::Mbz,
        Rule::kw_mbo => Meaning::Mbo,
        Rule::kw_software => Meaning::Software(None),
        Rule::named_software => Meaning::Software(Some(nodes.name())),
        Rule::next => {
            let address = slice(file, nodes.need(Rule::slice));
            Meaning::Next(address, nodes.take(Rule::kw_at).map(|_| nodes.name()))
        }
        Rule::constant => {
            nodes.need(Rule::eq);
            Meaning::Constant(match nodes.take(Rule::kw_ones) {
                Some(_) => Constant::Ones,
                None => Constant::Number(nodes.number()),
            })
        }
        // It has the children of a slice.
        Rule::sliced => Meaning::Slice(slice(file, node)),
        // `field` and `valued_field`
        _ => Meaning::Field(Field {
            name: nodes.name(),
            alias: nodes.take(Rule::alias).map(|node| Nodes::of(file, node).string()),
            default: nodes.take(Rule::default).map(|node| Nodes::of(file, node).number()),
            values: nodes.take(Rule::values).map(|node| values(file, node)),
        }),
    }
}

fn values(file: FileId, node: Node<'_>) -> FieldValues {
    let mut found = FieldValues { values: Vec::new(), else_fault: None, span: span(file, &node) };
    for node in node.into_inner() {
        match node.as_rule() {
            Rule::value => {
                let mut nodes = Nodes::of(file, node);
                found.values.push((nodes.name(), nodes.number()));
            }
            Rule::otherwise_fault => found.else_fault = Some(span(file, &node)),
            _ => {}
        }
    }
    found
}
