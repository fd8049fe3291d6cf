//! What the fuzz target `parse` does with its bytes, as a plain function: `ptdsl-compiler/tests/fuzz.rs` drives it too.

use ptdsl_compiler::source::SourceMap;
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
                assert!(!sources.slice(label.span).is_empty(), "a label without a word: {}", label.text);
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

fn comments(file: &ast::File) -> Vec<&str> {
    file.comments.iter().map(|comment| comment.node.as_str()).collect()
}
