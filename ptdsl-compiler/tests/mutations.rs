//! No text makes the compiler panic or run away, however near to a real spec it is.
#![cfg(feature = "render")]

mod common;

use common::{Folders, report};
use proptest::prelude::*;
use ptdsl_compiler::compile;
use ptdsl_compiler::source::SourceFile;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

const FOLDERS: Folders = Folders(&["tests/cases", "tests/cases/shared", "tests/sketches", "../formats"]);

/// All specs of the package and the library.
static SPECS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for folder in FOLDERS.0 {
        let entries = std::fs::read_dir(here.join(folder)).expect("the folder is there");
        paths.extend(entries.map(|entry| entry.expect("readable").path()));
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "pt"));
    paths.sort();
    paths.iter().map(|path| std::fs::read_to_string(path).expect("text")).collect()
});

/// Words, numbers, signs and spaces of a text, one by one.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for c in text.chars() {
        match tokens.last_mut() {
            Some(last) if word(c) && last.ends_with(word) => last.push(c),
            _ => tokens.push(c.to_string()),
        }
    }
    tokens
}

#[derive(Clone, Debug)]
enum Edit {
    Delete,
    Double,
    Swap,
    Number(u64),
    Take,
    Insert(&'static str),
}

fn edit() -> impl Strategy<Value = Edit> {
    let numbers = prop_oneof![0u64..70, Just(u64::MAX), Just(1 << 63), any::<u64>()];
    let words = [
        "n",
        "not",
        "and",
        "or",
        "[",
        "]",
        "0",
        ";",
        "{",
        "}",
        "..",
        "if",
        "else fault",
        "otherwise",
        "-",
        "=",
    ];
    prop_oneof![
        Just(Edit::Delete),
        Just(Edit::Double),
        Just(Edit::Swap),
        numbers.prop_map(Edit::Number),
        Just(Edit::Take),
        proptest::sample::select(words.to_vec()).prop_map(Edit::Insert),
    ]
}

fn apply(tokens: &mut Vec<String>, edit: &Edit, at: prop::sample::Index, other: prop::sample::Index) {
    if tokens.is_empty() {
        return;
    }
    let (here, there) = (at.index(tokens.len()), other.index(tokens.len()));
    match edit {
        Edit::Delete => drop(tokens.remove(here)),
        Edit::Double => tokens.insert(here, tokens[here].clone()),
        Edit::Swap => tokens.swap(here, there),
        Edit::Take => tokens[here] = tokens[there].clone(),
        Edit::Insert(word) => tokens.insert(here, format!(" {word} ")),
        Edit::Number(number) => {
            // Numbers near the place, or the spec would seldom still parse.
            let near = (here..tokens.len()).find(|&i| tokens[i].starts_with(|c: char| c.is_ascii_digit()));
            if let Some(near) = near {
                tokens[near] = number.to_string();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_specs_never_panic_and_never_hang(
        spec in any::<prop::sample::Index>(),
        edits in prop::collection::vec((edit(), any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..4),
    ) {
        let mut tokens = tokens(&SPECS[spec.index(SPECS.len())]);
        for (edit, at, other) in &edits {
            apply(&mut tokens, edit, *at, *other);
        }
        let text = tokens.concat();
        let start = Instant::now();
        let compilation = compile(SourceFile { name: "mutated.pt".into(), text: text.clone() }, &FOLDERS, &[]);
        let _ = report(&compilation);
        prop_assert!(start.elapsed() < Duration::from_secs(3), "took {:?}:\n{text}", start.elapsed());
        // A format is lowered exactly when nothing is wrong: a silent loss would be a fault of the compiler.
        prop_assert_eq!(compilation.formats.is_empty(), compilation.has_errors(), "{}", text);
    }
}

#[test]
fn more_input_bits_than_any_table_has_are_no_limit() {
    let name = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../formats/arm64-stage2.pt");
    let spec = std::fs::read_to_string(name).expect("text");
    let text = spec.replace("32 = 0 input 32", &format!("32 = 0 input {}", u64::MAX));
    assert_ne!(text, spec);
    let compilation = compile(SourceFile { name: "most.pt".into(), text }, &FOLDERS, &[]);
    assert!(!compilation.has_errors());
    let format = compilation.formats.first().expect("one format");
    assert_eq!(format.output.choices[0].most_input, format.input.max_bits);
}

#[test]
fn large_specs_end_in_time() {
    let parity = |bits: u32| {
        let mut guard = "[0] = 1".to_owned();
        for bit in 1..bits {
            guard = format!("(({guard} and [{bit}] = 0) or (not ({guard}) and [{bit}] = 1))");
            if guard.len() > 60_000 {
                break;
            }
        }
        guard
    };
    let splices = |count: u32| {
        let block = |i: u32| format!("fields F{i} {{ ..F{}; ..F{}; }}\n", i + 1, i + 1);
        (0..count).map(block).collect::<String>() + &format!("fields F{count} {{ }}\n")
    };
    let kind = |guard: &str, body: &str| {
        let levels: String = (0..30).map(|i| format!("level {i} {{ index VA[{i}]; T, L }}\n")).collect();
        format!(
            "format big: u64 {{\n{levels}table T when {guard} {{ {body} }}\nleaf L when not ({guard}) {{ {body} }}\n"
        )
    };
    let terms = |term: &dyn Fn(u32) -> String, with: &str| (0..60).map(term).collect::<Vec<_>>().join(with);
    let texts = [
        kind(&parity(40), "[63:0] ignored;") + "}",
        kind("[0] = 1", "..F0;") + &splices(60) + "}",
        kind(&terms(&|i| format!("[{}:{i}] in 1..=2", i + 3), " or "), "[63:n] A;") + "}",
        kind(&terms(&|i| format!("[{}:{i}] != 5", i + 3), " and "), "[n:0] A;") + "}",
        (0..3000).map(|i| format!("instruction i{i} = \"x\"; ")).collect::<String>() + "format a: u64 { }",
        (0..400).map(|i| format!("format f{i}: f{} {{ }}\n", i + 1)).collect::<String>(),
    ];
    for text in texts {
        let start = Instant::now();
        let compilation = compile(SourceFile { name: "big.pt".into(), text: text.clone() }, &FOLDERS, &[]);
        assert!(compilation.has_errors());
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}: {}", start.elapsed(), &text[..200]);
    }
}
