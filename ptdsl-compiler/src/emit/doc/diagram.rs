//! A word drawn as boxes: as vector graphics in rows of 16 bits, and as text.

use crate::decode::text;
use crate::ir::{Format, Kind, Piece, Role};

/// Bits of one picture; a wide page shows two of them side by side.
const ROW_BITS: u32 = 16;
/// Width of a bit.
const BIT: u32 = 24;
/// Height of the bit numbers above the boxes.
const NUMBERS: u32 = 14;
/// Width of a character, in thousandths of the font's size. The font is monospaced.
const CHARACTER: u32 = 605;
/// The largest and the smallest font.
const FONTS: std::ops::RangeInclusive<u32> = 8..=12;
/// The smallest font for text that could stand upright instead.
const SMALLEST_LEVEL_FONT: u32 = 10;
/// Fixed bits up to this number are drawn one by one.
const SINGLE_FIXED_BITS: u32 = 8;
/// No line of text is wider.
const TEXT_COLUMNS: usize = 96;

/// A word of a kind.
pub(super) struct Diagram {
    /// What is drawn, for readers who do not see it.
    pub(super) caption: String,
    /// Whether the heading above says so already.
    pub(super) only: bool,
    /// Number of bits of the word.
    bits: u32,
    /// Every bit once, most significant first.
    cells: Vec<Cell>,
}

/// A range of bits that means one thing.
struct Cell {
    hi: u32,
    lo: u32,
    label: Label,
    look: Look,
}

/// What stands in a cell.
enum Label {
    /// The same in every part of it; the second where there is little room.
    Same(&'static str, &'static str),
    /// Bits `lo..` of something that has `bits` bits, by name.
    Part { name: String, lo: u32, bits: Option<u32> },
    /// These bits themselves.
    Bits(u64),
}

/// How a cell is filled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Fixed,
    Field,
    Address,
    Ignored,
    Software,
    Reserved,
    Fatal,
}

impl Look {
    /// All, with what they mean.
    pub(super) const ALL: [(Look, &'static str); 7] = [
        (Look::Fixed, "tells the kind"),
        (Look::Address, "address"),
        (Look::Field, "field"),
        (Look::Software, "free for software"),
        (Look::Ignored, "ignored by the walk"),
        (Look::Reserved, "reserved"),
        (Look::Fatal, "reserved, the walk faults otherwise"),
    ];

    /// The class of its style.
    pub(super) fn class(self) -> &'static str {
        match self {
            Look::Fixed => "fixed",
            Look::Field => "field",
            Look::Address => "address",
            Look::Ignored => "ignored",
            Look::Software => "software",
            Look::Reserved => "reserved",
            Look::Fatal => "fatal",
        }
    }
}

impl Diagram {
    /// The words of a kind.
    pub(super) fn new(format: &Format, kind: &Kind, caption: String, only: bool) -> Diagram {
        let cells = kind.pieces.iter().flat_map(|piece| cells(format, piece)).collect();
        Diagram { caption, only, bits: format.word_bits, cells }
    }

    /// Whether any bit looks so.
    pub(super) fn has(&self, look: Look) -> bool {
        self.cells.iter().any(|cell| cell.look == look)
    }
}

