//! Worked examples: an address taken apart, words made and read back, registers filled in, all by the interpreter.

use super::attributes::{self, Combination};
use super::document::{Block, Section, Table};
use super::{geometry, rows, words};
use crate::cubes::ones;
use crate::decode::{Decoded, TableParameters, Value, decode, encode, operand, registers, root_level, text};
use crate::ir::{Extend, Format, Kind, KindClass, Level, Operand};

/// Where examples place their tables and pages, if the format has addresses so high.
const BASE: u64 = 0x8000_0000;

pub(super) fn section(format: &Format, spec: &str) -> Section {
    let mut blocks = walk(format);
    blocks.extend(entries(format, spec));
    blocks.extend(table_example(format));
    Section { id: "examples", title: "Examples", blocks }
}

/// An address of so many bits that an entry of 2 to the `shift` bytes may have.
fn sample(bits: u32, shift: u32) -> u64 {
    let aligned = BASE.max(1_u64.checked_shl(shift).unwrap_or(0));
    if aligned & ones(bits) == aligned { aligned } else { 0 }
}

/// An input address with a different index at every level: 1 at the root, 2 below, as far as there are bits.
fn sample_input(format: &Format, root: i32) -> u64 {
    let input = &format.input;
    let levels = format.levels.iter().skip_while(|level| level.number != root);
    let indexes = levels
        .zip(1_u64..)
        .fold(0, |address, (level, index)| address | in_level(level, index) << level.shift);
    let offset = format.levels.last().map_or(0, |level| 0xabc & ones(level.shift));
    let address = (indexes | offset) & ones(input.max_bits);
    let above = !ones(input.max_bits);
    match input.extend {
        Extend::Zero => address,
        Extend::One => address | above,
        Extend::Sign if address >> (input.max_bits - 1) & 1 == 1 => address | above,
        Extend::Sign => address,
    }
}

fn in_level(level: &Level, index: u64) -> u64 {
    index & ones(level.index_bits)
}

/// The indexes of an address, from the widest table's root down.
fn walk(format: &Format) -> Vec<Block> {
    let Ok(root) = root_level(format, format.input.max_bits) else { return Vec::new() };
    let address = sample_input(format, root);
    let mut table = Table::new("Indexes of an address", &["level", "bits", "index", "entry at"]);
    for level in format.levels.iter().skip_while(|level| level.number != root) {
        let index = in_level(level, address >> level.shift);
        let offset = index * u64::from(format.word_bits / 8);
        table.row(vec![
            level.number.to_string().into(),
            geometry::index(format, level).into(),
            index.to_string().into(),
            format!("table + `{offset:#x}`").into(),
        ]);
    }
    let name = words::code(&format.input.name);
    vec![
        Block::Heading("An address, level by level".into()),
        Block::Text(
            format!(
                "{name} `{address:#x}` in a table of {} input bits, if no leaf ends the walk before:",
                format.input.max_bits
            )
            .into(),
        ),
        Block::Table(table),
    ]
}

/// A table descriptor, and a leaf of each kind and level, each with other attributes.
fn entries(format: &Format, spec: &str) -> Vec<Block> {
    let allowed = attributes::combinations(format).unwrap_or_else(|| vec![first(format)]);
    let allowed: Vec<Combination> =
        allowed.into_iter().filter(|rows| attributes::excluded(format, rows).is_none()).collect();
    let mut combinations = allowed.iter().cycle();
    let mut blocks = Vec::new();
    let mut table_shown = false;
    for level in &format.levels {
        for kind in &level.kinds {
            let (shift, attributes) = match kind.class {
                KindClass::Invalid => continue,
                KindClass::Table if table_shown => continue,
                KindClass::Table => {
                    table_shown = true;
                    (format.granule_shift, Vec::new())
                }
                KindClass::Leaf => {
                    let rows = combinations.next();
                    (level.shift, rows.map_or(Vec::new(), |rows| attributes::assignments(format, rows)))
                }
            };
            let output = (format.output.name.as_str(), Value::Number(sample(kind.output_bits, shift)));
            let assignments: Vec<(&str, Value)> = [output].into_iter().chain(attributes).collect();
            blocks.extend(entry(format, spec, level, kind, &assignments));
        }
    }
    blocks
}

fn first(format: &Format) -> Combination {
    format.attributes.iter().map(|_| crate::ir::RowId(0)).collect()
}

