//! Every bit of a register or operand is given once, and every value fits the bits that it is given to.

use crate::cubes::ones;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir;
use crate::model::Model;
use crate::model::expression::{self, Place};
use crate::model::range::{self, Evaluated, Place as Numbers};
use crate::model::{slots, text};
use crate::source::Span;
use crate::syntax::ast::{BitsValue, Operator, Slots};

/// Registers and operands have 64 bits whatever the word.
const BITS: u32 = 64;

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    for operand in model.format.operands() {
        parts(model, &operand.name.node, (&operand.bits, &[]), Place::Operand, found);
    }
    for register in model.format.registers() {
        let given =
            parts(model, &register.name.node, (&register.bits, &register.slots), Place::Register, found);
        let missing = ones(BITS) & !given.unwrap_or(u64::MAX);
        if missing != 0 && register.otherwise_zero.is_none() {
            let message = format!("register `{}` leaves {} open", register.name.node, text::bits(missing));
            found.push(
                Diagnostic::new(Code::RegisterBits, message, register.name.span, "not all bits are given")
                    .help("give them, or write `otherwise 0;`"),
            );
        }
    }
}

/// Checks the parts and returns the bits that they give; nothing if a range is faulty.
fn parts(
    model: &Model<'_>,
    name: &str,
    (bits, slots): (&[BitsValue], &[Slots]),
    place: Place,
    found: &mut Diagnostics,
) -> Option<u64> {
    let mut given = Given { name, bits: Some(0), earlier: Vec::new() };
    for part in bits {
        let value = expression::resolve(model, &part.value, place, found);
        let Some(Evaluated::Bits(hi, lo)) = range::evaluate(&part.range, Numbers::NUMBERS, found) else {
            given.bits = None;
            continue;
        };
        given.add((hi, lo), part.range.span, found);
        if let Some(value) = value {
            fits(model, part, &value, hi - lo + 1, found);
        }
    }
    for one in slots {
        match slots::expand(model, one, found) {
            Some(all) => all.iter().for_each(|slot| given.add((slot.hi, slot.lo), slot.span, found)),
            None => given.bits = None,
        }
    }
    given.bits
}

/// The bits that were given so far.
struct Given<'a> {
    /// The register or operand.
    name: &'a str,
    /// All of them; nothing after a fault.
    bits: Option<u64>,
    earlier: Vec<(u64, Span)>,
}

impl Given<'_> {
    fn add(&mut self, (hi, lo): (u32, u32), span: Span, found: &mut Diagnostics) {
        let mask = ones(hi - lo + 1) << lo;
        if let Some((_, old)) = self.earlier.iter().find(|(old, _)| old & mask != 0) {
            let message = format!("`{}` gives a bit of {} twice", self.name, text::range(hi, lo));
            found.push_once(
                Diagnostic::new(Code::PartsOverlap, message, span, "given again")
                    .label(*old, "given first here")
                    .help("correct one of the ranges"),
            );
        }
        self.earlier.push((mask, span));
        self.bits = self.bits.map(|bits| bits | mask);
    }
}

fn fits(model: &Model<'_>, part: &BitsValue, value: &ir::Expression, width: u32, found: &mut Diagnostics) {
    let largest = match expression::bounds(model, value) {
        Some((least, greatest)) if greatest > ones(width) => {
            if least == greatest {
                format!("is {greatest:#x}")
            } else {
                format!("may be as large as {greatest:#x}")
            }
        }
        None if always_below_zero(model, value) => "is always negative".into(),
        _ => return,
    };
    let message = format!("the value {largest} and does not fit {}", text::count(width, "bit"));
    found.push_once(
        Diagnostic::new(Code::ValueDoesNotFit, message, part.value.span, "does not fit")
            .label(part.range.span, format!("at most {:#x}", ones(width)))
            .help("widen the range, or give fewer bits of the value"),
    );
}

fn always_below_zero(model: &Model<'_>, value: &ir::Expression) -> bool {
    let ir::Expression::Binary { operator: Operator::Subtract, left, right } = value else { return false };
    let (left, right) = (expression::bounds(model, left), expression::bounds(model, right));
    matches!((left, right), (Some((_, left)), Some((right, _))) if left < right)
}
