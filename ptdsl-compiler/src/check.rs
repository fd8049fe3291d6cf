//! The rules that hold for every format that is lowered, in the order in which they are checked. Each file is named for what
//! holds afterwards.

mod addresses_covered;
mod attributes_distinguishable;
mod bits_covered;
mod changes_total;
mod combinations_left;
mod detours_lead;
mod effective_combines;
mod encodings_unique;
mod everything_used;
mod fields_in_leaves;
mod flags_single;
mod groups_marked;
mod items_present;
mod kinds_distinct;
mod kinds_total;
mod leaves_sized;
mod levels_connected;
mod levels_contiguous;
mod limits_reached;
mod maintenance_complete;
mod names_usable;
mod parts_fit;

use crate::diagnostic::Diagnostics;
use crate::model::Model;

pub(crate) use combinations_left::resolve as forbidden;
pub(crate) use effective_combines::parts as effective_parts;
pub(crate) use flags_single::resolve as flag;

/// A rule looks at one format and reports what breaks it. Rules do not hang on each other: each skips what could not be
/// understood, which has been reported, and so one run finds every fault.
type Rule = fn(&Model<'_>, &mut Diagnostics);

const RULES: &[Rule] = &[
    items_present::check,
    names_usable::check,
    levels_contiguous::check,
    levels_connected::check,
    limits_reached::check,
    bits_covered::check,
    kinds_distinct::check,
    kinds_total::check,
    leaves_sized::check,
    addresses_covered::check,
    encodings_unique::check,
    attributes_distinguishable::check,
    combinations_left::check,
    detours_lead::check,
    effective_combines::check,
    fields_in_leaves::check,
    flags_single::check,
    groups_marked::check,
    changes_total::check,
    maintenance_complete::check,
    parts_fit::check,
];

/// Checks one format.
pub(crate) fn format(model: &Model<'_>, found: &mut Diagnostics) {
    for rule in RULES {
        rule(model, found);
    }
}

/// What can only be said of all formats of a file together; only of faultless ones, since a misspelt name leaves another
/// unused.
pub(crate) fn file(models: &[Model<'_>], found: &mut Diagnostics) {
    if !found.has_errors() {
        everything_used::check(models, found);
    }
}

/// A word as messages write it: all its digits.
fn word(model: &Model<'_>, word: u64) -> String {
    let digits = model.word_bits as usize / 4;
    format!("{word:#0width$x}", width = digits + 2)
}
