//! Fields that every leaf must have, every leaf has: those that attributes set and those that hardware sets.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{Model, values};
use crate::syntax::ast::{KindClass, Name};

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    for names in model.format.hardware() {
        for (index, name) in names.iter().enumerate() {
            if let Some(old) = names[..index].iter().find(|old| old.node == name.node) {
                let message = format!("`{}` is listed twice", name.node);
                found.push(
                    Diagnostic::new(Code::DuplicateItem, message, name.span, "listed again")
                        .label(old.span, "listed first here")
                        .help("remove one"),
                );
            } else if values::field(model, KindClass::Leaf, name, found).is_some() {
                in_every_leaf(model, name, found);
            }
        }
    }
    for effective in model.format.effectives() {
        if model.field_names(KindClass::Leaf).contains(&effective.field.node.as_str()) {
            in_every_leaf(model, &effective.field, found);
        }
    }
}

/// Reports leaves without the field. That some leaf has it must be known.
pub(super) fn in_every_leaf(model: &Model<'_>, name: &Name, found: &mut Diagnostics) {
    let without = model
        .kinds_once(KindClass::Leaf)
        .into_iter()
        .filter(|kind| kind.whole && !kind.has_field(&name.node));
    for kind in without {
        let message = format!("leaf `{}` has no field `{}`", kind.ast.name.node, name.node);
        found.push_once(
            Diagnostic::new(Code::FieldNotInLeaf, message, name.span, "every leaf needs it")
                .label(kind.ast.name.span, "not in this one")
                .help("add the field to the leaf"),
        );
    }
}
