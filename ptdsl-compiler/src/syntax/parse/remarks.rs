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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn a_remark_stands_behind_its_line() {
        let text = "fields A {\n    // before\n    [7] a; // of a\n    [6] b { x = 0 }  //of b \n    [5] c; [4] d; //\n    \
                    // below\n    [3] e; [2] f; // of f\n    [1] g; } // of A\n\
                    format x: u64 { table T when [0] = 1 { [63:1] h; // of h\n } }\n";
        let file = super::super::parse(FileId(0), text).expect("the text is well formed");
        let items = file.items.iter().flat_map(|item| match &item.kind {
            ItemKind::Format(format) => format.items.iter().collect(),
            _ => vec![item],
        });
        let bodies = items.flat_map(|item| match &item.kind {
            ItemKind::Fields(fields) => &fields.body[..],
            ItemKind::Kind(kind) => &kind.body[..],
            _ => &[],
        });
        let remarks: Vec<Option<&str>> = bodies.map(|entry| entry.remark.as_deref()).collect();
        let expected = [Some("of a"), Some("of b"), None, None, None, Some("of f"), None, Some("of h")];
        assert_eq!(remarks, expected);
    }
}
