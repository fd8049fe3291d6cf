//! The checked-in parser is the one that `pt.pest` describes.

use quote::quote;
use std::path::Path;

const COMMAND: &str = "PTDSL_BLESS=1 cargo test -p ptdsl-compiler --test grammar";

/// What `src/syntax/grammar.rs` has to hold.
fn generated(grammar: &str) -> String {
    let parser = pest_generator::derive_parser(
        quote! {
            #[grammar_inline = #grammar]
            pub struct Grammar;
        },
        false,
    );
    let file = syn::parse2(quote! {
        /// The parser's type.
        pub struct Grammar;
        #parser
    })
    .expect("pest generates Rust");
    format!(
        "// Generated from `pt.pest`; do not edit. To refresh it:\n//     {COMMAND}\n\n{}",
        prettyplease::unparse(&file)
    )
}

#[test]
fn grammar_is_fresh() {
    let syntax = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/syntax");
    let grammar = std::fs::read_to_string(syntax.join("pt.pest")).expect("pt.pest is readable");
    let wanted = generated(&grammar);
    let path = syntax.join("grammar.rs");
    if std::env::var_os("PTDSL_BLESS").is_some() {
        std::fs::write(&path, wanted).expect("grammar.rs can be written");
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "src/syntax/grammar.rs is not what pt.pest describes; mend it with\n    {COMMAND}"
    );
}

#[test]
fn every_keyword_of_the_grammar_ends_at_a_word_boundary() {
    let syntax = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/syntax");
    let grammar = std::fs::read_to_string(syntax.join("pt.pest")).expect("pt.pest is readable");
    let mut keywords = 0;
    for line in grammar.lines().filter(|line| line.starts_with("kw_")) {
        let (rule, text) = line.split_once('=').expect("a rule");
        let word = rule.trim().trim_start_matches("kw_");
        assert_eq!(text.trim(), format!("@{{ \"{word}\" ~ !word_char }}"));
        keywords += 1;
    }
    assert!(keywords > 50, "the keywords were not found");
}
