//! Words whose meaning was written down without this project decode to it, and encode back to themselves.

use std::collections::BTreeMap;
use std::{fs, path::Path};

use ptdsl_compiler::compile;
use ptdsl_compiler::decode::{Decoded, TableParameters, Value, decode, encode, registers};
use ptdsl_compiler::ir::{Format, Kind, Role};
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

fn format(name: &str) -> Format {
    let compilation = compile(Library.load(name, "").unwrap(), &Library, &[]);
    assert!(!compilation.has_errors(), "{:#?}", compilation.diagnostics);
    compilation.formats.into_iter().next().unwrap()
}

struct Vector {
    desc: String,
    level: i32,
    kind: String,
    raw: u64,
    fields: BTreeMap<String, u64>,
    placement: BTreeMap<String, Vec<[u32; 3]>>,
}

fn number(value: &Json) -> u64 {
    match value.as_str() {
        Some(text) => u64::from_str_radix(text.strip_prefix("0x").unwrap(), 16).unwrap(),
        None => value.as_u64().unwrap(),
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
            raw: number(&one["raw"]),
            fields: one["fields"].as_object().unwrap().iter().map(|(k, v)| (k.clone(), number(v))).collect(),
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
    assert_eq!(decoded.kind.to_lowercase(), vector.kind, "{desc}");
    if vector.kind == "invalid" {
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

#[test]
fn arm64_stage_1_at_el2_with_4k_granules() {
    let format = format("arm64-hyp.pt");
    let mut vectors = vectors("arm64-stage1-el2.json", |config| {
        config["granule"] == "4K" && config["DS"].as_u64() != Some(1)
    });
    assert_eq!(vectors.len(), 21);
    let mut hints = 0;
    for vector in &mut vectors {
        // The spec is for PEs without FEAT_BBM, to which nT is reserved: said, without a fault.
        if vector.fields.get("nT") == Some(&1) {
            let decoded = decode(&format, vector.level, vector.raw).unwrap();
            assert_eq!((decoded.kind.to_lowercase(), decoded.violations.len()), (vector.kind.clone(), 1));
            assert_eq!((decoded.violations[0].bits >> 16 & 1, decoded.violations[0].fatal), (1, false));
            vector.fields.insert("nT".to_owned(), 0);
            vector.raw &= !(1 << 16);
            hints += 1;
        }
        let known = check(&format, vector);
        let expected = match vector.kind.as_str() {
            // SW, XN, Contiguous, DBM, GP, AF, SH, AttrIndx; the vectors have AP[2:1] in one.
            "page" | "block" => 8,
            // APTable[1], XNTable
            "table" => 2,
            _ => 0,
        };
        assert_eq!(known, expected, "{}", vector.desc);
    }
    assert_eq!(hints, 1);
}

/// The value with which an emulator ran: 39 bits of input, 40 of output.
#[test]
fn arm64_hyp_registers_are_those_that_ran() {
    let format = format("arm64-hyp.pt");
    let table = TableParameters { width: 39, output_bits: 40, root: 0x4100_0000, options: &[] };
    let values: BTreeMap<String, u64> = registers(&format, &table).unwrap().into_iter().collect();
    assert_eq!(values["TCR_EL2"], 0x8082_3519);
    assert_eq!(values["TTBR0_EL2"], 0x4100_0000);
    assert_eq!(values["MAIR_EL2"], 0x04_0000_00ff);
}
