//! Properties of parser and printer that hold for every text.

use super::token::{TokenKind, tokens};
use super::{ast, parse, print};
use crate::diagnostic::Diagnostic;
use crate::source::SourceMap;
use proptest::prelude::*;
use std::path::Path;
use std::sync::OnceLock;

fn read(text: &str) -> Result<ast::File, Vec<Diagnostic>> {
    let mut sources = SourceMap::default();
    let file = sources.add("test.pt", text);
    parse(file, text)
}

/// The tree without its places.
fn shape(file: &ast::File) -> String {
    let text = format!("{file:?}");
    let mut parts = text.split("Span { file: FileId(0), start: ");
    let mut shape = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shape.push_str(part.split_once('}').expect("a span ends").1);
    }
    shape
}

/// The format library and the sketches of other formats.
fn corpus() -> &'static [String] {
    static CORPUS: OnceLock<Vec<String>> = OnceLock::new();
    CORPUS.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        for folder in ["../formats", "tests/sketches"] {
            for entry in std::fs::read_dir(root.join(folder)).expect("the folder is readable") {
                let path = entry.expect("an entry").path();
                if path.extension().is_some_and(|extension| extension == "pt") {
                    files.push((path.clone(), std::fs::read_to_string(&path).expect("readable")));
                }
            }
        }
        files.sort();
        files.into_iter().map(|(_, text)| text).collect()
    })
}

/// Checks that printing keeps the tree and settles at once; gives the printed text.
fn check_print(text: &str) -> Result<String, TestCaseError> {
    let tree = match read(text) {
        Ok(tree) => tree,
        Err(faults) => return Err(TestCaseError::fail(format!("{faults:#?}\n{text}"))),
    };
    let printed = print(&tree, text);
    let again = match read(&printed) {
        Ok(tree) => tree,
        Err(faults) => {
            return Err(TestCaseError::fail(format!("{faults:#?}\n{text}\n-- printed --\n{printed}")));
        }
    };
    prop_assert_eq!(shape(&tree), shape(&again), "\n{}\n-- printed --\n{}", text, printed);
    let twice = print(&again, &printed);
    prop_assert_eq!(&printed, &twice, "not idempotent:\n{}", text);
    Ok(printed)
}

/// The words of a text with other space and comments between them: gap number `i` is chosen by `gaps[i % gaps.len()]`.
fn spaced(text: &str, gaps: &[u8]) -> String {
    let tokens = tokens(text);
    let mut spaced = String::new();
    for (at, token) in tokens.iter().enumerate() {
        let from = at.checked_sub(1).map_or(0, |before| tokens[before].end());
        let own = &text[from..token.start];
        let ends_line = at > 0 && matches!(tokens[at - 1].kind, TokenKind::Comment | TokenKind::Doc);
        let gap = match gaps[at % gaps.len()] {
            0 => "\n",
            1 => " \r\n\n\n\t",
            2 => "// remark\n",
            3 => "   // two\n// remarks\n\n",
            4 => "\t ",
            5 if !own.is_empty() => "  ",
            _ => own,
        };
        if ends_line && !gap.starts_with('\n') {
            spaced.push('\n');
        }
        spaced.push_str(gap);
        spaced.push_str(token.text);
    }
    spaced
}

#[test]
fn the_corpus_parses_and_prints() {
    assert!(corpus().len() >= 8);
    for text in corpus() {
        check_print(text).unwrap_or_else(|error| panic!("{error}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn space_and_comments_do_not_change_the_tree(which in any::<prop::sample::Index>(), gaps in prop::collection::vec(0_u8..24, 1..400)) {
        let text = which.get(corpus());
        let other = spaced(text, &gaps);
        let printed = check_print(&other)?;
        let comments = |text: &str| tokens(text).iter().filter(|t| t.kind == TokenKind::Comment).map(|t| t.text.to_owned()).collect::<Vec<_>>();
        prop_assert_eq!(comments(&other), comments(&printed));
    }

    #[test]
    fn comments_at_the_ends_of_lines_stay_there(which in any::<prop::sample::Index>(), at in prop::collection::vec(any::<bool>(), 1..200)) {
        let text = which.get(corpus());
        let remarked: Vec<String> = text.lines().enumerate().map(|(i, line)| {
            let free = !line.contains("//") && !line.trim().is_empty();
            if free && at[i % at.len()] { format!("{line} // line {i}") } else { line.to_owned() }
        }).collect();
        let printed = check_print(&remarked.join("\n"))?;
        // Where nothing else changed, each comment follows the same words as before.
        for line in remarked.iter().filter(|line| line.contains("// line ")) {
            let (words, comment) = line.split_once("// line ").expect("checked");
            let comment = format!("// line {comment}");
            let there = printed.lines().find(|line| line.ends_with(&comment)).expect("the comment was kept");
            let squeezed = |text: &str| text.split_whitespace().collect::<String>();
            let before = squeezed(there.split_once("//").expect("it is a comment").0);
            prop_assert!(squeezed(words).ends_with(&before) || before.ends_with(&squeezed(words)), "{} / {}", words, there);
        }
    }

    #[test]
    fn no_text_makes_the_parser_fail(text in "\\PC{0,200}") {
        drive(&text);
    }

    #[test]
    fn no_bytes_make_the_parser_fail(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        drive(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_mutation_of_a_spec_makes_the_parser_fail(
        which in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_u8..8), 1..6),
    ) {
        let mut pieces: Vec<String> = pieces(which.get::<String>(corpus()));
        for (a, b, edit) in edits {
            if pieces.is_empty() {
                break;
            }
            let (a, b) = (a.index(pieces.len()), b.index(pieces.len()));
            match edit {
                0 | 1 => drop(pieces.remove(a)),
                2 => pieces.swap(a, b),
                3 => pieces.insert(a, pieces[b].clone()),
                4 => drop(pieces.drain(a.min(b)..a.max(b).min(a.min(b) + 40))),
                5 => pieces[a] = pieces[a].chars().skip(1).collect(),
                6 => pieces[a].push('\u{0}'),
                _ => pieces.truncate(a),
            }
        }
        drive(&pieces.concat());
    }
}

/// Words and the space between them.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for token in tokens(text) {
        pieces.push(text[from..token.start].to_owned());
        pieces.push(token.text.to_owned());
        from = token.end();
    }
    pieces.push(text[from..].to_owned());
    pieces
}

/// Parses any text; one that follows the grammar is also printed and parsed again. Errors have places in the text.
fn drive(text: &str) {
    match read(text) {
        Ok(_) => drop(check_print(text).unwrap_or_else(|error| panic!("{error}"))),
        Err(faults) => {
            assert!(!faults.is_empty());
            for label in faults.iter().flat_map(|fault| &fault.labels) {
                assert!(
                    text.get(label.span.start as usize..label.span.end as usize)
                        .is_some_and(|s| !s.is_empty())
                );
            }
        }
    }
}
