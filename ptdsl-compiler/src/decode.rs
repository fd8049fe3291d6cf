//! Interprets the IR on raw words: what a word says, which word says it, and what registers and operands hold.
//!
//! Generated code is tested against this, and the command's `decode` and `encode` are this.

mod encode;
mod error;
mod evaluate;
#[cfg(test)]
mod tests;
pub(crate) mod text;

pub use encode::{Value, encode};
pub use error::{DecodeError, EncodeError, TableError};
pub use evaluate::{TableParameters, operand, registers, root_level};

use crate::ir::{Attribute, Cube, FieldId, Format, Kind, KindClass, Level, Piece, Role};

/// What a word says at a level.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The level's number.
    pub level: i32,
    /// The word.
    pub raw: u64,
    /// The kind's name in the spec; `invalid` for whatever the walk does not follow.
    pub kind: String,
    /// Invalid, table or leaf.
    pub class: KindClass,
    /// The named fields, most significant first. None for a word that faults although it is not empty.
    pub fields: Vec<DecodedField>,
    /// Bits that are not 0 though the spec gives them no name.
    pub unnamed: Vec<UnnamedBits>,
    /// The output address of a leaf, or the address of the next table. `None` for an invalid word.
    pub output: Option<u64>,
    /// Each attribute that a leaf of this kind carries, with the row that its fields match.
    pub attributes: Vec<(String, Option<String>)>,
    /// What is wrong with the word.
    pub violations: Vec<Violation>,
}

/// A field and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedField {
    /// The spec's name.
    pub name: String,
    /// Where it stands, most significant range first.
    pub ranges: Vec<BitRange>,
    /// Its value.
    pub value: u64,
    /// The name of the value, where it has one.
    pub value_name: Option<String>,
}

/// Bits `lo..=hi` of a word that hold bits `value_lo..` of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitRange {
    /// Highest bit of the word.
    pub hi: u32,
    /// Lowest bit of the word.
    pub lo: u32,
    /// The value's bit that stands in `lo`.
    pub value_lo: u32,
}

/// Bits without a name: ignored by the walk or free for software.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnnamedBits {
    /// Highest bit.
    pub hi: u32,
    /// Lowest bit.
    pub lo: u32,
    /// Their value, shifted down.
    pub value: u64,
    /// `software` rather than `ignored`.
    pub software: bool,
}

/// Something that a word may not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// One sentence, lower case, no full stop, that names the bits.
    pub text: String,
    /// The bits of the word that are wrong.
    pub bits: u64,
    /// Whether the walk faults on it.
    pub fatal: bool,
}

/// What `raw` says at `level`.
///
/// # Errors
/// There is no such level, or `raw` is wider than a descriptor.
pub fn decode(format: &Format, level: i32, raw: u64) -> Result<Decoded, DecodeError> {
    let at = find_level(format, level)?;
    if raw & !low_mask(format.word_bits) != 0 {
        return Err(DecodeError::TooWide { raw, word_bits: format.word_bits });
    }
    let Some(kind) = at.kinds.iter().find(|kind| matches(&kind.guard, raw)) else {
        return Ok(faulting(level, raw, vec![reserved(at, raw)]));
    };
    let fields = fields(format, kind, raw);
    let mut violations: Vec<_> = kind.pieces.iter().filter_map(|piece| breach(kind, piece, raw)).collect();
    for (id, field) in &fields {
        if format.fields[id.0].other_values_fault && field.value_name.is_none() {
            violations.push(Violation {
                text: text::unlisted(kind, field, &format.fields[id.0]),
                bits: field.ranges.iter().fold(0, |mask, range| mask | bit_mask(range.hi, range.lo)),
                fatal: true,
            });
        }
    }
    if violations.iter().any(|violation| violation.fatal) {
        return Ok(faulting(level, raw, violations));
    }
    let rows = if kind.class == KindClass::Leaf { attribute_rows(format, kind, raw) } else { Vec::new() };
    violations.extend(forbidden(format, kind, &rows));
    Ok(Decoded {
        level,
        raw,
        kind: kind_name(kind).to_owned(),
        class: kind.class,
        fields: fields.into_iter().map(|(_, field)| field).collect(),
        unnamed: kind.pieces.iter().filter_map(|piece| unnamed(piece, raw)).collect(),
        output: (kind.class != KindClass::Invalid).then(|| output(kind, raw)),
        attributes: rows
            .into_iter()
            .map(|(attribute, row)| {
                let attribute = &format.attributes[attribute];
                (attribute.name.clone(), row.map(|row| attribute.rows[row].name.clone()))
            })
            .collect(),
        violations,
    })
}

/// A word on which the walk faults although it may not look empty.
fn faulting(level: i32, raw: u64, violations: Vec<Violation>) -> Decoded {
    Decoded {
        level,
        raw,
        kind: INVALID.to_owned(),
        class: KindClass::Invalid,
        fields: Vec::new(),
        unnamed: Vec::new(),
        output: None,
        attributes: Vec::new(),
        violations,
    }
}

const INVALID: &str = "invalid";

/// The kind's name as a user reads and writes it.
fn kind_name(kind: &Kind) -> &str {
    if kind.class == KindClass::Invalid { INVALID } else { &kind.name }
}

fn find_level(format: &Format, number: i32) -> Result<&Level, DecodeError> {
    format.levels.iter().find(|level| level.number == number).ok_or_else(|| DecodeError::NoSuchLevel {
        level: number,
        available: format.levels.iter().map(|level| level.number).collect(),
    })
}

fn reserved(level: &Level, raw: u64) -> Violation {
    let bits = level.kinds.iter().flat_map(|kind| &kind.guard).fold(0, |mask, cube| mask | cube.mask);
    Violation {
        text: format!(
            "reserved encoding: {} is no kind of level {} (translation fault)",
            text::bits(bits, raw),
            level.number
        ),
        bits,
        fatal: true,
    }
}

