//! `gen --standalone` makes a file that compiles by itself, without a warning, in a `no_std` crate.

use std::process::Command;

#[test]
fn the_file_needs_no_other() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let module = folder.path().join("arm64_hyp.rs");
    let made = Command::new(env!("CARGO_BIN_EXE_ptdsl"))
        .args(["gen", "arm64-hyp.pt", "--standalone", "-o"])
        .arg(&module)
        .output()
        .expect("the command runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

    let root = folder.path().join("lib.rs");
    let text =
        "//! A crate.\n#![no_std]\n#![deny(warnings, missing_docs)]\n/// The format.\npub mod arm64_hyp;\n";
    std::fs::write(&root, text).expect("writable");
    let built = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata", "--out-dir"])
        .args([folder.path(), &root])
        .output()
        .expect("rustc runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
}
