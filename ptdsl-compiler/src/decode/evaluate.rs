//! Computes what registers and operands hold for a table.

use super::{TableError, bit_mask, extract, shift_up};
use crate::ir::{Expression, Format, Operand, Parameter, Part};
use crate::suggest::closest;
use crate::syntax::ast::Operator;

/// What a table was created with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableParameters<'a> {
    /// Number of input bits.
    pub width: u32,
    /// Number of output bits.
    pub output_bits: u32,
    /// Physical address of the root table.
    pub root: u64,
    /// The tag: ASID, VMID, PCID; 0 where the format has none.
    pub tag: u64,
    /// Names of the options that are on.
    pub options: &'a [&'a str],
}

/// Everything that an expression may name.
struct Values {
    width: u64,
    root: u64,
    root_level: u64,
    output_code: u64,
    tag: u64,
    input: u64,
    level: u64,
    options: Vec<bool>,
}

/// The registers of a table, in the spec's order: name and value.
///
/// # Errors
/// The format has no table of these parameters.
pub fn registers(format: &Format, table: &TableParameters<'_>) -> Result<Vec<(String, u64)>, TableError> {
    let values = values(format, table)?;
    Ok(format
        .registers
        .iter()
        .map(|register| (register.name.clone(), fill(&register.parts, &values)))
        .collect())
}

/// An operand for the entry at `level` that maps `input`.
///
/// # Errors
/// The format has no table of these parameters.
pub fn operand(
    format: &Format,
    operand: &Operand,
    table: &TableParameters<'_>,
    input: u64,
    level: i32,
) -> Result<u64, TableError> {
    let mut values = values(format, table)?;
    values.input = input;
    values.level = number(level);
    Ok(fill(&operand.parts, &values))
}

/// The level of the root of a table of `width` input bits: the highest that still has an index bit.
///
/// # Errors
/// The format has no table of that width.
pub fn root_level(format: &Format, width: u32) -> Result<i32, TableError> {
    let input = &format.input;
    let level = format.levels.iter().find(|level| level.shift < width);
    match level {
        Some(level) if (input.min_bits..=input.max_bits).contains(&width) => Ok(level.number),
        _ => Err(TableError::Width { width, minimum: input.min_bits, maximum: input.max_bits }),
    }
}

fn values(format: &Format, table: &TableParameters<'_>) -> Result<Values, TableError> {
    let root_level = root_level(format, table.width)?;
    let choices = &format.output.choices;
    let choice = choices.iter().find(|choice| choice.bits == table.output_bits);
    let choice = choice.ok_or_else(|| TableError::OutputBits {
        bits: table.output_bits,
        available: choices.iter().map(|choice| choice.bits).collect(),
    })?;
    if table.width > choice.most_input {
        return Err(TableError::WidthForOutput {
            width: table.width,
            bits: choice.bits,
            maximum: choice.most_input,
        });
    }
    let names = || format.options.iter().map(|option| option.name.as_str());
    let mut options = vec![false; format.options.len()];
    for &wanted in table.options {
        match names().position(|name| name == wanted) {
            Some(at) => options[at] = true,
            None => {
                return Err(TableError::NoSuchOption {
                    name: wanted.to_owned(),
                    available: names().map(str::to_owned).collect(),
                    suggestion: closest(wanted, names()).map(str::to_owned),
                });
            }
        }
    }
    Ok(Values {
        width: u64::from(table.width),
        root: table.root,
        root_level: number(root_level),
        output_code: choice.code,
        tag: table.tag,
        input: 0,
        level: 0,
        options,
    })
}

/// A level's number as a word: arithmetic wraps, so a negative one stays itself in as many bits as are taken.
fn number(level: i32) -> u64 {
    i64::from(level).cast_unsigned()
}

fn fill(parts: &[Part], values: &Values) -> u64 {
    parts.iter().fold(0, |word, part| {
        word | (shift_up(evaluate(&part.value, values), part.lo) & bit_mask(part.hi, part.lo))
    })
}

fn evaluate(expression: &Expression, values: &Values) -> u64 {
    match expression {
        Expression::Constant(value) => *value,
        Expression::Parameter(of) => parameter(*of, values),
        Expression::Bits { of, hi, lo } => extract(parameter(*of, values), *hi, *lo),
        Expression::Binary { operator, left, right } => {
            let (left, right) = (evaluate(left, values), evaluate(right, values));
            match operator {
                Operator::Or => left | right,
                Operator::And => left & right,
                Operator::Add => left.wrapping_add(right),
                Operator::Subtract => left.wrapping_sub(right),
            }
        }
        Expression::If { option, then, otherwise } => {
            let on = values.options.get(option.0).copied().unwrap_or(false);
            evaluate(if on { then } else { otherwise }, values)
        }
    }
}

fn parameter(of: Parameter, values: &Values) -> u64 {
    match of {
        Parameter::Width => values.width,
        Parameter::Root => values.root,
        Parameter::RootLevel => values.root_level,
        Parameter::OutputCode => values.output_code,
        Parameter::Tag => values.tag,
        Parameter::Input => values.input,
        Parameter::Level => values.level,
    }
}
