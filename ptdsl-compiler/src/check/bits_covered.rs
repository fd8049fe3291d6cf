//! Every bit of every kind is named exactly once at every level where the kind exists, or decided by its guard.

use crate::cubes::ones;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::text::{self, bits, ranges};
use crate::model::{Bits, FieldUse, Kind, Level, Model, What};
use crate::source::Span;

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    let mut missing: Vec<(Span, u64, &Level<'_>, &Kind<'_>)> = Vec::new();
    for (level, kind) in model.kinds() {
        let named = named_once(kind, found);
        field_pieces(kind, found);
        let gap = ones(model.word_bits) & !named & !kind.pinned.mask;
        if kind.whole && gap != 0 {
            missing.push((kind.ast.name.span, gap, level, kind));
        }
    }
    for (index, (span, gap, level, kind)) in missing.iter().enumerate() {
        if missing[..index].iter().any(|(earlier, ..)| earlier == span) {
            continue;
        }
        let message = format!("`{}` does not name {}", kind.ast.name.node, bits(*gap));
        let mut finding =
            Diagnostic::new(Code::BitsMissing, message, *span, format!("{} missing", ranges(*gap)))
                .help("name every bit; `ignored`, `res0` or `mbz` says what a bit without a meaning does");
        let everywhere = model.kinds().filter(|(_, other)| other.ast.name.span == *span).count();
        let alike = missing.iter().filter(|(other, other_gap, ..)| other == span && other_gap == gap).count();
        if alike != everywhere {
            finding = finding.note(format!("at level {}, where n = {}", level.number, level.shift));
        }
        found.push(finding);
    }
}

fn mask(here: &Bits<'_>) -> u64 {
    ones(here.width()) << here.lo
}

/// Reports bits that are named twice, or although the guard decides them. Returns all named bits.
fn named_once(kind: &Kind<'_>, found: &mut Diagnostics) -> u64 {
    let mut all = 0;
    for (index, here) in kind.bits.iter().enumerate() {
        let mask = mask(here);
        // The level of the next table is a field although the guard bounds it.
        let pinned = if kind.is_next_level(here) { 0 } else { mask & kind.pinned.mask };
        if pinned != 0 {
            let place = here.via.unwrap_or(here.span);
            let message = format!("`{}` names {}, which its guard decides", kind.ast.name.node, bits(pinned));
            let mut finding = Diagnostic::new(Code::BitPinned, message, place, "named here")
                .label(kind.ast.guard.span, "the same in every word of the kind");
            if here.via.is_some() {
                finding = finding.label(here.span, "in this range");
            }
            found.push_once(finding.help("leave the bits out of the body"));
        }
        if all & mask != 0 {
            let earlier = &kind.bits[..index];
            if let Some(other) = earlier.iter().find(|other| self::mask(other) & mask != 0) {
                twice(kind, here, other, self::mask(other) & mask, found);
            }
        }
        all |= mask;
    }
    all
}

fn twice(kind: &Kind<'_>, here: &Bits<'_>, other: &Bits<'_>, both: u64, found: &mut Diagnostics) {
    // Two lines of one block are at fault themselves; otherwise it is the line that took the block in.
    let (place, first) = if here.via == other.via {
        (here.span, other.span)
    } else {
        (here.via.unwrap_or(here.span), other.via.unwrap_or(other.span))
    };
    let message = format!("`{}` names {} twice", kind.ast.name.node, bits(both));
    let mut finding = Diagnostic::new(Code::BitsOverlap, message, place, "named again here");
    if first != place {
        finding = finding.label(first, "named first here");
    }
    found.push_once(finding.help("correct one of the ranges"));
}

/// A field stands in one range, or in pieces that make up all of it.
fn field_pieces(kind: &Kind<'_>, found: &mut Diagnostics) {
    let mut seen: Vec<(&FieldUse<'_>, u64, u32)> = Vec::new();
    let mut places = 0;
    for here in &kind.bits {
        let overlaps = places & mask(here) != 0;
        places |= mask(here);
        let What::Field(field) = &here.what else { continue };
        let lo = field.piece.unwrap_or(0);
        let mask = ones(here.width()) << lo;
        let Some((first, held, top)) = seen.iter_mut().find(|(old, ..)| old.name.node == field.name.node)
        else {
            seen.push((field, mask, lo + here.width()));
            continue;
        };
        // Ranges that overlap have been reported as such.
        if overlaps {
            continue;
        }
        if *held & mask != 0 || first.piece.is_none() != field.piece.is_none() {
            let message = format!("`{}` has field `{}` twice", kind.ast.name.node, field.name.node);
            let label = if field.piece.is_none() { "again".into() } else { format!("{} again", bits(mask)) };
            found.push_once(
                Diagnostic::new(Code::FieldPieces, message, field.name.span, label)
                    .label(first.name.span, "first here")
                    .help("rename one, or say which bits of the field each range holds: `AP[2]`, `AP[1:0]`"),
            );
        }
        *held |= mask;
        *top = (*top).max(lo + here.width());
    }
    for (field, held, top) in seen {
        let gap = ones(top) & !held;
        if gap != 0 && kind.whole {
            let message =
                format!("`{}` has no place for {}{}", kind.ast.name.node, field.name.node, ranges(gap));
            let label = format!("of {}", text::range(top - 1, 0));
            found.push_once(
                Diagnostic::new(Code::FieldPieces, message, field.name.span, label)
                    .help("name every bit of the field from 0 up"),
            );
        }
    }
}
