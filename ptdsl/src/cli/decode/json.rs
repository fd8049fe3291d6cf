//! A decoded word as JSON, its keys in an order for reading.

use ptdsl_compiler::decode::{BitRange, Decoded, DecodedField, UnnamedBits};
use ptdsl_compiler::ir::{Format, KindClass};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::number;

/// What `decode --json` writes. `class` and `unnamed` are for those who want more.
#[derive(serde::Serialize)]
pub(super) struct Word<'a> {
    format: &'a str,
    level: i32,
    kind: &'a str,
    class: &'static str,
    raw: String,
    fields: Object<'a, Field<'a>>,
    output: Option<String>,
    attributes: Object<'a, Option<&'a str>>,
    violations: Vec<&'a str>,
    unnamed: Vec<Unnamed>,
}

/// Where a field stands, its value, and what the value is called.
#[derive(serde::Serialize)]
struct Field<'a> {
    hi: u32,
    lo: u32,
    value: u64,
    name: Option<&'a str>,
    /// `[hi, lo, value_lo]` for each piece of a field in pieces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ranges: Vec<[u32; 3]>,
}

/// Bits without a name that are not 0.
#[derive(serde::Serialize)]
struct Unnamed {
    hi: u32,
    lo: u32,
    value: u64,
    software: bool,
}

/// A JSON object whose keys keep their order.
struct Object<'a, T>(Vec<(&'a str, T)>);

impl<T: Serialize> Serialize for Object<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// A decoded word for JSON.
pub(super) fn word<'a>(format: &'a Format, decoded: &'a Decoded) -> Word<'a> {
    let unnamed =
        |bits: &UnnamedBits| Unnamed { hi: bits.hi, lo: bits.lo, value: bits.value, software: bits.software };
    let attributes = decoded.attributes.iter();
    Word {
        format: &format.name,
        level: decoded.level,
        kind: &decoded.kind,
        class: match decoded.class {
            KindClass::Invalid => "invalid",
            KindClass::Table => "table",
            KindClass::Leaf => "leaf",
        },
        raw: number::word(decoded.raw, 64),
        fields: Object(decoded.fields.iter().map(|one| (one.name.as_str(), field(one))).collect()),
        output: decoded.output.map(|address| format!("{address:#x}")),
        attributes: Object(attributes.map(|(name, row)| (name.as_str(), row.as_deref())).collect()),
        violations: decoded.violations.iter().map(|one| one.text.as_str()).collect(),
        unnamed: decoded.unnamed.iter().map(unnamed).collect(),
    }
}

fn field(field: &DecodedField) -> Field<'_> {
    let pieces = field.ranges.iter().map(|&BitRange { hi, lo, value_lo }| [hi, lo, value_lo]);
    Field {
        hi: field.ranges.iter().map(|range| range.hi).max().unwrap_or(0),
        lo: field.ranges.iter().map(|range| range.lo).min().unwrap_or(0),
        value: field.value,
        name: field.value_name.as_deref(),
        ranges: if field.ranges.len() > 1 { pieces.collect() } else { Vec::new() },
    }
}
