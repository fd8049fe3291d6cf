//! The words that are printed: all that were written but signs that say nothing.

use super::super::token::{Token, TokenKind};

/// Whether it is a comment or a line of documentation.
pub(super) fn is_remark(token: &Token<'_>) -> bool {
    matches!(token.kind, TokenKind::Comment | TokenKind::Doc)
}

/// Leaves out `,` before `}`, and `;` behind the `}` of an entry.
pub(super) fn without_idle_signs<'t>(tokens: &[Token<'t>]) -> Vec<Token<'t>> {
    let mut kept: Vec<Token<'t>> = Vec::with_capacity(tokens.len());
    // For every open brace, and the file: the first word of the piece being read.
    let mut heads: Vec<Option<Token<'t>>> = vec![None];
    let mut last: Option<Token<'t>> = None;
    for (at, token) in tokens.iter().enumerate() {
        if is_remark(token) {
            kept.push(*token);
            continue;
        }
        let behind_brace = last.is_some_and(|last| last.is("}"));
        let next = tokens[at + 1..].iter().find(|token| !is_remark(token));
        let head = heads.last().copied().flatten();
        last = Some(*token);
        if token.is(",") && next.is_some_and(|next| next.is("}")) {
            continue;
        }
        if token.is(";") && behind_brace && head.is_some_and(|head| head.is("[")) {
            heads.pop();
            heads.push(None);
            continue;
        }
        kept.push(*token);
        if token.is("}") {
            heads.pop();
        }
        let ends =
            token.is(";") || token.is("}") && !next.is_some_and(|next| next.is(";") || next.is_word("if"));
        let head = heads.pop().flatten();
        heads.push(if ends { None } else { head.or(Some(*token)) });
        if token.is("{") {
            heads.push(None);
        }
    }
    kept
}
