//! Names and values to words.

use super::fixture::{LEAF, format, name};
use crate::decode::{Value, decode, encode, text};
use crate::ir::KindClass;

#[test]
fn defaults_make_a_word_of_the_kind() {
    // AP = 0b001 by default, res1; the guard's first cube sets R.
    assert_eq!(encode(&format(), 1, "LEAF", &[]), Ok(1 << 7 | 0b01 << 4 | 0b011));
    // With R given as 0 the second cube is the one that agrees.
    assert_eq!(encode(&format(), 1, "Leaf", &[("R", Value::Number(0))]), Ok(1 << 7 | 0b01 << 4 | 0b101));
    // Level 2 has an mbo bit.
    assert_eq!(encode(&format(), 2, "Leaf", &[]), Ok(1 << 7 | 1 << 6 | 0b01 << 4 | 0b011));
    assert_eq!(encode(&format(), 0, "table", &[]), Ok(1));
}

#[test]
fn the_invalid_kind_starts_from_the_empty_word() {
    assert_eq!(encode(&format(), 0, "invalid", &[]), Ok(0));
    assert_eq!(encode(&format(), 1, "invalid", &[]), Ok(0x80));
    assert_eq!(encode(&format(), 1, "Invalid", &[("[31:8]", Value::Number(5))]), Ok(0x580));
}

#[test]
fn every_name_can_be_assigned() {
    let set = |assignments: &[(&str, Value)]| encode(&format(), 1, "Leaf", assignments);
    let address = Value::Number(0x2_1234_5000);
    let by_field = set(&[("OA", address.clone()), ("AP[2:0]", Value::Number(5)), ("R", Value::Number(1))]);
    assert_eq!(by_field, Ok(LEAF));
    let by_name = set(&[("output", address), ("user", name("yes")), ("prot", name("r"))]);
    assert_eq!(by_name, Ok(LEAF));
    let next =
        encode(&format(), 0, "Table", &[("next", Value::Number(0x8000_0400)), ("[9:7]", Value::Number(1))]);
    assert_eq!(next, Ok(0x8000_0481));
}

#[test]
fn what_cannot_be_encoded_says_what_can() {
    let error = |level, kind: &str, assignments: &[(&str, Value)]| {
        encode(&format(), level, kind, assignments).unwrap_err().to_string()
    };
    let number = Value::Number;
    assert_eq!(error(7, "Leaf", &[]), "there is no level 7; the levels are 0, 1, 2");
    assert_eq!(
        error(1, "Leef", &[]),
        "level 1 has no kind `Leef` (did you mean `Leaf`?); its kinds are invalid, Leaf"
    );
    assert_eq!(
        error(1, "Leaf", &[("Mod", number(0))]),
        "Leaf has no `Mod` (did you mean `Mode`?); it has AP, Mode, W, R, OA, prot, user"
    );
    assert_eq!(
        error(1, "Leaf", &[("W", name("yse"))]),
        "W has no value `yse` (did you mean `yes`?); give one of no, yes or a number"
    );
    assert_eq!(error(1, "Leaf", &[("R", name("on"))]), "R has no value `on`; give a number");
    assert_eq!(error(1, "Leaf", &[("Mode", number(1))]), "Mode has no value `1`; give one of plain");
    assert_eq!(error(1, "Leaf", &[("prot", number(2))]), "prot has no value `2`; give one of r, rw");
    assert_eq!(error(1, "Leaf", &[("AP", number(8))]), "AP = 0x8 is out of range; the largest value is 0x7");
    assert_eq!(
        error(1, "Leaf", &[("OA", number(0x1800))]),
        "OA = 0x1800 is misaligned; Leaf at level 1 takes multiples of 0x1000 up to 0x3fffff000"
    );
    assert_eq!(
        error(1, "Leaf", &[("OA", number(1 << 34))]),
        "OA = 0x400000000 is out of range; Leaf at level 1 takes multiples of 0x1000 up to 0x3fffff000"
    );
    assert_eq!(error(1, "Leaf", &[("R", number(0)), ("prot", name("r"))]), "prot = r contradicts R");
    assert_eq!(
        error(0, "Table", &[("[10:9]", number(0))]),
        "bits [10:9] of Table cannot be given by number; only ignored and software bits can: [9:5]"
    );
    assert_eq!(
        error(0, "Table", &[("[9]", number(2))]),
        "[9] = 0x2 is out of range; the largest value is 0x1"
    );
    assert_eq!(
        error(1, "Leaf", &[("R", number(0)), ("W", number(0))]),
        "these values make no Leaf: 0x91 is reserved encoding: [2:0] = 0b001 is no kind of level 1 (translation fault)"
    );
}

/// Every 32-bit word that differs from a leaf, a table or an invalid word in up to three bits.
#[test]
fn encoding_undoes_decoding() {
    let format = format();
    let mut seen = [0; 3];
    for level in 0..3 {
        for start in [LEAF, LEAF & !2 | 4, 0x8000_0411, 0x40, LEAF | 1 << 6] {
            let triples = (0..32 * 32 * 32).map(|n| [n % 32, n / 32 % 32, n / 1024]);
            for flips in triples.filter(|flips| flips.is_sorted()) {
                let raw = flips.iter().fold(start, |word, bit| word ^ 1 << bit);
                let decoded = decode(&format, level, raw).unwrap();
                if !decoded.violations.is_empty() {
                    continue;
                }
                let ranges: Vec<(String, u64)> =
                    decoded.unnamed.iter().map(|bits| (text::range(bits.hi, bits.lo), bits.value)).collect();
                let mut assignments: Vec<(&str, Value)> =
                    decoded.fields.iter().map(|f| (f.name.as_str(), Value::Number(f.value))).collect();
                assignments
                    .extend(ranges.iter().map(|(range, value)| (range.as_str(), Value::Number(*value))));
                assignments.extend(decoded.output.map(|address| ("output", Value::Number(address))));
                if decoded.class == KindClass::Invalid && decoded.unnamed.is_empty() {
                    assignments.push(("[31:1]", Value::Number(0)));
                }
                assert_eq!(encode(&format, level, &decoded.kind, &assignments), Ok(raw), "level {level}");
                seen[decoded.class as usize] += 1;
            }
        }
    }
    assert!(seen.iter().all(|&count| count > 1000), "{seen:?}");
}
