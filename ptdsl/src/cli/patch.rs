//! The difference between what a file holds and what it should hold.

use similar::{ChangeTag, TextDiff};

use super::report::{DIM, GREEN, RED, RESET};

/// A unified diff, with three lines around each change.
pub(crate) fn unified(name: &str, is: &str, should_be: &str) -> String {
    let diff = TextDiff::from_lines(is, should_be);
    let mut text = format!("--- {name} (as it is)\n+++ {name} (as it should be)\n");
    for hunk in diff.unified_diff().iter_hunks() {
        text.push_str(&format!("{DIM}{}{RESET}\n", hunk.header()));
        for change in hunk.iter_changes() {
            let (style, sign) = match change.tag() {
                ChangeTag::Delete => (RED, '-'),
                ChangeTag::Insert => (GREEN, '+'),
                ChangeTag::Equal => ("", ' '),
            };
            text.push_str(&format!("{style}{sign}{}{RESET}\n", change.value().trim_end_matches('\n')));
            if change.missing_newline() {
                text.push_str("\\ No newline at end of file\n");
            }
        }
    }
    text
}
