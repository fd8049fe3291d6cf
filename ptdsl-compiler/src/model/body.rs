//! What a kind's body says at one level: blocks taken in, symbols replaced by numbers, options decided.

use super::range::{self, Evaluated, Place};
use super::{Bits, FieldUse, Kind, Model, What, guard, levels, text};
use crate::cubes::{Cubes, Work, ones};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::Cube;
use crate::resolve::names;
use crate::source::{Span, Spanned};
use crate::syntax::ast::{self, Constant, Entry, EntryKind, Meaning, Name, Range, Slice};

/// More lines than any kind has: blocks that take each other in twice, and so on, double with every step.
const MOST_LINES: usize = 1024;

struct Expanding<'m, 'a> {
    model: &'m Model<'a>,
    place: Place<'a>,
    found: &'m mut Diagnostics,
    /// The `..Name;` line of the kind, while inside of what it takes in.
    via: Option<Span>,
    /// The blocks that are being taken in.
    open: Vec<&'a Name>,
    lines: usize,
    bits: Vec<Bits<'a>>,
    /// Bits that the guard decides, and those that are constant.
    pinned: u64,
    constants: Vec<(u32, u32, u64)>,
    next_level: Option<&'a Name>,
    whole: bool,
    lost: Vec<&'a str>,
    blind: bool,
}

/// Where a kind is worked out.
#[derive(Clone, Copy)]
pub(crate) struct At {
    /// log2 of what an entry of the level maps.
    pub(crate) shift: u32,
    /// The level's number.
    pub(crate) level: i32,
    /// The value of the `for` variable.
    pub(crate) each: Option<u64>,
    /// log2 of the slots that the kind takes.
    pub(crate) span: u32,
}

/// Works out a kind at a level, for one value of its `for` variable. `n` is the low bit of what the whole leaf maps.
pub(crate) fn expand<'a>(
    model: &Model<'a>,
    kind: &'a ast::Kind,
    docs: &'a [Spanned<String>],
    at: At,
    found: &mut Diagnostics,
) -> Kind<'a> {
    let each = kind.each.as_ref().and_then(|each| Some((each.name.node.as_str(), at.each?)));
    let place = Place { n: Some(at.shift + at.span), each, level: Some(at.level), limit: model.word_bits };
    let guard = guard::words(&kind.guard, place, found);
    let pinned = guard.as_ref().map_or(Cube { mask: 0, value: 0 }, Cubes::pinned);
    let mut expanding = Expanding {
        model,
        place,
        found,
        via: None,
        open: Vec::new(),
        lines: 0,
        bits: Vec::new(),
        pinned: pinned.mask,
        constants: Vec::new(),
        next_level: None,
        whole: guard.as_ref().is_some_and(|words| !words.is_empty()),
        lost: Vec::new(),
        blind: false,
    };
    expanding.body(&kind.body);
    let Expanding { bits, constants, next_level, whole, lost, blind, .. } = expanding;
    let guard = guard.and_then(|guard| with_constants(guard, &constants, kind, found));
    let pinned = guard.as_ref().map_or(pinned, Cubes::pinned);
    let At { each, span, .. } = at;
    let reach = kind.reach.as_ref().and_then(|slice| reach(model, slice, found));
    Kind { ast: kind, docs, each, span, next_level, guard, pinned, bits, reach, whole, lost, blind }
}

/// The words of a guard that have the constant bits, too.
fn with_constants(
    guard: Cubes,
    constants: &[(u32, u32, u64)],
    kind: &ast::Kind,
    found: &mut Diagnostics,
) -> Option<Cubes> {
    let mut work = Work::default();
    let mut all = constants.iter().map(|&(hi, lo, value)| Cubes::equal(hi, lo, value));
    let words = all.try_fold(guard, |words, constant| words.and(&constant, &mut work));
    if words.is_err() {
        found.push_once(guard::too_large(kind.guard.span));
    }
    words.ok()
}

/// The number of address bits that a leaf or a table says it carries.
fn reach(model: &Model<'_>, slice: &ast::Slice, found: &mut Diagnostics) -> Option<u32> {
    let output = model.output.as_ref()?;
    if slice.name.node != output.name.node {
        let message = format!("`{}` is not the output", slice.name.node);
        found.push_once(
            Diagnostic::new(Code::UnknownAddress, message, slice.name.span, "not the output")
                .label(output.name.span, "this is the output")
                .help(format!("write `{}`", output.name.node)),
        );
        return None;
    }
    let bits = levels::from_zero(slice, found)?;
    if bits > output.bits {
        let message = format!("{bits} address bits, where the output has {}", output.bits);
        found.push_once(
            Diagnostic::new(Code::AddressOutside, message, slice.span, "more than the format has")
                .label(output.ast.slice.span, "the whole output")
                .help("correct one of the two"),
        );
        return None;
    }
    Some(bits)
}

