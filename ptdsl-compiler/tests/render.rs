//! Findings as text.
#![cfg(feature = "render")]

use ptdsl_compiler::diagnostic::render::{Style, render};
use ptdsl_compiler::diagnostic::{Code, Diagnostic};
use ptdsl_compiler::source::{FileId, SourceMap, Span};

const PLAIN: Style = Style { colour: false };

/// The place of `words` in a text.
fn place(sources: &SourceMap, file: FileId, words: &str) -> Span {
    let start = sources.file(file).text.find(words).expect("the words are there");
    let number = |at: usize| u32::try_from(at).expect("short");
    Span { file, start: number(start), end: number(start + words.len()) }
}

#[test]
fn a_finding_shows_its_line_label_note_and_help() {
    let mut sources = SourceMap::default();
    let file = sources.add("one.pt", "format a: u64 {\n    granule 4K;\n}\n");
    let finding =
        Diagnostic::new(Code::Syntax, "the granule is odd", place(&sources, file, "4K"), "this one")
            .note("a fact")
            .help("do this");
    let text = "\
error[PT0101]: the granule is odd
 --> one.pt:2:13
  |
2 |     granule 4K;
  |             ^^ this one
  |
  = note: a fact
  = help: do this
";
    assert_eq!(render(&finding, &sources, PLAIN), text);
}

#[test]
fn labels_of_two_texts_show_both() {
    let mut sources = SourceMap::default();
    let one = sources.add("one.pt", "arch x;\narch y;\n");
    let two = sources.add("two.pt", "// é\narch z;\n");
    let finding = Diagnostic::new(Code::Syntax, "three of them", place(&sources, two, "z"), "here")
        .label(place(&sources, one, "x"), "first")
        .label(place(&sources, one, "arch y;"), "second");
    let text = "\
error[PT0101]: three of them
 --> two.pt:2:6
  |
2 | arch z;
  |      ^ here
  |
 ::: one.pt:1:6
  |
1 | arch x;
  |      - first
2 | arch y;
  | ------- second
";
    assert_eq!(render(&finding, &sources, PLAIN), text);
}

#[test]
fn a_finding_without_a_place_has_no_lines() {
    let finding = Diagnostic::without_place(Code::Unreadable, "no such file").help("look elsewhere");
    let text = render(&finding, &SourceMap::default(), PLAIN);
    assert_eq!(text, "error[PT0001]: no such file\n |\n = help: look elsewhere\n");
}

#[test]
fn a_place_at_the_end_of_an_unfinished_line_is_shown() {
    let mut sources = SourceMap::default();
    let file = sources.add("one.pt", "arch aarch64");
    let end = Span { file, start: 12, end: 12 };
    let text = render(&Diagnostic::new(Code::Syntax, "it ends", end, "here"), &sources, PLAIN);
    assert_eq!(
        text,
        "error[PT0101]: it ends\n --> one.pt:1:13\n  |\n1 | arch aarch64\n  |             ^ here\n"
    );
}

#[test]
fn colour_adds_escapes_and_nothing_else() {
    let mut sources = SourceMap::default();
    let file = sources.add("one.pt", "granule 4K;\n");
    let finding = Diagnostic::new(Code::Syntax, "odd", place(&sources, file, "4K"), "this").note("a fact");
    let colour = render(&finding, &sources, Style { colour: true });
    assert!(colour.contains("\u{1b}["));
    let mut plain = String::new();
    let mut parts = colour.split("\u{1b}[");
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        plain.push_str(part.split_once('m').expect("an escape ends with m").1);
    }
    assert_eq!(plain.trim_end(), render(&finding, &sources, PLAIN).trim_end());
}
