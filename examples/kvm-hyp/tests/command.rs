//! The command's output and exit status.

use std::path::Path;
use std::process::{Command, Output};

fn replay(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kvm-hyp"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("replay").args(arguments);
    command.output().expect("the command was built")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn written(name: &str, text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join(name);
    std::fs::write(&file, text).expect("a temporary file");
    (folder, file.display().to_string())
}

#[test]
fn passes_are_counted_and_exit_0() {
    let output = replay(&["vectors/hyp_v517_4k.json"]);
    assert_eq!(
        out(&output),
        "vectors/hyp_v517_4k.json: 27 passed, 0 failed, 0 excepted\n27 passed, 0 failed, 0 excepted\n"
    );
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn exceptions_are_counted_by_class() {
    let output = replay(&["--engine", "ptdsl", "vectors/hyp_v517_4k.json"]);
    let text = out(&output);
    assert!(text.contains("     1 hole-stop ") && text.contains("     1 inside-block "), "{text}");
    assert!(text.ends_with("25 passed, 0 failed, 2 excepted\n"), "{text}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn folders_are_taken_in_the_order_of_names() {
    let output = replay(&["--engine", "ptdsl", "--level", "1", "vectors"]);
    let text = out(&output);
    let files: Vec<&str> = text.lines().filter_map(|line| line.split(':').next()).take(8).collect();
    let names = [
        "hyp_16k",
        "hyp_4k_39",
        "hyp_4k_48",
        "hyp_4k_misc_va",
        "hyp_64k",
        "hyp_v517_4k",
        "hyp_v612_16k",
        "hyp_v612_4k",
    ];
    let expected: Vec<String> =
        names.map(|name| Path::new("vectors").join(name).display().to_string() + ".json").into();
    assert_eq!(files, expected);
    assert!(text.ends_with(" passed, 0 failed, 234 excepted\n"), "{text}");
}

#[test]
fn failures_are_shown_limited_and_exit_1() {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/hyp_v517_4k.json"));
    // Every invalidation of a leaf of level 3 now claims level 2.
    let (_folder, file) = written(
        "wrong.json",
        &text.expect("a vector").replace("\",3],[\"dsb\",\"ish\"]", "\",2],[\"dsb\",\"ish\"]"),
    );
    let output = replay(&[&file]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(text.matches("  FAILED ").count(), 5, "{text}");
    assert!(text.contains("more failed: --verbose prints them"), "{text}");
    assert!(text.contains("    expected [\"tlbi\",\"vale2is\",\""), "{text}");
    assert!(text.contains("    found    [\"tlbi\",\"vale2is\",\""), "{text}");
    let all = out(&replay(&["--verbose", &file]));
    assert!(all.matches("  FAILED ").count() > 5, "{all}");
    // Level 2 does not look at events.
    assert_eq!(replay(&["--level", "2", &file]).status.code(), Some(0));
}

#[test]
fn unusable_files_are_named_and_exit_2() {
    let cases = [
        (
            r#"{"schema":"other/1","group":"hyp_x"}"#,
            "has schema \"other/1\"; expected \"kvm-pgtable-golden/1\"",
        ),
        (r#"{"group":"hyp_x"}"#, "has no `schema`; expected \"kvm-pgtable-golden/1\""),
        (
            r#"{"schema":"kvm-pgtable-golden/1","group":"s2_v61_4k"}"#,
            "group \"s2_v61_4k\" is not an hyp stage-1 group (their names begin with `hyp_`)",
        ),
        (
            r#"{"schema":"kvm-pgtable-golden/1","group":"hyp_x"}"#,
            "does not follow the schema kvm-pgtable-golden/1: missing field `version`",
        ),
        (
            r#"{"schema":"kvm-pgtable-golden/1","group":"hyp_x","version":"6.1","granule":8192,"arena_base":"0x0",
            "count":0,"scenarios":[]}"#,
            "granule 8192 is none of 4096, 16384 and 65536",
        ),
        (
            r#"{"schema":"kvm-pgtable-golden/1","group":"hyp_x","version":"6.9","granule":4096,"arena_base":"0x0",
            "count":0,"scenarios":[]}"#,
            "version \"6.9\": this program knows how \"5.17\", \"6.1\" and \"6.12\" behave",
        ),
        (
            r#"{"schema":"kvm-pgtable-golden/1","group":"hyp_x","version":"6.1","granule":65536,"arena_base":"0x1000",
            "count":0,"scenarios":[]}"#,
            "arena_base 0x1000 is no multiple of the granule below 2^47",
        ),
        ("[1, 2", "does not follow the schema kvm-pgtable-golden/1: "),
    ];
    for (text, message) in cases {
        let (_folder, file) = written("bad.json", text);
        let output = replay(&[&file]);
        assert!(err(&output).starts_with(&format!("error: {file}: {message}")), "{}", err(&output));
        assert_eq!(output.status.code(), Some(2), "{text}");
    }
    let output = replay(&["no-such-file.json"]);
    assert!(err(&output).starts_with("error: no-such-file.json: cannot be read: "), "{}", err(&output));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn usage_errors_exit_2() {
    for arguments in [&["--level", "5", "vectors"][..], &["--engine", "xen", "vectors"], &[], &["src/kvm"]] {
        assert_eq!(replay(arguments).status.code(), Some(2), "{arguments:?}");
    }
    let output = replay(&["--engine", "ptdsl", "--level", "3", "vectors"]);
    assert!(err(&output).contains("use --level 1 or 2 with --engine ptdsl"), "{}", err(&output));
    assert_eq!(output.status.code(), Some(2));
}
