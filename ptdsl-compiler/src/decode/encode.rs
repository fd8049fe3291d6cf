//! Makes a word from the names and values that the spec gives it.

use super::{
    EncodeError, bit_mask, decode, find_level, has_field, kind_name, low_mask, matches, shift_up, text,
};
use crate::ir::{Attribute, Empty, Field, FieldId, Format, Kind, KindClass, Level, Role};
use crate::suggest::closest;

/// The right side of an assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u64),
    /// The name of a field's value or of an attribute's row.
    Name(String),
}

/// The word of a kind (any case) at a level, from assignments.
///
/// A name on the left is a field (the spec's name or the manual's), the address (its own name, or `next`, or `output`),
/// an attribute, or free bits by number (`[58:55]`). What is not assigned keeps its default. Where the kind's guard
/// leaves a choice, the first alternative that agrees with the assignments is taken.
///
/// # Errors
/// A name or a value that does not exist, an address that the kind cannot hold, assignments that contradict each
/// other, and a word that the format forbids.
pub fn encode(
    format: &Format,
    level: i32,
    kind: &str,
    assignments: &[(&str, Value)],
) -> Result<u64, EncodeError> {
    let at = find_level(format, level)?;
    let kind = find_kind(at, kind)?;
    let mut word = Word { raw: start(format, at, kind), taken: Vec::new() };
    for (name, value) in assignments {
        assign(format, at, kind, &mut word, name, value)?;
    }
    let assigned = word.taken.iter().fold(0, |mask, &(bits, ..)| mask | bits);
    if !matches(&kind.guard, word.raw) {
        let fitting = kind.guard.iter().find(|cube| (word.raw ^ cube.value) & cube.mask & assigned == 0);
        if let Some(cube) = fitting {
            word.raw = word.raw & !cube.mask | cube.value;
        }
    }
    checked(format, level, kind, word.raw)
}

/// A word and the bits that assignments have taken: which, to what, and by which name.
struct Word {
    raw: u64,
    taken: Vec<(u64, u64, String)>,
}

impl Word {
    /// Gives some bits a value, unless another assignment gave them another.
    fn set(&mut self, mask: u64, bits: u64, name: &str) -> Result<(), EncodeError> {
        for (other, value, with) in &self.taken {
            if (value ^ bits) & mask & other != 0 {
                return Err(EncodeError::Conflict { name: name.to_owned(), with: with.clone() });
            }
        }
        self.raw = self.raw & !mask | bits;
        self.taken.push((mask, bits, name.to_owned()));
        Ok(())
    }
}

/// The word if it is of the kind and breaks nothing.
fn checked(format: &Format, level: i32, kind: &Kind, raw: u64) -> Result<u64, EncodeError> {
    let decoded = decode(format, level, raw)?;
    match decoded.violations.first() {
        Some(violation) if matches(&kind.guard, raw) => {
            Err(EncodeError::Violation { raw, text: violation.text.clone() })
        }
        None if decoded.kind == kind_name(kind) => Ok(raw),
        violation => Err(EncodeError::NotOfKind {
            kind: kind_name(kind).to_owned(),
            raw,
            instead: violation.map_or(decoded.kind, |violation| violation.text.clone()),
        }),
    }
}

fn find_kind<'a>(level: &'a Level, wanted: &str) -> Result<&'a Kind, EncodeError> {
    let found = level.kinds.iter().find(|kind| kind_name(kind).eq_ignore_ascii_case(wanted));
    found.ok_or_else(|| {
        let names = || level.kinds.iter().map(kind_name);
        EncodeError::NoSuchKind {
            kind: wanted.to_owned(),
            level: level.number,
            available: names().map(str::to_owned).collect(),
            suggestion: closest(wanted, names()).map(str::to_owned),
        }
    })
}

