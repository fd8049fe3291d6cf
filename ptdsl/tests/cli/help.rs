//! `--help`, `explain`, `formats`, and what clap refuses.

use insta::assert_snapshot;

use crate::session::Session;

#[test]
fn every_command_has_help_with_examples() {
    let session = Session::new(&[]);
    for command in ["gen", "check", "decode", "encode", "doc", "fmt", "explain", "formats"] {
        let run = session.run(&[command, "--help"]);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""));
        assert!(run.stdout.contains("\nExamples:\n  ptdsl "), "{}", run.stdout);
        assert_snapshot!(format!("help_{command}"), run.stdout);
    }
    assert_snapshot!("help", session.transcript(&[&["--help"]]));
}

#[test]
fn what_is_no_command_is_refused() {
    let session = Session::new(&[]);
    assert_snapshot!(session.transcript(&[
        &[],
        &["generate"],
        &["gen"],
        &["gen", "arm64-hyp.pt", "--stdout", "--check"],
        &["gen", "arm64-hyp.pt", "--all"],
        &["decode", "arm64-hyp.pt"],
        &["decode", "arm64-hyp.pt", "3", "--level", "one"],
        &["encode", "arm64-hyp.pt", "Page"],
    ]));
}

#[test]
fn codes_are_explained() {
    let session = Session::new(&[]);
    assert_snapshot!(session.transcript(&[
        &["explain", "PT0101"],
        &["explain", "101"],
        &["explain", "PT9999"],
        &["explain", "bits"],
    ]));
    let list = session.run(&["explain"]).stdout;
    assert_eq!(list.lines().count(), ptdsl_compiler::diagnostic::Code::ALL.len());
    assert!(list.starts_with("PT0001  file cannot be read\n"), "{list}");
}

#[test]
fn the_library_is_listed() {
    assert_snapshot!(Session::new(&[]).transcript(&[&["formats"], &["formats", "--json"]]));
}

#[test]
fn colour_is_for_terminals() {
    let session = Session::new(&[]);
    let escapes = |environment: &[(&str, &str)]| {
        session.run_with(&["gen", "nothing.pt"], environment).stderr.contains('\x1b')
    };
    assert!(!escapes(&[]));
    assert!(escapes(&[("CLICOLOR_FORCE", "1")]));
    assert!(!escapes(&[("NO_COLOR", "1")]));
}
