//! Gives each line of a kind the comment at its end: it is what the spec says about those bits.

use super::super::ast::{Entry, Item, ItemKind};
use crate::source::Spanned;

/// Looks for the remark of every entry. `comments` are all of the text, in order.
pub(super) fn attach(items: &mut [Item], comments: &[Spanned<String>], text: &str) {
    for item in items {
        match &mut item.kind {
            // Formats do not stand in formats, so this goes one step down.
            ItemKind::Format(format) => attach(&mut format.items, comments, text),
            ItemKind::Kind(kind) => kind.body.iter_mut().for_each(|entry| find(entry, comments, text)),
            ItemKind::Fields(fields) => fields.body.iter_mut().for_each(|entry| find(entry, comments, text)),
            _ => {}
        }
    }
}

fn find(entry: &mut Entry, comments: &[Spanned<String>], text: &str) {
    let next = comments.partition_point(|comment| comment.span.start < entry.span.end);
    let Some(comment) = comments.get(next) else { return };
    let between = text.get(entry.span.end as usize..comment.span.start as usize);
    if between.is_some_and(|between| between.chars().all(|c| matches!(c, ' ' | '\t' | ';'))) {
        entry.remark = Some(comment.node.trim().to_owned()).filter(|remark| !remark.is_empty());
    }
}
