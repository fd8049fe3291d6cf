//! The leaves of a level differ in the number of slots that they take, and one takes a single slot.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{Kind, Level, Model};
use crate::source::Span;
use crate::syntax::ast::KindClass;

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    for level in model.levels.iter().filter(|level| level.all_known()) {
        sizes_differ(model, level, found);
        one_is_single(level, found);
        for kind in &level.kinds {
            next_level(kind, found);
        }
    }
}

/// Where the number of slots stands.
fn place(kind: &Kind<'_>) -> Span {
    kind.ast.repeats.as_ref().map_or(kind.ast.name.span, |repeats| repeats.number.span)
}

fn sizes_differ(model: &Model<'_>, level: &Level<'_>, found: &mut Diagnostics) {
    let number = i64::from(level.number);
    let groups = model.format.groups().filter(|group| (group.first.node..=group.last.node).contains(&number));
    let mut seen: Vec<(u32, Span)> = groups
        .filter(|group| group.count.node.is_power_of_two())
        .map(|group| (group.count.node.trailing_zeros(), group.count.span))
        .collect();
    for kind in level.kinds.iter().filter(|kind| kind.span != 0) {
        if let Some((_, other)) = seen.iter().find(|(span, _)| *span == kind.span) {
            let message = format!("level {} has two leaves of {} slots", level.number, 1_u64 << kind.span);
            found.push_once(
                Diagnostic::new(Code::RepeatSizes, message, place(kind), "as many again")
                    .label(*other, "declared first here")
                    .help("correct one of the numbers, or list one of the kinds elsewhere"),
            );
        }
        seen.push((kind.span, place(kind)));
    }
}

fn one_is_single(level: &Level<'_>, found: &mut Diagnostics) {
    let mut leaves = level.kinds.iter().filter(|kind| kind.ast.class == KindClass::Leaf).peekable();
    let Some(first) = leaves.peek().copied() else { return };
    if leaves.all(|leaf| leaf.span != 0) {
        let message = format!("every leaf of level {} takes several slots", level.number);
        found.push_once(
            Diagnostic::new(Code::RepeatSizes, message, level.ast.number.span, "nothing maps one slot")
                .label(place(first), "this takes several")
                .help("list a leaf without `repeats`, too"),
        );
    }
}

/// The field that names the level of the next table stands in the table's entry.
fn next_level(kind: &Kind<'_>, found: &mut Diagnostics) {
    let Some(name) = kind.next_level.filter(|name| kind.whole && !kind.has_field(&name.node)) else { return };
    let message = format!("`{}` has no field `{}`", kind.ast.name.node, name.node);
    found.push_once(
        Diagnostic::new(Code::UnknownField, message, name.span, "not a field of this kind")
            .label(kind.ast.name.span, "in this kind")
            .help("give the field its bits in the body"),
    );
}
