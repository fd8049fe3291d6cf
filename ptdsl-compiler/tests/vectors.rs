//! Words whose meaning was written down without this project decode to it, and encode back to themselves.

use std::collections::BTreeMap;
use std::{fs, path::Path};

use ptdsl_compiler::compile;
use ptdsl_compiler::decode::{Decoded, TableParameters, Value, decode, encode, registers};
use ptdsl_compiler::ir::{Format, Kind, KindClass, Role};
use ptdsl_compiler::source::{Loader, SourceFile};
use serde_json::Value as Json;

/// The format library.
struct Library;

impl Loader for Library {
    fn load(&self, path: &str, _from: &str) -> Result<SourceFile, String> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../formats").join(path);
        let text = fs::read_to_string(&file).map_err(|error| error.to_string())?;
        Ok(SourceFile { name: path.to_owned(), text })
    }
}

fn format(name: &str, options: &[&str]) -> Format {
    let compilation = compile(Library.load(name, "").unwrap(), &Library, options);
    assert!(!compilation.has_errors(), "{name}: {:#?}", compilation.diagnostics);
    compilation.formats.into_iter().next().unwrap()
}

/// Which spec, with which options of the type, serves the vectors of which file and configuration.
struct Serves {
    file: &'static str,
    /// What the configuration must say, and nothing else.
    config: &'static str,
    spec: &'static str,
    options: &'static [&'static str],
}

const fn serves(
    file: &'static str,
    config: &'static str,
    spec: &'static str,
    options: &'static [&'static str],
) -> Serves {
    Serves { file, config, spec, options }
}

