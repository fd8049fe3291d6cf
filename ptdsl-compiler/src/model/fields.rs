//! The fields of a format: each name once, however many kinds have it.

use super::{Field, FieldUse, Model, What, text};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::syntax::ast;

/// What one kind says about a field at one level.
struct Seen<'a> {
    field: FieldUse<'a>,
    bits: u32,
    span: crate::source::Span,
}

/// Collects the fields of all kinds, in order: kinds as [`crate::resolve::inherit::Resolved::kinds`] has them, lines as they
/// stand. Two places that disagree about a field are reported.
pub(crate) fn collect<'a>(model: &Model<'a>, found: &mut Diagnostics) -> Vec<Field<'a>> {
    let mut fields: Vec<(Field<'a>, crate::source::Span)> = Vec::new();
    for (_, declared) in model.format.kinds() {
        let places =
            model.kinds().filter(|(_, kind)| kind.ast.name.span == declared.name.span).map(|(_, kind)| kind);
        for kind in places {
            for seen in in_kind(&kind.bits) {
                match fields.iter_mut().find(|(field, _)| field.name.node == seen.field.name.node) {
                    Some((field, span)) => join(field, *span, &seen, found),
                    None => {
                        let field = Field {
                            name: seen.field.name,
                            docs: seen.field.docs,
                            declaration: seen.field.declaration,
                            bits: seen.bits,
                            software: seen.field.software,
                        };
                        fields.push((field, seen.span));
                    }
                }
            }
        }
    }
    fields.into_iter().map(|(field, _)| field).collect()
}

/// The fields of one kind. Pieces of a field are one: its width is the highest bit named, plus 1.
fn in_kind<'a>(bits: &[super::Bits<'a>]) -> Vec<Seen<'a>> {
    let mut seen: Vec<Seen<'a>> = Vec::new();
    for place in bits {
        let What::Field(field) = &place.what else { continue };
        let width = field.piece.unwrap_or(0).saturating_add(place.width());
        match seen.iter_mut().find(|old| old.field.name.node == field.name.node) {
            Some(old) if old.field.piece.is_some() && field.piece.is_some() => old.bits = old.bits.max(width),
            _ => seen.push(Seen { field: field.clone(), bits: width, span: place.span }),
        }
    }
    seen
}

/// Whether a line says more about the field than its name.
fn describes(declaration: &ast::Field) -> bool {
    declaration.alias.is_some() || declaration.default.is_some() || declaration.values.is_some()
}

fn same(a: &ast::Field, b: &ast::Field) -> bool {
    let values = |field: &ast::Field| {
        let values = field.values.as_ref()?;
        let list =
            values.values.iter().map(|(name, value)| (name.node.clone(), value.node)).collect::<Vec<_>>();
        Some((list, values.else_fault.is_some()))
    };
    let alias = |field: &ast::Field| field.alias.as_ref().map(|alias| alias.node.clone());
    let default = |field: &ast::Field| field.default.as_ref().map(|default| default.node);
    alias(a) == alias(b) && default(a) == default(b) && values(a) == values(b)
}

fn join<'a>(field: &mut Field<'a>, first: crate::source::Span, seen: &Seen<'a>, found: &mut Diagnostics) {
    let conflict = |what: String, label: &str| {
        let message = format!("field `{}` {what}", field.name.node);
        Diagnostic::new(Code::FieldConflict, message, seen.field.name.span, label)
            .label(field.name.span, "declared first here")
            .help("put the field into a `fields` block that both kinds take in, or rename one")
    };
    if field.bits != seen.bits {
        let what =
            format!("has {} in one place and {} in another", text::count(field.bits, "bit"), seen.bits);
        let finding = conflict(what, "another width");
        found.push_once(if first == seen.span {
            finding.note("the width depends on the level")
        } else {
            finding
        });
        return;
    }
    if field.software != seen.field.software {
        found.push_once(conflict("is `software` in one place only".into(), "declared again"));
        return;
    }
    let (Some(new), true) = (seen.field.declaration, seen.field.declaration.is_some_and(describes)) else {
        return;
    };
    match field.declaration.filter(|old| describes(old)) {
        None => {
            field.declaration = Some(new);
            field.docs = if field.docs.is_empty() { seen.field.docs } else { field.docs };
        }
        Some(old) if same(old, new) => {}
        Some(_) => found.push_once(conflict("is described in two ways".into(), "described differently")),
    }
}
