//! Every code has a spec that shows it, in `cases/`, and what the compiler says about each is kept beside it.
#![cfg(feature = "render")]

mod common;

use common::{Folders, report};
use ptdsl_compiler::diagnostic::Code;
use ptdsl_compiler::source::{Loader, SourceFile};
use ptdsl_compiler::{Compilation, compile};
use std::collections::BTreeSet;
use std::path::PathBuf;

const FOLDERS: Folders = Folders(&["tests/cases", "tests/cases/shared"]);

/// Cases that show one code and cannot but show others, too: a place that is wrong in two ways.
const WITH_OTHERS: &[(&str, &[Code])] = &[("PT0506_last_level_must_map", &[Code::ReservedUseless])];

/// The file names of all cases, in order.
fn cases() -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let files = std::fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("readable"));
    let names = files.map(|entry| entry.file_name().into_string().expect("ASCII names"));
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".pt")).collect();
    names.sort();
    names
}

/// The code in a file name such as `PT0303_bit_named_twice.pt`.
fn code_of(name: &str) -> Option<Code> {
    Code::parse(name.split('_').next()?)
}

fn compile_case(name: &str) -> Compilation {
    // Options are switched on from outside for the one case that is about them.
    let options: &[&str] =
        if code_of(name) == Some(Code::UnknownSwitch) { &["bgi", "hint", "big"] } else { &[] };
    compile(FOLDERS.load(name, "").expect("the case is there"), &FOLDERS, options)
}

#[test]
fn every_case_shows_its_code_and_no_other() {
    let mut wrong = Vec::new();
    for name in cases().iter().filter(|name| name.starts_with("PT")) {
        let compilation = compile_case(name);
        let reported: BTreeSet<Code> = compilation.diagnostics.iter().map(|finding| finding.code).collect();
        let mut expected: BTreeSet<Code> = code_of(name).into_iter().collect();
        let others = WITH_OTHERS.iter().find(|(case, _)| name.starts_with(case));
        expected.extend(others.iter().flat_map(|(_, codes)| *codes));
        if reported != expected {
            wrong.push(format!("{name}: {reported:?} instead of {expected:?}"));
        }
        assert_eq!(compilation.formats.is_empty(), compilation.has_errors(), "{name}");
        let stem = name.trim_end_matches(".pt");
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "cases" }, {
            insta::assert_snapshot!(stem, report(&compilation));
        });
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_case() {
    let shown: BTreeSet<Code> = cases().iter().filter_map(|name| code_of(name)).collect();
    // A file that cannot be read is no file of a folder; it has a test of its own.
    let missing: Vec<&Code> =
        Code::ALL.iter().filter(|code| **code != Code::Unreadable && !shown.contains(code)).collect();
    assert!(missing.is_empty(), "no case file for {missing:?}");
}

#[test]
fn a_spec_beyond_the_size_limit_is_refused() {
    let text = " ".repeat(ptdsl_compiler::syntax::MAX_BYTES + 1);
    let compilation = compile(SourceFile { name: "large.pt".into(), text }, &FOLDERS, &[]);
    let codes: Vec<Code> = compilation.diagnostics.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Code::Unreadable]);
}

#[test]
fn titles_and_explanations_say_something() {
    let mut titles = BTreeSet::new();
    for &code in Code::ALL {
        assert!(titles.insert(code.title()), "{code:?} shares its title");
        assert!(code.explanation().lines().count() >= 1 && code.explanation().len() > 40, "{code:?}");
        assert_eq!(Code::parse(&code.id()), Some(code));
    }
    assert!(titles.len() >= 40);
}

#[test]
fn all_faults_of_a_spec_are_reported_in_one_run_by_place() {
    let compilation = compile_case("many_faults.pt");
    let codes: Vec<String> = compilation.diagnostics.iter().map(|finding| finding.code.id()).collect();
    let expected =
        "PT0414 PT0410 PT0411 PT0206 PT0304 PT0303 PT0601 PT0602 PT0605 PT0606 PT0702 PT0213 PT0707 PT0215";
    assert_eq!(codes.join(" "), expected);
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "cases" }, {
        insta::assert_snapshot!("many_faults", report(&compilation));
    });
}
