//! `ptdsl fmt`.

use insta::assert_snapshot;

use crate::session::{BROKEN, Session, TWO};

const LOOSE: &str = "use \"arm64-hyp.pt\";\nformat loose :arm64_hyp{ without   Block ; // large\n}\n";

#[test]
fn files_are_rewritten_in_place() {
    let session = Session::new(&[("loose.pt", LOOSE), ("two.pt", TWO)]);
    let transcript = session.transcript(&[
        &["fmt", "loose.pt", "--check"],
        &["fmt", "loose.pt", "two.pt"],
        &["fmt", "loose.pt", "--check"],
        &["fmt", "loose.pt"],
    ]);
    assert_snapshot!(format!("{transcript}\n{}", session.read("loose.pt")));
    assert_ne!(session.read("loose.pt"), LOOSE);
}

#[test]
fn nothing_is_rewritten_if_anything_is_wrong() {
    let session = Session::new(&[("loose.pt", LOOSE), ("broken.pt", BROKEN)]);
    assert_snapshot!(session.transcript(&[
        &["fmt", "loose.pt", "broken.pt"],
        &["fmt", "loose.pt", "missing.pt"],
        &["fmt", "loose.pt", "arm64-hyp.pt"],
        &["fmt", "arm64-hyp.pt", "--check"],
    ]));
    assert_eq!(session.read("loose.pt"), LOOSE);
    assert_eq!(session.files(), ["broken.pt", "loose.pt"]);
}
