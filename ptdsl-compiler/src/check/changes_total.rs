//! Every change of every leaf field falls in exactly one class.

use crate::cubes::ones;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{Model, values};
use crate::source::Span;
use crate::syntax::ast::{Change, ChangeRule, KindClass, Name};

/// A rule so far: its field, the values if it is for one change only, and where it names the field.
struct Earlier<'a> {
    field: &'a Name,
    values: Option<(u64, u64)>,
}

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    let leaves = model.kinds_once(KindClass::Leaf);
    let Some(change) = model.format.changes().next() else {
        if !leaves.is_empty() {
            let name = model.format.name;
            let message =
                format!("format `{}` does not say what a change of a live leaf requires", name.node);
            found.push(
                Diagnostic::new(Code::ChangeMissing, message, name.span, "needs `change`")
                    .help("`change { otherwise => break; }` is always safe"),
            );
        }
        return;
    };
    let mut earlier: Vec<Earlier<'_>> = Vec::new();
    for rule in &change.rules {
        for field in &rule.fields {
            one(model, rule, field, &mut earlier, found);
        }
    }
    total(model, change, &earlier, found);
}

fn one<'a>(
    model: &Model<'_>,
    rule: &'a ChangeRule,
    name: &'a Name,
    earlier: &mut Vec<Earlier<'a>>,
    found: &mut Diagnostics,
) {
    let Some((_, field)) = values::field(model, KindClass::Leaf, name, found) else { return };
    let values = rule.transition.as_ref().map(|(from, to)| (from.node, to.node));
    if let Some((from, to)) = &rule.transition {
        let fault = |span: Span, message: String, label: &str| {
            Diagnostic::new(Code::ChangeValues, message, span, label).help("correct the values")
        };
        if from.node == to.node {
            let message = format!("`{}` does not change from {:#x} to {:#x}", name.node, from.node, to.node);
            found.push_once(fault(from.span.to(to.span), message, "no change"));
        }
        for value in [from, to] {
            if value.node > ones(field.bits) {
                let message = format!("`{}` is never {:#x}", name.node, value.node);
                let label = format!("the largest value is {:#x}", ones(field.bits));
                found.push_once(fault(value.span, message, "too large").label(field.name.span, label));
            }
        }
    }
    let same =
        |old: &&Earlier<'_>| old.field.node == name.node && (old.values.is_none() || old.values == values);
    if let Some(old) = earlier.iter().find(same) {
        let what = if old.values.is_none() { "every change" } else { "this change" };
        let message = format!("{what} of `{}` is classed already", name.node);
        found.push(
            Diagnostic::new(Code::ChangeShadowed, message, name.span, "never applies")
                .label(old.field.span, "because of this")
                .help("put the special case first, or remove one of the rules"),
        );
        return;
    }
    earlier.push(Earlier { field: name, values });
}

fn total(model: &Model<'_>, change: &Change, rules: &[Earlier<'_>], found: &mut Diagnostics) {
    if change.otherwise.is_some() {
        return;
    }
    let classed = |name: &str| rules.iter().any(|rule| rule.field.node == name && rule.values.is_none());
    let missing: Vec<&str> =
        model.field_names(KindClass::Leaf).into_iter().filter(|name| !classed(name)).collect();
    if missing.is_empty() {
        return;
    }
    let entry = model.format.entries().iter().find(|entry| entry.key == crate::resolve::items::Key::Change);
    let Some(span) = entry.map(|entry| entry.head) else { return };
    let message = format!("no rule covers every change of {}", missing.join(", "));
    found.push(
        Diagnostic::new(Code::ChangeMissing, message, span, "not total")
            .help("name the fields, or write `otherwise => break;`, which is always safe"),
    );
}
