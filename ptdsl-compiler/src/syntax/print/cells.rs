//! Which place of a line may be padded, so that like stands below like.

use super::super::token::Token;
use super::layout::List;
use super::spacing::flat;

/// A place in a line that lines up with the same place of other lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    /// What it lines up with.
    pub(super) column: Column,
    /// Byte in the text; what begins there is moved to the right.
    pub(super) at: usize,
}

/// What lines up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// What follows the ranges of a list.
    Ranges,
    /// The `=>` of a list.
    Arrows,
    /// The braces, or `when`, of neighbouring lines that begin with the same word.
    Neighbours(String),
}

/// Where the first line of a piece is padded. `whole`: the piece has no other line.
pub(super) fn cell(words: &[Token<'_>], line: &str, kind: List, whole: bool) -> Option<Cell> {
    let braces = words.iter().position(|word| word.is("{")).unwrap_or(words.len());
    let find = |text: &str| words[..braces].iter().position(|word| word.text == text);
    let head = words.first()?;
    let neighbours = || Column::Neighbours(head.text.to_owned());
    let (column, at) = match head.text {
        _ if kind == List::Registers && whole => (Column::Neighbours(String::new()), braces),
        "[" => (Column::Ranges, find("]")? + 1),
        "input" | "output" if words.len() > 1 => (Column::Neighbours("input".to_owned()), 1),
        "level" | "sequence" if whole => (neighbours(), braces),
        "leaf" | "table" if whole => (neighbours(), find("when")?),
        _ => (Column::Arrows, find("=>")?),
    };
    let left = flat(&words[..at]);
    let padded = line.strip_prefix(&left).is_some_and(|rest| rest.starts_with(' '));
    padded.then(|| Cell { column, at: left.len() + 1 })
}