fn entry(
    format: &Format,
    spec: &str,
    level: &Level,
    kind: &Kind,
    assignments: &[(&str, Value)],
) -> Vec<Block> {
    let said: Vec<String> = assignments
        .iter()
        .map(|(name, value)| match value {
            Value::Number(number) => format!("{name}={number:#x}"),
            Value::Name(row) => format!("{name}={row}"),
        })
        .collect();
    let command = format!("ptdsl encode {spec} {} --level {} {}", kind.name, level.number, said.join(" "));
    let heading = Block::Heading(format!("{} at level {}", words::code(&kind.name), level.number).into());
    let made = encode(format, level.number, &kind.name, assignments).map_err(|error| error.to_string());
    let read = made.and_then(|raw| decode(format, level.number, raw).map_err(|error| error.to_string()));
    match read {
        Ok(decoded) => {
            let word = words::word(decoded.raw, format.word_bits);
            let (command, meaning) = (words::code(&command), meaning(format, &decoded));
            let table = fields(format, &decoded);
            let end = if table.rows.is_empty() { '.' } else { ':' };
            let text = format!("{command} gives {word}, which reads back as {meaning}{end}");
            let table = (!table.rows.is_empty()).then_some(Block::Table(table));
            [heading, Block::Text(text.into())].into_iter().chain(table).collect()
        }
        Err(error) => vec![heading, Block::Text(format!("{}: {error}", words::code(&command)).into())],
    }
}

/// The kind, the address and the attributes of a word.
fn meaning(format: &Format, decoded: &Decoded) -> String {
    let mut text = words::code(&decoded.kind);
    if let Some(output) = decoded.output {
        text.push_str(&format!(" with {} `{output:#x}`", words::code(&format.output.name)));
    }
    let attributes = decoded
        .attributes
        .iter()
        .map(|(name, row)| words::code(&format!("{name} = {}", row.as_deref().unwrap_or("(no row)"))));
    let attributes = words::and(attributes);
    if attributes.is_empty() { text } else { format!("{text}, {attributes}") }
}

fn fields(format: &Format, decoded: &Decoded) -> Table {
    // Without a named value there is nothing to say in the last column.
    let columns = if decoded.fields.iter().any(|field| field.value_name.is_some()) { 4 } else { 3 };
    let mut table = Table::new("Fields of the word", &["bits", "field", "value", "name"][..columns]);
    for field in &decoded.fields {
        let declared = format.fields.iter().find(|declared| declared.name == field.name);
        let bits = field.ranges.iter().map(|range| rows::bits(range.hi, range.lo)).collect::<Vec<_>>();
        let mut cells = vec![
            bits.join(", ").into(),
            declared.map_or(String::new(), |declared| words::code(&declared.manual_name)).into(),
            text::number(field.value, declared.map_or(64, |declared| declared.bits)).into(),
            field.value_name.as_deref().map_or(String::new(), words::code).into(),
        ];
        cells.truncate(columns);
        table.row(cells);
    }
    table
}

/// Registers of a table, and operands for its first page.
fn table_example(format: &Format) -> Vec<Block> {
    let Some(choice) = format.output.choices.last() else { return Vec::new() };
    let width = format.input.max_bits;
    let Ok(level) = root_level(format, width) else { return Vec::new() };
    let table = TableParameters {
        width,
        output_bits: choice.bits,
        root: sample(format.output.bits, format.granule_shift),
        tag: u64::from(format.tag.is_some()),
        options: &[],
    };
    let input = sample_input(format, level);
    let last = format.levels.last().map_or(level, |level| level.number);
    let mut values = Table::new("Registers and operands", &["what", "value"]);
    for (name, value) in registers(format, &table).unwrap_or_default() {
        values.row(vec![words::code(&name).into(), format!("`{value:#x}`").into()]);
    }
    let mut seen: Vec<&Operand> = Vec::new();
    let steps = format.sequences.iter().flat_map(|sequence| sequence.before.iter().chain(&sequence.after));
    for one in steps.flat_map(|step| &step.operands) {
        if let (false, Ok(value)) = (seen.contains(&one), operand(format, one, &table, input, last)) {
            seen.push(one);
            values.row(vec![
                format!("operand {}", words::code(&one.name)).into(),
                format!("`{value:#x}`").into(),
            ]);
        }
    }
    if values.rows.is_empty() {
        return Vec::new();
    }
    let tag = format.tag.as_ref().map_or(String::new(), |tag| format!(", {} = 1", words::code(&tag.name)));
    let text = format!(
        "A table of {width} input and {} output bits with its root at `{:#x}`, options off{tag}; operands are for the entry at \
         level {last} of {} `{input:#x}`:",
        choice.bits,
        table.root,
        words::code(&format.input.name)
    );
    vec![Block::Heading("Registers and operands".into()), Block::Text(text.into()), Block::Table(values)]
}
