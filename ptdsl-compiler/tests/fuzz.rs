//! Drives the fuzz target's body with random bytes and damaged specs, so that every test run has a little of the fuzzer in it.

#[path = "../../fuzz/bodies.rs"]
mod bodies;

use proptest::prelude::*;
use std::path::Path;

/// The format library and the sketches of other formats, as bytes.
fn corpus() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut specs = Vec::new();
    for folder in ["../formats", "tests/sketches"] {
        for entry in std::fs::read_dir(root.join(folder)).expect("the folder is readable") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "pt") {
                specs.push(std::fs::read(path).expect("readable"));
            }
        }
    }
    specs.sort();
    specs
}

#[test]
fn whole_specs_pass() {
    let corpus = corpus();
    assert!(corpus.len() >= 8);
    for spec in &corpus {
        bodies::parse(spec);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_pass(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        bodies::parse(&bytes);
    }

    #[test]
    fn damaged_specs_pass(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(&b"{}[]();,.=:-/\"\n 0nx\xff"[..]), 0_u8..3), 1..8),
    ) {
        let corpus = corpus();
        let mut bytes = which.get::<Vec<u8>>(&corpus).clone();
        for (at, byte, how) in damage {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        bodies::parse(&bytes);
    }
}
