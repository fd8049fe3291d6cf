//! `accessed` and `dirty` are one bit each, of a field that every leaf has and hardware sets.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir;
use crate::model::range::{self, Evaluated, Place};
use crate::model::{Model, text, values};
use crate::source::Spanned;
use crate::syntax::ast::{Flag, KindClass, Value};

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    for flag in model.format.flags() {
        if resolve(model, flag, found).is_none() {
            continue;
        }
        super::fields_in_leaves::in_every_leaf(model, &flag.field, found);
        let set: Vec<&str> = model.format.hardware().flatten().map(|name| name.node.as_str()).collect();
        let fields = model.field_names(KindClass::Leaf);
        // A misspelt name, which is reported, may be meant for this one.
        let understood = set.iter().all(|name| fields.contains(name));
        if understood && !set.contains(&flag.field.node.as_str()) {
            let message = format!("hardware does not set `{}`", flag.field.node);
            found.push(
                Diagnostic::new(Code::FlagShape, message, flag.field.span, "not in `hardware sets`")
                    .help("name it in `hardware sets`"),
            );
        }
    }
}

/// The bit that a flag is.
pub(crate) fn resolve(model: &Model<'_>, flag: &Flag, found: &mut Diagnostics) -> Option<ir::Flag> {
    let (id, field) = values::field(model, KindClass::Leaf, &flag.field, found)?;
    let when = match &flag.when {
        None => None,
        Some(when) => {
            let (id, field) = values::field(model, KindClass::Leaf, &when.name, found)?;
            Some((ir::FieldId(id), values::of_field(field, &when.value, found)?))
        }
    };
    let (low, bits) = match &flag.bit {
        None => (0, field.bits),
        Some(range) => match range::evaluate(range, Place { limit: field.bits, ..Place::NUMBERS }, found)? {
            Evaluated::Bits(hi, lo) => (lo, hi - lo + 1),
            Evaluated::None => (0, 0),
        },
    };
    if bits != 1 {
        let message = format!("the flag `{}` has {}", flag.field.node, text::count(bits, "bit"));
        found.push(
            Diagnostic::new(Code::FlagShape, message, flag.field.span, "not one bit")
                .label(field.name.span, "declared here")
                .help(format!("name the bit that hardware sets: `{}[bit]`", flag.field.node)),
        );
        return None;
    }
    let value = match &flag.bit {
        None => values::of_field(field, &flag.value, found)?,
        Some(_) => of_bit(&flag.value, found)?,
    };
    Some(ir::Flag { field: ir::FieldId(id), mask: 1 << low, set: value << low, when })
}

fn of_bit(value: &Spanned<Value>, found: &mut Diagnostics) -> Option<u64> {
    match value.node {
        Value::Number(number @ (0 | 1)) => Some(number),
        _ => {
            let message = "a bit is 0 or 1";
            found.push(
                Diagnostic::new(Code::FlagShape, message, value.span, "neither")
                    .help("write the bit's value when hardware has set it"),
            );
            None
        }
    }
}
