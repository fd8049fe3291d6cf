//! No word is of two kinds at one level, and every guard is fulfilled by some word.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::Model;
use crate::source::Span;

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    let mut reported: Vec<(Span, Span)> = Vec::new();
    for level in &model.levels {
        for (index, kind) in level.kinds.iter().enumerate() {
            let Some(guard) = &kind.guard else { continue };
            if guard.is_empty() {
                let message = format!("no word is of kind `{}`", kind.ast.name.node);
                found.push_once(
                    Diagnostic::new(Code::GuardNeverTrue, message, kind.ast.guard.span, "never true")
                        .help("the parts of the guard contradict each other; `or` instead of `and`, perhaps"),
                );
            }
            for other in &level.kinds[..index] {
                let pair = (other.ast.name.span, kind.ast.name.span);
                let Some(word) = other.guard.as_ref().and_then(|other| other.common_word(guard)) else {
                    continue;
                };
                if reported.contains(&pair) {
                    continue;
                }
                reported.push(pair);
                let word = super::word(model, word);
                let message =
                    format!("a word can be both `{}` and `{}`: {word}", other.title(), kind.title());
                found.push(
                    Diagnostic::new(Code::KindsOverlap, message, kind.ast.guard.span, "true for that word")
                        .label(other.ast.guard.span, "and so is this")
                        .note(format!("both exist at level {}", level.number))
                        .help("narrow one of the guards: kinds are not tried in order"),
                );
            }
        }
    }
}
