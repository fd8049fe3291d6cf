//! Text to tree: the only use of pest.

mod bits;
mod items;
mod limits;
mod message;
mod nodes;
mod recover;
mod remarks;
mod values;

use super::ast;
use super::grammar::{Grammar, Rule};
use super::token::{Token, TokenKind, tokens};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{FileId, Span, Spanned};
use pest::Parser;

/// The longest text that is parsed, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// How deep brackets may nest, and how many operators, `not`s and `if`s one declaration or entry may chain.
pub const MAX_NESTING: usize = 64;

/// No more syntax errors than these are reported; each costs one pass over the text.
const MAX_ERRORS: usize = 32;

/// Parses a whole text.
///
/// # Errors
/// All syntax errors, sorted by position: after an error the faulty declaration (or entry, row, step) is left out and the rest is
/// parsed on. Their codes are [`Code::Unreadable`] and those from 101 to 199.
pub fn parse(file: FileId, text: &str) -> Result<ast::File, Vec<Diagnostic>> {
    if text.len() > MAX_BYTES {
        let message = format!("the text has {} bytes, which is more than {MAX_BYTES}", text.len());
        return Err(vec![Diagnostic::without_place(Code::Unreadable, message)]);
    }
    let list = tokens(text);
    let mut faults = Diagnostics::default();
    let source = Source { file, text, tokens: &list };
    if !limits::check(&source, &mut faults) {
        return Err(faults.sorted());
    }
    match Grammar::parse(Rule::file, text) {
        Ok(mut pairs) if faults.is_empty() => {
            let (uses, mut items) = items::file(file, &mut pairs);
            let comments = comments(&source);
            remarks::attach(&mut items, &comments, text);
            Ok(ast::File { uses, items, comments })
        }
        Ok(_) => Err(faults.sorted()),
        Err(first) => {
            recover::all_errors(&source, &first, &mut faults);
            Err(faults.sorted())
        }
    }
}

/// A text and its tokens.
struct Source<'t> {
    file: FileId,
    text: &'t str,
    tokens: &'t [Token<'t>],
}

impl Source<'_> {
    /// The span of some bytes. [`MAX_BYTES`] keeps them below 2^32.
    fn span(&self, start: usize, end: usize) -> Span {
        span(self.file, start, end)
    }

    /// The span of a token.
    fn at(&self, token: &Token<'_>) -> Span {
        self.span(token.start, token.end())
    }
}

/// The span of some bytes of a text no longer than [`MAX_BYTES`].
#[expect(clippy::cast_possible_truncation, reason = "MAX_BYTES is below 2^32")]
fn span(file: FileId, start: usize, end: usize) -> Span {
    Span { file, start: start as u32, end: end as u32 }
}

fn comments(source: &Source<'_>) -> Vec<Spanned<String>> {
    let comments = source.tokens.iter().filter(|token| token.kind == TokenKind::Comment);
    comments.map(|token| Spanned::new(token.text[2..].to_owned(), source.at(token))).collect()
}
