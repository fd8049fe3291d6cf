//! The vectors, which spec serves which of them, and what every reader of a word must say: for the tests of the interpreter, of
//! generated code and of the command.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use ptdsl_compiler::compile;
use ptdsl_compiler::decode::decode;
use ptdsl_compiler::ir::{Format, Kind, KindClass, Role};
use ptdsl_compiler::source::{Loader, SourceFile};
use serde_json::Value as Json;

/// Fields of features that the specs leave out: reserved there, which is said and does not fault.
const RESERVED: &[&str] = &["nT"];

/// Vectors of all files. Each is served.
const FILES: &[(&str, usize)] = &[
    ("arm64-stage1-el1.json", 19),
    ("arm64-stage1-el2.json", 33),
    ("arm64-stage2.json", 19),
    ("armv7-lpae.json", 14),
    ("armv7-short.json", 17),
    ("iommu.json", 18),
    ("loongarch64.json", 12),
    ("riscv.json", 27),
    ("x86-64.json", 22),
    ("x86-ept.json", 15),
];

/// The format library, and the variants of it beside the vectors.
struct Library;

impl Loader for Library {
    fn load(&self, path: &str, _from: &str) -> Result<SourceFile, String> {
        let text = fs::read_to_string(locate(path)).map_err(|error| error.to_string())?;
        Ok(SourceFile { name: path.to_owned(), text })
    }
}

/// Where a spec lies.
pub(crate) fn locate(spec: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let variant = root.join("ptdsl-compiler/tests/vectors").join(spec);
    if variant.exists() { variant } else { root.join("formats").join(spec) }
}

pub(crate) fn format(spec: &str) -> Format {
    let compilation = compile(Library.load(spec, "").unwrap(), &Library, &[]);
    assert!(!compilation.has_errors(), "{spec}: {:#?}", compilation.diagnostics);
    compilation.formats.into_iter().next().unwrap()
}

/// A word and what it means.
pub(crate) struct Vector {
    pub(crate) desc: String,
    pub(crate) level: i32,
    pub(crate) raw: u64,
    kind: String,
    fields: BTreeMap<String, u64>,
    placement: BTreeMap<String, Vec<[u32; 3]>>,
}

/// What a reader says of a word.
pub(crate) struct Said {
    pub(crate) class: KindClass,
    /// The kind's name.
    pub(crate) kind: String,
    /// By the spec's name.
    pub(crate) fields: BTreeMap<String, u64>,
    /// The bits without a name, in place, if the reader tells them.
    pub(crate) unnamed: Option<u64>,
    /// Output address or next table.
    pub(crate) output: Option<u64>,
}

fn json(file: &str) -> Vec<Json> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ptdsl-compiler/tests/vectors").join(file);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A number, or an address in hexadecimal; nothing for a remark.
fn number(value: &Json) -> Option<u64> {
    match value.as_str() {
        Some(text) => Some(u64::from_str_radix(text.strip_prefix("0x")?, 16).unwrap()),
        None => Some(value.as_u64().unwrap()),
    }
}

impl Vector {
    fn new(one: &Json) -> Vector {
        let ranges = |value: &Json| serde_json::from_value(value.clone()).unwrap();
        Vector {
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
        }
    }

    /// Takes fields of features that the spec leaves out away, after checking what the interpreter says of them.
    fn without_reserved(mut self, format: &Format) -> Vector {
        for name in RESERVED {
            let Some(value) = self.fields.get_mut(*name).filter(|value| **value != 0) else { continue };
            *value = 0;
            let bits = self.placement[*name].iter().fold(0, |bits, &[hi, lo, _]| bits | mask(hi, lo));
            let decoded = decode(format, self.level, self.raw).unwrap();
            assert_eq!(decoded.violations.len(), 1, "{}", self.desc);
            assert_ne!(decoded.violations[0].bits & bits, 0, "{}", self.desc);
            assert!(!decoded.violations[0].fatal, "{}", self.desc);
            self.raw &= !bits;
        }
        self
    }

