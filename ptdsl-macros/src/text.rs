//! Tokens to text, remembering which byte came from which token.

use proc_macro2::{Delimiter, Group, Literal, Spacing, Span, TokenStream, TokenTree};

/// A text and the tokens that it was printed from.
#[derive(Debug, Default)]
pub(crate) struct Text {
    /// The text, in the words of a spec: `#[doc = ".."]` is a `///` line again.
    pub(crate) text: String,
    tokens: Vec<Token>,
    /// A token printed by itself must not touch the one before.
    apart: bool,
    /// The line of the source where the last token ended; 0 before the first.
    line: usize,
}

/// A token's bytes, `start..end`.
#[derive(Debug)]
struct Token {
    start: usize,
    end: usize,
    span: Span,
}

impl Text {
    /// Prints tokens.
    pub(crate) fn new(tokens: TokenStream) -> Text {
        let mut text = Text::default();
        text.stream(tokens);
        text
    }

    /// The first and the last token that bytes `start..end` touch; for an empty range, the token before it. `None` for
    /// a text without tokens.
    pub(crate) fn spans(&self, start: usize, end: usize) -> Option<(Span, Span)> {
        let first = self.tokens.partition_point(|token| token.end <= start);
        let after = self.tokens.partition_point(|token| token.start < end);
        if first < after {
            return Some((self.tokens[first].span, self.tokens[after - 1].span));
        }
        let nearest = self.tokens.get(first.saturating_sub(1))?;
        Some((nearest.span, nearest.span))
    }

    fn stream(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    let docs = match tokens.peek() {
                        Some(TokenTree::Group(group)) => documentation(group),
                        _ => None,
                    };
                    match docs {
                        Some((docs, span)) => {
                            self.documentation(&docs, span);
                            tokens.next();
                        }
                        None => self.punct('#', Spacing::Alone, punct.span()),
                    }
                }
                TokenTree::Punct(punct) => self.punct(punct.as_char(), punct.spacing(), punct.span()),
                TokenTree::Group(group) => self.group(&group),
                TokenTree::Ident(ident) => self.word(&ident.to_string(), ident.span()),
                TokenTree::Literal(literal) => self.word(&literal.to_string(), literal.span()),
            }
        }
    }

    fn word(&mut self, word: &str, span: Span) {
        // Lines are kept: what is missing at the end of one is said there.
        let line = line(span);
        if self.apart {
            self.text.push(if line > self.line { '\n' } else { ' ' });
        }
        self.line = line;
        let start = self.text.len();
        self.text.push_str(word);
        self.tokens.push(Token { start, end: self.text.len(), span });
        self.apart = true;
    }

    fn punct(&mut self, char: char, spacing: Spacing, span: Span) {
        self.word(char.encode_utf8(&mut [0; 4]), span);
        self.apart = spacing == Spacing::Alone;
    }

    fn group(&mut self, group: &Group) {
        let (open, close) = match group.delimiter() {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Brace => ("{", "}"),
            Delimiter::Bracket => ("[", "]"),
            // What a `macro_rules` variable stood for.
            Delimiter::None => return self.stream(group.stream()),
        };
        self.word(open, group.span_open());
        self.stream(group.stream());
        self.word(close, group.span_close());
    }

    fn documentation(&mut self, docs: &str, span: Span) {
        self.text.push('\n');
        for line in docs.split('\n') {
            let start = self.text.len();
            self.text.push_str("///");
            self.text.push_str(line.trim_end_matches('\r'));
            self.tokens.push(Token { start, end: self.text.len(), span });
            self.text.push('\n');
        }
        self.apart = false;
    }
}

/// The line of a token in its file; the same for all where nobody knows.
fn line(span: Span) -> usize {
    #[cfg(test)]
    return span.start().line;
    #[cfg(not(test))]
    if proc_macro::is_available() { span.unwrap().line() } else { 0 }
}

/// The text of `[doc = "text"]`.
fn documentation(group: &Group) -> Option<(String, Span)> {
    if group.delimiter() != Delimiter::Bracket {
        return None;
    }
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Ident(name), TokenTree::Punct(equals), TokenTree::Literal(value)]
            if name == "doc" && equals.as_char() == '=' =>
        {
            Some((string(value)?, value.span()))
        }
        _ => None,
    }
}

