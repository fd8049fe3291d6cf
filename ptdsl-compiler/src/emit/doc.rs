//! Documentation of a format: one page that a browser or a pull request shows, and an index over several.
//!
//! A page is first a document without any markup, made from the IR and, where it shows examples, by the
//! interpreter; then a template writes it down. No bit number is worked out here: they are those of the IR's pieces.

mod attributes;
mod changes;
mod descriptors;
mod diagram;
mod document;
mod examples;
mod geometry;
mod index;
mod maintenance;
mod rows;
mod words;

use askama::Template;

use crate::ir::Format;
use document::{Block, Document, Link, Run};

/// What a page is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One file that needs no other: style and diagrams are part of it.
    Html,
    /// For pull requests; diagrams are text.
    Markdown,
}

impl Form {
    /// The name of the file for a page called so.
    #[must_use]
    pub fn file_name(self, page: &str) -> String {
        match self {
            Form::Html => format!("{page}.html"),
            Form::Markdown => format!("{page}.md"),
        }
    }
}

/// The page name of the index.
pub const INDEX: &str = "index";

/// A format's page. `spec` is the name of its file as the command takes it; `indexed` says whether an index lies beside.
#[must_use]
pub fn page(format: &Format, spec: &str, form: Form, indexed: bool) -> String {
    let sections = [
        geometry::section(format),
        descriptors::section(format),
        attributes::section(format),
        changes::section(format),
        maintenance::section(format),
        maintenance::registers(format),
        examples::section(format, spec),
    ];
    let document = Document {
        title: format.name.clone(),
        lead: words::paragraphs(&format.docs),
        sections: sections.into_iter().filter(|section| !section.blocks.is_empty()).collect(),
        source: format!("ptdsl doc {spec}"),
        up: indexed.then(|| Link { text: "All formats".to_owned(), target: form.file_name(INDEX) }),
    };
    write(&document, form)
}

/// The index over formats, in this order. Their pages lie beside it.
#[must_use]
pub fn index(formats: &[&Format], form: Form) -> String {
    write(&index::document(formats, form), form)
}

#[derive(Template)]
#[template(path = "page.html")]
struct Html<'a> {
    page: &'a Document,
}

#[derive(Template)]
#[template(path = "page.md")]
struct Markdown<'a> {
    page: &'a Document,
}

fn write(page: &Document, form: Form) -> String {
    let text = match form {
        Form::Html => Html { page }.render(),
        Form::Markdown => Markdown { page }.render(),
    };
    // No template calls anything that fails, and writing to a String does not.
    text.unwrap_or_else(|error| unreachable!("a template writes to a String: {error}"))
}
