//! Words for a syntax error: what could stand there, what does, and what was probably meant.

use super::super::grammar::Rule;
use super::super::token::{Token, TokenKind};
use super::Source;
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest;
use pest::error::{Error, ErrorVariant};
use std::ops::Range;

/// The words that begin a declaration.
pub(super) const DECLARATIONS: [&str; 26] = [
    "format",
    "arch",
    "option",
    "set",
    "granule",
    "input",
    "output",
    "level",
    "invalid",
    "table",
    "leaf",
    "otherwise",
    "fields",
    "effective",
    "hardware",
    "accessed",
    "dirty",
    "attribute",
    "forbid",
    "group",
    "change",
    "registers",
    "instruction",
    "operand",
    "sequence",
    "without",
];

/// The words that `reserved` in `pt.pest` keeps from being names.
const RESERVED: [&str; 16] = [
    "and",
    "as",
    "else",
    "if",
    "ignored",
    "in",
    "mbo",
    "mbz",
    "next",
    "not",
    "or",
    "otherwise",
    "res0",
    "res1",
    "software",
    "when",
];

/// An error, and how to go on behind it.
pub(super) struct Finding {
    /// The error in words.
    pub(super) fault: Diagnostic,
    /// Index of the token whose declaration or entry is faulty.
    pub(super) blame: usize,
    /// What was meant, if that is certain: bytes, and as many other bytes.
    pub(super) repair: Option<(Range<usize>, &'static str)>,
}

/// The error in words. `found` is the index of the token that could not stand there, or the number of tokens at the end.
pub(super) fn finding(
    source: &Source<'_>,
    tokens: &[Token<'_>],
    found: usize,
    error: &Error<Rule>,
) -> Finding {
    let rules: &[Rule] = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives,
        ErrorVariant::CustomError { .. } => &[],
    };
    let (rules, found) = match next_entry(source.text, tokens, found) {
        // `XN` on one line and `[2]` on the next were read as `XN[2]`.
        Some(bracket) if rules.contains(&Rule::semi) => (&[Rule::semi][..], bracket),
        _ => (rules, found),
    };
    let before = found.checked_sub(1).map(|at| tokens[at]);
    let token = tokens.get(found).copied();
    let wanted = expected(rules);
    let behind = before.map_or_else(String::new, |token| match token.kind {
        TokenKind::Doc => " after the `///` comment".to_owned(),
        _ => format!(" after `{}`", token.text),
    });
    let there = token.map_or_else(|| "the end of the text".to_owned(), |token| shown(&token));
    let message = format!("expected {wanted}{behind}, found {there}");

    let missing_semi = rules.contains(&Rule::semi)
        && before.is_some_and(|before| {
            token.is_none_or(|token| source.text[before.end()..token.start].contains('\n') || token.is("}"))
        });
    let mut fault = match (before, token) {
        (Some(before), _) if missing_semi => {
            Diagnostic::new(Code::Syntax, message, source.at(&before), "`;` is missing behind this")
        }
        (_, Some(token)) => Diagnostic::new(Code::Syntax, message, source.at(&token), "cannot stand here"),
        (Some(before), None) => {
            Diagnostic::new(Code::Syntax, message, source.at(&before), "the text ends behind this")
        }
        (None, None) => Diagnostic::without_place(Code::Syntax, message),
    };
    if token.is_none()
        && let Some(open) = unclosed(tokens)
    {
        fault = fault.label(source.at(&open), "this `{` is not closed");
    }
    let after = tokens.get(found + 1).copied();
    let fault = match help(rules, before, token, after) {
        Some(help) => fault.help(help),
        None if missing_semi => fault.help("write `;`"),
        None if token.is_none() => fault.help("close every `{` with `}`"),
        None => fault,
    };
    let space_behind = |at: usize| source.text[at..].starts_with([' ', '\t', '\r', '\n']);
    let repair = match (before, token) {
        (Some(before), _) if missing_semi && space_behind(before.end()) => {
            Some((before.end()..before.end() + 1, ";"))
        }
        (_, Some(token)) if token.is("==") => Some((token.start..token.end(), " =")),
        (_, Some(token)) if kebab(before, token, after).is_some() => Some((token.start..token.end(), "_")),
        _ => None,
    };
    let blame = if missing_semi { found.saturating_sub(1) } else { found };
    Finding { fault, blame, repair }
}

/// The `[` at the begin of a line, behind a name, whose `]` stands before `found`.
fn next_entry(text: &str, tokens: &[Token<'_>], found: usize) -> Option<usize> {
    let close = found.checked_sub(1).filter(|&at| tokens[at].is("]"))?;
    let open = tokens[..close].iter().rposition(|token| token.is("["))?;
    let name = tokens[open.checked_sub(1)?];
    let begins_line = text[name.end()..tokens[open].start].contains('\n');
    (name.kind == TokenKind::Word && begins_line).then_some(open)
}

/// What was probably meant.
fn help(
    rules: &[Rule],
    before: Option<Token<'_>>,
    token: Option<Token<'_>>,
    after: Option<Token<'_>>,
) -> Option<String> {
    let token = token?;
    let wants = |rule| rules.contains(&rule);
    let declarations = [Rule::file, Rule::item, Rule::member, Rule::declaration, Rule::member_declaration];
    let declaration = declarations.into_iter().any(wants);
    if token.kind == TokenKind::Word {
        if declaration {
            return declaration_help(token.text);
        }
        if wants(Rule::name) && RESERVED.contains(&token.text) {
            return Some(format!("`{}` is a word of the language and cannot be a name", token.text));
        }
        let mut keywords: Vec<String> = rules.iter().filter_map(keyword).collect();
        if wants(Rule::class) {
            keywords.extend(["store".to_owned(), "break".to_owned()]);
        }
        return closest(token.text, keywords.iter().map(String::as_str))
            .map(|word| format!("did you mean `{word}`?"));
    }
    if token.kind == TokenKind::Doc || before.is_some_and(|before| before.kind == TokenKind::Doc) {
        return Some(
            "`///` documents the declaration, entry, row or register behind it; for a remark write `//`"
                .to_owned(),
        );
    }
    if token.kind == TokenKind::Number && token.text.ends_with(['K', 'M', 'G']) {
        return Some("sizes such as `4K` stand behind `granule` only".to_owned());
    }
    let text = match token.text {
        "-" => return kebab(before, token, after),
        "==" => "one `=` both compares and sets",
        "&&" => "write `and`",
        "||" => "write `or`",
        "/*" => "comments begin with `//` and end with the line",
        ":" if wants(Rule::eq) => "values are given with `=`",
        "=" if wants(Rule::arrow) => "write `=>`",
        "=>" if wants(Rule::eq) => "write `=`",
        ".." | "..=" if wants(Rule::colon) => "bits are written `[hi:lo]`, most significant first",
        ".." | ":" if wants(Rule::through) => "a range of values is written `low..=high`",
        "," if wants(Rule::semi) => "end it with `;`",
        ";" if wants(Rule::comma) => "separate with `,`",
        "'" => "strings are written with `\"`",
        "}" if declaration && !wants(Rule::close) => {
            "every `{` before it is closed already: take this `}` away"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

fn declaration_help(word: &str) -> Option<String> {
    match word {
        "use" => Some("`use` lines stand before all declarations".to_owned()),
        "format" => Some("a format cannot stand inside another one; close that one first".to_owned()),
        _ => closest(word, DECLARATIONS.into_iter())
            .map(|word| format!("did you mean `{word}`?"))
            .or_else(|| Some(format!("declarations begin with one of: {}", DECLARATIONS.join(", ")))),
    }
}

/// `arm64-hyp`: the words on both sides touch the sign.
fn kebab(before: Option<Token<'_>>, sign: Token<'_>, after: Option<Token<'_>>) -> Option<String> {
    let (before, after) = (before?, after?);
    let words = sign.is("-")
        && before.kind == TokenKind::Word
        && matches!(after.kind, TokenKind::Word | TokenKind::Number);
    let touch = before.end() == sign.start && sign.end() == after.start;
    (words && touch).then(|| format!("names have no `-`: write `{}_{}`", before.text, after.text))
}

/// The innermost `{` that nothing closes.
fn unclosed<'t>(tokens: &[Token<'t>]) -> Option<Token<'t>> {
    let mut open = Vec::new();
    for token in tokens {
        if token.is("{") {
            open.push(*token);
        } else if token.is("}") {
            open.pop();
        }
    }
    open.pop()
}

/// A token as messages show it.
fn shown(token: &Token<'_>) -> String {
    match token.kind {
        TokenKind::Doc => "a `///` comment".to_owned(),
        TokenKind::Sign if token.text.chars().all(char::is_control) => {
            format!("the character `{}`", token.text.escape_unicode())
        }
        _ => format!("`{}`", token.text),
    }
}

/// The keyword that a rule stands for.
fn keyword(rule: &Rule) -> Option<String> {
    format!("{rule:?}").strip_prefix("kw_").map(str::to_owned)
}

/// `a`, `a or b`, `a, b or c`
fn expected(rules: &[Rule]) -> String {
    let (meaning, value) = (rules.contains(&Rule::kw_res0), rules.contains(&Rule::along));
    let mut words: Vec<String> = Vec::new();
    for rule in rules {
        let more: &[&str] = match rule {
            // What may stand before or behind nearly everything does not help.
            Rule::doc => &[],
            Rule::EOI if rules.len() > 1 => &[],
            // The words for bits without a name come together, and so do those that begin a value.
            Rule::kw_ignored | Rule::kw_res1 | Rule::kw_mbz | Rule::kw_mbo | Rule::kw_software if meaning => {
                &[]
            }
            Rule::kw_res0 if meaning => &["`ignored`", "`res0`", "`res1`", "`mbz`", "`mbo`", "`software`"],
            Rule::name | Rule::number | Rule::lparen if value => &[],
            Rule::along => &["a value"],
            Rule::class => &["`store`", "`break`"],
            Rule::entry => &["bits such as `[63:52]`", "`..` and the name of a `fields` block"],
            rule => {
                words.push(word(rule));
                &[]
            }
        };
        words.extend(more.iter().map(|&word| word.to_owned()));
    }
    let last = words.pop();
    match last {
        None => "something else".to_owned(),
        Some(last) if words.is_empty() => last,
        Some(last) => format!("{} or {last}", words.join(", ")),
    }
}

/// What a rule that failed stands for.
fn word(rule: &Rule) -> String {
    let text = match rule {
        Rule::open => "`{`",
        Rule::close => "`}`",
        Rule::lparen => "`(`",
        Rule::rparen => "`)`",
        Rule::lbracket => "`[`",
        Rule::rbracket => "`]`",
        Rule::semi => "`;`",
        Rule::comma => "`,`",
        Rule::colon => "`:`",
        Rule::dot => "`.`",
        Rule::splices => "`..`",
        Rule::through => "`..=`",
        Rule::eq => "`=`",
        Rule::ne => "`!=`",
        Rule::arrow => "`=>`",
        Rule::becomes => "`->`",
        Rule::times => "`*`",
        Rule::plus => "`+`",
        Rule::minus => "`-`",
        Rule::bar => "`|`",
        Rule::amp => "`&`",
        Rule::power => "`**`",
        Rule::zero => "`0`",
        Rule::name => "a name",
        Rule::number | Rule::integer => "a number",
        Rule::size => "a size such as `4K`",
        Rule::string => "a string",
        Rule::bound => "a bit number",
        Rule::EOI => "the end of the text",
        Rule::file | Rule::item | Rule::declaration | Rule::member | Rule::member_declaration => {
            "a declaration"
        }
        Rule::guard | Rule::and_guard | Rule::negation | Rule::test => "a condition such as `[1:0] = 0b11`",
        Rule::expression | Rule::or_expression | Rule::and_expression | Rule::sum => "a value",
        Rule::row => "a row such as `r => XN = 1;`",
        Rule::register => "a register",
        rule => match keyword(rule) {
            Some(word) => return format!("`{word}`"),
            None => return format!("{rule:?}").replace('_', " "),
        },
    };
    text.to_owned()
}

/// The candidate that was probably meant; no word of the language is near a very long one.
fn closest<'c>(word: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    if word.len() <= 32 { suggest::closest(word, candidates) } else { None }
}
