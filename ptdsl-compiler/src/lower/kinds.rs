//! Levels and their kinds, every bit once.

use super::docs;
use crate::ir::{self, Piece, Role};
use crate::model::text::runs;
use crate::model::{Bits, Kind, Level, Model, What};
use crate::syntax::ast::Entry;

pub(super) fn level(model: &Model<'_>, level: &Level<'_>) -> Option<ir::Level> {
    Some(ir::Level {
        number: level.number,
        shift: level.shift,
        index_bits: level.index_bits(),
        empty: level.ast.empty(),
        kinds: level.kinds.iter().map(|one| kind(model, level, one)).collect::<Option<_>>()?,
    })
}

fn kind(model: &Model<'_>, level: &Level<'_>, kind: &Kind<'_>) -> Option<ir::Kind> {
    let family = kind.ast.name.node.clone();
    let next_level = kind.bits.iter().filter(|bits| kind.is_next_level(bits));
    let named = next_level.fold(0, |mask, bits| mask | crate::cubes::ones(bits.width()) << bits.lo);
    let fixed = runs(kind.pinned.mask & !named).into_iter().map(|(hi, lo)| {
        let value = (kind.pinned.value >> lo) & crate::cubes::ones(hi - lo + 1);
        Piece { hi, lo, role: Role::Fixed { value }, docs: Vec::new() }
    });
    let named = kind.bits.iter().map(|bits| {
        Some(Piece { hi: bits.hi, lo: bits.lo, role: role(model, bits)?, docs: remarks(bits.line) })
    });
    let mut pieces: Vec<Piece> = named.collect::<Option<_>>()?;
    pieces.extend(fixed);
    pieces.sort_by_key(|piece| std::cmp::Reverse(piece.hi));
    Some(ir::Kind {
        name: match kind.each {
            Some(_) => format!("{family}{}", size(level.shift + kind.span)),
            None => family.clone(),
        },
        family,
        class: kind.ast.class,
        docs: docs(kind.docs),
        guard: kind.guard.as_ref()?.list().to_vec(),
        output_bits: model.reach(kind)?,
        pieces,
        span: kind.span,
        next_level: match kind.next_level {
            Some(name) => Some(ir::FieldId(model.field(&name.node)?.0)),
            None => None,
        },
    })
}

/// `64K`: what `2**shift` bytes are called.
fn size(shift: u32) -> String {
    const UNITS: [&str; 7] = ["", "K", "M", "G", "T", "P", "E"];
    format!("{}{}", 1_u64 << (shift % 10), UNITS[(shift / 10) as usize % UNITS.len()])
}

/// What a line of the spec says about itself.
fn remarks(line: &Entry) -> Vec<String> {
    if line.docs.is_empty() { line.remark.iter().cloned().collect() } else { docs(&line.docs) }
}

fn role(model: &Model<'_>, bits: &Bits<'_>) -> Option<Role> {
    Some(match &bits.what {
        What::Ignored => Role::Ignored,
        What::Res0 => Role::Res0,
        What::Res1 => Role::Res1,
        What::Mbz => Role::Mbz,
        What::Mbo => Role::Mbo,
        What::Software => Role::Software,
        What::Field(field) => Role::Field {
            field: ir::FieldId(model.field(&field.name.node)?.0),
            value_lo: field.piece.unwrap_or(0),
        },
        What::Output(lo) => Role::Output { address_lo: *lo },
        What::Next(lo) => Role::Next { address_lo: *lo },
        What::Unknown => return None,
    })
}
