//! Goes on after a syntax error: leaves out the faulty piece and parses the rest, so that all errors come at once.

use super::super::grammar::{Grammar, Rule};
use super::super::token::{Token, TokenKind};
use super::{MAX_ERRORS, Source, limits, message};
use crate::diagnostic::Diagnostics;
use pest::Parser;
use pest::error::{Error, InputLocation};
use std::ops::Range;

/// Declarations whose braces hold a list that may be empty, so that a faulty piece of it can be left out alone.
const LISTS: [&str; 10] = [
    "format",
    "invalid",
    "table",
    "leaf",
    "fields",
    "attribute",
    "change",
    "registers",
    "operand",
    "sequence",
];

/// Reports `first` and every error behind it.
pub(super) fn all_errors(source: &Source<'_>, first: &Error<Rule>, faults: &mut Diagnostics) {
    let mut text = source.text.to_owned();
    let mut tokens: Vec<Token<'_>> = source
        .tokens
        .iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .copied()
        .collect();
    let mut error = first.clone();
    for _ in 0..MAX_ERRORS {
        let at = position(&error);
        let found = tokens
            .iter()
            .position(|token| token.end() > at)
            .unwrap_or(tokens.len());
        // A bad number or string was reported before; the grammar's words for it would say less.
        let reported = tokens
            .get(found)
            .is_some_and(|token| limits::fault(source, token).is_some());
        if !reported {
            faults.push(message::diagnostic(source, &tokens, found, &error));
        }
        let faulty = piece(&tokens, found);
        if faulty.is_empty() {
            return;
        }
        let bytes = tokens[faulty.start].start..tokens[faulty.end - 1].end();
        tokens.drain(faulty);
        text = blank(&text, bytes);
        match Grammar::parse(Rule::file, &text) {
            Ok(_) => return,
            Err(next) => error = next,
        }
    }
}

/// The byte at which the parser could not go on.
fn position(error: &Error<Rule>) -> usize {
    match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    }
}

/// The text with spaces instead of `bytes`; lines stay lines, and every byte stays at its place.
fn blank(text: &str, bytes: Range<usize>) -> String {
    let spaces = text[bytes.clone()]
        .bytes()
        .map(|byte| if byte == b'\n' { '\n' } else { ' ' });
    let spaces: String = spaces.collect();
    format!("{}{spaces}{}", &text[..bytes.start], &text[bytes.end..])
}

/// The smallest run of tokens around the one at `found` that can be left out; empty at the end of the text.
fn piece(tokens: &[Token<'_>], found: usize) -> Range<usize> {
    let (mut list, mut in_registers) = (0..tokens.len(), false);
    let mut smallest = 0..0;
    while let Some(next) = element(tokens, list.clone(), found) {
        smallest = next.clone();
        let head = next
            .clone()
            .find(|&i| tokens[i].kind != TokenKind::Doc)
            .map_or("", |i| tokens[i].text);
        if !(in_registers || LISTS.contains(&head)) {
            break;
        }
        in_registers = head == "registers";
        let Some(open) = next.clone().find(|&i| tokens[i].is("{")) else {
            break;
        };
        let close = closing(tokens, open, next.end);
        if !(open < found && found < close) {
            break;
        }
        list = open + 1..close;
    }
    smallest
}

/// The element of `list` that holds the token at `found`: up to `;`, or to the `}` of its braces and what belongs behind them.
fn element(tokens: &[Token<'_>], list: Range<usize>, found: usize) -> Option<Range<usize>> {
    let (mut start, mut at) = (list.start, list.start);
    while at < list.end {
        if tokens[at].is("{") {
            at = closing(tokens, at, list.end);
            let behind = (at + 1 < list.end).then(|| &tokens[at + 1]);
            if behind.is_some_and(|token| token.is(";") || token.is_word("if")) {
                at += 1;
                if !tokens[at].is(";") {
                    continue;
                }
            }
        } else if !(tokens[at].is(";") || tokens[at].is("}")) {
            at += 1;
            continue;
        }
        let end = (at + 1).min(list.end);
        if found < end {
            return Some(start..end);
        }
        (start, at) = (end, end);
    }
    (start <= found && found < list.end).then_some(start..list.end)
}

/// The `}` that closes the brace at `open`, or `end`.
fn closing(tokens: &[Token<'_>], open: usize, end: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().take(end).skip(open) {
        if token.is("{") {
            depth += 1;
        } else if token.is("}") {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    end
}
