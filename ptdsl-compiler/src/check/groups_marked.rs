//! A group's members are neighbouring leaves of one table, and their mark tells them from plain leaves.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{Level, Model, values};
use crate::syntax::ast::{Group, KindClass};

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    if !model.all_levels {
        return;
    }
    let mut taken: Vec<(i32, &Group)> = Vec::new();
    for group in model.format.groups() {
        let levels = levels(model, group, found);
        count(group, &levels, found);
        for level in &levels {
            if let Some((_, old)) = taken.iter().find(|(number, _)| *number == level.number) {
                let message = format!("level {} has two sizes of groups", level.number);
                found.push_once(
                    Diagnostic::new(Code::GroupLevels, message, group.count.span, "again for that level")
                        .label(old.count.span, "declared first here")
                        .help("give each level one group"),
                );
            }
            taken.push((level.number, group));
        }
        mark(model, group, &levels, found);
    }
}

/// The levels of a group as far as they exist.
fn levels<'m, 'a>(model: &'m Model<'a>, group: &Group, found: &mut Diagnostics) -> Vec<&'m Level<'a>> {
    let fault = |span, message: String, label: &str| {
        Diagnostic::new(Code::GroupLevels, message, span, label).help("name levels that have leaves")
    };
    if group.first.node > group.last.node {
        let message = format!("no level lies in {}..={}", group.first.node, group.last.node);
        found.push(fault(group.first.span.to(group.last.span), message, "the first is larger than the last"));
        return Vec::new();
    }
    for end in [&group.first, &group.last] {
        if !model.levels.iter().any(|level| i64::from(level.number) == end.node) {
            let message = format!("there is no level {}", end.node);
            found.push_once(fault(end.span, message, "no such level"));
        }
    }
    let range = group.first.node..=group.last.node;
    let levels = model.levels.iter().filter(|level| range.contains(&i64::from(level.number)));
    let (with, without): (Vec<_>, Vec<_>) = levels.partition(|level| level.has(KindClass::Leaf));
    for level in without.into_iter().filter(|level| level.all_known()) {
        let message = format!("level {} has no leaf that could be grouped", level.number);
        let finding = fault(group.first.span.to(group.last.span), message, "not all of these levels map");
        found.push(finding.label(level.ast.number.span, "no leaf here"));
    }
    with
}

fn count(group: &Group, levels: &[&Level<'_>], found: &mut Diagnostics) {
    let count = group.count.node;
    if !count.is_power_of_two() || count < 2 {
        let message = format!("a group of {count} cannot be");
        found.push(
            Diagnostic::new(Code::GroupCount, message, group.count.span, "not a power of two of at least 2")
                .help("use the manual's number of entries"),
        );
        return;
    }
    for level in levels.iter().filter(|level| level.index_bits() < 64 && count > 1 << level.index_bits()) {
        let entries = 1u64 << level.index_bits();
        let message = format!("a group of {count} is larger than a table of level {}", level.number);
        found.push_once(
            Diagnostic::new(Code::GroupCount, message, group.count.span, "too large")
                .label(level.ast.index.span, format!("{entries} entries"))
                .help("a group lies within one table"),
        );
    }
}

fn mark(model: &Model<'_>, group: &Group, levels: &[&Level<'_>], found: &mut Diagnostics) {
    let Some((_, field)) = values::field(model, KindClass::Leaf, &group.mark.name, found) else { return };
    let value = values::of_field(field, &group.mark.value, found);
    for kind in levels.iter().flat_map(|level| &level.kinds) {
        // A repeated leaf is no member.
        let member = kind.ast.class == KindClass::Leaf && kind.span == 0;
        if member && kind.whole && !kind.has_field(&field.name.node) {
            let message = format!("leaf `{}` has no field `{}`", kind.ast.name.node, field.name.node);
            found.push_once(
                Diagnostic::new(Code::FieldNotInLeaf, message, group.mark.name.span, "every member needs it")
                    .label(kind.ast.name.span, "not in this one")
                    .help("add the field to the leaf, or leave the level out of the group"),
            );
        }
    }
    let settings =
        model.format.attributes().flat_map(|attribute| &attribute.rows).flat_map(|row| &row.settings);
    if let Some(setting) = settings.into_iter().find(|setting| setting.name.node == field.name.node) {
        let message = format!("`{}` marks groups, but an attribute sets it", field.name.node);
        found.push(
            Diagnostic::new(Code::GroupMark, message, group.mark.name.span, "marks a member")
                .label(setting.name.span, "set by a caller's choice")
                .help("take the field out of the attribute: whether leaves form a group is not the caller's to say"),
        );
    } else if value == Some(field.default()) {
        let message = format!("every plain leaf has `{}` = {:#x}", field.name.node, field.default());
        found.push(
            Diagnostic::new(Code::GroupMark, message, group.mark.value.span, "is the default")
                .label(field.name.span, "declared here")
                .help("give the field another default"),
        );
    }
}
