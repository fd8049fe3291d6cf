//! What the fuzz targets do with their bytes, as plain functions: `ptdsl-compiler/tests/fuzz.rs` drives them too.

use ptdsl_compiler::source::{Loader, SourceFile, SourceMap};
use ptdsl_compiler::syntax::{ast, parse as read, print};

/// Parses a text; one that follows the grammar is printed, and the printed text is checked to have the same words. Errors are checked
/// to have places in the text.
///
/// # Panics
/// If something is wrong with the compiler.
pub(crate) fn parse(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let mut sources = SourceMap::default();
    let id = sources.add("fuzz.pt", text);
    let tree = match read(id, text) {
        Ok(tree) => tree,
        Err(faults) => {
            assert!(!faults.is_empty(), "a text is refused without a reason");
            for label in faults.iter().flat_map(|fault| &fault.labels) {
                assert!(
                    !sources.slice(label.span).is_empty(),
                    "a label without a word: {}",
                    label.text
                );
            }
            return;
        }
    };
    let printed = print(&tree, text);
    let id = sources.add("printed.pt", printed.as_str());
    let again = read(id, &printed)
        .unwrap_or_else(|faults| panic!("the printed text is refused: {faults:?}\n{printed}"));
    assert_eq!(comments(&tree), comments(&again), "comments changed");
    assert_eq!(print(&again, &printed), printed, "printing is not idempotent");
}

/// Compiles a text, which may use the shared files of the format library. The outcome is checked to be one of: formats, or reasons.
///
/// # Panics
/// If something is wrong with the compiler.
pub(crate) fn compile(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let compilation = ptdsl_compiler::compile(
        SourceFile {
            name: "fuzz.pt".to_owned(),
            text,
        },
        &Shared,
        &[],
    );
    assert!(
        !compilation.formats.is_empty() || !compilation.diagnostics.is_empty(),
        "neither formats nor reasons"
    );
    assert!(
        !compilation.has_errors() || compilation.formats.is_empty(),
        "a format in spite of errors"
    );
    for label in compilation.diagnostics.iter().flat_map(|finding| &finding.labels) {
        let file = compilation.sources.file(label.span.file);
        let bytes = label.span.start as usize..label.span.end as usize;
        assert!(
            file.text.get(bytes).is_some(),
            "a label outside of its text: {}",
            label.text
        );
    }
}

/// Knows the files that the format library shares.
struct Shared;

impl Loader for Shared {
    fn load(&self, path: &str, _from: &str) -> Result<SourceFile, String> {
        let text = match path {
            "arm64.pt" => include_str!("../formats/arm64.pt"),
            "arm64-el2.pt" => include_str!("../formats/arm64-el2.pt"),
            _ => return Err(format!("`{path}` is not shared")),
        };
        Ok(SourceFile {
            name: path.to_owned(),
            text: text.to_owned(),
        })
    }
}

fn comments(file: &ast::File) -> Vec<&str> {
    file.comments
        .iter()
        .map(|comment| comment.node.as_str())
        .collect()
}