/// The word before any assignment.
fn start(format: &Format, level: &Level, kind: &Kind) -> u64 {
    if let (KindClass::Invalid, Empty::Word(word)) = (kind.class, level.empty)
        && matches(&kind.guard, word)
    {
        return word;
    }
    kind.pieces.iter().fold(0, |word, piece| {
        let bits = match piece.role {
            Role::Fixed { value } => value,
            Role::Res1 | Role::Mbo => u64::MAX,
            Role::Field { field, value_lo } => {
                format.fields[field.0].default.checked_shr(value_lo).unwrap_or(0)
            }
            Role::Ignored
            | Role::Res0
            | Role::Mbz
            | Role::Software
            | Role::Output { .. }
            | Role::Next { .. } => 0,
        };
        word | shift_up(bits, piece.lo) & bit_mask(piece.hi, piece.lo)
    })
}

fn assign(
    format: &Format,
    level: &Level,
    kind: &Kind,
    word: &mut Word,
    name: &str,
    value: &Value,
) -> Result<(), EncodeError> {
    if name.starts_with('[') {
        return assign_bits(kind, word, name, value);
    }
    let fields = format.fields.iter().enumerate();
    let mut present = fields.filter(|&(index, _)| has_field(kind, FieldId(index)));
    if let Some((index, field)) = present.find(|(_, field)| field.name == name || field.manual_name == name) {
        let value = field_number(field, value)?;
        let (mask, bits) = place_field(kind, FieldId(index), value);
        return word.set(mask, bits, name);
    }
    if address_name(format, kind).is_some() && [format.output.name.as_str(), "next", "output"].contains(&name)
    {
        let (mask, bits) = place_address(format, level, kind, value)?;
        return word.set(mask, bits, name);
    }
    if let Some(attribute) = attributes(format, kind).find(|attribute| attribute.name == name) {
        let row = find_row(attribute, value)?;
        for (&field, &value) in attribute.fields.iter().zip(&attribute.rows[row].values) {
            let (mask, bits) = place_field(kind, field, value);
            word.set(mask, bits, &format!("{name} = {}", attribute.rows[row].name))?;
        }
        return Ok(());
    }
    let available = names(format, kind);
    Err(EncodeError::NoSuchName {
        name: name.to_owned(),
        kind: kind_name(kind).to_owned(),
        suggestion: closest(name, available.iter().map(String::as_str)).map(str::to_owned),
        available,
    })
}

/// Everything that may stand on the left of an assignment, but for bits by number.
fn names(format: &Format, kind: &Kind) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for piece in &kind.pieces {
        let Role::Field { field, .. } = piece.role else {
            continue;
        };
        let name = &format.fields[field.0].name;
        if !list.contains(name) {
            list.push(name.clone());
        }
    }
    list.extend(address_name(format, kind));
    list.extend(attributes(format, kind).map(|attribute| attribute.name.clone()));
    list
}

fn address_name(format: &Format, kind: &Kind) -> Option<String> {
    let held = kind.pieces.iter().any(|piece| matches!(piece.role, Role::Output { .. } | Role::Next { .. }));
    held.then(|| format.output.name.clone())
}

/// The attributes that a kind carries.
fn attributes<'a>(format: &'a Format, kind: &'a Kind) -> impl Iterator<Item = &'a Attribute> {
    let list = format.attributes.iter().filter(|_| kind.class == KindClass::Leaf);
    list.filter(|attribute| attribute.fields.iter().all(|&field| has_field(kind, field)))
}

fn field_number(field: &Field, value: &Value) -> Result<u64, EncodeError> {
    let names = || field.values.iter().map(|value| value.name.as_str());
    let unknown = |value: String| EncodeError::NoSuchValue {
        name: field.name.clone(),
        suggestion: closest(&value, names()).map(str::to_owned),
        value,
        available: names().map(str::to_owned).collect(),
        numbers: !field.other_values_fault,
    };
    match value {
        Value::Name(name) => {
            let found = field.values.iter().find(|value| value.name == *name);
            found.map(|value| value.value).ok_or_else(|| unknown(name.clone()))
        }
        Value::Number(number) if *number > low_mask(field.bits) => Err(EncodeError::TooLarge {
            name: field.name.clone(),
            value: *number,
            maximum: low_mask(field.bits),
        }),
        Value::Number(number) => {
            if field.other_values_fault && field.values.iter().all(|value| value.value != *number) {
                return Err(unknown(text::number(*number, field.bits)));
            }
            Ok(*number)
        }
    }
}