/// What a string literal says; `None` for other literals.
pub(crate) fn string(literal: &Literal) -> Option<String> {
    let text = literal.to_string();
    if let Some(raw) = text.strip_prefix('r') {
        let inside = raw.trim_matches('#');
        return Some(inside.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    }
    let inside = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut said = String::new();
    let mut chars = inside.chars().peekable();
    while let Some(char) = chars.next() {
        if char != '\\' {
            said.push(char);
            continue;
        }
        match chars.next()? {
            'n' => said.push('\n'),
            'r' => said.push('\r'),
            't' => said.push('\t'),
            '0' => said.push('\0'),
            'x' => {
                let digits: String = chars.by_ref().take(2).collect();
                said.push(char::from(u8::from_str_radix(&digits, 16).ok()?));
            }
            'u' => {
                let digits: String = chars.by_ref().skip(1).take_while(|&c| c != '}').collect();
                said.push(char::from_u32(u32::from_str_radix(&digits.replace('_', ""), 16).ok()?)?);
            }
            // A backslash at the end of a line takes the line break and the indentation with it.
            '\n' => while chars.next_if(|c| c.is_whitespace()).is_some() {},
            other => said.push(other),
        }
    }
    Some(said)
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};

    use super::*;

    fn tokens(source: &str) -> TokenStream {
        TokenStream::from_str(source).unwrap()
    }

    fn printed(source: &str) -> String {
        Text::new(tokens(source)).text
    }

    #[test]
    fn the_words_of_the_language_survive() {
        let cases = [
            ("granule 4K;", "granule 4K ;"),
            ("[47:12] PA[47:12];", "[ 47 : 12 ] PA [ 47 : 12 ] ;"),
            ("[n-1:12] res0;", "[ n - 1 : 12 ] res0 ;"),
            ("levels 1..=3", "levels 1 ..= 3"),
            ("..Attributes;", ".. Attributes ;"),
            ("AF 0 -> 1 => store", "AF 0 -> 1 => store"),
            ("XN | path.XNTable", "XN | path . XNTable"),
            ("[2:1] != 0b1_0", "[ 2 : 1 ] != 0b1_0"),
            ("as \"AP[2]\"", "as \"AP[2]\""),
            ("\"tlbi vae2is, {x}\"", "\"tlbi vae2is, {x}\""),
            ("level -1 {}", "level - 1 { }"),
            ("# [other = \"x\"]", "# [ other = \"x\" ]"),
        ];
        for (source, expected) in cases {
            assert_eq!(printed(source), expected);
        }
    }

    #[test]
    fn documentation_is_a_comment_again() {
        assert_eq!(printed("/// Says \"it\\s\" so.\nisb"), "\n/// Says \"it\\s\" so.\nisb");
        assert_eq!(printed("x; #[doc = \" a\\n b\"] y"), "x ;\n/// a\n/// b\ny");
        assert_eq!(printed("#[doc = r#\" raw \"#] y"), "\n/// raw \ny");
    }

    #[test]
    fn lines_are_kept() {
        assert_eq!(printed("granule 4K\n\n    arch a {\n x }"), "granule 4K\narch a {\nx }");
        assert_eq!(printed("a ..\n b ->\n c"), "a ..\nb ->\nc");
    }

    #[test]
    fn groups_without_delimiters_are_not_seen() {
        let inner = Group::new(Delimiter::None, tokens("a, b"));
        let stream: TokenStream =
            [TokenTree::Ident(Ident::new("x", Span::call_site())), inner.into()].into_iter().collect();
        assert_eq!(Text::new(stream).text, "x a , b");
    }

    #[test]
    fn escapes_are_undone() {
        let say = |source: &str| string(&Literal::from_str(source).unwrap());
        assert_eq!(say(r#""a\"b\\c\u{e9}\x41\t""#).as_deref(), Some("a\"b\\cé\u{41}\t"));
        assert_eq!(say("r##\"a\"#b\"##").as_deref(), Some("a\"#b"));
        assert_eq!(say("12"), None);
        assert_eq!(say("b\"x\""), None);
    }

    /// The source under the tokens that the bytes of a word were printed from.
    fn underlined(source: &str, word: &str) -> (String, String) {
        let text = Text::new(tokens(source));
        let start = text.text.find(word).unwrap();
        let (first, last) = text.spans(start, start + word.len()).unwrap();
        (first.source_text().unwrap(), last.source_text().unwrap())
    }

    #[test]
    fn bytes_lead_back_to_tokens() {
        let source = "/// Doc.\nleaf Page when [1:0] = 0b11 { ..Attributes; }";
        assert_eq!(underlined(source, "Page"), ("Page".to_owned(), "Page".to_owned()));
        assert_eq!(underlined(source, "[ 1 : 0 ] = 0b11"), ("[".to_owned(), "0b11".to_owned()));
        assert_eq!(underlined(source, ".. Attributes"), (".".to_owned(), "Attributes".to_owned()));
        assert_eq!(underlined(source, "ttribut"), ("Attributes".to_owned(), "Attributes".to_owned()));
        assert_eq!(underlined(source, "/// Doc."), ("/// Doc.".to_owned(), "/// Doc.".to_owned()));
    }

    #[test]
    fn a_place_between_tokens_is_the_token_before() {
        let text = Text::new(tokens("a ; b"));
        let at = |start: usize, end: usize| {
            let (first, last) = text.spans(start, end).unwrap();
            (first.source_text().unwrap(), last.source_text().unwrap())
        };
        assert_eq!(text.text, "a ; b");
        assert_eq!(at(1, 2), ("a".to_owned(), "a".to_owned()));
        assert_eq!(at(5, 5), ("b".to_owned(), "b".to_owned()));
        assert_eq!(at(0, 0), ("a".to_owned(), "a".to_owned()));
        assert!(Text::new(TokenStream::new()).spans(0, 0).is_none());
    }
}
