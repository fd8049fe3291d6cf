//! A decoded word as JSON.

use ptdsl_compiler::decode::{BitRange, Decoded, DecodedField};
use ptdsl_compiler::ir::{Format, KindClass};
use serde_json::{Map, Value, json};

use super::number;

/// `{"format", "level", "kind", "raw", "fields", "output", "attributes", "violations"}` and, for those who want more,
/// `"class"` and `"unnamed"`.
pub(super) fn word(format: &Format, decoded: &Decoded) -> Value {
    let fields: Map<String, Value> = decoded
        .fields
        .iter()
        .map(|one| (one.name.clone(), field(one)))
        .collect();
    let attributes: Map<String, Value> = decoded
        .attributes
        .iter()
        .map(|(name, row)| (name.clone(), json!(row)))
        .collect();
    let violations: Vec<&str> = decoded.violations.iter().map(|one| one.text.as_str()).collect();
    let unnamed: Vec<Value> = decoded
        .unnamed
        .iter()
        .map(|bits| json!({"hi": bits.hi, "lo": bits.lo, "value": bits.value, "software": bits.software}))
        .collect();
    json!({
        "format": format.name,
        "level": decoded.level,
        "kind": decoded.kind,
        "class": match decoded.class {
            KindClass::Invalid => "invalid",
            KindClass::Table => "table",
            KindClass::Leaf => "leaf",
        },
        "raw": number::word(decoded.raw, 64),
        "fields": fields,
        "output": decoded.output.map(|address| format!("{address:#x}")),
        "attributes": attributes,
        "violations": violations,
        "unnamed": unnamed,
    })
}

fn field(field: &DecodedField) -> Value {
    let hi = field.ranges.iter().map(|range| range.hi).max();
    let lo = field.ranges.iter().map(|range| range.lo).min();
    let mut value = json!({"hi": hi, "lo": lo, "value": field.value, "name": field.value_name});
    if field.ranges.len() > 1 {
        let ranges = field
            .ranges
            .iter()
            .map(|&BitRange { hi, lo, value_lo }| json!([hi, lo, value_lo]));
        value["ranges"] = ranges.collect();
    }
    value
}