const SERVED: &[Serves] = &[
    serves("arm64-stage1-el2.json", r#"{"granule": "4K"}"#, "arm64-hyp.pt", &[]),
    serves("arm64-stage1-el2.json", r#"{"granule": "4K", "DS": 0}"#, "arm64-hyp.pt", &[]),
    serves("arm64-stage1-el2.json", r#"{"granule": "16K", "DS": 0}"#, "arm64-hyp-16k.pt", &[]),
    serves("arm64-stage1-el2.json", r#"{"granule": "64K", "LPA": 0}"#, "arm64-hyp-64k.pt", &[]),
    serves("arm64-stage1-el2.json", r#"{"granule": "64K", "LPA": 1}"#, "arm64-hyp-64k-lpa.pt", &[]),
    serves("arm64-stage1-el2.json", r#"{"granule": "4K", "DS": 1}"#, "arm64-hyp-lpa2.pt", &[]),
    serves("arm64-stage1-el2.json", r#"{"granule": "16K", "DS": 1}"#, "arm64-hyp-16k-lpa2.pt", &[]),
    serves("arm64-stage1-el1.json", r#"{"granule": "4K"}"#, "arm64-el1-low.pt", &[]),
    serves("arm64-stage1-el1.json", r#"{"granule": "4K", "DS": 0}"#, "arm64-el1-low.pt", &[]),
    serves("arm64-stage1-el1.json", r#"{"granule": "4K", "DS": 0}"#, "arm64-el1-high.pt", &[]),
    serves("arm64-stage1-el1.json", r#"{"granule": "4K", "DS": 0}"#, "arm64-hvhe.pt", &[]),
    serves("arm64-stage1-el1.json", r#"{"granule": "16K", "DS": 0}"#, "arm64-el1-low-16k.pt", &[]),
    serves("arm64-stage1-el1.json", r#"{"granule": "16K", "DS": 0}"#, "arm64-el1-high-16k.pt", &[]),
    serves("arm64-stage1-el1.json", r#"{"granule": "64K", "LPA": 0}"#, "arm64-el1-low-64k.pt", &[]),
    serves("arm64-stage1-el1.json", r#"{"granule": "64K", "LPA": 0}"#, "arm64-el1-high-64k.pt", &[]),
    serves("arm64-stage1-el1.json", r#"{"granule": "64K", "LPA": 1}"#, "arm64-el1-low-64k-lpa.pt", &[]),
    serves("arm64-stage1-el1.json", r#"{"granule": "4K", "DS": 1}"#, "arm64-el1-low-lpa2.pt", &[]),
    serves("arm64-stage2.json", r#"{"granule": "4K"}"#, "arm64-stage2.pt", &[]),
    serves("arm64-stage2.json", r#"{"granule": "4K", "DS": 0}"#, "arm64-stage2.pt", &[]),
    serves("arm64-stage2.json", r#"{"granule": "4K", "DS": 0}"#, "arm64-stage2-concatenated.pt", &[]),
    serves("arm64-stage2.json", r#"{"granule": "4K", "DS": 0, "FWB": 1}"#, "arm64-stage2-fwb.pt", &[]),
    serves("arm64-stage2.json", r#"{"granule": "64K", "LPA": 1}"#, "arm64-stage2-64k-lpa.pt", &[]),
    serves("arm64-stage2.json", r#"{"granule": "4K", "DS": 1}"#, "arm64-stage2-lpa2.pt", &[]),
    serves("armv7-short.json", "{}", "armv7-short.pt", &["pxn"]),
    serves("armv7-short.json", r#"{"AFE": 1}"#, "armv7-short.pt", &[]),
    serves("iommu.json", r#"{"format": "amd-v1"}"#, "amd-v1.pt", &[]),
    serves("iommu.json", r#"{"format": "amd-v1", "size": "4K"}"#, "amd-v1.pt", &[]),
    serves("iommu.json", r#"{"format": "amd-v1", "size": "8K"}"#, "amd-v1.pt", &[]),
    serves("iommu.json", r#"{"format": "amd-v1", "size": "64K"}"#, "amd-v1-4level.pt", &[]),
    serves("iommu.json", r#"{"format": "amd-v1", "size": "1M"}"#, "amd-v1.pt", &[]),
    serves("iommu.json", r#"{"format": "amd-v1", "size": "2M"}"#, "amd-v1.pt", &[]),
    serves("iommu.json", r#"{"format": "amd-v1", "size": "8M"}"#, "amd-v1.pt", &[]),
    serves("armv7-lpae.json", r#"{"stage": 1, "regime": "pl1"}"#, "armv7-pl1.pt", &[]),
    serves("armv7-lpae.json", r#"{"stage": 1, "regime": "pl2"}"#, "armv7-hyp.pt", &[]),
    serves("armv7-lpae.json", r#"{"stage": 2, "regime": "pl1"}"#, "armv7-stage2.pt", &[]),
    serves("x86-64.json", r#"{"mode": "4-level"}"#, "x86-64.pt", &[]),
    serves("x86-64.json", r#"{"mode": "4-level"}"#, "x86-64-5level.pt", &[]),
    serves("x86-64.json", r#"{"mode": "5-level"}"#, "x86-64-5level.pt", &[]),
    serves("x86-64.json", r#"{"mode": "PAE"}"#, "x86-pae.pt", &[]),
    serves("x86-64.json", r#"{"mode": "32-bit"}"#, "x86-32.pt", &[]),
    serves("x86-ept.json", "{}", "ept-5level.pt", &[]),
    serves("iommu.json", r#"{"format": "vtd-second-stage"}"#, "vtd-4level.pt", &[]),
    serves("iommu.json", r#"{"format": "vtd-second-stage"}"#, "vtd-5level.pt", &[]),
    serves("iommu.json", r#"{"format": "x86-first-stage"}"#, "x86-64.pt", &[]),
    serves(
        "arm64-stage1-el1.json",
        r#"{"granule": "4K", "DS": 0, "S1PIE": 1}"#,
        "arm64-el1-low-s1pie.pt",
        &[],
    ),
    serves(
        "arm64-stage1-el1.json",
        r#"{"granule": "4K", "DS": 0, "S1PIE": 1, "S1POE": 1}"#,
        "arm64-el1-low-s1pie.pt",
        &[],
    ),
    serves("loongarch64.json", "{}", "loongarch64.pt", &[]),
    serves("loongarch64.json", "{}", "loongarch64-4k.pt", &[]),
    serves("loongarch64.json", "{}", "loongarch64-kernel.pt", &[]),
    serves("loongarch64.json", r#"{"page": "16K"}"#, "loongarch64.pt", &[]),
    serves("loongarch64.json", r#"{"page": "16K"}"#, "loongarch64-kernel.pt", &[]),
    serves("loongarch64.json", r#"{"page": "4K"}"#, "loongarch64-4k.pt", &[]),
    serves("riscv.json", r#"{"mode": "Sv39"}"#, "sv39.pt", &["svnapot", "svpbmt", "svrsw60t59b"]),
    serves("riscv.json", r#"{"mode": "Sv39"}"#, "sv57.pt", &["svnapot", "svpbmt", "svrsw60t59b"]),
    serves("riscv.json", r#"{"mode": "Sv48"}"#, "sv48.pt", &[]),
    serves("riscv.json", r#"{"mode": "Sv57"}"#, "sv57.pt", &[]),
    serves("riscv.json", r#"{"mode": "Sv32"}"#, "sv32.pt", &[]),
    serves("riscv.json", r#"{"mode": "Sv39x4", "stage": "G"}"#, "sv39x4.pt", &[]),
];

/// Fields of features that the specs leave out: reserved there, which is said and does not fault.
const RESERVED: &[&str] = &["nT"];

/// Vectors of all files, and how many of them no spec serves: formats and features that are still to come.
const FILES: &[(&str, usize, usize)] = &[
    ("arm64-stage1-el1.json", 19, 0),
    ("arm64-stage1-el2.json", 33, 0),
    ("arm64-stage2.json", 19, 0),
    ("armv7-lpae.json", 14, 0),
    ("armv7-short.json", 17, 0),
    ("iommu.json", 18, 0),
    ("loongarch64.json", 12, 0),
    ("riscv.json", 27, 0),
    ("x86-64.json", 22, 0),
    ("x86-ept.json", 15, 0),
];

struct Vector {
    desc: String,
    level: i32,
    kind: String,
    raw: u64,
    fields: BTreeMap<String, u64>,
    placement: BTreeMap<String, Vec<[u32; 3]>>,
}

/// A number, or an address in hexadecimal; nothing for a remark.
fn number(value: &Json) -> Option<u64> {
    match value.as_str() {
        Some(text) => Some(u64::from_str_radix(text.strip_prefix("0x")?, 16).unwrap()),
        None => Some(value.as_u64().unwrap()),
    }
}

/// The vectors of a file whose configuration is wanted.
fn vectors(file: &str, wanted: impl Fn(&Json) -> bool) -> Vec<Vector> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(file);
    let list: Vec<Json> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let ranges = |value: &Json| serde_json::from_value(value.clone()).unwrap();
    list.iter()
        .filter(|one| wanted(&one["config"]))
        .map(|one| Vector {
            desc: one["desc"].as_str().unwrap().to_owned(),
            level: i32::try_from(one["level"].as_i64().unwrap()).unwrap(),
            kind: one["kind"].as_str().unwrap().to_owned(),
            raw: number(&one["raw"]).unwrap(),
            fields: (one["fields"].as_object().unwrap().iter())
                .filter_map(|(name, value)| Some((name.clone(), number(value)?)))
                .collect(),
            placement: match one["placement"].as_object() {
                Some(map) => map.iter().map(|(name, list)| (name.clone(), ranges(list))).collect(),
                None => BTreeMap::new(),
            },
        })
        .collect()
}

/// What the decoder says about each bit: put together from its answer and the roles of the kind, never from the word.
fn said(format: &Format, decoded: &Decoded) -> u64 {
    let level = format.levels.iter().find(|level| level.number == decoded.level).unwrap();
    let kind: &Kind = level.kinds.iter().find(|kind| kind.name == decoded.kind).unwrap();
    let mut word = 0;
    for piece in &kind.pieces {
        let mask = u64::MAX >> (63 - (piece.hi - piece.lo));
        let bits = match piece.role {
            Role::Fixed { value } => value,
            Role::Ignored | Role::Software => {
                decoded.unnamed.iter().find(|one| one.hi == piece.hi).map_or(0, |one| one.value)
            }
            Role::Res0 | Role::Mbz => 0,
            Role::Res1 | Role::Mbo => u64::MAX,
            Role::Field { field, value_lo } => {
                let name = &format.fields[field.0].name;
                decoded.fields.iter().find(|one| one.name == *name).unwrap().value >> value_lo
            }
            Role::Output { address_lo } | Role::Next { address_lo } => decoded.output.unwrap() >> address_lo,
        };
        word |= (bits & mask) << piece.lo;
    }
    word
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

/// Checks one vector and returns how many of its fields the spec knows by name.
fn check(format: &Format, vector: &Vector) -> usize {
    let Vector { desc, level, raw, .. } = vector;
    let decoded = decode(format, *level, *raw).unwrap();
    let class = match vector.kind.as_str() {
        "page" | "block" => KindClass::Leaf,
        "table" => KindClass::Table,
        "invalid" => KindClass::Invalid,
        other => panic!("{desc}: what is a {other}?"),
    };
    assert_eq!(decoded.class, class, "{desc}: {:?}", decoded.violations);
    if class == KindClass::Invalid {
        assert_eq!(decoded.output, None, "{desc}");
        if decoded.violations.is_empty() {
            assert_eq!(encoded(format, &decoded), *raw, "{desc}");
        }
        return 0;
    }
    assert_eq!(decoded.violations, [], "{desc}");
    assert!(!vector.placement.is_empty(), "{desc}: no placement");
    let word = said(format, &decoded);
    for (name, ranges) in &vector.placement {
        for &[hi, lo, value_lo] in ranges {
            let mask = u64::MAX >> (63 - (hi - lo));
            let (found, expected) = (word >> lo & mask, vector.fields[name] >> value_lo & mask);
            assert_eq!(found, expected, "{desc}: {name} in [{hi}:{lo}]");
        }
    }
    assert_eq!(encoded(format, &decoded), *raw, "{desc}");
    let mut known = 0;
    for field in &decoded.fields {
        let declared = format.fields.iter().find(|declared| declared.name == field.name).unwrap();
        if let Some(&expected) = vector.fields.get(&declared.manual_name) {
            assert_eq!(field.value, expected, "{desc}: {}", field.name);
            known += 1;
        }
    }
    known
}

/// Takes fields of features that the spec leaves out away, after checking what the interpreter says of them.
fn without_reserved(format: &Format, vector: &mut Vector) {
    for name in RESERVED {
        let Some(value) = vector.fields.get_mut(*name).filter(|value| **value != 0) else { continue };
        *value = 0;
        let bits = vector.placement[*name]
            .iter()
            .fold(0, |mask, [hi, lo, _]| mask | u64::MAX >> (63 - (hi - lo)) << lo);
        let decoded = decode(format, vector.level, vector.raw).unwrap();
        assert_eq!(decoded.violations.len(), 1, "{}", vector.desc);
        assert_ne!(decoded.violations[0].bits & bits, 0, "{}", vector.desc);
        assert!(!decoded.violations[0].fatal, "{}", vector.desc);
        vector.raw &= !bits;
    }
}

#[test]
fn every_vector_decodes_and_encodes() {
    let mut served: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for Serves { file, config, spec, options } in SERVED {
        let format = format(spec, options);
        let wanted: Json = serde_json::from_str(config).unwrap();
        let mut count = 0;
        for mut vector in vectors(file, |config| *config == wanted) {
            if !format.levels.iter().any(|l| l.number == vector.level) {
                continue;
            }
            count += 1;
            served.entry(file).or_default().push(vector.desc.clone());
            without_reserved(&format, &mut vector);
            let known = check(&format, &vector);
            // A vector's name for a field is the manual's: some field of each leaf goes by it.
            assert!(
                known > 0 || matches!(vector.kind.as_str(), "table" | "invalid"),
                "{spec}: {}",
                vector.desc
            );
        }
        assert_ne!(count, 0, "{spec} serves no vector of {file} {config}");
    }
    for (file, all, unserved) in FILES {
        let descriptions: Vec<String> = vectors(file, |_| true).into_iter().map(|v| v.desc).collect();
        assert_eq!(descriptions.len(), *all, "{file}");
        let found = served.get(file).map_or(&[][..], Vec::as_slice);
        let missing: Vec<&String> = descriptions.iter().filter(|desc| !found.contains(desc)).collect();
        assert_eq!(missing.len(), *unserved, "{file}: {missing:?}");
    }
}

/// The value with which an emulator ran: 39 bits of input, 40 of output.
#[test]
fn arm64_hyp_registers_are_those_that_ran() {
    let format = format("arm64-hyp.pt", &[]);
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
        let format = format(spec, &[]);
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
    let format = format("armv7-stage2.pt", &[]);
    for (width, expected) in [(32, 0b0_0000), (31, 0b0_0001), (33, 0b1_1111), (40, 0b1_1000)] {
        let table = TableParameters { width, output_bits: 40, root: 0x4100_0000, tag: 0, options: &[] };
        let values: BTreeMap<String, u64> = registers(&format, &table).unwrap().into_iter().collect();
        assert_eq!(values["VTCR"] & 0x1f, expected, "{width} bits");
    }
}
