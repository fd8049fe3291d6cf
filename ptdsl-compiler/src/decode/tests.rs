//! The interpreter on a format built by hand, so that nothing but the interpreter can be wrong.
//!
//! Expected words were put together by hand from the bits in the comment of [`fixture::format`].

mod encoding;
mod fixture;
mod tables;

use super::*;
use fixture::{LEAF, format, name, texts};

#[test]
fn a_leaf_decodes_field_by_field() {
    let decoded = decode(&format(), 1, LEAF).unwrap();
    assert_eq!((decoded.kind.as_str(), decoded.class), ("Leaf", KindClass::Leaf));
    assert_eq!(decoded.output, Some(0x2_1234_5000));
    assert_eq!(decoded.violations, []);
    let fields: Vec<_> =
        decoded.fields.iter().map(|f| (f.name.as_str(), f.value, f.value_name.as_deref())).collect();
    assert_eq!(
        fields,
        [("AP", 0b101, Some("user")), ("Mode", 0, Some("plain")), ("W", 0, Some("no")), ("R", 1, None)]
    );
    let ranges = [BitRange { hi: 9, lo: 9, value_lo: 2 }, BitRange { hi: 5, lo: 4, value_lo: 0 }];
    assert_eq!(decoded.fields[0].ranges, ranges);
    let attributes = [("prot".to_owned(), Some("r".to_owned())), ("user".to_owned(), Some("yes".to_owned()))];
    assert_eq!(decoded.attributes, attributes);
}

#[test]
fn an_unlisted_row_has_no_name() {
    let decoded = decode(&format(), 1, LEAF & !2 | 4).unwrap();
    assert_eq!(decoded.attributes[0], ("prot".to_owned(), None));
}

#[test]
fn a_table_decodes_to_the_next_address() {
    let decoded = decode(&format(), 0, 0x8000_0400 | 1 << 7 | 1 << 4 | 1).unwrap();
    assert_eq!(decoded.kind, "Table");
    assert_eq!(decoded.output, Some(0x8000_0400));
    assert_eq!(decoded.attributes, []);
    assert_eq!(decoded.unnamed, [UnnamedBits { hi: 9, lo: 5, value: 0b100, software: false }]);
}

#[test]
fn a_word_of_no_kind_names_the_bits() {
    let decoded = decode(&format(), 1, 0x1001).unwrap();
    assert_eq!((decoded.kind.as_str(), decoded.output), ("invalid", None));
    assert_eq!(
        texts(&decoded),
        ["reserved encoding: [2:0] = 0b001 is no kind of level 1 (translation fault)"]
    );
    assert_eq!((decoded.violations[0].bits, decoded.violations[0].fatal), (0b111, true));
}

#[test]
fn broken_mbz_mbo_and_else_fault_are_faults() {
    let broken = decode(&format(), 1, LEAF | 1 << 8).unwrap();
    assert_eq!((broken.kind.as_str(), broken.fields.len()), ("invalid", 0));
    assert_eq!(texts(&broken), ["Leaf[8] is mbz, but 1 here (translation fault)"]);
    assert_eq!(broken.violations[0].bits, 1 << 8);
    let broken = decode(&format(), 2, LEAF).unwrap();
    assert_eq!(texts(&broken), ["Leaf[6] is mbo, but 0 here (translation fault)"]);
    let broken = decode(&format(), 1, LEAF | 1 << 3).unwrap();
    assert_eq!(texts(&broken), ["Leaf.Mode = 1 is none of plain (translation fault)"]);
    assert_eq!((broken.class, broken.violations[0].bits), (KindClass::Invalid, 1 << 3));
}

#[test]
fn broken_res0_and_res1_keep_the_kind() {
    let decoded = decode(&format(), 1, LEAF & !(1 << 7) | 1 << 6).unwrap();
    assert_eq!(decoded.kind, "Leaf");
    assert_eq!(texts(&decoded), ["Leaf[7] is res1, but 0 here", "Leaf[6] is res0, but 1 here"]);
    assert!(decoded.violations.iter().all(|violation| !violation.fatal));
}

#[test]
fn a_forbidden_combination_is_reported_and_refused() {
    let decoded = decode(&format(), 1, LEAF | 4).unwrap();
    assert_eq!(
        (decoded.kind.as_str(), texts(&decoded)),
        ("Leaf", vec!["forbidden combination: prot = rw with user = yes"])
    );
    let error = encode(&format(), 1, "leaf", &[("prot", name("rw")), ("user", name("yes"))]).unwrap_err();
    assert!(
        matches!(&error, EncodeError::Violation { text, .. } if text.contains("prot = rw with user = yes")),
        "{error}"
    );
}

#[test]
fn levels_and_widths_are_checked() {
    let error = decode(&format(), 3, 0).unwrap_err();
    assert_eq!(error.to_string(), "there is no level 3; the levels are 0, 1, 2");
    let error = decode(&format(), 0, 1 << 32).unwrap_err();
    assert_eq!(error.to_string(), "0x100000000 does not fit: a descriptor has 32 bits");
}
