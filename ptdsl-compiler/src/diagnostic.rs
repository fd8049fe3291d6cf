//! What the compiler says about a spec: a code, a sentence, places with labels, and what to do.

pub mod codes;
#[cfg(feature = "render")]
pub mod render;

use crate::source::{SourceMap, Span};
pub use codes::Code;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is emitted.
    Error,
    /// The spec works, but probably not as meant.
    Warning,
}

/// A place in a text and what to say there.
#[derive(Clone, Debug)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A few words, lower case, no full stop.
    pub text: String,
}

/// One finding.
#[derive(Clone, Debug)]
#[must_use]
pub struct Diagnostic {
    /// Its code; the code decides the severity.
    pub code: Code,
    /// One sentence, lower case, no full stop.
    pub message: String,
    /// Where; the first label is the place that is underlined with `^`. Only findings without a text have none.
    pub labels: Vec<Label>,
    /// Facts that help to understand.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// A finding with a place.
    pub fn new(code: Code, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Diagnostic::without_place(code, message).label(span, label)
    }

    /// A finding about no text in particular, such as a file that cannot be read.
    pub fn without_place(code: Code, message: impl Into<String>) -> Self {
        Diagnostic { code, message: message.into(), labels: Vec::new(), notes: Vec::new(), help: Vec::new() }
    }

    /// Adds a place.
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds a fact.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds what to do.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Error or warning.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// The place that is underlined, if there is a text.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

/// Everything that was found, collected while a pass runs so that no fault hides another.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Adds a finding unless one with its code and place is there: what is wrong at each of four levels is wrong once.
    pub fn push_once(&mut self, diagnostic: Diagnostic) {
        if !self.list.iter().any(|old| old.code == diagnostic.code && old.span() == diagnostic.span()) {
            self.list.push(diagnostic);
        }
    }

    /// Whether an error is among them.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity() == Severity::Error)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The findings sorted by position, each once.
    #[must_use]
    pub fn sorted(mut self) -> Vec<Diagnostic> {
        self.list.sort_by(|a, b| (a.span(), a.code, &a.message).cmp(&(b.span(), b.code, &b.message)));
        self.list.dedup_by(|a, b| a.code == b.code && a.span() == b.span() && a.message == b.message);
        self.list
    }
}

/// `name:line:column` of a place, as compilers write it.
#[must_use]
pub fn location(sources: &SourceMap, span: Span) -> String {
    let (line, column) = sources.position(span);
    format!("{}:{line}:{column}", sources.file(span.file).name)
}
