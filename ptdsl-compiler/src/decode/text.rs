//! The words in which the interpreter speaks of bits.

use super::{DecodedField, extract, low_mask};
use crate::ir::{AttributeId, Field, Format, Kind, Piece, RowId};

/// `[5:3]` or `[7]`.
pub(crate) fn range(hi: u32, lo: u32) -> String {
    if hi == lo { format!("[{hi}]") } else { format!("[{hi}:{lo}]") }
}

/// A value of so many bits: binary while the eye can count them, hexadecimal above.
pub(crate) fn number(value: u64, bits: u32) -> String {
    match bits {
        0..=1 => format!("{value}"),
        2..=8 => format!("0b{value:0width$b}", width = bits as usize),
        _ => format!("{value:#x}"),
    }
}

/// `[1:0] = 0b01 and [7] = 1`: the masked bits of a word, run by run, most significant first.
pub(crate) fn bits(mask: u64, raw: u64) -> String {
    let mut runs = Vec::new();
    let mut rest = mask;
    while rest != 0 {
        let hi = 63 - rest.leading_zeros();
        let length = (rest << (63 - hi)).leading_ones();
        let lo = hi + 1 - length;
        runs.push(format!("{} = {}", range(hi, lo), number(extract(raw, hi, lo), length)));
        rest &= low_mask(lo);
    }
    if runs.is_empty() { "the word".to_owned() } else { runs.join(" and ") }
}

/// `Page [49:48] is res0, but 0b01 here`
pub(super) fn reserved_bits(kind: &Kind, piece: &Piece, word: &str, raw: u64, fatal: bool) -> String {
    let found = number(extract(raw, piece.hi, piece.lo), (piece.hi + 1).saturating_sub(piece.lo));
    let tail = if fatal { " (translation fault)" } else { "" };
    format!("{}{} is {word}, but {found} here{tail}", kind.name, range(piece.hi, piece.lo))
}

/// `Page.SH = 0b01 is none of non, outer, inner (translation fault)`
pub(super) fn unlisted(kind: &Kind, decoded: &DecodedField, field: &Field) -> String {
    format!(
        "{}.{} = {} is none of {} (translation fault)",
        kind.name,
        field.name,
        number(decoded.value, field.bits),
        list(field.values.iter().map(|value| value.name.as_str()))
    )
}

/// `prot = rx with memory = device`
pub(crate) fn combination(format: &Format, set: &[(AttributeId, RowId)]) -> String {
    let words: Vec<String> = set
        .iter()
        .map(|&(attribute, row)| {
            let attribute = &format.attributes[attribute.0];
            format!("{} = {}", attribute.name, attribute.rows[row.0].name)
        })
        .collect();
    words.join(" with ")
}

/// `a, b, c`; `nothing` for an empty list.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}
