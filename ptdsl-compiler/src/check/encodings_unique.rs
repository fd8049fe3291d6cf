//! The named values of a field fit it and differ, and what is written by default is legal.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{Field, Model, values};

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    for field in &model.fields {
        let mut fits = true;
        for (index, (name, value)) in field.values().iter().enumerate() {
            fits &= values::in_range(field, value.node, value.span, found).is_some();
            let earlier = &field.values()[..index];
            if let Some((old, _)) = earlier.iter().find(|(old, _)| old.node == name.node) {
                let message = format!("field `{}` has two values called `{}`", field.name.node, name.node);
                found.push(
                    Diagnostic::new(Code::ValueTwice, message, name.span, "named again")
                        .label(old.span, "named first here")
                        .help("rename one"),
                );
            } else if let Some((old, _)) = earlier.iter().find(|(_, old)| old.node == value.node) {
                let message = format!("`{}` and `{}` are both {:#x}", old.node, name.node, value.node);
                found.push(
                    Diagnostic::new(Code::ValueTwice, message, value.span, "the same value")
                        .label(old.span, "already has this name")
                        .help("correct one of them"),
                );
            }
        }
        default(field, fits, found);
    }
}

fn default(field: &Field<'_>, values_fit: bool, found: &mut Diagnostics) {
    let given = field.declaration.and_then(|declaration| declaration.default.as_ref());
    if let Some(default) = given
        && values::in_range(field, default.node, default.span, found).is_none()
    {
        return;
    }
    if values_fit && field.faults(field.default()) {
        let span = given.map_or(field.name.span, |default| default.span);
        let message =
            format!("a walk faults if `{}` is {:#x}, its default", field.name.node, field.default());
        found.push(
            Diagnostic::new(Code::ValueFaults, message, span, "not a legal value")
                .help(format!("give a legal default: `{} = value {{ .. }}`", field.name.node)),
        );
    }
}