    /// Checks what a reader says against what was written down.
    pub(crate) fn check(&self, format: &Format, said: &Said) {
        let Vector { desc, .. } = self;
        let class = match self.kind.as_str() {
            "page" | "block" => KindClass::Leaf,
            "table" => KindClass::Table,
            "invalid" => KindClass::Invalid,
            other => panic!("{desc}: what is a {other}?"),
        };
        assert_eq!(said.class, class, "{desc}");
        if class == KindClass::Invalid {
            assert_eq!(said.output, None, "{desc}");
            return;
        }
        assert!(!self.placement.is_empty(), "{desc}: no placement");
        let (word, told) = word(kind(format, self.level, &said.kind), format, said);
        for (name, ranges) in &self.placement {
            for &[hi, lo, value_lo] in ranges {
                let expected = self.fields[name] >> value_lo << lo & mask(hi, lo);
                assert_eq!(word & mask(hi, lo), expected & told, "{desc}: {name} in [{hi}:{lo}]");
            }
        }
        let mut known = 0;
        for (name, &value) in &said.fields {
            let declared = format.fields.iter().find(|declared| declared.name == *name).unwrap();
            if let Some(&expected) = self.fields.get(&declared.manual_name) {
                assert_eq!(value, expected, "{desc}: {name}");
                known += 1;
            }
        }
        // A vector's name for a field is the manual's: some field of each leaf goes by it.
        assert!(known > 0 || class == KindClass::Table, "{desc}: no field is known");
    }
}

/// Bits `lo..=hi`.
pub(crate) fn mask(hi: u32, lo: u32) -> u64 {
    u64::MAX >> (63 - (hi - lo)) << lo
}

/// A kind of a level by name.
pub(crate) fn kind<'a>(format: &'a Format, level: i32, name: &str) -> &'a Kind {
    let level = format.levels.iter().find(|one| one.number == level).unwrap();
    level.kinds.iter().find(|kind| kind.name == name).unwrap()
}

/// The word that a reader's answers and the roles of the kind put together, never the word itself; and which bits that tells.
fn word(kind: &Kind, format: &Format, said: &Said) -> (u64, u64) {
    let (mut word, mut told) = (0, 0);
    for piece in &kind.pieces {
        let bits = match piece.role {
            Role::Fixed { value } => value,
            Role::Ignored | Role::Software => match said.unnamed {
                Some(unnamed) => unnamed >> piece.lo,
                None => continue,
            },
            Role::Res0 | Role::Mbz => 0,
            Role::Res1 | Role::Mbo => u64::MAX,
            Role::Field { field, value_lo } => said.fields[&format.fields[field.0].name] >> value_lo,
            Role::Output { address_lo } | Role::Next { address_lo } => said.output.unwrap() >> address_lo,
        };
        let mask = mask(piece.hi, piece.lo);
        word |= bits << piece.lo & mask;
        told |= mask;
    }
    (word, told)
}

/// Every vector with each spec that serves it: the spec's name, its format, the vector.
pub(crate) fn each(mut check: impl FnMut(&str, &Format, &Vector)) {
    let mut served: BTreeSet<(String, usize)> = BTreeSet::new();
    for row in json("served.json") {
        let [file, spec] = ["file", "spec"].map(|key| row[key].as_str().unwrap());
        let format = format(spec);
        let mut count = 0;
        for (index, one) in json(file).iter().enumerate().filter(|(_, one)| one["config"] == row["config"]) {
            let vector = Vector::new(one);
            if !format.levels.iter().any(|level| level.number == vector.level) {
                continue;
            }
            count += 1;
            served.insert((file.to_owned(), index));
            check(spec, &format, &vector.without_reserved(&format));
        }
        assert_ne!(count, 0, "{spec} serves no vector of {file} {}", row["config"]);
    }
    for &(file, all) in FILES {
        let list = json(file);
        assert_eq!(list.len(), all, "{file}");
        let missing =
            list.iter().enumerate().filter(|(index, _)| !served.contains(&(file.to_owned(), *index)));
        let missing: Vec<&Json> = missing.map(|(_, one)| &one["desc"]).collect();
        assert!(missing.is_empty(), "{file}: {missing:?}");
    }
}
