//! What a caller may ask for, and the words that it gives.

use super::document::{Block, Prose, Section, Table};
use super::words;
use crate::decode::{Value, encode, text};
use crate::ir::{Attribute, AttributeId, Combine, Effective, FieldId, Format, KindClass, PathField, RowId};

/// More combinations than these are counted, not listed.
const MOST_COMBINATIONS: usize = 128;

pub(super) fn section(format: &Format) -> Section {
    let mut blocks = Vec::new();
    for attribute in &format.attributes {
        blocks.push(Block::Heading(words::code(&attribute.name).into()));
        blocks.extend(words::paragraphs(&attribute.docs).into_iter().map(Block::Text));
        blocks.push(Block::Table(rows(format, attribute)));
    }
    blocks.extend(combinations_table(format));
    blocks.extend(effective(format));
    blocks.extend(groups(format));
    Section { id: "attributes", title: "Attributes", blocks }
}

fn rows(format: &Format, attribute: &Attribute) -> Table {
    let documented = attribute.rows.iter().any(|row| !row.docs.is_empty());
    let mut table = Table::new(format!("Attribute {}", attribute.name), &[]);
    table.head.push(words::code(&attribute.name).into());
    table.head.extend(field_names(format, &attribute.fields));
    if documented {
        table.head.push("meaning".into());
        table.prose = true;
    }
    for row in &attribute.rows {
        let mut cells = vec![words::code(&row.name).into()];
        cells.extend(values(format, &attribute.fields, &row.values));
        if documented {
            cells.push(words::docs(&row.docs).into());
        }
        table.row(cells);
    }
    table
}

fn field_names(format: &Format, fields: &[FieldId]) -> Vec<Prose> {
    fields.iter().map(|id| words::code(&format.fields[id.0].manual_name).into()).collect()
}

fn values(format: &Format, fields: &[FieldId], values: &[u64]) -> Vec<Prose> {
    fields.iter().zip(values).map(|(id, &value)| words::value(&format.fields[id.0], value).into()).collect()
}

/// One row of each attribute.
pub(super) type Combination = Vec<RowId>;

/// Every combination of rows, forbidden or not; the last attribute changes fastest. `None` if they are very many.
pub(super) fn combinations(format: &Format) -> Option<Vec<Combination>> {
    let mut list: Vec<Combination> = vec![Vec::new()];
    for attribute in &format.attributes {
        let longer = list.iter().flat_map(|rows| {
            (0..attribute.rows.len())
                .map(|row| rows.iter().copied().chain([RowId(row)]).collect::<Combination>())
        });
        list = longer.take(MOST_COMBINATIONS + 1).collect();
    }
    (list.len() <= MOST_COMBINATIONS).then_some(list)
}

/// The line of `forbid` that excludes a combination.
pub(super) fn excluded<'a>(format: &'a Format, rows: &Combination) -> Option<&'a [(AttributeId, RowId)]> {
    let holds = |&(attribute, row): &(AttributeId, RowId)| rows.get(attribute.0) == Some(&row);
    format.forbidden.iter().find(|set| set.iter().all(holds)).map(Vec::as_slice)
}

/// What a combination says to the interpreter.
pub(super) fn assignments<'a>(format: &'a Format, rows: &Combination) -> Vec<(&'a str, Value)> {
    let pairs = format.attributes.iter().zip(rows);
    pairs
        .map(|(attribute, row)| (attribute.name.as_str(), Value::Name(attribute.rows[row.0].name.clone())))
        .collect()
}

