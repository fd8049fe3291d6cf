//! What is checked before the grammar runs: numbers fit, strings end, and nothing nests so deep that a recursive reader could fail.

use super::super::token::{Token, TokenKind};
use super::{MAX_NESTING, Source};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

/// Reports bad numbers and strings. `false`: the text nests too deep to be parsed at all.
pub(super) fn check(source: &Source<'_>, faults: &mut Diagnostics) -> bool {
    for fault in source.tokens.iter().filter_map(|token| fault(source, token)) {
        faults.push(fault);
    }
    match too_deep(source.tokens) {
        Some(token) => {
            let message = format!("nesting or chaining deeper than {MAX_NESTING}");
            let fault = Diagnostic::new(Code::Nesting, message, source.at(&token), "one more than is taken");
            faults.push(fault.help("split the declaration, or leave out brackets that do nothing"));
            false
        }
        None => true,
    }
}

/// Why a number has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberFault {
    /// It is 2^64 or more.
    TooLarge,
    /// A digit or suffix is not one.
    Malformed,
}

/// The value of `12`, `0x1f`, `0b01`, `4K`, with `_` anywhere between.
pub(super) fn value(text: &str) -> Result<u64, NumberFault> {
    let (radix, digits, shift) = if let Some(digits) = text.strip_prefix("0x") {
        (16, digits, 0)
    } else if let Some(digits) = text.strip_prefix("0b") {
        (2, digits, 0)
    } else {
        let suffixes = [('K', 10), ('M', 20), ('G', 30)];
        let sized = suffixes.iter().find_map(|&(letter, shift)| Some((text.strip_suffix(letter)?, shift)));
        let (digits, shift) = sized.unwrap_or((text, 0));
        (10, digits, shift)
    };
    if !digits.bytes().any(|byte| byte != b'_') {
        return Err(NumberFault::Malformed);
    }
    let mut value: u64 = 0;
    let mut fits = true;
    for digit in digits.chars().filter(|&c| c != '_') {
        let digit = digit.to_digit(radix).ok_or(NumberFault::Malformed)?;
        match value.checked_mul(radix.into()).and_then(|value| value.checked_add(digit.into())) {
            Some(next) => value = next,
            None => fits = false,
        }
    }
    let scaled = value.checked_mul(1 << shift).filter(|_| fits);
    scaled.ok_or(NumberFault::TooLarge)
}

/// What is wrong with a number or string.
pub(super) fn fault(source: &Source<'_>, token: &Token<'_>) -> Option<Diagnostic> {
    match token.kind {
        TokenKind::Number => Some(number(source, token, value(token.text).err()?)),
        TokenKind::String { closed } => string(source, token, closed),
        _ => None,
    }
}

fn number(source: &Source<'_>, token: &Token<'_>, fault: NumberFault) -> Diagnostic {
    let text = token.text;
    match fault {
        NumberFault::TooLarge => Diagnostic::new(
            Code::Number,
            format!("`{text}` is too large"),
            source.at(token),
            "needs more than 64 bits",
        )
        .help("the largest number is 0xffff_ffff_ffff_ffff"),
        NumberFault::Malformed => {
            let label = "not a number, and names do not begin with a digit";
            Diagnostic::new(Code::Number, format!("`{text}` is not a number"), source.at(token), label)
                .help("numbers are written `12`, `0x1f` or `0b01`, with `_` between digits; sizes `4K`, `2M` or `1G`")
        }
    }
}

fn string(source: &Source<'_>, token: &Token<'_>, closed: bool) -> Option<Diagnostic> {
    if !closed {
        let fault = Diagnostic::new(
            Code::Text,
            "the string does not end",
            source.at(token),
            "no second `\"` on this line",
        );
        return Some(fault.help("a string ends on the line where it begins"));
    }
    let start = token.start + token.text.find(['\\', '\r'])?;
    let fault =
        Diagnostic::new(Code::Text, "strings have no escapes", source.span(start, start + 1), "not taken");
    Some(fault.help("write the characters themselves; `\"` and `\\` cannot stand in a string"))
}

/// The first token that is deeper than [`MAX_NESTING`]. Every bracket counts until it closes; operators, `not` and `if` count until
/// the declaration or entry ends, because each may be one level of the tree.
fn too_deep<'t>(tokens: &[Token<'t>]) -> Option<Token<'t>> {
    let (mut brackets, mut chain) = (0_usize, 0_usize);
    for token in tokens {
        match (token.kind, token.text) {
            (TokenKind::Sign, "(" | "[") => brackets += 1,
            (TokenKind::Sign, ")" | "]") => brackets = brackets.saturating_sub(1),
            (TokenKind::Sign, "{") => (brackets, chain) = (brackets + 1, 0),
            (TokenKind::Sign, "}") => (brackets, chain) = (brackets.saturating_sub(1), 0),
            (TokenKind::Sign, ";") => chain = 0,
            (TokenKind::Sign, "|" | "&" | "+" | "-") | (TokenKind::Word, "not" | "if") => chain += 1,
            _ => {}
        }
        if brackets + chain > MAX_NESTING {
            return Some(*token);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_value_that_rust_gives_them() {
        assert_eq!(value("0"), Ok(0));
        assert_eq!(value("1_000"), Ok(1_000));
        assert_eq!(value("0xffff_FFFF_ffff_ffff"), Ok(0xffff_ffff_ffff_ffff));
        assert_eq!(value("0b0101"), Ok(5));
        assert_eq!(value("4K"), Ok(4096));
        assert_eq!(value("2M"), Ok(0x20_0000));
        assert_eq!(value("17179869183G"), Ok(17_179_869_183 << 30));
    }

    #[test]
    fn other_numbers_have_none() {
        for text in
            ["18446744073709551616", "0x1_0000_0000_0000_0000", "17179869184G", "99999999999999999999999999K"]
        {
            assert_eq!(value(text), Err(NumberFault::TooLarge), "{text}");
        }
        for text in ["0x", "0x_", "0b2", "12a", "0x1g", "K", "4KK", "4KK2", "0x4K"] {
            assert_eq!(value(text), Err(NumberFault::Malformed), "{text}");
        }
    }
}
