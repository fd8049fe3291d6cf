//! Where a space stands between two words of one line.

use super::super::MAX_NESTING;
use super::super::token::{Token, TokenKind};

/// Words before which a range is a condition and not the bits of that word.
const BEFORE_RANGES: [&str; 4] = ["when", "and", "or", "not"];

/// The words of a line with the space between them.
pub(super) fn flat(words: &[Token<'_>]) -> String {
    let mut text = String::new();
    for (at, word) in words.iter().enumerate() {
        if space_before(words, at) {
            text.push(' ');
        }
        text.push_str(word.text);
    }
    text
}

/// Whether a space stands between `line[at - 1]` and `line[at]`. `line` is a whole declaration, entry, row or step.
pub(super) fn space_before(line: &[Token<'_>], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| &line[before]) else {
        return false;
    };
    let next = &line[at];
    if in_range(line, at) {
        return false;
    }
    let glued_left = matches!(next.text, ";" | "," | ")" | "." | "..=" | ":" | "**");
    let glued_right = matches!(before.text, "(" | "." | ".." | "..=" | "**");
    if is_sign(next) && glued_left || is_sign(before) && glued_right {
        return false;
    }
    match next.text {
        "[" => before.kind != TokenKind::Word || BEFORE_RANGES.contains(&before.text),
        "(" => before.kind != TokenKind::Word || BEFORE_RANGES.contains(&before.text),
        "}" => !before.is("{"),
        _ => !is_minus_of_level(line, at - 1),
    }
}

fn is_sign(token: &Token<'_>) -> bool {
    token.kind == TokenKind::Sign
}

/// Whether the gap before `line[at]` lies between `[` and `]`.
fn in_range(line: &[Token<'_>], at: usize) -> bool {
    // Between brackets stand at most `MAX_NESTING` operators, one atom more, and a colon.
    let mut near = line[..at].iter().rev().take(2 * MAX_NESTING + 4);
    near.find(|token| token.is("[") || token.is("]")).is_some_and(|token| token.is("["))
}

/// Whether `line[at]` is the sign of a negative level and not a subtraction: `level -1`, `at levels -1..=2`.
fn is_minus_of_level(line: &[Token<'_>], at: usize) -> bool {
    line[at].is("-")
        && match at.checked_sub(1).map(|before| &line[before]) {
            Some(before) if before.is("..=") => true,
            Some(before) if before.is_word("level") || before.is_word("levels") => {
                at == 1 || line[at - 2].is_word("at")
            }
            _ => false,
        }
}
