//! `ptdsl check`.

use insta::assert_snapshot;

use crate::session::{BROKEN, Session, TWO, WRONG};

#[test]
fn findings_have_places() {
    let session =
        Session::new(&[("broken.pt", BROKEN), ("wrong.pt", WRONG), ("two.pt", TWO), ("empty.pt", "")]);
    assert_snapshot!(session.transcript(&[
        &["check", "arm64-hyp.pt"],
        &["check", "broken.pt"],
        &["check", "wrong.pt", "two.pt"],
        &["check", "arm64.pt", "empty.pt"],
    ]));
}

#[test]
fn findings_are_data() {
    let session = Session::new(&[("wrong.pt", WRONG)]);
    assert_snapshot!(session.transcript(&[&["check", "arm64-hyp", "wrong.pt", "--json"]]));
    let run = session.run(&["check", "wrong.pt", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let label = &value[0]["diagnostics"][0]["labels"][0];
    let range = label["start"].as_u64().unwrap() as usize..label["end"].as_u64().unwrap() as usize;
    assert_eq!(&WRONG[range], "Blok");
}

#[test]
fn what_cannot_be_read_is_named() {
    let session = Session::new(&[("folder.pt/file", ""), ("lost.pt", "use \"nothing.pt\";\n")]);
    session.write("bytes.pt", b"format \xff");
    assert_snapshot!(session.transcript(&[
        &["check", "missing.pt"],
        &["check", "arm64-hypp.pt"],
        &["check", "specs/arm64-hyp.pt"],
        &["check", "folder.pt"],
        &["check", "bytes.pt"],
        &["check", ""],
        &["check", "lost.pt"],
    ]));
}

#[test]
fn a_file_here_wins_over_the_library() {
    let session = Session::new(&[("arm64-hyp.pt", BROKEN)]);
    assert_eq!(session.run(&["check", "arm64-hyp.pt"]).status, 1);
    assert_eq!(session.run(&["check", "arm64-hyp"]).status, 0);
}