fn cells(format: &Format, piece: &Piece) -> Vec<Cell> {
    let cell = |label, look| vec![Cell { hi: piece.hi, lo: piece.lo, label, look }];
    let address = |lo| Label::Part { name: format.output.name.clone(), lo, bits: None };
    match piece.role {
        Role::Fixed { value } if piece.hi - piece.lo < SINGLE_FIXED_BITS => (piece.lo..=piece.hi)
            .rev()
            .map(|bit| {
                let label = Label::Bits(value >> (bit - piece.lo) & 1);
                Cell { hi: bit, lo: bit, label, look: Look::Fixed }
            })
            .collect(),
        Role::Fixed { value } => cell(Label::Bits(value), Look::Fixed),
        Role::Ignored => cell(Label::Same("ignored", "ign"), Look::Ignored),
        Role::Res0 => cell(Label::Same("res0", "0"), Look::Reserved),
        Role::Res1 => cell(Label::Same("res1", "1"), Look::Reserved),
        Role::Mbz => cell(Label::Same("mbz", "0"), Look::Fatal),
        Role::Mbo => cell(Label::Same("mbo", "1"), Look::Fatal),
        Role::Software => cell(Label::Same("software", "sw"), Look::Software),
        Role::Field { field, value_lo } => {
            let field = &format.fields[field.0];
            let name = field.manual_name.clone();
            let look = if field.software { Look::Software } else { Look::Field };
            cell(Label::Part { name, lo: value_lo, bits: Some(field.bits) }, look)
        }
        Role::Output { address_lo } | Role::Next { address_lo } => cell(address(address_lo), Look::Address),
    }
}

/// What a piece holds, as its cell says.
pub(super) fn name(format: &Format, piece: &Piece) -> String {
    let mut cells = cells(format, piece);
    match cells.pop() {
        Some(cell) if cells.is_empty() => cell.label(cell.hi, cell.lo),
        // Single fixed bits.
        _ => String::new(),
    }
}

impl Cell {
    /// What stands in the part `lo..=hi` of the cell.
    fn label(&self, hi: u32, lo: u32) -> String {
        match &self.label {
            Label::Same(text, _) => (*text).to_owned(),
            Label::Part { name, bits: Some(bits), .. } if hi - lo + 1 == *bits => name.clone(),
            Label::Part { name, lo: first, .. } => {
                let first = first + (lo - self.lo);
                format!("{name}{}", text::range(first + (hi - lo), first))
            }
            Label::Bits(value) => text::number(value >> (lo - self.lo), hi - lo + 1),
        }
    }
}

impl Cell {
    /// The label for a box of the part's width.
    fn short_label(&self, hi: u32, lo: u32) -> String {
        let label = self.label(hi, lo);
        match &self.label {
            Label::Same(_, short) if level_font(&label, hi - lo + 1).is_none() => (*short).to_owned(),
            _ => label,
        }
    }
}

/// A picture of some bits.
pub(super) struct Picture {
    /// `bits 63 to 48`
    pub(super) title: String,
    pub(super) height: u32,
    pub(super) boxes: Vec<Drawn>,
}

/// A box with a label.
pub(super) struct Drawn {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) class: &'static str,
    pub(super) title: String,
    pub(super) text: Text,
    /// Bit numbers above the box: where, anchored how, which.
    pub(super) numbers: Vec<(u32, &'static str, u32)>,
}

/// A label: centred in its box.
pub(super) struct Text {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) font: u32,
    pub(super) upright: bool,
    pub(super) text: String,
}

impl Diagram {
    /// The width of every picture.
    pub(super) fn width(&self) -> u32 {
        ROW_BITS * BIT
    }

    /// The pictures, highest bits first. The two that a wide page shows side by side have the same height.
    pub(super) fn pictures(&self) -> Vec<Picture> {
        let picture = |row| {
            let (top, bottom) = (row * ROW_BITS + ROW_BITS - 1, row * ROW_BITS);
            let height = self.box_height(row).max(self.box_height(row ^ 1));
            Picture {
                title: format!("bits {top} to {bottom}"),
                height: NUMBERS + height,
                boxes: self.parts(row).map(|(cell, hi, lo)| drawn(cell, hi, lo, top, height)).collect(),
            }
        };
        (0..self.bits / ROW_BITS).rev().map(picture).collect()
    }

    /// The cells within a row, counted from bit 0, cut to it.
    fn parts(&self, row: u32) -> impl Iterator<Item = (&Cell, u32, u32)> {
        let (top, bottom) = (row * ROW_BITS + ROW_BITS - 1, row * ROW_BITS);
        let within = self.cells.iter().filter(move |cell| cell.lo <= top && cell.hi >= bottom);
        within.map(move |cell| (cell, cell.hi.min(top), cell.lo.max(bottom)))
    }

