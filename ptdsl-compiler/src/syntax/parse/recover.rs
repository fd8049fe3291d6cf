//! Goes on after a syntax error: leaves out the faulty piece and parses the rest, so that all errors come at once.

use super::super::grammar::{Grammar, Rule};
use super::super::token::{Token, TokenKind, tokens};
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
    let mut error = first.clone();
    for _ in 0..MAX_ERRORS {
        let mut words = tokens(&text);
        words.retain(|token| token.kind != TokenKind::Comment);
        let at = position(&error);
        let found = words.iter().position(|token| token.end() > at).unwrap_or(words.len());
        let finding = message::finding(source, &words, found, &error);
        // A bad number or string was reported before; the grammar's words for it would say less.
        if words.get(found).and_then(|token| limits::fault(source, token)).is_none() {
            faults.push(finding.fault);
        }
        let (bytes, other) = match finding.repair {
            Some((bytes, other)) => (bytes, other.to_owned()),
            None => {
                let faulty = piece(&text, &words, finding.blame);
                if faulty.is_empty() {
                    return;
                }
                let bytes = words[faulty.start].start..words[faulty.end - 1].end();
                (bytes.clone(), blank(&text[bytes]))
            }
        };
        text.replace_range(bytes, &other);
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

/// As many spaces; lines stay lines, and so every byte of the text stays at its place.
fn blank(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

/// The smallest run of tokens around the one at `found` that can be left out; empty at the end of the text.
fn piece(text: &str, tokens: &[Token<'_>], found: usize) -> Range<usize> {
    let mut list = List { text, tokens, range: 0..tokens.len(), begins: begins_declaration };
    let mut in_registers = false;
    let mut smallest = 0..0;
    while let Some(next) = list.element(found) {
        smallest = next.clone();
        let head = next.clone().find(|&i| tokens[i].kind != TokenKind::Doc).map_or("", |i| tokens[i].text);
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
        list.range = open + 1..close;
        list.begins = if head == "format" { begins_declaration } else { begins_bits };
    }
    smallest
}

fn begins_declaration(token: &Token<'_>) -> bool {
    token.kind == TokenKind::Doc
        || token.is_word("use")
        || message::DECLARATIONS.iter().any(|word| token.is_word(word))
}

fn begins_bits(token: &Token<'_>) -> bool {
    token.kind == TokenKind::Doc || token.is("[") || token.is("..")
}

/// The tokens of a list of declarations, entries, rows or steps.
struct List<'t> {
    text: &'t str,
    tokens: &'t [Token<'t>],
    range: Range<usize>,
    /// What begins an element where it begins a line, even if the element before it has no end.
    begins: fn(&Token<'_>) -> bool,
}

impl List<'_> {
    /// The element that holds the token at `found`: up to `;`, or to the `}` of its braces and what belongs behind them.
    fn element(&self, found: usize) -> Option<Range<usize>> {
        let (mut start, mut at) = (self.range.start, self.range.start);
        while at < self.range.end {
            let end = self.end(start, at);
            at = end.as_ref().map_or_else(|next| *next, |end| *end);
            if let Ok(end) = end {
                if found < end {
                    return Some(start..end);
                }
                start = end;
            }
        }
        (start <= found && found < self.range.end).then_some(start..self.range.end)
    }

    /// Looks at the token at `at` of the element that begins at `start`: where the element ends, or else the token to look at next.
    fn end(&self, start: usize, at: usize) -> Result<usize, usize> {
        let token = &self.tokens[at];
        if at > start
            && self.tokens[at - 1].kind != TokenKind::Doc
            && (self.begins)(token)
            && self.begins_line(at)
        {
            return Ok(at);
        }
        if token.is(";") || token.is("}") {
            return Ok(at + 1);
        }
        if !token.is("{") {
            return Err(at + 1);
        }
        let behind = closing(self.tokens, at, self.range.end) + 1;
        match self.tokens[..self.range.end].get(behind) {
            Some(next) if next.is(";") => Ok(behind + 1),
            Some(next) if next.is_word("if") => Err(behind),
            _ => Ok(behind.min(self.range.end)),
        }
    }

    fn begins_line(&self, at: usize) -> bool {
        at == 0 || self.text[self.tokens[at - 1].end()..self.tokens[at].start].contains('\n')
    }
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