fn find_row(attribute: &Attribute, value: &Value) -> Result<usize, EncodeError> {
    let names = || attribute.rows.iter().map(|row| row.name.as_str());
    let wanted = match value {
        Value::Name(name) => name.clone(),
        Value::Number(number) => number.to_string(),
    };
    names().position(|name| name == wanted).ok_or_else(|| EncodeError::NoSuchValue {
        name: attribute.name.clone(),
        suggestion: closest(&wanted, names()).map(str::to_owned),
        value: wanted.clone(),
        available: names().map(str::to_owned).collect(),
        numbers: false,
    })
}

fn place_field(kind: &Kind, wanted: FieldId, value: u64) -> (u64, u64) {
    kind.pieces.iter().fold((0, 0), |(mask, bits), piece| match piece.role {
        Role::Field { field, value_lo } if field == wanted => {
            let here = bit_mask(piece.hi, piece.lo);
            (mask | here, bits | shift_up(value.checked_shr(value_lo).unwrap_or(0), piece.lo) & here)
        }
        _ => (mask, bits),
    })
}

fn place_address(
    format: &Format,
    level: &Level,
    kind: &Kind,
    value: &Value,
) -> Result<(u64, u64), EncodeError> {
    let value = match value {
        Value::Number(number) => *number,
        Value::Name(name) => {
            return Err(EncodeError::NoSuchValue {
                name: format.output.name.clone(),
                value: name.clone(),
                available: Vec::new(),
                suggestion: None,
                numbers: true,
            });
        }
    };
    let (mut mask, mut bits, mut held) = (0, 0, 0);
    for piece in &kind.pieces {
        let (Role::Output { address_lo } | Role::Next { address_lo }) = piece.role else {
            continue;
        };
        let length = (piece.hi + 1).saturating_sub(piece.lo);
        let part = value.checked_shr(address_lo).unwrap_or(0) & low_mask(length);
        held |= shift_up(low_mask(length), address_lo);
        mask |= bit_mask(piece.hi, piece.lo);
        bits |= shift_up(part, piece.lo);
    }
    if value & !held != 0 {
        return Err(EncodeError::Address {
            name: format.output.name.clone(),
            value,
            kind: kind_name(kind).to_owned(),
            level: level.number,
            lowest: held.trailing_zeros(),
            maximum: held,
        });
    }
    Ok((mask, bits))
}

/// `[58:55]` or `[63]`: bits that the spec leaves free and unnamed.
fn assign_bits(kind: &Kind, word: &mut Word, name: &str, value: &Value) -> Result<(), EncodeError> {
    let free = || kind.pieces.iter().filter(|piece| matches!(piece.role, Role::Ignored | Role::Software));
    let not_free = || EncodeError::NotFree {
        range: name.to_owned(),
        kind: kind_name(kind).to_owned(),
        available: free().map(|piece| text::range(piece.hi, piece.lo)).collect(),
    };
    let (hi, lo) = parse_range(name).ok_or_else(not_free)?;
    if !free().any(|piece| piece.hi >= hi && hi >= lo && lo >= piece.lo) {
        return Err(not_free());
    }
    let maximum = low_mask(hi - lo + 1);
    match value {
        Value::Number(number) if *number <= maximum => {
            word.set(bit_mask(hi, lo), shift_up(*number, lo), name)
        }
        Value::Number(number) => {
            Err(EncodeError::TooLarge { name: name.to_owned(), value: *number, maximum })
        }
        Value::Name(value) => Err(EncodeError::NoSuchValue {
            name: name.to_owned(),
            value: value.clone(),
            available: Vec::new(),
            suggestion: None,
            numbers: true,
        }),
    }
}

fn parse_range(text: &str) -> Option<(u32, u32)> {
    let inside = text.strip_prefix('[')?.strip_suffix(']')?;
    let (hi, lo) = inside.split_once(':').unwrap_or((inside, inside));
    Some((hi.trim().parse().ok()?, lo.trim().parse().ok()?))
}
