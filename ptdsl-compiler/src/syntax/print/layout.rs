//! Cuts tokens into lines.

use super::super::token::{Token, TokenKind};
use super::WIDTH;
use super::cells::{Cell, cell};
use super::spacing::{flat, space_before};
use super::words::{is_remark, without_idle_signs};
use std::ops::Range;

/// Columns of one step to the right.
const INDENT: usize = 4;

/// A line to be, still without padding.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Columns before it.
    pub(super) indent: usize,
    /// Its words.
    pub(super) text: String,
    /// The comment behind it.
    pub(super) comment: Option<String>,
    /// An empty line stands before it.
    pub(super) blank_before: bool,
    /// Which list it stands in; every pair of braces is one, and the file.
    pub(super) list: usize,
    /// Where it may be padded to stand below its neighbours.
    pub(super) cell: Option<Cell>,
    /// Only a comment or a line of documentation.
    pub(super) remark: bool,
}

/// How the pieces of a list are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// By `;` and `}`.
    Statements,
    /// The registers, each a name and braces.
    Registers,
    /// By `,`: the values of a field, the choices of a limit.
    Commas,
}

/// All lines of a text.
pub(super) fn lines(tokens: &[Token<'_>], text: &str) -> Vec<Line> {
    let tokens = without_idle_signs(tokens);
    let mut layout = Layout { tokens: &tokens, text, lines: Vec::new(), lists: 0 };
    layout.list(0..tokens.len(), 0, List::Statements);
    layout.lines
}

/// What a piece knows about where it stands.
#[derive(Clone, Copy)]
struct Place {
    indent: usize,
    blank_before: bool,
    list: usize,
    kind: List,
}

struct Layout<'t> {
    tokens: &'t [Token<'t>],
    text: &'t str,
    lines: Vec<Line>,
    lists: usize,
}

impl<'t> Layout<'t> {
    /// Number of line ends between a token and the one before it.
    fn line_ends_before(&self, at: usize) -> usize {
        let from = at.checked_sub(1).map_or(0, |before| self.tokens[before].end());
        self.text[from..self.tokens[at].start].bytes().filter(|&byte| byte == b'\n').count()
    }

    /// Whether a comment stands on the line of the word before it.
    fn is_behind(&self, at: usize) -> bool {
        at > 0 && self.line_ends_before(at) == 0 && self.tokens[at].kind == TokenKind::Comment
    }

    /// A list, one piece a line.
    fn list(&mut self, range: Range<usize>, indent: usize, kind: List) {
        self.lists += 1;
        let list = self.lists;
        let mut at = range.start;
        while at < range.end {
            let blank_before = at > range.start && self.line_ends_before(at) > 1;
            if is_remark(&self.tokens[at]) {
                self.remark(at, Place { indent, blank_before, list, kind });
                at += 1;
            } else {
                let end = self.piece_end(at..range.end, kind);
                self.piece(at..end, Place { indent, blank_before, list, kind });
                if kind == List::Commas && !self.tokens[end - 1].is(",") {
                    // Each value has its line, so each ends with a comma.
                    self.lines.last_mut().into_iter().for_each(|line| line.text.push(','));
                }
                at = end;
            }
        }
    }

    /// A comment or a line of documentation.
    fn remark(&mut self, at: usize, place: Place) {
        let text = self.tokens[at].text.to_owned();
        let behind = self.is_behind(at);
        let above = self.lines.last_mut().filter(|line| behind && !line.remark && line.comment.is_none());
        if let Some(line) = above {
            line.comment = Some(text);
            return;
        }
        let Place { indent, blank_before, list, .. } = place;
        self.lines.push(Line { indent, text, blank_before, list, remark: true, ..Line::default() });
    }

    /// The end of the piece that begins a list: behind its `;`, its `,`, or its `}` and what belongs to that.
    fn piece_end(&self, list: Range<usize>, kind: List) -> usize {
        let (mut depth, mut last) = (0_usize, list.start);
        for at in list.clone().filter(|&at| !is_remark(&self.tokens[at])) {
            let token = &self.tokens[at];
            last = at;
            if token.is("{") {
                depth += 1;
            } else if token.is("}") {
                depth = depth.saturating_sub(1);
            }
            if depth > 0 {
                continue;
            }
            let next = self.tokens[at + 1..list.end].iter().find(|token| !is_remark(token));
            let goes_on = next.is_some_and(|next| next.is(";") || next.is_word("if"));
            if token.is(";") || token.is("}") && !goes_on || kind == List::Commas && token.is(",") {
                break;
            }
        }
        last + 1
    }

