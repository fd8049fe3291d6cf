//! Cuts a text into words, numbers, strings, signs and comments, whatever the text is.
//!
//! The grammar decides what is well-formed; this is for what a grammar is bad at: limits that hold before parsing, the end of a
//! faulty declaration, the word under a syntax error, and the printer, which must keep comments.

/// What a [`Token`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// An identifier or keyword.
    Word,
    /// A digit and all letters, digits and `_` behind it, well-formed or not.
    Number,
    /// `"..."`; not closed if it reaches the end of its line first.
    String {
        /// The second `"` is there.
        closed: bool,
    },
    /// `/// doc`
    Doc,
    /// `// comment`
    Comment,
    /// Anything else: an operator, a bracket, or a character that has no place in the language.
    Sign,
}

/// A piece of the text that is not space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'t> {
    /// What it is.
    pub(crate) kind: TokenKind,
    /// The text itself; comments without the space at their end.
    pub(crate) text: &'t str,
    /// First byte.
    pub(crate) start: usize,
}

impl Token<'_> {
    /// One past the last byte.
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this sign.
    pub(crate) fn is(&self, sign: &str) -> bool {
        self.kind == TokenKind::Sign && self.text == sign
    }

    /// Whether it is this word.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text == word
    }
}

/// Signs of more than one character, longest first. `==`, `&&` and `||` are not in the language; whoever writes them means one sign.
const LONG_SIGNS: [&str; 10] = ["**", "..=", "..", "=>", "==", "->", "!=", "&&", "||", "/*"];

/// All tokens of a text in order.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut list = Vec::new();
    let mut at = text.strip_prefix('\u{feff}').map_or(0, |rest| text.len() - rest.len());
    while let Some(rest) = text.get(at..) {
        let rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let Some(first) = rest.chars().next() else { break };
        let start = text.len() - rest.len();
        let (kind, length) = token(rest, first);
        let whole = &rest[..length];
        let shown = match kind {
            TokenKind::Doc | TokenKind::Comment => whole.trim_end(),
            _ => whole,
        };
        list.push(Token { kind, text: shown, start });
        at = start + length;
    }
    list
}

/// Kind and length in bytes of the token at the start of `rest`.
fn token(rest: &str, first: char) -> (TokenKind, usize) {
    // Looked for only where needed: a text may be one long line.
    let line_end = || rest.find('\n').unwrap_or(rest.len());
    if rest.starts_with("//") {
        let doc = rest.starts_with("///") && !rest.starts_with("////");
        return (if doc { TokenKind::Doc } else { TokenKind::Comment }, line_end());
    }
    if first == '"' {
        let line = line_end();
        let end = rest[1..line].find('"').map(|quote| quote + 2);
        let unclosed = rest[..line].trim_end().len();
        return (TokenKind::String { closed: end.is_some() }, end.unwrap_or(unclosed));
    }
    let word = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    if word > 0 {
        return (if first.is_ascii_digit() { TokenKind::Number } else { TokenKind::Word }, word);
    }
    let long = LONG_SIGNS.iter().find(|sign| rest.starts_with(**sign));
    (TokenKind::Sign, long.map_or(first.len_utf8(), |sign| sign.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_told_apart() {
        let text = "\u{feff}[n-1:12] = 0x1f; // a \r\n/// d\n//// e\n\"s\" ..=x \"open\n é->";
        let found: Vec<_> = tokens(text).iter().map(|t| (t.kind, t.text)).collect();
        let (sign, word, number) = (TokenKind::Sign, TokenKind::Word, TokenKind::Number);
        assert_eq!(
            found,
            [
                (sign, "["),
                (word, "n"),
                (sign, "-"),
                (number, "1"),
                (sign, ":"),
                (number, "12"),
                (sign, "]"),
                (sign, "="),
                (number, "0x1f"),
                (sign, ";"),
                (TokenKind::Comment, "// a"),
                (TokenKind::Doc, "/// d"),
                (TokenKind::Comment, "//// e"),
                (TokenKind::String { closed: true }, "\"s\""),
                (sign, "..="),
                (word, "x"),
                (TokenKind::String { closed: false }, "\"open"),
                (sign, "é"),
                (sign, "->"),
            ]
        );
        for token in tokens(text) {
            assert_eq!(&text[token.start..token.end()], token.text);
        }
    }
}
