//! Every kind of descriptor, drawn as it looks at each level, and the named values of fields.

use super::diagram::{Diagram, Look};
use super::document::{Block, LegendItem, Section, Table};
use super::{rows, words};
use crate::cubes::{Cubes, Work};
use crate::decode::text;
use crate::ir::{Cube, Format, Kind, KindClass, Level};

pub(super) fn section(format: &Format) -> Section {
    let mut blocks = Vec::new();
    for (name, layouts) in kinds(format) {
        blocks.extend(kind(format, &name, &layouts));
    }
    blocks.insert(0, Block::Legend(legend(&blocks)));
    blocks.extend(reserved(format));
    blocks.extend(values(format));
    Section { id: "descriptors", title: "Descriptors", blocks }
}

/// The patterns that some diagram has.
fn legend(blocks: &[Block]) -> Vec<LegendItem> {
    let diagrams = || {
        blocks.iter().filter_map(|block| match block {
            Block::Diagram(diagram) => Some(diagram),
            _ => None,
        })
    };
    let used = Look::ALL.into_iter().filter(|&(look, _)| diagrams().any(|diagram| diagram.has(look)));
    used.map(|(look, meaning)| LegendItem { class: look.class(), meaning }).collect()
}

/// The levels at which a kind looks the same, and how.
pub(super) type Layout<'a> = (Vec<i32>, &'a Kind);

/// Every kind by name with its layouts: invalid, tables, then leaves.
pub(super) fn kinds(format: &Format) -> Vec<(String, Vec<Layout<'_>>)> {
    let mut kinds: Vec<(String, Vec<Layout<'_>>)> = Vec::new();
    for level in &format.levels {
        for kind in &level.kinds {
            let at = kinds.iter().position(|(name, _)| *name == kind.name).unwrap_or_else(|| {
                kinds.push((kind.name.clone(), Vec::new()));
                kinds.len() - 1
            });
            let layouts = &mut kinds[at].1;
            match layouts.iter_mut().find(|(_, known)| *known == kind) {
                Some((levels, _)) => levels.push(level.number),
                None => layouts.push((vec![level.number], kind)),
            }
        }
    }
    let class = |layouts: &[Layout<'_>]| layouts.first().map_or(0, |(_, kind)| order(kind.class));
    kinds.sort_by_key(|(_, layouts)| class(layouts));
    kinds
}

fn order(class: KindClass) -> u8 {
    match class {
        KindClass::Invalid => 0,
        KindClass::Table => 1,
        KindClass::Leaf => 2,
    }
}

fn kind(format: &Format, name: &str, layouts: &[Layout<'_>]) -> Vec<Block> {
    let Some((_, first)) = layouts.first() else {
        return Vec::new();
    };
    let all: Vec<i32> = layouts.iter().flat_map(|(levels, _)| levels.iter().copied()).collect();
    let what = match first.class {
        KindClass::Invalid => "Invalid".to_owned(),
        KindClass::Table if name.eq_ignore_ascii_case("table") => words::code(name),
        KindClass::Table => format!("{} (table)", words::code(name)),
        KindClass::Leaf if name.eq_ignore_ascii_case("leaf") => words::code(name),
        KindClass::Leaf => format!("{} (leaf)", words::code(name)),
    };
    let mut blocks = vec![Block::Heading(format!("{what}, {}", words::levels(&all)).into())];
    blocks.extend(words::paragraphs(&first.docs).into_iter().map(Block::Text));
    if layouts.iter().all(|(_, kind)| kind.guard == first.guard) {
        blocks.push(Block::Text(format!("A word is of this kind if {}.", guard(&first.guard)).into()));
    } else {
        for (levels, kind) in layouts {
            let levels = words::levels(levels);
            blocks.push(Block::Text(
                format!("At {levels}, a word is of this kind if {}.", guard(&kind.guard)).into(),
            ));
        }
    }
    if first.class != KindClass::Invalid && first.output_bits < format.output.bits {
        let name = words::code(&format.output.name);
        blocks.push(Block::Text(
            format!("Its {name} has {} bits: those above are 0.", first.output_bits).into(),
        ));
    }
    for (levels, kind) in layouts {
        let caption = format!("{} at {}", words::kind(kind), words::levels(levels));
        blocks.push(Block::Diagram(Diagram::new(format, kind, caption, layouts.len() == 1)));
    }
    blocks.push(Block::Table(rows::table(format, layouts)));
    blocks
}

/// ``[1:0] = `0b11` ``, alternatives joined by `or`.
fn guard(cubes: &[Cube]) -> String {
    let all = cubes.iter().any(|cube| cube.mask == 0);
    let words: Vec<String> =
        cubes.iter().map(|cube| words::code(&text::bits(cube.mask, cube.value))).collect();
    if all { "it is of no other".to_owned() } else { words.join(" or ") }
}

/// Words of no kind.
fn reserved(format: &Format) -> Vec<Block> {
    let mut found: Vec<(String, Vec<i32>)> = Vec::new();
    for level in &format.levels {
        let Some(words) = rest(level).filter(|words| !words.is_empty()) else {
            continue;
        };
        let words = guard(words.list());
        match found.iter_mut().find(|(known, _)| *known == words) {
            Some((_, levels)) => levels.push(level.number),
            None => found.push((words, vec![level.number])),
        }
    }
    let lines =
        found.into_iter().map(|(words, levels)| format!("At {}: {words}", words::levels(&levels)).into());
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        return Vec::new();
    }
    vec![
        Block::Heading("Reserved words".into()),
        Block::Text(
            "These words are of no kind. A walk that meets one faults, and none is ever written.".into(),
        ),
        Block::List(lines),
    ]
}

/// What no kind of a level claims. `None` if that is too much to work out, which no checked format is.
fn rest(level: &Level) -> Option<Cubes> {
    let mut work = Work::default();
    let claimed = level.kinds.iter().flat_map(|kind| kind.guard.iter().copied()).collect();
    let rest = Cubes::of(claimed).not(&mut work).ok()?;
    Some(rest.simplified(&mut work))
}

fn values(format: &Format) -> Vec<Block> {
    let mut table = Table::new("Named values", &["field", "value", "name"]);
    for field in &format.fields {
        let name = words::field(field);
        for value in &field.values {
            let number = text::number(value.value, field.bits);
            table.row(vec![name.as_str().into(), number.into(), words::code(&value.name).into()]);
        }
        if field.other_values_fault {
            table.row(vec![name.into(), "others".into(), "translation fault".into()]);
        }
    }
    if table.rows.is_empty() {
        return Vec::new();
    }
    vec![Block::Heading("Named values".into()), Block::Table(table)]
}
