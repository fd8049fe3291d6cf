//! Values of fields as rows, groups and the like write them: a name or a number.

use super::{Field, Model, text};
use crate::cubes::ones;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::resolve::names;
use crate::source::{Span, Spanned};
use crate::syntax::ast::{KindClass, Name, Value};

/// Looks up a value of a field. Faults are reported.
pub(crate) fn of_field(field: &Field<'_>, value: &Spanned<Value>, found: &mut Diagnostics) -> Option<u64> {
    let number = match &value.node {
        Value::Number(number) => *number,
        Value::Name(name) => match field.values().iter().find(|(known, _)| known.node == *name) {
            Some((_, number)) => return Some(number.node),
            None => {
                let name = Name::new(name.clone(), value.span);
                let what = format!("value of `{}` called", field.name.node);
                let known = field.values().iter().map(|(known, _)| known.node.as_str());
                found.push(names::unknown(Code::UnknownValue, &what, &name, known));
                return None;
            }
        },
    };
    in_range(field, number, value.span, found)?;
    if field.faults(number) {
        let message = format!("a walk faults if `{}` is {number:#x}", field.name.node);
        found.push(
            Diagnostic::new(Code::ValueFaults, message, value.span, "not a legal value")
                .label(field.name.span, "`else fault` here")
                .help("use one of the named values"),
        );
        return None;
    }
    Some(number)
}

/// Reports a number that the field cannot hold.
pub(crate) fn in_range(field: &Field<'_>, number: u64, span: Span, found: &mut Diagnostics) -> Option<()> {
    if number <= ones(field.bits) {
        return Some(());
    }
    let message = format!(
        "{number:#x} does not fit `{}`, whose largest value is {:#x}",
        field.name.node,
        ones(field.bits)
    );
    found.push_once(
        Diagnostic::new(Code::ValueTooLarge, message, span, "too large")
            .label(field.name.span, format!("{} wide", text::count(field.bits, "bit")))
            .help("correct the value or the field's range"),
    );
    None
}

/// The field of a kind of that class. A name that none has is reported.
pub(crate) fn field<'m, 'a>(
    model: &'m Model<'a>,
    class: KindClass,
    name: &Name,
    found: &mut Diagnostics,
) -> Option<(usize, &'m Field<'a>)> {
    let names = model.field_names(class);
    if names.contains(&name.node.as_str()) {
        return model.field(&name.node);
    }
    if model.may_be_lost(&name.node) {
        return None;
    }
    let what = if class == KindClass::Leaf { "leaf field" } else { "table field" };
    let finding = names::unknown(Code::UnknownField, what, name, names.iter().copied());
    let elsewhere = model.field(&name.node);
    found.push_once(match elsewhere {
        Some((_, field)) => finding.label(field.name.span, "only descriptors of another class have it"),
        None => finding,
    });
    None
}
