//! The format library compiles without a word, and becomes exactly this.
#![cfg(feature = "render")]

mod common;

use common::outline::outline;
use common::{Folders, report};
use ptdsl_compiler::compile;
use ptdsl_compiler::source::Loader;

const FOLDERS: Folders = Folders(&["../formats"]);

#[test]
fn arm64_hyp() {
    let root = FOLDERS.load("arm64-hyp.pt", "").expect("the library has it");
    let compilation = compile(root, &FOLDERS, &[]);
    assert_eq!(report(&compilation), "");
    assert_eq!(compilation.inputs().collect::<Vec<_>>(), ["arm64-hyp.pt", "arm64-el2.pt", "arm64.pt"]);
    assert_eq!(compilation.formats.len(), 1);
    insta::assert_snapshot!(outline(&compilation.formats[0]));
}

#[test]
fn the_base_of_the_cases_is_faultless() {
    let folders = Folders(&["tests/cases/shared"]);
    let compilation = compile(folders.load("base.pt", "").expect("it is there"), &folders, &[]);
    assert_eq!(report(&compilation), "");
    assert_eq!(compilation.formats.len(), 1);
}