    /// High enough for the longest upright label of a row.
    fn box_height(&self, row: u32) -> u32 {
        let upright = self.parts(row).filter_map(|(cell, hi, lo)| {
            let label = cell.short_label(hi, lo);
            level_font(&label, hi - lo + 1).is_none().then(|| text_width(&label, *FONTS.end()) + 10)
        });
        upright.max().unwrap_or(0).clamp(36, 92)
    }
}

fn text_width(text: &str, font: u32) -> u32 {
    // No label is longer than a manual's name and two bit numbers.
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX / 100_000) * CHARACTER * font / 1000
}

/// The font in which a label fits into a box of so many bits, from left to right.
fn level_font(label: &str, bits: u32) -> Option<u32> {
    let fonts = SMALLEST_LEVEL_FONT..=*FONTS.end();
    fonts.rev().find(|&font| text_width(label, font) + 5 <= bits * BIT)
}

fn drawn(cell: &Cell, hi: u32, lo: u32, top: u32, height: u32) -> Drawn {
    let (x, width) = ((top - hi) * BIT, (hi - lo + 1) * BIT);
    let label = cell.short_label(hi, lo);
    let whole = cell.label(cell.hi, cell.lo);
    let font = level_font(&label, hi - lo + 1);
    let upright = |label: &str| FONTS.rev().find(|&font| text_width(label, font) + 6 <= height);
    let text = match font {
        Some(font) => Text { font, upright: false, text: label, x: 0, y: 0 },
        None => match upright(&label) {
            Some(font) => Text { font, upright: true, text: label, x: 0, y: 0 },
            None => {
                // The title and the table have all of it.
                let fitting = (height - 6) * 1000 / (CHARACTER * FONTS.start());
                let short: String = label.chars().take(fitting as usize - 1).collect();
                Text { font: *FONTS.start(), upright: true, text: short + "…", x: 0, y: 0 }
            }
        },
    };
    let numbers = if hi == lo {
        vec![(x + width / 2, "middle", hi)]
    } else {
        vec![(x + 2, "start", hi), (x + width - 2, "end", lo)]
    };
    Drawn {
        x,
        y: NUMBERS,
        width,
        height,
        class: cell.look.class(),
        title: format!("{} {whole}", text::range(cell.hi, cell.lo)),
        text: Text { x: x + width / 2, y: NUMBERS + height / 2, ..text },
        numbers,
    }
}

impl Diagram {
    /// The word as text: boxes as wide as their labels, in as many lines as it takes.
    pub(super) fn text(&self) -> String {
        let mut lines: Vec<Vec<[String; 2]>> = vec![Vec::new()];
        let mut used = 1;
        for cell in &self.cells {
            let bits =
                if cell.hi == cell.lo { cell.hi.to_string() } else { format!("{}:{}", cell.hi, cell.lo) };
            let boxed = [bits, cell.label(cell.hi, cell.lo)];
            let width = columns(&boxed) + 3;
            if used + width > TEXT_COLUMNS {
                lines.push(Vec::new());
                used = 1;
            }
            used += width;
            if let Some(line) = lines.last_mut() {
                line.push(boxed);
            }
        }
        lines.iter().map(|line| text_line(line)).collect::<Vec<_>>().join("\n")
    }
}

fn columns(boxed: &[String; 2]) -> usize {
    boxed.iter().map(|text| text.chars().count()).max().unwrap_or(0)
}

fn text_line(line: &[[String; 2]]) -> String {
    let row = |of: usize, edge: &str| {
        let cells = line.iter().map(|boxed| format!("{edge} {:^width$} ", boxed[of], width = columns(boxed)));
        cells.collect::<String>()
    };
    let rule: String = line.iter().map(|boxed| format!("+{}", "-".repeat(columns(boxed) + 2))).collect();
    format!("{}\n{rule}+\n{}|\n{rule}+\n", row(0, " ").trim_end(), row(1, "|"))
}
