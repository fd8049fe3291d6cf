//! `ptdsl encode`.

use insta::assert_snapshot;

use crate::session::Session;

#[test]
fn words_are_made_from_names() {
    let session = Session::new(&[]);
    assert_snapshot!(session.transcript(&[
        &["encode", "arm64-hyp.pt", "Page", "--level", "3", "PA=0x40000000", "prot=rw", "memory=normal"],
        &["encode", "arm64-hyp.pt", "block", "--level", "1", "output=0x4000_0000", "AP[2]=ro", "SW=0b1010"],
        &["encode", "arm64-hyp.pt", "Table", "--level", "0", "next=0x48000000", "APTable[1]=1"],
        &["encode", "arm64-hyp.pt", "invalid", "--level", "3"],
        &["encode", "arm64-hyp.pt", "invalid", "--level", "3", "[9:2]=10"],
        &["encode", "arm64-hyp.pt", "page", "--level", "3", "AF=0", "--json"],
    ]));
}

#[test]
fn what_cannot_be_encoded_says_what_can() {
    let session = Session::new(&[]);
    assert_snapshot!(session.transcript(&[
        &["encode", "arm64-hyp.pt", "Page", "--level", "2"],
        &["encode", "arm64-hyp.pt", "Page", "--level", "5"],
        &["encode", "arm64-hyp.pt", "Page", "--level", "3", "PA"],
        &["encode", "arm64-hyp.pt", "Page", "--level", "3", "PA=0x40000800"],
        &["encode", "arm64-hyp.pt", "Block", "--level", "2", "PA=0x40001000"],
        &["encode", "arm64-hyp.pt", "Page", "--level", "3", "PA=0x1_0000_0000_0000"],
        &["encode", "arm64-hyp.pt", "Page", "--level", "3", "AttrIndx=8"],
        &["encode", "arm64-hyp.pt", "Page", "--level", "3", "AttrIdnx=1"],
        &["encode", "arm64-hyp.pt", "Page", "--level", "3", "SH=iner"],
        &["encode", "arm64-hyp.pt", "Page", "--level", "3", "prot=rwx"],
        &["encode", "arm64-hyp.pt", "Page", "--level", "3", "prot=rx", "memory=device"],
        &["encode", "arm64-hyp.pt", "Page", "--level", "3", "prot=rx", "XN=1"],
        &["encode", "arm64-hyp.pt", "Page", "--level", "3", "SW=0x1g"],
        &["encode", "arm64-hyp.pt", "Page", "--level", "3", "[6]=0"],
    ]));
}

/// What `encode` prints, `decode` reads.
#[test]
fn decoding_undoes_encoding() {
    let session = Session::new(&[]);
    let fields = ["PA=0x12345000", "prot=rx", "memory=normal", "SW=5", "Contiguous=1", "[63:59]=0x1f"];
    let word = session.run(&[&["encode", "arm64-hyp", "Page", "--level", "3"], &fields[..]].concat()).stdout;
    let run = session.run(&["decode", "arm64-hyp", word.trim(), "--level", "3", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(value["raw"], word.trim());
    assert_eq!(value["output"], "0x12345000");
    assert_eq!(value["attributes"], serde_json::json!({"prot": "rx", "memory": "normal"}));
    assert_eq!(value["fields"]["SW"], serde_json::json!({"hi": 58, "lo": 55, "value": 5, "name": null}));
    assert_eq!(value["violations"], serde_json::json!([]));
}
