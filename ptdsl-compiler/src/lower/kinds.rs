//! Levels and their kinds, every bit once.

use super::docs;
use crate::ir::{self, Piece, Role};
use crate::model::text::runs;
use crate::model::{Bits, Kind, Level, Model, What};

pub(super) fn level(model: &Model<'_>, level: &Level<'_>) -> Option<ir::Level> {
    Some(ir::Level {
        number: level.number,
        shift: level.shift,
        index_bits: level.index_bits(),
        empty: level.ast.empty(),
        kinds: level.kinds.iter().map(|one| kind(model, one)).collect::<Option<_>>()?,
    })
}

fn kind(model: &Model<'_>, kind: &Kind<'_>) -> Option<ir::Kind> {
    let fixed = runs(kind.pinned.mask).into_iter().map(|(hi, lo)| {
        let value = (kind.pinned.value >> lo) & crate::cubes::ones(hi - lo + 1);
        Piece { hi, lo, role: Role::Fixed { value } }
    });
    let named =
        kind.bits.iter().map(|bits| Some(Piece { hi: bits.hi, lo: bits.lo, role: role(model, bits)? }));
    let mut pieces: Vec<Piece> = named.collect::<Option<_>>()?;
    pieces.extend(fixed);
    pieces.sort_by_key(|piece| std::cmp::Reverse(piece.hi));
    Some(ir::Kind {
        name: kind.ast.name.node.clone(),
        class: kind.ast.class,
        docs: docs(kind.docs),
        guard: kind.guard.as_ref()?.list().to_vec(),
        output_bits: model.reach(kind)?,
        pieces,
    })
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
