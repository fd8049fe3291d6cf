//! `ptdsl decode`.

use insta::assert_snapshot;

use crate::session::{Session, TWO};

#[test]
fn words_are_shown_for_the_eye() {
    let session = Session::new(&[]);
    assert_snapshot!(session.transcript(&[
        &["decode", "arm64-hyp.pt", "0x0040_0000_4000_0743", "--level", "3"],
        &["decode", "arm64-hyp", "0x7980000040200751", "--level=2"],
        &["decode", "arm64-hyp", "0x48000003"],
        &["decode", "arm64-hyp", "0x40000741"],
        &["decode", "arm64-hyp", "0"],
        &["decode", "arm64-hyp", "0x28", "--level", "3"],
        &["decode", "arm64-hyp", "0b01", "--level", "3"],
        &["decode", "arm64-hyp", "1075838723", "--level", "3"],
    ]));
}

#[test]
fn words_are_data() {
    let session = Session::new(&[]);
    assert_snapshot!(session.transcript(&[
        &["decode", "arm64-hyp.pt", "0x0040000040000743", "--level", "3", "--json"],
        &["decode", "arm64-hyp.pt", "1", "--level", "0", "--json"],
    ]));
    let run = session.run(&["decode", "arm64-hyp.pt", "0x48000003", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let found: Vec<_> = list.as_array().unwrap().iter().map(|one| (&one["level"], &one["kind"])).collect();
    let expected = serde_json::json!([[0, "Table"], [1, "Table"], [2, "Table"], [3, "Page"]]);
    assert_eq!(serde_json::json!(found), expected);
}

#[test]
fn what_cannot_be_decoded_says_why() {
    let session = Session::new(&[("two.pt", TWO)]);
    assert_snapshot!(session.transcript(&[
        &["decode", "arm64-hyp.pt", "0x10000000000000000"],
        &["decode", "arm64-hyp.pt", "-1"],
        &["decode", "arm64-hyp.pt", "word"],
        &["decode", "arm64-hyp.pt", "3", "--level", "4"],
        &["decode", "arm64-hyp.pt", "3", "--level", "-1"],
        &["decode", "arm64.pt", "3"],
        &["decode", "two.pt", "3"],
        &["decode", "two.pt", "3", "--format", "secnod"],
        &["decode", "two.pt", "0x40000001", "--format", "second", "--level", "2"],
    ]));
}
