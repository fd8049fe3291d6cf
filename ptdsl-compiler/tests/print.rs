//! `print` lays a text out in the one canonical way and loses nothing.

use ptdsl_compiler::source::SourceMap;
use ptdsl_compiler::syntax::{ast, parse, print};
use std::path::Path;

fn tree(text: &str) -> ast::File {
    let mut sources = SourceMap::default();
    let file = sources.add("test.pt", text);
    parse(file, text).unwrap_or_else(|faults| panic!("{faults:#?}\n{text}"))
}

fn printed(text: &str) -> String {
    print(&tree(text), text)
}

#[test]
fn the_format_library_is_canonical() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../formats");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "pt") {
            let text = std::fs::read_to_string(&path).expect("readable");
            let canonical = printed(&text);
            if std::env::var_os("PTDSL_BLESS").is_some() {
                std::fs::write(&path, &canonical).expect("can be written");
            }
            assert_eq!(canonical, text, "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 3);
}
