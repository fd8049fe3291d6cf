//! Reads the children of a grammar node one after the other.

use super::super::ast::Name;
use super::super::grammar::Rule;
use super::limits;
use crate::source::{FileId, Span, Spanned};
use pest::iterators::{Pair, Pairs};

/// A node of pest's tree.
pub(super) type Node<'t> = Pair<'t, Rule>;

/// The children of a node, in order.
pub(super) struct Nodes<'t> {
    /// The text they stand in.
    pub(super) file: FileId,
    pairs: Pairs<'t, Rule>,
}

impl<'t> Nodes<'t> {
    /// The children of `node`.
    pub(super) fn of(file: FileId, node: Node<'t>) -> Self {
        Nodes { file, pairs: node.into_inner() }
    }

    /// The next child if it comes from `rule`; otherwise nothing is consumed.
    pub(super) fn take(&mut self, rule: Rule) -> Option<Node<'t>> {
        if self.pairs.peek()?.as_rule() == rule { self.pairs.next() } else { None }
    }

    /// The next child from `rule`; those before it are words and signs that say nothing more and are skipped.
    pub(super) fn need(&mut self, rule: Rule) -> Node<'t> {
        let found = self.pairs.find(|node| node.as_rule() == rule);
        // `grammar.rs` only lets a text through whose nodes have the shape of `pt.pest`, whatever the text is.
        found.unwrap_or_else(|| unreachable!("the grammar has a {rule:?} here"))
    }

    /// The next child, whatever it comes from.
    pub(super) fn any(&mut self) -> Node<'t> {
        self.pairs.next().unwrap_or_else(|| unreachable!("the grammar has a node here"))
    }

    /// Whether the next child comes from `rule`.
    pub(super) fn next_is(&self, rule: Rule) -> bool {
        self.pairs.peek().is_some_and(|node| node.as_rule() == rule)
    }

    /// All children from `rule` that are left; the others are skipped.
    pub(super) fn all(self, rule: Rule) -> impl Iterator<Item = Node<'t>> {
        self.pairs.filter(move |node| node.as_rule() == rule)
    }

    /// The next child, if there is one.
    pub(super) fn next(&mut self) -> Option<Node<'t>> {
        self.pairs.next()
    }

    /// All children that are left.
    pub(super) fn rest(self) -> impl Iterator<Item = Node<'t>> {
        self.pairs
    }

    /// The next name; whatever stands before it is skipped.
    pub(super) fn name(&mut self) -> Name {
        let node = self.need(Rule::name);
        name(self.file, &node)
    }

    /// The next number; whatever stands before it is skipped.
    pub(super) fn number(&mut self) -> Spanned<u64> {
        let node = self.need(Rule::number);
        number(self.file, &node)
    }

    /// The next number that may have a sign; whatever stands before it is skipped.
    pub(super) fn integer(&mut self) -> Spanned<i64> {
        let node = self.need(Rule::integer);
        let span = span(self.file, &node);
        let mut inside = Nodes::of(self.file, node);
        let minus = inside.take(Rule::minus).is_some();
        let value = i64::try_from(inside.number().node).unwrap_or(i64::MAX);
        Spanned::new(if minus { -value } else { value }, span)
    }

    /// The next string without its quotes; the span has them. Whatever stands before it is skipped.
    pub(super) fn string(&mut self) -> Spanned<String> {
        let node = self.need(Rule::string);
        Spanned::new(node.as_str().trim_matches('"').to_owned(), span(self.file, &node))
    }

    /// The `///` lines that stand next.
    pub(super) fn docs(&mut self) -> Vec<Spanned<String>> {
        let mut docs = Vec::new();
        while let Some(node) = self.take(Rule::doc) {
            let line = node.as_str().trim_end();
            let line = line.strip_prefix("///").unwrap_or(line);
            let place = span(self.file, &node);
            docs.push(Spanned::new(line.strip_prefix(' ').unwrap_or(line).to_owned(), place));
        }
        docs
    }
}

/// Where a node stands. pest counts the space in front of an absent optional part to the node; here it ends with its last word.
pub(super) fn span(file: FileId, node: &Node<'_>) -> Span {
    super::span(file, node.as_span().start(), end(node.clone()))
}

/// The end of the last word. Nesting is bounded by `MAX_NESTING`.
fn end(node: Node<'_>) -> usize {
    let own = node.as_span().end();
    node.into_inner().next_back().map_or(own, end)
}

/// A word as a name.
pub(super) fn name(file: FileId, node: &Node<'_>) -> Name {
    Spanned::new(node.as_str().to_owned(), span(file, node))
}

/// A `number` or `size` node's value.
pub(super) fn number(file: FileId, node: &Node<'_>) -> Spanned<u64> {
    // Numbers that do not fit were reported by `limits::check`, and then no tree is built.
    Spanned::new(limits::value(node.as_str()).unwrap_or(u64::MAX), span(file, node))
}