impl<'a> Expanding<'_, 'a> {
    fn body(&mut self, body: &'a [Entry]) {
        // The lowest bit named so far by a range of this block, and its place.
        let mut above: Option<(u32, Span)> = None;
        for entry in body {
            self.lines += 1;
            if self.lines > MOST_LINES {
                self.whole = false;
                return;
            }
            match &entry.kind {
                EntryKind::Splice(name) => self.splice(name, entry.span),
                EntryKind::Bits { range, meaning } => match range::evaluate(range, self.place, self.found) {
                    None => {
                        self.whole = false;
                        self.lose(meaning);
                    }
                    Some(Evaluated::None) => {}
                    Some(Evaluated::Bits(hi, lo)) => {
                        self.order(range, hi, lo, &mut above);
                        if let Some(constant) = self.constant(meaning) {
                            self.pin(range, (hi, lo), constant);
                            continue;
                        }
                        let what = self.what(entry, range, meaning, hi - lo + 1);
                        if matches!(what, What::Unknown) {
                            self.lose(meaning);
                        }
                        self.bits.push(Bits { hi, lo, span: range.span, via: self.via, line: entry, what });
                    }
                },
            }
        }
    }

    /// The constant that a line says its bits are, options decided.
    fn constant(&mut self, meaning: &'a Meaning) -> Option<&'a Constant> {
        match meaning {
            Meaning::Constant(constant) => Some(constant),
            Meaning::If { then, option, otherwise } => {
                // An option that is not known is reported where the line is read as a meaning.
                let on = self.model.options.is_on(option, &mut Diagnostics::default())?;
                self.constant(if on { then } else { otherwise })
            }
            _ => None,
        }
    }

    /// Constant bits belong to the guard.
    fn pin(&mut self, range: &Range, (hi, lo): (u32, u32), constant: &Constant) {
        let most = ones(hi - lo + 1);
        let value = match constant {
            Constant::Ones => most,
            Constant::Number(value) if value.node <= most => value.node,
            Constant::Number(value) => {
                let message = format!("{} are never {:#x}", text::count(hi - lo + 1, "bit"), value.node);
                self.found.push_once(
                    Diagnostic::new(Code::GuardValue, message, value.span, "does not fit")
                        .label(range.span, format!("the largest value is {most:#x}"))
                        .help("correct the value or the range"),
                );
                self.whole = false;
                return;
            }
        };
        let mask = most << lo;
        if self.pinned & mask != 0 {
            let message = format!("{} are decided already", text::bits(self.pinned & mask));
            self.found.push_once(
                Diagnostic::new(Code::BitPinned, message, range.span, "decided again")
                    .help("leave the bits out: the guard or another line says what they are"),
            );
        }
        self.pinned |= mask;
        self.constants.push((hi, lo, value));
    }

    /// Ranges of one block descend. Ranges that overlap are reported as such elsewhere.
    fn order(&mut self, range: &Range, hi: u32, lo: u32, above: &mut Option<(u32, Span)>) {
        if let Some((lowest, span)) = *above
            && lo > lowest
        {
            let message = format!("{} stands below a lower range", text::range(hi, lo));
            self.found.push_once(
                Diagnostic::new(Code::BitsOrder, message, range.span, "higher than the range before it")
                    .label(span, "this is lower")
                    .help("put the most significant range first"),
            );
            return;
        }
        *above = Some((lo, range.span));
    }

    fn splice(&mut self, name: &'a Name, line: Span) {
        if let Some(open) = self.open.iter().find(|open| open.node == name.node) {
            let message = format!("fields `{}` takes in itself", name.node);
            self.found.push_once(
                Diagnostic::new(Code::UnknownFields, message, name.span, "leads back to the block itself")
                    .label(open.span, "taken in here first")
                    .help("remove one of the lines"),
            );
            self.whole = false;
            return;
        }
        let blocks: Vec<&'a ast::Fields> = self.model.format.fields().collect();
        let Some(block) = blocks.iter().find(|block| block.name.node == name.node) else {
            let known = blocks.iter().map(|block| block.name.node.as_str());
            self.found.push_once(names::unknown(Code::UnknownFields, "`fields` block", name, known));
            self.whole = false;
            self.blind = true;
            return;
        };
        let outer = self.via;
        self.via = outer.or(Some(line));
        self.open.push(name);
        self.body(&block.body);
        self.open.pop();
        self.via = outer;
    }

    fn what(&mut self, entry: &'a Entry, range: &Range, meaning: &'a Meaning, width: u32) -> What<'a> {
        let field = |name, declaration, software, piece| {
            What::Field(FieldUse { name, docs: &entry.docs, declaration, software, piece })
        };
        match meaning {
            Meaning::Ignored => What::Ignored,
            Meaning::Res0 => What::Res0,
            Meaning::Res1 => What::Res1,
            Meaning::Mbz => What::Mbz,
            Meaning::Mbo => What::Mbo,
            Meaning::Software(None) => What::Software,
            Meaning::Software(Some(name)) => field(name, None, true, None),
            Meaning::Field(declaration) if self.is_output(&declaration.name) => {
                let bare = Slice { name: declaration.name.clone(), bits: None, span: declaration.name.span };
                let _ = range::of_slice(&bare, self.place, self.found);
                What::Unknown
            }
            Meaning::Field(declaration) => field(&declaration.name, Some(declaration), false, None),
            Meaning::Next(slice, level) => {
                self.next_level = self.next_level.or(level.as_ref());
                if self.model.output.is_some() && !self.is_output(&slice.name) {
                    let known = self.model.output.iter().map(|output| output.name.node.as_str());
                    let finding = names::unknown(Code::UnknownAddress, "output address", &slice.name, known);
                    self.found.push_once(
                        finding.note("tables lie where outputs lie: `next` takes bits of the output"),
                    );
                    return What::Unknown;
                }
                self.piece(slice, range, width).map_or(What::Unknown, What::Next)
            }
            Meaning::Slice(slice) if self.is_output(&slice.name) => {
                self.piece(slice, range, width).map_or(What::Unknown, What::Output)
            }
            Meaning::Slice(slice) => match self.piece(slice, range, width) {
                Some(lo) => field(&slice.name, None, false, Some(lo)),
                None => What::Unknown,
            },
            // A constant is no meaning: its line has been taken out before.
            Meaning::Constant(_) => What::Unknown,
            Meaning::If { then, option, otherwise } => match self.model.options.is_on(option, self.found) {
                Some(true) => self.what(entry, range, then, width),
                Some(false) => self.what(entry, range, otherwise, width),
                None => What::Unknown,
            },
        }
    }

    /// Notes the fields of a line that could not be understood.
    fn lose(&mut self, meaning: &'a Meaning) {
        match meaning {
            Meaning::Software(Some(name)) => self.lost.push(&name.node),
            Meaning::Field(field) => self.lost.push(&field.name.node),
            Meaning::Slice(slice) => self.lost.push(&slice.name.node),
            Meaning::If { then, otherwise, .. } => {
                self.lose(then);
                self.lose(otherwise);
            }
            _ => {}
        }
    }

    fn is_output(&self, name: &Name) -> bool {
        self.model.format.outputs().any(|output| output.slice.name.node == name.node)
    }

    /// The lowest bit of `PA[47:12]`, which must be as wide as the range that holds it.
    fn piece(&mut self, slice: &Slice, range: &Range, width: u32) -> Option<u32> {
        let place = Place { limit: 64, ..self.place };
        let Evaluated::Bits(hi, lo) = range::of_slice(slice, place, self.found)? else {
            self.differ(slice, range, width, 0);
            return None;
        };
        if hi - lo + 1 != width {
            self.differ(slice, range, width, hi - lo + 1);
            return None;
        }
        Some(lo)
    }

    fn differ(&mut self, slice: &Slice, range: &Range, width: u32, other: u32) {
        let message = format!(
            "{} of the word hold {} of `{}`",
            text::count(width, "bit"),
            text::count(other, "bit"),
            slice.name.node
        );
        self.found.push_once(
            Diagnostic::new(Code::WidthMismatch, message, slice.span, text::count(other, "bit"))
                .label(range.span, text::count(width, "bit"))
                .help("correct one of the ranges"),
        );
    }
}
