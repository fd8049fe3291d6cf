//! Findings as text with the source lines they speak of: the only use of the renderer.

use super::{Diagnostic, Label, Severity};
use crate::source::{FileId, SourceMap};
use annotate_snippets::{AnnotationKind, Element, Group, Level, Renderer, Snippet, normalize_untrusted_str};

/// How the text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// With colours, as ANSI escape sequences. Without, the text is the same on every machine.
    pub colour: bool,
}

/// Columns that a line may have before it is cut around its labels; the same whatever terminal shows it.
const COLUMNS: usize = 160;

/// One finding as text:
///
/// ```text
/// error[PT0101]: expected `;` after `XN`, found `[`
///  --> hyp.pt:9:13
///   |
/// 9 |         [3] XN
///   |             ^^ `;` is missing behind this
///   |
///   = help: write `;`
/// ```
///
/// The text ends with one line end. Labels may lie in different texts; the first one's comes first.
#[must_use]
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, style: Style) -> String {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code.id());
    let mut elements: Vec<Element<'_>> =
        snippets(&diagnostic.labels, sources).into_iter().map(Element::from).collect();
    elements.extend(
        diagnostic.notes.iter().map(|note| Level::NOTE.message(normalize_untrusted_str(note)).into()),
    );
    elements
        .extend(diagnostic.help.iter().map(|help| Level::HELP.message(normalize_untrusted_str(help)).into()));
    let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = renderer.term_width(COLUMNS).render(&[Group::with_title(title).elements(elements)]);
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// One snippet for each text that has a label, in the order of their first labels.
fn snippets<'a>(
    labels: &'a [Label],
    sources: &'a SourceMap,
) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let mut files: Vec<FileId> = Vec::new();
    for label in labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    let snippet = |file: FileId| {
        let source = sources.file(file);
        let annotations =
            labels.iter().enumerate().filter(|(_, label)| label.span.file == file).map(|(at, label)| {
                // Only the very first label is underlined with `^`.
                let kind = if at == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
                kind.span(label.span.start as usize..label.span.end as usize).label(label.text.as_str())
            });
        Snippet::source(source.text.as_str()).path(source.name.as_str()).annotations(annotations)
    };
    files.into_iter().map(snippet).collect()
}