    /// One declaration, entry, row, step or value.
    fn piece(&mut self, range: Range<usize>, place: Place) {
        let words: Vec<Token<'t>> =
            self.tokens[range.clone()].iter().filter(|t| !is_remark(t)).copied().collect();
        let has_remark = words.len() < range.len();
        let blocks = self.blocks(range.clone());
        let on_one_line = blocks.iter().all(|block| self.is_on_one_line(block));
        let whole = (on_one_line && !has_remark).then(|| flat(&words));
        if let Some(whole) = whole.filter(|whole| place.indent + whole.chars().count() <= WIDTH) {
            let cell = cell(&words, &whole, place.kind, true);
            let Place { indent, blank_before, list, .. } = place;
            self.lines.push(Line { indent, text: whole, blank_before, list, cell, ..Line::default() });
            return;
        }
        let first = self.lines.len();
        // If every block stood on one line, that line is too long, and all of them are opened.
        self.long_piece(range, &blocks, on_one_line && !has_remark, place);
        if let Some(line) = self.lines.get_mut(first) {
            line.cell = cell(&words, &line.text, place.kind, false);
        }
    }

    /// A piece of several lines.
    fn long_piece(&mut self, range: Range<usize>, blocks: &[Range<usize>], open_all: bool, place: Place) {
        let tokens = self.tokens;
        let head = &tokens[range.start];
        let mut pen = Pen { place, text: String::new(), indent: place.indent, begun: false };
        let mut at = range.start;
        while at < range.end {
            if is_remark(&tokens[at]) {
                if self.is_behind(at) && !pen.text.is_empty() {
                    pen.end_line(&mut self.lines, Some(tokens[at].text));
                } else {
                    pen.end_line(&mut self.lines, None);
                    let indent = place.indent + INDENT;
                    self.remark(at, Place { indent, blank_before: false, ..place });
                }
                at += 1;
                continue;
            }
            let Some(block) = blocks.iter().find(|block| block.start == at) else {
                // What is written without space stays together.
                let from_head = &tokens[range.start..range.end];
                let from = at - range.start;
                let mut to = from + 1;
                while range.start + to < range.end
                    && !is_remark(&from_head[to])
                    && !from_head[to].is("{")
                    && !space_before(from_head, to)
                {
                    to += 1;
                }
                let text: String = from_head[from..to].iter().map(|token| token.text).collect();
                pen.write(&text, space_before(from_head, from), &mut self.lines);
                at = range.start + to;
                continue;
            };
            let inside = flat(&tokens[block.clone()]);
            let fits = place.indent + inside.chars().count() <= WIDTH;
            if !open_all && self.is_on_one_line(block) && fits {
                pen.write(&inside, true, &mut self.lines);
            } else {
                pen.write("{", true, &mut self.lines);
                pen.end_line(&mut self.lines, None);
                self.list(block.start + 1..block.end - 1, place.indent + INDENT, inner(head, place.kind));
                pen.indent = place.indent;
                "}".clone_into(&mut pen.text);
            }
            at = block.end;
        }
        pen.end_line(&mut self.lines, None);
    }

    /// The outermost braces of a piece, with the braces.
    fn blocks(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let (mut depth, mut start, mut blocks) = (0_usize, 0, Vec::new());
        for at in range {
            if self.tokens[at].is("{") {
                if depth == 0 {
                    start = at;
                }
                depth += 1;
            } else if self.tokens[at].is("}") {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    blocks.push(start..at + 1);
                }
            }
        }
        blocks
    }

    fn is_on_one_line(&self, block: &Range<usize>) -> bool {
        let (open, close) = (self.tokens[block.start], self.tokens[block.end - 1]);
        block.len() == 2 || !self.text[open.start..close.start].contains('\n')
    }
}

/// Writes the lines of one piece.
struct Pen {
    place: Place,
    text: String,
    indent: usize,
    begun: bool,
}

impl Pen {
    /// Adds words that stand together, on a new line if this one is full.
    fn write(&mut self, words: &str, space: bool, lines: &mut Vec<Line>) {
        if space && !self.text.is_empty() {
            if self.indent + self.text.chars().count() + 1 + words.chars().count() > WIDTH {
                self.end_line(lines, None);
            } else {
                self.text.push(' ');
            }
        }
        self.text.push_str(words);
    }

    /// Ends the line if something is on it; the next one belongs to the same piece and is indented.
    fn end_line(&mut self, lines: &mut Vec<Line>, comment: Option<&str>) {
        if self.text.is_empty() {
            return;
        }
        let Place { indent, blank_before, list, .. } = self.place;
        lines.push(Line {
            indent: self.indent,
            text: std::mem::take(&mut self.text),
            comment: comment.map(str::to_owned),
            blank_before: blank_before && !self.begun,
            list,
            ..Line::default()
        });
        self.indent = indent + INDENT;
        self.begun = true;
    }
}

/// What the braces of a piece hold.
fn inner(head: &Token<'_>, kind: List) -> List {
    match head.text {
        _ if kind == List::Registers => List::Statements,
        "registers" => List::Registers,
        "[" | "output" => List::Commas,
        _ => List::Statements,
    }
}
