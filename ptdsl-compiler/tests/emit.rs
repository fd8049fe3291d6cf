//! What the Rust emitter makes of each fixture: every construct, reviewed as text.

mod common;

use ptdsl_compiler::emit::rust;

macro_rules! fixtures {
    ($($name:ident),+) => {$(
        #[test]
        fn $name() {
            let spec = concat!(stringify!($name), ".pt");
            let format = common::fixture(spec);
            insta::assert_snapshot!(stringify!($name), rust::file(&format, spec));
        }
    )+};
}

fixtures!(tiny, scattered, narrow, signed, spans);

/// The macro's tokens are the file's, wrapped in a module.
#[test]
fn macro_and_file_say_the_same() {
    let format = common::fixture("narrow.pt");
    let tokens = rust::tokens(&format).to_string();
    assert!(tokens.contains("pub mod narrow {"), "{tokens}");
    let squeeze = |text: &str| text.chars().filter(|c| !c.is_whitespace() && *c != ',').collect::<String>();
    let body = squeeze(tokens.split_once("pub mod narrow {").expect("a module").1);
    let file = rust::file(&format, "narrow.pt");
    let impls = |text: &str| text.matches("implLevel<Narrow>for").count();
    assert_eq!(impls(&body), 2);
    assert_eq!(impls(&body), impls(&squeeze(&file)));
}