/// All that callers can ask for, with the word of a leaf of the last level whose output is 0.
fn combinations_table(format: &Format) -> Vec<Block> {
    let Some(level) = format.levels.last() else { return Vec::new() };
    let Some(leaf) = level.kinds.iter().find(|kind| kind.class == KindClass::Leaf) else { return Vec::new() };
    if format.attributes.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![Block::Heading("Combinations".into())];
    let lines = format.forbidden.iter().map(|set| Prose::from(words::code(&text::combination(format, set))));
    let lines: Vec<Prose> = lines.collect();
    if !lines.is_empty() {
        blocks.push(Block::Text(
            "Excluded, so that no caller can ask for them; a word that has them anyway is reported:".into(),
        ));
        blocks.push(Block::List(lines));
    }
    let Some(list) = combinations(format) else {
        let all = format.attributes.iter().map(|attribute| attribute.rows.len().to_string());
        let all = all.collect::<Vec<_>>().join(" × ");
        blocks.push(Block::Text(format!("The rows combine in {all} ways.").into()));
        return blocks;
    };
    blocks.push(Block::Text(
        format!(
            "The last column is the word of {} at level {} with output address 0 and everything else at its default.",
            words::code(&leaf.name),
            level.number
        )
        .into(),
    ));
    let mut table = Table::new("Combinations of attributes", &[]);
    table.head.extend(format.attributes.iter().map(|attribute| Prose::from(words::code(&attribute.name))));
    let fields: Vec<FieldId> =
        format.attributes.iter().flat_map(|attribute| attribute.fields.clone()).collect();
    table.head.extend(field_names(format, &fields));
    table.head.push("word".into());
    table.wide = true;
    for rows in list {
        let chosen = || format.attributes.iter().zip(&rows).map(|(attribute, row)| &attribute.rows[row.0]);
        let mut cells: Vec<Prose> = chosen().map(|row| words::code(&row.name).into()).collect();
        let numbers: Vec<u64> = chosen().flat_map(|row| row.values.iter().copied()).collect();
        cells.extend(values(format, &fields, &numbers));
        let word = match excluded(format, &rows) {
            Some(_) => "excluded".to_owned(),
            None => match encode(format, level.number, &leaf.name, &assignments(format, &rows)) {
                Ok(raw) => words::word(raw, format.word_bits),
                Err(error) => error.to_string(),
            },
        };
        cells.push(word.into());
        table.row(cells);
    }
    blocks.push(Block::Table(table));
    blocks
}

/// How tables on the way restrict a leaf.
fn effective(format: &Format) -> Vec<Block> {
    if format.effective.is_empty() {
        return Vec::new();
    }
    let line = |rule: &Effective| {
        let name = |id: FieldId| words::code(&format.fields[id.0].manual_name);
        let own = name(rule.field);
        let says = |one: &PathField| format!("{} is {}", name(one.field), u8::from(!one.negated));
        let text = match rule.combine {
            Combine::Or => {
                let path = words::or(rule.path.iter().map(says));
                format!("{own} counts as 1 if it is 1 in the leaf, or {path} in any table on the way")
            }
            Combine::And => {
                let path = words::and(rule.path.iter().map(says));
                format!("{own} counts as 1 only if it is 1 in the leaf, and {path} in every table on the way")
            }
        };
        text.into()
    };
    vec![
        Block::Heading("What tables restrict".into()),
        Block::List(format.effective.iter().map(line).collect()),
    ]
}

fn groups(format: &Format) -> Vec<Block> {
    if format.groups.is_empty() {
        return Vec::new();
    }
    let mut table = Table::new("Groups", &["leaves", "level", "marked by", "the group maps"]);
    for group in &format.groups {
        let field = &format.fields[group.field.0];
        for number in &group.levels {
            let Some(level) = format.levels.iter().find(|level| level.number == *number) else { continue };
            table.row(vec![
                group.count.to_string().into(),
                number.to_string().into(),
                format!("{} = {}", words::code(&field.manual_name), words::value(field, group.value)).into(),
                words::size(u128::from(group.count) << level.shift).into(),
            ]);
        }
    }
    vec![
        Block::Heading("Groups".into()),
        Block::Text("Neighbouring leaves that the TLB may hold as one, aligned to their common size.".into()),
        Block::Table(table),
    ]
}
