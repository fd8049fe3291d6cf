//! Pads lines so that like stands below like, and writes them out.

use super::cells::Column;
use super::layout::Line;
use std::collections::BTreeMap;

/// The column of comments behind lines that leave room for it, everywhere: an edit then moves no other comment.
const COMMENTS: usize = 47;

/// Columns between a line and its comment, at least.
const GAP: usize = 2;

/// The text.
pub(super) fn text(mut lines: Vec<Line>) -> String {
    pad_cells(&mut lines);
    let columns = comment_columns(&lines);
    let mut text = String::new();
    for (line, column) in lines.iter().zip(columns) {
        if line.blank_before {
            text.push('\n');
        }
        spaces(&mut text, line.indent);
        text.push_str(&line.text);
        if let Some(comment) = &line.comment {
            spaces(&mut text, column.saturating_sub(width(line)));
            text.push_str(comment);
        }
        text.push('\n');
    }
    text
}

fn spaces(text: &mut String, count: usize) {
    text.extend(std::iter::repeat_n(' ', count));
}

/// Columns of a line without its comment.
fn width(line: &Line) -> usize {
    line.indent + line.text.chars().count()
}

/// Moves the cells that belong together to the rightmost of them.
fn pad_cells(lines: &mut [Line]) {
    let groups = groups(lines);
    let mut widest = BTreeMap::new();
    for (line, group) in lines.iter().zip(&groups) {
        if let Some(cell) = &line.cell {
            let widest: &mut usize = widest.entry(group).or_default();
            *widest = cell.at.max(*widest);
        }
    }
    for (line, group) in lines.iter_mut().zip(&groups) {
        if let (Some(cell), Some(widest)) = (&line.cell, widest.get(group)) {
            line.text.insert_str(cell.at, &" ".repeat(widest - cell.at));
        }
    }
}

/// For each line: its list, and a number that is the same for lines of the list whose cells line up.
fn groups(lines: &[Line]) -> Vec<(usize, usize)> {
    let mut groups: Vec<(usize, usize)> = Vec::with_capacity(lines.len());
    for (at, line) in lines.iter().enumerate() {
        let above = at.checked_sub(1).filter(|&above| !line.blank_before && lines[above].list == line.list);
        let group = match line.cell.as_ref().map(|cell| &cell.column) {
            Some(Column::Ranges) => 0,
            Some(Column::Arrows) => 1,
            column => match above {
                Some(above) if lines[above].cell.as_ref().map(|cell| &cell.column) == column => {
                    groups[above].1
                }
                _ => at + 2,
            },
        };
        groups.push((line.list, group));
    }
    groups
}

/// The column of each line's comment: the common one, or for lines that reach beyond it, right of all such lines of a run. A run has
/// one indent and no empty line.
fn comment_columns(lines: &[Line]) -> Vec<usize> {
    let mut columns = vec![COMMENTS; lines.len()];
    let mut start = 0;
    while start < lines.len() {
        let same_run =
            |line: &&Line| !line.blank_before && !line.remark && line.indent == lines[start].indent;
        let end = start + 1 + lines[start + 1..].iter().take_while(same_run).count();
        let long = |at: &usize| lines[*at].comment.is_some() && width(&lines[*at]) + GAP > COMMENTS;
        let column = (start..end).filter(long).map(|at| width(&lines[at]) + GAP).max();
        for at in (start..end).filter(long) {
            columns[at] = column.unwrap_or(COMMENTS);
        }
        start = end;
    }
    columns
}
