//! How many slots a leaf takes, for each value of its `for` variable.

use super::{Model, text};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::syntax::ast::{self, Each};

/// More values of a `for` variable than any word has bits.
const MOST: u64 = 64;

/// The values of the `for` variable, each with log2 of the slots. Empty where an option that is off takes the kind away;
/// nothing for a fault, which is reported.
pub(crate) fn sizes(
    model: &Model<'_>,
    kind: &ast::Kind,
    found: &mut Diagnostics,
) -> Option<Vec<(Option<u64>, u32)>> {
    if let Some(option) = &kind.only_if
        && !model.options.is_on(option, found)?
    {
        return Some(Vec::new());
    }
    let Some(each) = &kind.each else { return Some(vec![(None, span(kind, None, found)?)]) };
    let (first, last) = (each.first.node, each.last.node);
    if first > last || last > MOST {
        let message = if first > last {
            format!("no value lies in {first}..={last}")
        } else {
            format!("`{}` goes beyond {MOST}", each.name.node)
        };
        found.push_once(
            Diagnostic::new(Code::EachRange, message, each.first.span.to(each.last.span), "no such values")
                .help("write `for k in 1..=8`, the smaller value first"),
        );
        return None;
    }
    (first..=last).map(|value| Some((Some(value), span(kind, Some((each, value)), found)?))).collect()
}

/// log2 of the slots.
fn span(kind: &ast::Kind, each: Option<(&Each, u64)>, found: &mut Diagnostics) -> Option<u32> {
    let Some(repeats) = &kind.repeats else { return Some(0) };
    let number = &repeats.number;
    let log = match &repeats.power {
        None => number.node.is_power_of_two().then(|| u64::from(number.node.trailing_zeros())),
        Some(name) => match each {
            Some((each, value)) if each.name.node == name.node => (number.node == 2).then_some(value),
            _ => {
                let message = format!("`{}` has no value here", name.node);
                found.push_once(
                    Diagnostic::new(Code::UnknownSymbol, message, name.span, "not known")
                        .help(format!("say which values it takes: `for {} in 1..=8`", name.node)),
                );
                return None;
            }
        },
    };
    let span = log.filter(|&log| log != 0).and_then(|log| u32::try_from(log).ok());
    if span.is_none() {
        let message = format!("`{}` cannot be repeated so", kind.name.node);
        found.push_once(
            Diagnostic::new(Code::RepeatCount, message, number.span, "not a power of two of at least 2")
                .help("write the number of slots: `repeats 16`, or `repeats 2**k` with k from 1"),
        );
    }
    span
}

/// Reports a leaf that is larger than a table.
pub(crate) fn too_large(
    kind: &ast::Kind,
    level: &ast::Level,
    index_bits: u32,
    span: u32,
    found: &mut Diagnostics,
) {
    let Some(repeats) = &kind.repeats else { return };
    let message = format!(
        "`{}` takes 2**{span} slots, more than a table of level {} has",
        kind.name.node, level.number.node
    );
    let entries = text::count(1_u64 << index_bits.min(63), "entry").replace("entrys", "entries");
    found.push_once(
        Diagnostic::new(Code::RepeatCount, message, repeats.number.span, "too large")
            .label(level.index.span, entries)
            .help("a leaf lies within one table"),
    );
}
