//! Findings as errors of rustc.

use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use ptdsl_compiler::diagnostic::render::{Style, render};
use ptdsl_compiler::diagnostic::{Diagnostic, Label, Severity, location};
use ptdsl_compiler::source::SourceMap;

use crate::text::Text;

/// The errors among the findings, at a token that stands for the whole spec.
pub(crate) fn at(span: Span, sources: &SourceMap, diagnostics: &[Diagnostic]) -> TokenStream {
    errors(diagnostics).map(|one| compile_error((span, span), &rendered(sources, one))).collect()
}

/// The errors among the findings, each at the tokens that it is about. What lies in another file keeps its lines.
pub(crate) fn in_place(text: &Text, sources: &SourceMap, diagnostics: &[Diagnostic]) -> TokenStream {
    let place = |label: &Label| {
        let inline = sources.files().next().is_some_and(|(root, _)| root == label.span.file);
        inline.then(|| text.spans(label.span.start as usize, label.span.end as usize)).flatten()
    };
    let whole = text.spans(0, text.text.len()).unwrap_or((Span::call_site(), Span::call_site()));
    errors(diagnostics)
        .map(|one| match one.labels.first().and_then(place) {
            Some(spans) => compile_error(spans, &message(sources, one, place)),
            None => compile_error(whole, &rendered(sources, one)),
        })
        .collect()
}

fn errors(diagnostics: &[Diagnostic]) -> impl Iterator<Item = &Diagnostic> {
    diagnostics.iter().filter(|one| one.severity() == Severity::Error)
}

fn rendered(sources: &SourceMap, one: &Diagnostic) -> String {
    let text = render(one, sources, Style { colour: false });
    let head = format!("[{}]", one.code.id());
    // rustc writes `error: ` itself.
    let text = text.strip_prefix("error").unwrap_or(&text).replacen(&format!("{head}:"), &head, 1);
    text.trim_end().to_owned()
}

/// What rustc prints above and under the tokens.
fn message(sources: &SourceMap, one: &Diagnostic, place: impl Fn(&Label) -> Option<(Span, Span)>) -> String {
    let mut text = format!("[{}] {}", one.code.id(), one.message);
    for (index, label) in one.labels.iter().enumerate() {
        let from = match place(label) {
            // rustc shows it.
            _ if index == 0 => String::new(),
            Some((span, _)) => position(span) + ": ",
            None => location(sources, label.span) + ": ",
        };
        if !label.text.is_empty() {
            text.push_str(&format!("\n{from}{}", label.text));
        }
    }
    text.extend(one.notes.iter().map(|note| format!("\nnote: {note}")));
    text.extend(one.help.iter().map(|help| format!("\nhelp: {help}")));
    text
}

/// `src/lib.rs:12:9`
fn position(span: Span) -> String {
    if !proc_macro::is_available() {
        return "nearby".to_owned();
    }
    let span = span.unwrap();
    format!("{}:{}:{}", span.file(), span.line(), span.column())
}

/// `::core::compile_error! { "message" }` whose first token has the first span and whose last the last, so that rustc
/// underlines everything between.
pub(crate) fn compile_error((first, last): (Span, Span), message: &str) -> TokenStream {
    let punct = |char, spacing| {
        let mut punct = Punct::new(char, spacing);
        punct.set_span(first);
        TokenTree::Punct(punct)
    };
    let mut literal = Literal::string(message);
    literal.set_span(last);
    let mut group = Group::new(Delimiter::Brace, TokenTree::Literal(literal).into());
    group.set_span(last);
    [
        punct(':', Spacing::Joint),
        punct(':', Spacing::Alone),
        TokenTree::Ident(Ident::new("core", first)),
        punct(':', Spacing::Joint),
        punct(':', Spacing::Alone),
        TokenTree::Ident(Ident::new("compile_error", first)),
        punct('!', Spacing::Alone),
        TokenTree::Group(group),
    ]
    .into_iter()
    .collect()
}
