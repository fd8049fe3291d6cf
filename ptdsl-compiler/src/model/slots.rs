//! Slots of a register that a leaf's fields select: the attribute's rows say which slot, the register what stands in it.

use super::{Model, values};
use crate::cubes::ones;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::names;
use crate::source::Span;
use crate::syntax::ast::{Attribute, AttributeRow, KindClass, Slots};

/// One slot that a row selects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// Highest bit.
    pub(crate) hi: u32,
    /// Lowest bit.
    pub(crate) lo: u32,
    /// What stands there.
    pub(crate) value: u64,
    /// The place of the value in the text.
    pub(crate) span: Span,
}

/// Works out the slots. Faults are reported; nothing if there are any.
pub(crate) fn expand(model: &Model<'_>, slots: &Slots, found: &mut Diagnostics) -> Option<Vec<Slot>> {
    let Some(attribute) = model.format.attributes().find(|one| one.name.node == slots.attribute.node) else {
        let known = model.format.attributes().map(|one| one.name.node.as_str());
        found.push(names::unknown(Code::UnknownAttribute, "attribute", &slots.attribute, known));
        return None;
    };
    let mut whole = true;
    for (name, _) in &slots.values {
        if !attribute.rows.iter().any(|row| row.name.node == name.node) {
            let known = attribute.rows.iter().map(|row| row.name.node.as_str());
            found.push(names::unknown(Code::UnknownValue, "row", name, known));
            whole = false;
        }
    }
    let mut all: Vec<Slot> = Vec::new();
    for row in &attribute.rows {
        let Some(slot) = slot(model, slots, attribute, row, found) else {
            whole = false;
            continue;
        };
        match all.iter().find(|old| old.lo == slot.lo) {
            Some(old) if old.value == slot.value => {}
            Some(old) => {
                let message = format!("row `{}` needs another value in a slot that is taken", row.name.node);
                found.push(
                    Diagnostic::new(Code::SlotValues, message, slot.span, "a second value for one slot")
                        .label(old.span, "the first one")
                        .help("give rows that select one slot one value, or let them select two"),
                );
                whole = false;
            }
            None => all.push(slot),
        }
    }
    whole.then_some(all)
}

/// The slot that a row selects.
fn slot(
    model: &Model<'_>,
    slots: &Slots,
    attribute: &Attribute,
    row: &AttributeRow,
    found: &mut Diagnostics,
) -> Option<Slot> {
    let Some((name, value)) = slots.values.iter().find(|(name, _)| name.node == row.name.node) else {
        let message = format!("row `{}` of `{}` has no slot value", row.name.node, attribute.name.node);
        found.push(
            Diagnostic::new(Code::SlotValues, message, slots.attribute.span, "one row is left out")
                .label(row.name.span, "the row")
                .help(format!("add `{} = ..`", row.name.node)),
        );
        return None;
    };
    let mut index = 0_u64;
    for field in &slots.fields {
        let (_, known) = values::field(model, KindClass::Leaf, field, found)?;
        let Some(setting) = row.settings.iter().find(|setting| setting.name.node == field.node) else {
            let message = format!("row `{}` does not set `{}`", row.name.node, field.node);
            found.push_once(
                Diagnostic::new(Code::SlotValues, message, field.span, "so it selects no slot")
                    .label(row.name.span, "the row")
                    .help("select by fields that every row of the attribute sets"),
            );
            return None;
        };
        let part = values::of_field(known, &setting.value, &mut Diagnostics::default())?;
        index = index.checked_shl(known.bits)? | part;
    }
    let width = slots.width.node;
    let lo = index.checked_mul(width).filter(|&lo| width != 0 && lo.saturating_add(width) <= 64);
    let Some(lo) = lo.and_then(|lo| u32::try_from(lo).ok()) else {
        let message = format!("slot {index} of {width} bits is outside the register");
        found.push_once(
            Diagnostic::new(Code::SlotValues, message, slots.width.span, "registers have 64 bits")
                .label(row.name.span, "this row selects it")
                .help("correct the slot's width, or the fields that select it"),
        );
        return None;
    };
    let hi = lo + u32::try_from(width).ok()? - 1;
    if value.node > ones(hi - lo + 1) {
        let message = format!("the value is {:#x} and does not fit a slot of {width} bits", value.node);
        found.push(
            Diagnostic::new(Code::ValueDoesNotFit, message, value.span, "does not fit")
                .label(slots.width.span, format!("at most {:#x}", ones(hi - lo + 1)))
                .help("correct one of the two"),
        );
        return None;
    }
    Some(Slot { hi, lo, value: value.node, span: name.span.to(value.span) })
}