/// What is wrong with the bits of one piece, by the piece alone.
fn breach(kind: &Kind, piece: &Piece, raw: u64) -> Option<Violation> {
    let ones = low_mask((piece.hi + 1).saturating_sub(piece.lo));
    let (word, want, fatal) = match piece.role {
        Role::Res0 => ("res0", 0, false),
        Role::Res1 => ("res1", ones, false),
        Role::Mbz => ("mbz", 0, true),
        Role::Mbo => ("mbo", ones, true),
        _ => return None,
    };
    (extract(raw, piece.hi, piece.lo) != want).then(|| Violation {
        text: text::reserved_bits(kind, piece, word, raw, fatal),
        bits: bit_mask(piece.hi, piece.lo),
        fatal,
    })
}

fn unnamed(piece: &Piece, raw: u64) -> Option<UnnamedBits> {
    let software = match piece.role {
        Role::Ignored => false,
        Role::Software => true,
        _ => return None,
    };
    let value = extract(raw, piece.hi, piece.lo);
    (value != 0).then_some(UnnamedBits { hi: piece.hi, lo: piece.lo, value, software })
}

fn fields(format: &Format, kind: &Kind, raw: u64) -> Vec<(FieldId, DecodedField)> {
    let mut list: Vec<(FieldId, DecodedField)> = Vec::new();
    for piece in &kind.pieces {
        let Role::Field { field, value_lo } = piece.role else {
            continue;
        };
        let at = list.iter().position(|&(id, _)| id == field).unwrap_or_else(|| {
            let name = format.fields[field.0].name.clone();
            list.push((field, DecodedField { name, ranges: Vec::new(), value: 0, value_name: None }));
            list.len() - 1
        });
        list[at].1.ranges.push(BitRange { hi: piece.hi, lo: piece.lo, value_lo });
        list[at].1.value |= shift_up(extract(raw, piece.hi, piece.lo), value_lo);
    }
    for (id, field) in &mut list {
        let named = format.fields[id.0].values.iter().find(|named| named.value == field.value);
        field.value_name = named.map(|named| named.name.clone());
    }
    list
}

/// The address that a kind's word holds; 0 where the kind holds none.
fn output(kind: &Kind, raw: u64) -> u64 {
    kind.pieces.iter().fold(0, |address, piece| match piece.role {
        Role::Output { address_lo } | Role::Next { address_lo } => {
            address | shift_up(extract(raw, piece.hi, piece.lo), address_lo)
        }
        _ => address,
    })
}

/// The attributes whose fields all exist in the kind, by index, with the row that matches.
fn attribute_rows(format: &Format, kind: &Kind, raw: u64) -> Vec<(usize, Option<usize>)> {
    let list = format.attributes.iter().enumerate();
    list.filter(|(_, attribute)| attribute.fields.iter().all(|&field| has_field(kind, field)))
        .map(|(index, attribute)| (index, matching_row(attribute, kind, raw)))
        .collect()
}

fn matching_row(attribute: &Attribute, kind: &Kind, raw: u64) -> Option<usize> {
    let values: Vec<u64> = attribute.fields.iter().map(|&field| field_value(kind, field, raw)).collect();
    attribute.rows.iter().position(|row| row.values == values)
}

/// The forbidden combinations that a leaf's rows contain.
fn forbidden(format: &Format, kind: &Kind, rows: &[(usize, Option<usize>)]) -> Vec<Violation> {
    let holds = |attribute: usize, row: usize| rows.contains(&(attribute, Some(row)));
    let present = format.forbidden.iter().filter(|set| set.iter().all(|&(a, r)| holds(a.0, r.0)));
    present
        .map(|set| {
            let fields = set.iter().flat_map(|&(attribute, _)| &format.attributes[attribute.0].fields);
            Violation {
                text: format!("forbidden combination: {}", text::combination(format, set)),
                bits: fields.fold(0, |mask, &field| mask | field_mask(kind, field)),
                fatal: false,
            }
        })
        .collect()
}

fn has_field(kind: &Kind, wanted: FieldId) -> bool {
    kind.pieces.iter().any(|piece| matches!(piece.role, Role::Field { field, .. } if field == wanted))
}

fn field_value(kind: &Kind, wanted: FieldId, raw: u64) -> u64 {
    kind.pieces.iter().fold(0, |value, piece| match piece.role {
        Role::Field { field, value_lo } if field == wanted => {
            value | shift_up(extract(raw, piece.hi, piece.lo), value_lo)
        }
        _ => value,
    })
}

fn field_mask(kind: &Kind, wanted: FieldId) -> u64 {
    kind.pieces.iter().fold(0, |mask, piece| match piece.role {
        Role::Field { field, .. } if field == wanted => mask | bit_mask(piece.hi, piece.lo),
        _ => mask,
    })
}

fn matches(guard: &[Cube], raw: u64) -> bool {
    guard.iter().any(|cube| raw & cube.mask == cube.value)
}

/// The lowest `bits` bits.
fn low_mask(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

/// Bits `lo..=hi`.
fn bit_mask(hi: u32, lo: u32) -> u64 {
    shift_up(low_mask((hi + 1).saturating_sub(lo)), lo)
}

/// Bits `lo..=hi` of a word, shifted down.
fn extract(raw: u64, hi: u32, lo: u32) -> u64 {
    raw.checked_shr(lo).unwrap_or(0) & low_mask((hi + 1).saturating_sub(lo))
}

fn shift_up(value: u64, by: u32) -> u64 {
    value.checked_shl(by).unwrap_or(0)
}
