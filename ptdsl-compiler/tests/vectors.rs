//! Words whose meaning was written down without this project decode to it, and encode back to themselves.

#[path = "vectors/shared.rs"]
mod shared;

use std::collections::BTreeMap;

use ptdsl_compiler::decode::{Decoded, TableParameters, Value, decode, encode, registers};
use ptdsl_compiler::ir::{Format, KindClass};

/// What the interpreter says, for the check that all readers share.
fn said(decoded: &Decoded) -> shared::Said {
    shared::Said {
        class: decoded.class,
        kind: decoded.kind.clone(),
        fields: decoded.fields.iter().map(|field| (field.name.clone(), field.value)).collect(),
        unnamed: Some(decoded.unnamed.iter().fold(0, |word, bits| word | bits.value << bits.lo)),
        output: decoded.output,
    }
}

/// The word from what was decoded, and nothing else.
fn encoded(format: &Format, decoded: &Decoded) -> u64 {
    let ranges: Vec<String> =
        decoded.unnamed.iter().map(|bits| format!("[{}:{}]", bits.hi, bits.lo)).collect();
    let mut assignments: Vec<(&str, Value)> =
        decoded.fields.iter().map(|field| (field.name.as_str(), Value::Number(field.value))).collect();
    for (range, bits) in ranges.iter().zip(&decoded.unnamed) {
        assignments.push((range, Value::Number(bits.value)));
    }
    assignments.extend(decoded.output.map(|address| ("output", Value::Number(address))));
    encode(format, decoded.level, &decoded.kind, &assignments).unwrap()
}

#[test]
fn every_vector_decodes_and_encodes() {
    shared::each(|spec, format, vector| {
        let decoded = decode(format, vector.level, vector.raw).unwrap();
        vector.check(format, &said(&decoded));
        if decoded.class != KindClass::Invalid {
            assert_eq!(decoded.violations, [], "{spec}: {}", vector.desc);
        }
        // A word on which the walk faults although it is not empty has no fields to make it from.
        if decoded.violations.is_empty() {
            assert_eq!(encoded(format, &decoded), vector.raw, "{spec}: {}", vector.desc);
        }
    });
}

/// The value with which an emulator ran: 39 bits of input, 40 of output.
#[test]
fn arm64_hyp_registers_are_those_that_ran() {
    let format = shared::format("arm64-hyp.pt");
    let table = TableParameters { width: 39, output_bits: 40, root: 0x4100_0000, tag: 0, options: &[] };
    let values: BTreeMap<String, u64> = registers(&format, &table).unwrap().into_iter().collect();
    assert_eq!(values["TCR_EL2"], 0x8082_3519);
    assert_eq!(values["TTBR0_EL2"], 0x4100_0000);
    assert_eq!(values["MAIR_EL2"], 0x04_0000_00ff);
}

/// SL2:SL0 of VTCR_EL2 as the manual's table has them, for 4 KiB granules with LPA2: level -1 is 1:00, 0 is 0:10, and so on.
#[test]
fn stage_2_registers_say_where_walks_start() {
    let cases = [
        ("arm64-stage2-lpa2.pt", 52, 52, 0b1_00),
        ("arm64-stage2-lpa2.pt", 48, 52, 0b0_10),
        ("arm64-stage2-lpa2.pt", 39, 52, 0b0_01),
        ("arm64-stage2-lpa2.pt", 30, 52, 0b0_00),
        ("arm64-stage2.pt", 48, 48, 0b0_10),
        ("arm64-stage2.pt", 39, 48, 0b0_01),
        ("arm64-stage2.pt", 25, 48, 0b0_00),
        ("arm64-stage2-concatenated.pt", 40, 48, 0b0_01),
        ("arm64-stage2-16k.pt", 47, 48, 0b0_10),
        ("arm64-stage2-16k.pt", 36, 48, 0b0_01),
        ("arm64-stage2-64k.pt", 48, 48, 0b0_10),
        ("arm64-stage2-64k.pt", 42, 48, 0b0_01),
    ];
    for (spec, width, output_bits, expected) in cases {
        let format = shared::format(spec);
        let table = TableParameters { width, output_bits, root: 0x4100_0000, tag: 0, options: &[] };
        let values: BTreeMap<String, u64> = registers(&format, &table).unwrap().into_iter().collect();
        let vtcr = values["VTCR_EL2"];
        assert_eq!((vtcr >> 33 & 1) << 2 | vtcr >> 6 & 3, expected, "{spec}, {width} bits");
        assert_eq!(vtcr & 0x3f, u64::from(64 - width), "{spec}, {width} bits");
    }
}

/// T0SZ of ARMv7's stage 2 is signed, and S repeats its sign.
#[test]
fn armv7_stage_2_has_a_signed_size() {
    let format = shared::format("armv7-stage2.pt");
    for (width, expected) in [(32, 0b0_0000), (31, 0b0_0001), (33, 0b1_1111), (40, 0b1_1000)] {
        let table = TableParameters { width, output_bits: 40, root: 0x4100_0000, tag: 0, options: &[] };
        let values: BTreeMap<String, u64> = registers(&format, &table).unwrap().into_iter().collect();
        assert_eq!(values["VTCR"] & 0x1f, expected, "{width} bits");
    }
}
