//! Every construct of the language, and what the parser says about texts that are not in it.

use ptdsl_compiler::source::SourceMap;
use ptdsl_compiler::syntax::{ast, parse};
use std::path::{Path, PathBuf};

/// The tree of a text that follows the grammar.
fn tree(text: &str) -> ast::File {
    let mut sources = SourceMap::default();
    let file = sources.add("test.pt", text);
    parse(file, text).unwrap_or_else(|faults| panic!("{faults:#?}\n{text}"))
}

/// All `.pt` files of a folder next to this crate.
fn specs(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder is readable")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pt"))
        .collect();
    files.sort();
    files
}

#[test]
fn the_format_library_parses() {
    let specs = specs("../formats");
    assert!(specs.len() >= 3);
    for path in specs {
        let text = std::fs::read_to_string(&path).expect("readable");
        let file = tree(&text);
        assert_eq!(
            file.comments.len(),
            text.lines().filter(|line| is_commented(line)).count(),
            "{}",
            path.display()
        );
    }
}

/// Whether a line of the library has a `//` comment; none has `//` in a string.
fn is_commented(line: &str) -> bool {
    line.contains("//") && !line.contains("///")
}
