//! Values of registers and operands: names looked up, and the numbers that a value can take.

use super::Model;
use super::options::Decided;
use super::range::{self, Evaluated, Place as Numbers};
use crate::cubes::ones;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir;
use crate::resolve::names;
use crate::source::Spanned;
use crate::syntax::ast::{Expression, Name, Operator};

/// Where an expression stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a register: what a table has.
    Register,
    /// In an operand: what a table and an entry have.
    Operand,
}

/// The names that can stand there.
fn known<'m>(model: &'m Model<'_>, place: Place) -> Vec<(&'m str, ir::Parameter)> {
    use ir::Parameter as P;
    let mut names = vec![("width", P::Width), ("root", P::Root), ("root_level", P::RootLevel)];
    let limit = model.format.outputs().next().and_then(|output| output.limit.as_ref());
    names.extend(limit.map(|limit| (limit.name.node.as_str(), P::OutputCode)));
    names.extend(model.format.tags().next().map(|tag| (tag.name.node.as_str(), P::Tag)));
    if place == Place::Operand {
        names.push(("level", P::Level));
        names.extend(model.format.inputs().next().map(|input| (input.slice.name.node.as_str(), P::Input)));
    }
    names
}

fn parameter(model: &Model<'_>, name: &Name, place: Place, found: &mut Diagnostics) -> Option<ir::Parameter> {
    let names = known(model, place);
    if let Some((_, parameter)) = names.iter().find(|(known, _)| *known == name.node) {
        return Some(*parameter);
    }
    if known(model, Place::Operand).iter().any(|(known, _)| *known == name.node) {
        let message = format!("`{}` belongs to an entry, and a register is for the whole table", name.node);
        found.push_once(
            Diagnostic::new(Code::UnknownQuantity, message, name.span, "not known in registers")
                .help("use it in an `operand`; in a register use `width`, `root` or `root_level`"),
        );
        return None;
    }
    let known: Vec<&str> = names.iter().map(|(known, _)| *known).collect();
    let finding = names::unknown(Code::UnknownQuantity, "quantity", name, known.iter().copied());
    found.push_once(finding.note(format!("known here are {}", known.join(", "))));
    None
}

/// Looks up the names of an expression. Faults are reported.
pub(crate) fn resolve(
    model: &Model<'_>,
    expression: &Spanned<Expression>,
    place: Place,
    found: &mut Diagnostics,
) -> Option<ir::Expression> {
    Some(match &expression.node {
        Expression::Number(number) => ir::Expression::Constant(*number),
        Expression::Slice(slice) => {
            let of = parameter(model, &slice.name, place, found);
            match &slice.bits {
                None => ir::Expression::Parameter(of?),
                Some(range) => match range::evaluate(range, Numbers::NUMBERS, found)? {
                    Evaluated::Bits(hi, lo) => ir::Expression::Bits { of: of?, hi, lo },
                    Evaluated::None => ir::Expression::Constant(0),
                },
            }
        }
        Expression::Along { place, field, .. } => {
            let message = format!("`{}.{}` stands for an entry's field", place.node, field.node);
            found.push_once(
                Diagnostic::new(Code::UnknownQuantity, message, expression.span, "known in `effective` only")
                    .help("registers and operands are made of the table's and the entry's numbers"),
            );
            return None;
        }
        Expression::Binary { operator, left, right } => {
            let left = resolve(model, left, place, found);
            let right = resolve(model, right, place, found);
            ir::Expression::Binary { operator: *operator, left: Box::new(left?), right: Box::new(right?) }
        }
        Expression::If { then, option, otherwise } => {
            let decided = model.options.find(option, found);
            let then = resolve(model, then, place, found);
            let otherwise = resolve(model, otherwise, place, found);
            match decided? {
                Decided::Now(true) => then?,
                Decided::Now(false) => otherwise?,
                Decided::ByTable(option) => ir::Expression::If {
                    option: ir::OptionId(option),
                    then: Box::new(then?),
                    otherwise: Box::new(otherwise?),
                },
            }
        }
    })
}

/// The least and the greatest value that an expression can take; nothing where it may wrap around.
pub(crate) fn bounds(model: &Model<'_>, expression: &ir::Expression) -> Option<(u64, u64)> {
    use ir::Expression as E;
    match expression {
        E::Constant(number) => Some((*number, *number)),
        E::Parameter(parameter) => parameter_bounds(model, *parameter),
        E::Bits { of, hi, lo } => {
            let all = ones(hi - lo + 1);
            let greatest =
                parameter_bounds(model, *of).map_or(all, |(_, greatest)| (greatest >> lo).min(all));
            // Dropping the bits above may turn a large number into a small one.
            let exact = parameter_bounds(model, *of).is_some_and(|(_, greatest)| greatest >> lo <= all);
            Some((0, if exact { greatest } else { all }))
        }
        E::Binary { operator, left, right } => {
            let (left, right) = (bounds(model, left), bounds(model, right));
            match operator {
                Operator::And => match (left, right) {
                    (Some((_, a)), Some((_, b))) => Some((0, a.min(b))),
                    (Some((_, a)), None) | (None, Some((_, a))) => Some((0, a)),
                    (None, None) => None,
                },
                Operator::Or => {
                    let (a, b) = (left?, right?);
                    Some((a.0.max(b.0), ones(64 - (a.1 | b.1).leading_zeros())))
                }
                Operator::Add => Some((left?.0.checked_add(right?.0)?, left?.1.checked_add(right?.1)?)),
                Operator::Subtract => Some((left?.0.checked_sub(right?.1)?, left?.1.checked_sub(right?.0)?)),
            }
        }
        E::If { then, otherwise, .. } => {
            let (a, b) = (bounds(model, then)?, bounds(model, otherwise)?);
            Some((a.0.min(b.0), a.1.max(b.1)))
        }
    }
}

fn parameter_bounds(model: &Model<'_>, parameter: ir::Parameter) -> Option<(u64, u64)> {
    use ir::Parameter as P;
    match parameter {
        P::Width => {
            let input = model.input.as_ref()?;
            let least = input.ast.down_to.as_ref().map_or(u64::from(input.bits), |down| down.node);
            Some((least, u64::from(input.bits)))
        }
        P::Root => Some((0, ones(model.output.as_ref()?.bits))),
        P::RootLevel | P::Level => match model.level_numbers() {
            (largest, false) => Some((0, largest)),
            (_, true) => None,
        },
        P::OutputCode => {
            let codes: Vec<u64> = model
                .output
                .as_ref()?
                .ast
                .limit
                .iter()
                .flat_map(|l| &l.choices)
                .map(|choice| choice.code.node)
                .collect();
            Some((*codes.iter().min()?, *codes.iter().max()?))
        }
        P::Tag => Some((0, ones(model.tag.as_ref()?.bits))),
        P::Input => Some((0, u64::MAX)),
    }
}
