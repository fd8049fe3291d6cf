//! Numbers, sizes and expressions as the pages write them.

use super::document::Prose;
use crate::decode::text;
use crate::ir::{Expression, Field, Format, Kind, KindClass, Parameter};
use crate::syntax::ast::Operator;

/// A name as code.
pub(super) fn code(name: &str) -> String {
    format!("`{}`", name.replace('`', "'"))
}

/// Lines of docs as paragraphs; an empty line parts them.
pub(super) fn paragraphs(lines: &[String]) -> Vec<Prose> {
    let paragraphs = lines.split(|line| line.trim().is_empty()).filter(|lines| !lines.is_empty());
    paragraphs.map(|lines| Prose::from(lines.join(" "))).collect()
}

/// Lines of docs as one text.
pub(super) fn docs(lines: &[String]) -> String {
    lines.join(" ").trim().to_owned()
}

/// `4 KiB`, `1 GiB`, `512 B`: a number of bytes in the largest unit that leaves no rest.
pub(super) fn size(bytes: u128) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let step = (bytes.trailing_zeros() / 10).min(6);
    let unit = if bytes == 0 { 0 } else { step };
    format!("{} {}", bytes >> (10 * unit), units[unit as usize])
}

/// All digits of a descriptor's word.
pub(super) fn word(raw: u64, bits: u32) -> String {
    format!("`{raw:#0width$x}`", width = bits as usize / 4 + 2)
}

/// `level 3`, `levels 0 to 2`, `levels 1 and 3`
pub(super) fn levels(numbers: &[i32]) -> String {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    match sorted.as_slice() {
        [] => "no level".to_owned(),
        [only] => format!("level {only}"),
        [first, .., last] if sorted.len() > 2 && sorted.windows(2).all(|two| two[1] - two[0] == 1) => {
            format!("levels {first} to {last}")
        }
        several => format!("levels {}", and(several.iter().map(i32::to_string))),
    }
}

/// `a`, `a and b`, `a, b and c`
pub(super) fn and(items: impl IntoIterator<Item = String>) -> String {
    joined(items, "and")
}

/// `a`, `a or b`, `a, b or c`
pub(super) fn or(items: impl IntoIterator<Item = String>) -> String {
    joined(items, "or")
}

fn joined(items: impl IntoIterator<Item = String>, word: &str) -> String {
    let mut items: Vec<String> = items.into_iter().collect();
    match (items.pop(), items.is_empty()) {
        (None, _) => String::new(),
        (Some(last), true) => last,
        (Some(last), false) => format!("{} {word} {last}", items.join(", ")),
    }
}

/// A value of a field, with its name if it has one: ``0b11 (`inner`)``.
pub(super) fn value(field: &Field, value: u64) -> String {
    let number = text::number(value, field.bits);
    match field.values.iter().find(|named| named.value == value) {
        Some(named) => format!("{number} ({})", code(&named.name)),
        None => number,
    }
}

/// The manual's name of a field, and the spec's where it is another.
pub(super) fn field(field: &Field) -> String {
    if field.name == field.manual_name {
        code(&field.name)
    } else {
        format!("{} ({})", code(&field.manual_name), code(&field.name))
    }
}

/// The kind's name for a reader and for the command.
pub(super) fn kind(kind: &Kind) -> &str {
    if kind.class == KindClass::Invalid { "invalid" } else { &kind.name }
}

/// An expression as the spec writes it, with `|` and `&` as the manuals do.
pub(super) fn expression(format: &Format, expression: &Expression) -> String {
    match expression {
        Expression::Constant(value @ 0..=99) => value.to_string(),
        Expression::Constant(value) => format!("{value:#x}"),
        Expression::Parameter(of) => parameter(format, *of),
        Expression::Bits { of, hi, lo } => format!("{}{}", parameter(format, *of), text::range(*hi, *lo)),
        Expression::Binary { operator, left, right } => {
            let sign = match operator {
                Operator::Or => "|",
                Operator::And => "&",
                Operator::Add => "+",
                Operator::Subtract => "-",
            };
            format!("{} {sign} {}", side(format, left), side(format, right))
        }
        Expression::If { option, then, otherwise } => {
            let name = format.options.get(option.0).map_or("?", |option| option.name.as_str());
            let otherwise = self::expression(format, otherwise);
            format!("{} if {name} else {otherwise}", side(format, then))
        }
    }
}

/// An expression within another: what has parts stands in parentheses.
fn side(format: &Format, part: &Expression) -> String {
    let text = expression(format, part);
    match part {
        Expression::Binary { .. } | Expression::If { .. } => format!("({text})"),
        _ => text,
    }
}

fn parameter(format: &Format, parameter: Parameter) -> String {
    match parameter {
        Parameter::Width => "width".to_owned(),
        Parameter::Root => "root".to_owned(),
        Parameter::RootLevel => "root_level".to_owned(),
        Parameter::OutputCode => format.output.limit.clone(),
        Parameter::Tag => format.tag.as_ref().map_or("tag", |tag| tag.name.as_str()).to_owned(),
        Parameter::Input => format.input.name.clone(),
        Parameter::Level => "level".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_largest_even_unit() {
        let sizes = [0, 8, 512, 4096, 12 << 10, 2 << 20, 512 << 30, 1 << 60, 1 << 63].map(size);
        let expected = ["0 B", "8 B", "512 B", "4 KiB", "12 KiB", "2 MiB", "512 GiB", "1 EiB", "8 EiB"];
        assert_eq!(sizes, expected);
    }

    #[test]
    fn levels_are_listed_in_order() {
        let lists: [&[i32]; 5] = [&[3], &[2, 1], &[2, 1, 0, -1], &[0, 2, 3], &[]];
        let expected = ["level 3", "levels 1 and 2", "levels -1 to 2", "levels 0, 2 and 3", "no level"];
        assert_eq!(lists.map(levels), expected);
    }
}
