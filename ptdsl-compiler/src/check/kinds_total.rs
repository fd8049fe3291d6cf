//! Every word is of some kind at every level, or the format says that the others are reserved; an empty slot is invalid.

use crate::cubes::{Cubes, TooLarge, Work, ones};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{Level, Model, guard};
use crate::syntax::ast::{Empty, KindClass};

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    let reserved = model.format.otherwise_reserved();
    let mut total_everywhere = !model.levels.is_empty() && model.all_levels;
    for level in &model.levels {
        empty_is_invalid(model, level, found);
        sentinel_is_table(level, found);
        match rest(level) {
            Some(Ok(rest)) => {
                total_everywhere &= rest.is_empty();
                if let (Some(word), None) = (rest.witness(), reserved) {
                    let message = format!(
                        "at level {} a word is of no kind: {}",
                        level.number,
                        super::word(model, word)
                    );
                    found.push(
                        Diagnostic::new(
                            Code::KindsMissing,
                            message,
                            level.ast.number.span,
                            "not every word has a kind",
                        )
                        .help("widen a guard, list the missing kind, or say `otherwise reserved;`"),
                    );
                }
            }
            Some(Err(TooLarge)) => {
                total_everywhere = false;
                found.push_once(
                    guard::too_large(level.ast.number.span)
                        .note("the guards of the level's kinds taken together"),
                );
            }
            None => total_everywhere = false,
        }
    }
    if let Some(span) = reserved
        && total_everywhere
    {
        found.push(
            Diagnostic::new(
                Code::ReservedUseless,
                "no word is reserved at any level",
                span,
                "reserves nothing",
            )
            .help("remove it, so that a later gap is found"),
        );
    }
}

/// The words of no kind; nothing if a guard is faulty or a kind unknown.
fn rest(level: &Level<'_>) -> Option<Result<Cubes, TooLarge>> {
    let guards = level.kinds.iter().map(|kind| kind.guard.as_ref()).collect::<Option<Vec<_>>>()?;
    // Without the invalid kind all is said, unless empty slots are pointers.
    let has_invalid = level.has(KindClass::Invalid) || level.ast.empty() == Empty::Sentinel;
    if guards.iter().any(|guard| guard.is_empty()) || !level.all_known() || !has_invalid {
        return None;
    }
    let mut work = Work::default();
    Some(guards.into_iter().try_fold(Cubes::all(), |rest, guard| rest.minus(guard, &mut work)))
}

/// An empty slot that points to a table needs a table kind to say so, and a level below.
fn sentinel_is_table(level: &Level<'_>, found: &mut Diagnostics) {
    let tables = level.kinds.iter().any(|kind| kind.ast.class == KindClass::Table);
    if let (Some(empty), Empty::Sentinel, false) = (&level.ast.empty, level.ast.empty(), tables) {
        let message = format!("level {} has no table for its empty slots to point to", level.number);
        found.push(
            Diagnostic::new(Code::EmptyNotInvalid, message, empty.span, "points to a table of empty slots")
                .label(level.ast.number.span, "this level lists no table kind")
                .help("list the table kind, or give the word of an empty slot: `empty 0;`"),
        );
    }
}

fn empty_is_invalid(model: &Model<'_>, level: &Level<'_>, found: &mut Diagnostics) {
    let invalid = level.kinds.iter().find(|kind| kind.ast.class == KindClass::Invalid);
    let Some((kind, guard)) = invalid.and_then(|kind| Some((kind, kind.guard.as_ref()?))) else { return };
    if guard.is_empty() {
        return;
    }
    let Empty::Word(word) = level.ast.empty() else { return };
    let place = level.ast.empty.as_ref().map_or(kind.ast.guard.span, |empty| empty.span);
    if word > ones(model.word_bits) {
        let message = format!("the empty word does not fit {} bits", model.word_bits);
        found.push_once(
            Diagnostic::new(Code::EmptyNotInvalid, message, place, "too large")
                .help("write a word of the format"),
        );
    } else if !guard.contains(word) {
        let message = format!("an empty slot of level {} would not be invalid", level.number);
        let label = format!("{} is not of the invalid kind", super::word(model, word));
        found.push_once(
            Diagnostic::new(Code::EmptyNotInvalid, message, place, label)
                .label(level.ast.number.span, "empty slots of this level hold that word")
                .help("correct the guard, or give the level an `empty` word that is invalid"),
        );
    }
}
