//! Every row of an attribute sets the same fields, no two rows the same values, and no field belongs to two attributes: so
//! decoding is the inverse of encoding.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{Model, values};
use crate::syntax::ast::{Attribute, AttributeRow, KindClass, Name};

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    // Fields of the attributes so far, and where an attribute names them first.
    let mut owned: Vec<(&Name, &Attribute)> = Vec::new();
    for attribute in model.format.attributes() {
        row_names(attribute, found);
        let rows: Vec<Option<Vec<(usize, u64)>>> =
            attribute.rows.iter().map(|row| settings(model, row, found)).collect();
        same_fields(attribute, found);
        for (index, row) in rows.iter().enumerate() {
            let Some(values) = row else { continue };
            let equal = rows[..index].iter().position(|old| old.as_ref() == Some(values));
            if let (Some(equal), false) = (equal, values.is_empty()) {
                let (row, old) = (&attribute.rows[index], &attribute.rows[equal]);
                let message = format!(
                    "the rows `{}` and `{}` of `{}` set the same values",
                    old.name.node, row.name.node, attribute.name.node
                );
                found.push(
                    Diagnostic::new(Code::RowsEqual, message, row.name.span, "decoding cannot tell this")
                        .label(old.name.span, "from this")
                        .help("set a field that differs, or remove one of the rows"),
                );
            }
        }
        let mut own: Vec<&Name> = Vec::new();
        for name in attribute.rows.iter().flat_map(|row| &row.settings).map(|setting| &setting.name) {
            if own.iter().any(|old| old.node == name.node) {
                continue;
            }
            own.push(name);
            if let Some((old, other)) = owned.iter().find(|(old, _)| old.node == name.node) {
                let message =
                    format!("`{}` and `{}` both set `{}`", other.name.node, attribute.name.node, name.node);
                found.push(
                    Diagnostic::new(Code::FieldSetTwice, message, name.span, "set here")
                        .label(old.span, "and here")
                        .help("make one attribute of the two, with a row for every combination"),
                );
            } else if model.field_names(KindClass::Leaf).contains(&name.node.as_str()) {
                super::fields_in_leaves::in_every_leaf(model, name, found);
            }
        }
        owned.extend(own.into_iter().map(|name| (name, attribute)));
    }
}

fn row_names(attribute: &Attribute, found: &mut Diagnostics) {
    if attribute.rows.is_empty() {
        let message = format!("attribute `{}` has no rows", attribute.name.node);
        found.push(
            Diagnostic::new(Code::RowNames, message, attribute.name.span, "nothing to choose")
                .help("add a row or remove it"),
        );
    }
    for (index, row) in attribute.rows.iter().enumerate() {
        if let Some(old) = attribute.rows[..index].iter().find(|old| old.name.node == row.name.node) {
            let message = format!("attribute `{}` has two rows `{}`", attribute.name.node, row.name.node);
            found.push(
                Diagnostic::new(Code::RowNames, message, row.name.span, "named again")
                    .label(old.name.span, "named first here")
                    .help("rename one"),
            );
        }
    }
}

/// The values that a row sets, by field; nothing if one of them is faulty.
fn settings(model: &Model<'_>, row: &AttributeRow, found: &mut Diagnostics) -> Option<Vec<(usize, u64)>> {
    let mut result = Some(Vec::new());
    for (index, setting) in row.settings.iter().enumerate() {
        if let Some(old) = row.settings[..index].iter().find(|old| old.name.node == setting.name.node) {
            let message = format!("row `{}` sets `{}` twice", row.name.node, setting.name.node);
            found.push(
                Diagnostic::new(Code::FieldSetTwice, message, setting.name.span, "set again")
                    .label(old.name.span, "set first here")
                    .help("remove one"),
            );
            result = None;
            continue;
        }
        let field = values::field(model, KindClass::Leaf, &setting.name, found);
        let value = field.and_then(|(id, field)| Some((id, values::of_field(field, &setting.value, found)?)));
        match (value, &mut result) {
            (Some(value), Some(list)) => list.push(value),
            _ => result = None,
        }
    }
    if let Some(list) = &mut result {
        list.sort_unstable();
    }
    result
}

fn same_fields(attribute: &Attribute, found: &mut Diagnostics) {
    let Some((first, others)) = attribute.rows.split_first() else { return };
    let has =
        |row: &AttributeRow, name: &Name| row.settings.iter().any(|setting| setting.name.node == name.node);
    for row in others {
        let names = |a: &AttributeRow, b: &AttributeRow| -> Vec<String> {
            let only = a.settings.iter().filter(|setting| !has(b, &setting.name));
            only.map(|setting| format!("`{}`", setting.name.node)).collect()
        };
        let (absent, added) = (names(first, row), names(row, first));
        if absent.is_empty() && added.is_empty() {
            continue;
        }
        let mut label = Vec::new();
        if !absent.is_empty() {
            label.push(format!("does not set {}", absent.join(", ")));
        }
        if !added.is_empty() {
            label.push(format!("alone sets {}", added.join(", ")));
        }
        let message = format!(
            "the rows `{}` and `{}` of `{}` set different fields",
            first.name.node, row.name.node, attribute.name.node
        );
        found.push(
            Diagnostic::new(Code::RowFields, message, row.name.span, label.join(" and "))
                .label(first.name.span, "compared with this row")
                .help("give every row a value for every field"),
        );
    }
    if first.settings.is_empty() {
        let message = format!("row `{}` sets no field", first.name.node);
        found.push(
            Diagnostic::new(Code::RowFields, message, first.name.span, "sets nothing").help("set a field"),
        );
    }
}
