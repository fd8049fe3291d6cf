//! `forbid` lines combine rows of different attributes, and some combination is left.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::Model;
use crate::resolve::names;
use crate::source::Spanned;
use crate::syntax::ast::{Assignment, Attribute, Name, Value};

/// A combination that must not be: attribute and row, by index.
pub(crate) type Forbidden = Vec<(usize, usize)>;

/// More attributes than are combined.
const MOST_DEEP: usize = 64;

/// More combinations than are looked through; with that many left to try, some is left.
const MOST_STEPS: usize = 100_000;

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    let attributes: Vec<&Attribute> = model.format.attributes().collect();
    let mut lines = Vec::new();
    for forbid in model.format.forbids() {
        shape(forbid, found);
        if let Some(line) = resolve(&attributes, forbid, found) {
            lines.push(line);
        }
    }
    let Some(first) = model.format.forbids().next().and_then(|forbid| forbid.first()) else { return };
    if lines.iter().all(|line| line.len() > 1)
        && attributes.iter().all(|attribute| !attribute.rows.is_empty())
        && !some_left(&attributes, &lines, &mut Vec::new(), &mut 0)
    {
        found.push(
            Diagnostic::new(
                Code::AllForbidden,
                "no combination of attributes is left",
                first.name.span,
                "the first line",
            )
            .help("remove one of the `forbid` lines: nothing could be mapped"),
        );
    }
}

fn shape(forbid: &[Assignment], found: &mut Diagnostics) {
    for (index, part) in forbid.iter().enumerate() {
        if let Some(old) = forbid[..index].iter().find(|old| old.name.node == part.name.node) {
            let message = format!("`{}` is combined with itself", part.name.node);
            found.push(
                Diagnostic::new(Code::ForbidShape, message, part.name.span, "named again")
                    .label(old.name.span, "named first here")
                    .help("combine rows of different attributes"),
            );
        }
    }
    if let [one] = forbid {
        found.push(
            Diagnostic::new(
                Code::ForbidShape,
                "one row alone is forbidden",
                one.name.span,
                "combined with nothing",
            )
            .help("remove the row, or add `with` another attribute's row"),
        );
    }
}

/// The rows that a `forbid` line combines.
pub(crate) fn resolve(
    attributes: &[&Attribute],
    forbid: &[Assignment],
    found: &mut Diagnostics,
) -> Option<Forbidden> {
    let mut line = Some(Vec::new());
    for part in forbid {
        let one = one_row(attributes, &part.name, &part.value, found);
        match (one, &mut line) {
            (Some(one), Some(list)) => list.push(one),
            _ => line = None,
        }
    }
    line
}

fn one_row(
    attributes: &[&Attribute],
    name: &Name,
    value: &Spanned<Value>,
    found: &mut Diagnostics,
) -> Option<(usize, usize)> {
    let Some(index) = attributes.iter().position(|attribute| attribute.name.node == name.node) else {
        let known = attributes.iter().map(|attribute| attribute.name.node.as_str());
        found.push(names::unknown(Code::UnknownAttribute, "attribute", name, known));
        return None;
    };
    let attribute = attributes[index];
    let text = match &value.node {
        Value::Name(text) => text.clone(),
        Value::Number(number) => number.to_string(),
    };
    let row = attribute.rows.iter().position(|row| row.name.node == text);
    if row.is_none() {
        let what = format!("row of `{}` called", attribute.name.node);
        let known = attribute.rows.iter().map(|row| row.name.node.as_str());
        found.push(names::unknown(Code::UnknownValue, &what, &Name::new(text, value.span), known));
    }
    Some((index, row?))
}

/// Chooses rows, one attribute after the other, and turns back where a line is complete.
fn some_left(
    attributes: &[&Attribute],
    lines: &[Forbidden],
    chosen: &mut Vec<usize>,
    steps: &mut usize,
) -> bool {
    *steps += 1;
    let broken = |line: &Forbidden| line.iter().all(|&(attribute, row)| chosen.get(attribute) == Some(&row));
    if lines.iter().any(broken) {
        return false;
    }
    // Attributes that no line names do not matter, and the last one named may not be deep.
    let named = lines.iter().flatten().map(|&(attribute, _)| attribute + 1).max().unwrap_or(0);
    if chosen.len() >= named.min(MOST_DEEP) || *steps > MOST_STEPS {
        return true;
    }
    (0..attributes[chosen.len()].rows.len()).any(|row| {
        chosen.push(row);
        let left = some_left(attributes, lines, chosen, steps);
        chosen.pop();
        left
    })
}
