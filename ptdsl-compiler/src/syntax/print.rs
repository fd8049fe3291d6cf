//! Tree to text: the one way to lay a spec out.
//!
//! Layout never adds a meaning, so it works on the tokens: what was written is kept word for word, numbers in their base and comments
//! where they stand. Only space changes, and two signs that say nothing: `;` behind the `}` of an entry and the last `,` of a list.

mod align;
mod cells;
mod layout;
mod spacing;
mod words;

use super::ast;
use super::token::tokens;

/// The widest line in characters, without the comment behind it. A block that is written on one line stays there if it fits.
pub const WIDTH: usize = 140;

/// The canonical text of a spec. `text` is what `file` was parsed from; that it was parsed is what the printer relies on.
///
/// Printing is idempotent, and the printed text has the same tree (but for places) and the same comments. Lines end with `\n`.
#[must_use]
pub fn print(file: &ast::File, text: &str) -> String {
    if file.uses.is_empty() && file.items.is_empty() && file.comments.is_empty() {
        return String::new();
    }
    align::text(layout::lines(&tokens(text), text))
}
