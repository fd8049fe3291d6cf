//! Sizes: of pages, tables and addresses, and which level a walk begins at.

use super::document::{Block, Prose, Section, Table};
use super::words;
use crate::decode::root_level;
use crate::decode::text;
use crate::ir::{Empty, Extend, Format, Level};

pub(super) fn section(format: &Format) -> Section {
    let mut blocks = vec![facts(format), levels(format)];
    blocks.extend(empty_slots(format));
    blocks.extend(roots(format));
    blocks.extend(options(format));
    Section { id: "geometry", title: "Geometry", blocks }
}

/// `39 to 48`, or one number.
pub(super) fn input_bits(format: &Format) -> String {
    let input = &format.input;
    if input.min_bits == input.max_bits {
        input.max_bits.to_string()
    } else {
        format!("{} to {}", input.min_bits, input.max_bits)
    }
}

pub(super) fn granule(format: &Format) -> String {
    words::size(1 << format.granule_shift)
}

fn facts(format: &Format) -> Block {
    let (input, output) = (&format.input, &format.output);
    let extend = match input.extend {
        Extend::Zero => "the bits above are 0".to_owned(),
        Extend::One => "the bits above are 1".to_owned(),
        Extend::Sign => "the bits above are copies of the highest".to_owned(),
    };
    let tag = format.tag.as_ref().map(|tag| {
        let name = words::code(&tag.name);
        format!("Tag: {name} of {} bits tells a table's translations from those of others", tag.bits)
    });
    Block::List(
        [
            format!("Granule: {}", granule(format)),
            format!("Descriptor: {} bits, {}", format.word_bits, words::size(entry_bytes(format))),
            format!("Input: {} of {} bits; {extend}", words::code(&input.name), input_bits(format)),
            format!("Output: {} of {} bits{}", words::code(&output.name), output.bits, limits(format)),
            format!("Instructions: {}", words::code(&format.arch)),
        ]
        .into_iter()
        .chain(tag)
        .map(Prose::from)
        .collect(),
    )
}

/// What a table's outputs may be limited to, with the codes of the limits.
fn limits(format: &Format) -> String {
    let output = &format.output;
    if output.choices.len() < 2 {
        return String::new();
    }
    let name = words::code(&output.limit);
    let bits = words::or(output.choices.iter().map(|choice| {
        if choice.most_input < format.input.max_bits {
            format!("{} (with up to {} input bits)", choice.bits, choice.most_input)
        } else {
            choice.bits.to_string()
        }
    }));
    let text = format!("; each table has a limit, {name}: {bits} bits");
    if output.choices.iter().all(|choice| choice.code == u64::from(choice.bits)) {
        return text;
    }
    let codes = words::or(output.choices.iter().map(|choice| choice.code.to_string()));
    format!("{text} (coded {codes})")
}

fn entry_bytes(format: &Format) -> u128 {
    u128::from(format.word_bits / 8)
}

/// Bytes of a table that has so many index bits.
fn table_bytes(format: &Format, index_bits: u32) -> u128 {
    entry_bytes(format) << index_bits
}

/// `VA[38:30]`
pub(super) fn index(format: &Format, level: &Level) -> String {
    let hi = (level.shift + level.index_bits).saturating_sub(1);
    words::code(&format!("{}{}", format.input.name, text::range(hi, level.shift)))
}

fn levels(format: &Format) -> Block {
    let head = ["level", "index", "entries", "table", "an entry maps", "kinds"];
    let mut table = Table::new("Levels", &head);
    for level in &format.levels {
        let kinds = level.kinds.iter().map(words::kind).map(words::code).collect::<Vec<_>>();
        table.row(vec![
            level.number.to_string().into(),
            index(format, level).into(),
            (1_u128 << level.index_bits).to_string().into(),
            words::size(table_bytes(format, level.index_bits)).into(),
            words::size(1 << level.shift).into(),
            kinds.join(", ").into(),
        ]);
    }
    Block::Table(table)
}

/// What empty slots hold where it is not 0.
fn empty_slots(format: &Format) -> Option<Block> {
    let lines = format.levels.iter().filter_map(|level| {
        let what = match level.empty {
            Empty::Word(0) => return None,
            Empty::Word(word) => words::word(word, format.word_bits),
            Empty::Sentinel => "a pointer to a table that has nothing but empty slots".to_owned(),
        };
        Some(format!("An empty slot at level {} holds {what}", level.number).into())
    });
    let lines: Vec<Prose> = lines.collect();
    (!lines.is_empty()).then_some(Block::List(lines))
}

/// Which level is the root's, by the input's width. Nothing if all tables have the same width.
fn roots(format: &Format) -> Option<Block> {
    let input = &format.input;
    if input.min_bits == input.max_bits {
        return None;
    }
    let mut table = Table::new("Roots", &["input bits", "root level", "root table"]);
    let mut widths = (input.min_bits..=input.max_bits).rev().peekable();
    while let Some(widest) = widths.next() {
        let number = root_level(format, widest).ok()?;
        let mut narrowest = widest;
        while let Some(width) = widths.next_if(|&width| root_level(format, width) == Ok(number)) {
            narrowest = width;
        }
        let level = format.levels.iter().find(|level| level.number == number)?;
        let bytes = |width| words::size(table_bytes(format, width - level.shift));
        let (bits, bytes) = if narrowest == widest {
            (widest.to_string(), bytes(widest))
        } else {
            (format!("{narrowest} to {widest}"), format!("{} to {}", bytes(narrowest), bytes(widest)))
        };
        table.row(vec![bits.into(), number.to_string().into(), bytes.into()]);
    }
    Some(Block::Table(table))
}

/// What a table is created with.
fn options(format: &Format) -> Vec<Block> {
    if format.options.is_empty() {
        return Vec::new();
    }
    let lines = format.options.iter().map(|option| {
        let docs = words::docs(&option.docs);
        let name = words::code(&option.name);
        Prose::from(if docs.is_empty() { name } else { format!("{name}: {docs}") })
    });
    vec![
        Block::Text("Each table has these options, off unless asked for:".into()),
        Block::List(lines.collect()),
    ]
}
