//! `effective` lines combine a leaf's field with fields of the tables above it by one operator, bit for bit.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::Combine;
use crate::model::{Model, text, values};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{Effective, Expression, KindClass, Name, Operator};

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    for effective in model.format.effectives() {
        let field = values::field(model, KindClass::Leaf, &effective.field, found);
        let Some((_, path)) = parts(effective, found) else { continue };
        for (name, _) in path {
            let Some((_, above)) = values::field(model, KindClass::Table, name, found) else { continue };
            let Some((_, field)) = field else { continue };
            if above.bits != 1 && above.bits != field.bits {
                let message = format!(
                    "`{}` has {} and cannot restrict `{}`, which has {}",
                    above.name.node,
                    text::count(above.bits, "bit"),
                    field.name.node,
                    text::count(field.bits, "bit")
                );
                found.push(
                    Diagnostic::new(Code::EffectiveWidth, message, name.span, "neither one bit nor as wide")
                        .label(above.name.span, "declared here")
                        .help("combine fields of one width"),
                );
            }
        }
    }
}

/// The operator and the fields of the path, each with whether it is negated: `XN | path.XNTable` is (or, [`XNTable`]).
pub(crate) fn parts<'a>(
    effective: &'a Effective,
    found: &mut Diagnostics,
) -> Option<(Combine, Vec<(&'a Name, bool)>)> {
    let mut terms = Vec::new();
    let mut operators: Vec<Operator> = Vec::new();
    flatten(&effective.value, &mut terms, &mut operators);
    let mut fault = |span: Span, message: String, label: &str| {
        let field = &effective.field.node;
        found.push(
            Diagnostic::new(Code::EffectiveForm, message, span, label)
                .help(format!("write `effective {field} = {field} | path.Other;`, or `&`")),
        );
        None
    };
    let combine = match operators.first() {
        Some(Operator::Or) => Combine::Or,
        Some(Operator::And) => Combine::And,
        Some(_) => {
            return fault(effective.value.span, "permissions are not added".into(), "needs `|` or `&`");
        }
        None => return fault(effective.value.span, "nothing is combined".into(), "needs `|` or `&`"),
    };
    if operators.iter().any(|operator| Some(operator) != operators.first()) {
        return fault(effective.value.span, "two operators are mixed".into(), "use one operator only");
    }
    let mut own = 0;
    let mut path = Vec::new();
    for term in terms {
        match &term.node {
            Expression::Slice(slice) if slice.bits.is_none() && slice.name.node == effective.field.node => {
                own += 1
            }
            Expression::Along { negated, place, field } if place.node == "path" => {
                path.push((field, *negated))
            }
            _ => {
                return fault(
                    term.span,
                    "that cannot be combined".into(),
                    "neither the field nor `path.` and a field",
                );
            }
        }
    }
    if own != 1 || path.is_empty() {
        let message = format!("`{}` must be combined with fields of the path", effective.field.node);
        return fault(effective.value.span, message, "the field once, and at least one `path.` field");
    }
    Some((combine, path))
}

fn flatten<'a>(
    expression: &'a Spanned<Expression>,
    terms: &mut Vec<&'a Spanned<Expression>>,
    operators: &mut Vec<Operator>,
) {
    match &expression.node {
        Expression::Binary { operator, left, right } => {
            operators.push(*operator);
            flatten(left, terms, operators);
            flatten(right, terms, operators);
        }
        _ => terms.push(expression),
    }
}
