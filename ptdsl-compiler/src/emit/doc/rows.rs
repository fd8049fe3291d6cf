//! The table below a kind's diagrams: every range of bits with its name and meaning, once for all levels.

use super::document::Table;
use super::{diagram, words};
use crate::decode::text;
use crate::ir::{Effective, Field, FieldId, Format, Kind, KindClass, Piece, Role};

/// A range of bits, and the levels at which it looks like this.
struct Row {
    hi: u32,
    lo: u32,
    name: String,
    meaning: String,
    levels: Vec<i32>,
}

/// The table of a kind from its layouts: which levels, and how it looks there.
pub(super) fn table(format: &Format, layouts: &[(Vec<i32>, &Kind)]) -> Table {
    let mut rows: Vec<Row> = Vec::new();
    for (levels, kind) in layouts {
        for piece in &kind.pieces {
            let row = row(format, kind.class, piece);
            match rows.iter_mut().find(|old| old.same(&row)) {
                Some(old) => old.levels.extend(levels),
                None => rows.push(Row { levels: levels.clone(), ..row }),
            }
        }
    }
    rows.sort_by_key(|row| std::cmp::Reverse((row.hi, row.lo)));
    let all = layouts.iter().map(|(levels, _)| levels.len()).sum::<usize>();
    let name = layouts.first().map_or("", |(_, kind)| words::kind(kind));
    let caption = format!("Bits of {name}");
    let several = layouts.len() > 1;
    let head: &[&str] =
        if several { &["bits", "levels", "name", "meaning"] } else { &["bits", "name", "meaning"] };
    let mut table = Table::new(caption, head);
    for row in rows {
        let mut cells = vec![bits(row.hi, row.lo).into()];
        if several {
            let levels = words::levels(&row.levels);
            let levels = if row.levels.len() == all { "all".to_owned() } else { levels };
            cells.push(levels.trim_start_matches("levels ").trim_start_matches("level ").into());
        }
        cells.extend([row.name.into(), row.meaning.into()]);
        table.row(cells);
    }
    table
}

impl Row {
    fn same(&self, other: &Row) -> bool {
        (self.hi, self.lo, &self.name, &self.meaning) == (other.hi, other.lo, &other.name, &other.meaning)
    }
}

/// `63:59` or `7`, as the command writes them.
pub(super) fn bits(hi: u32, lo: u32) -> String {
    if hi == lo { hi.to_string() } else { format!("{hi}:{lo}") }
}

fn row(format: &Format, class: KindClass, piece: &Piece) -> Row {
    let (name, meaning) = match piece.role {
        Role::Field { field, .. } => {
            let name = field_name(format, piece, &format.fields[field.0]);
            (name, field_meaning(format, class, piece, field))
        }
        Role::Fixed { value } => {
            let value = text::number(value, piece.hi - piece.lo + 1);
            (words::code(&value), remarked("tells the kind", piece))
        }
        _ => (words::code(&diagram::name(format, piece)), remarked(reserved(&piece.role), piece)),
    };
    Row { hi: piece.hi, lo: piece.lo, name, meaning, levels: Vec::new() }
}

/// The diagram's name, and the spec's where it is another.
fn field_name(format: &Format, piece: &Piece, field: &Field) -> String {
    let name = words::code(&diagram::name(format, piece));
    if field.name == field.manual_name { name } else { format!("{name} ({})", words::code(&field.name)) }
}

fn reserved(role: &Role) -> &'static str {
    match role {
        Role::Fixed { .. } | Role::Field { .. } => "",
        Role::Ignored => "ignored by the walk",
        Role::Res0 => "reserved, written 0",
        Role::Res1 => "reserved, written 1",
        Role::Mbz => "reserved, faults unless 0",
        Role::Mbo => "reserved, faults unless 1",
        Role::Software => "free for software",
        Role::Output { .. } => "the output address",
        Role::Next { .. } => "the address of the next table",
    }
}

/// A text of ours and what the spec says.
fn remarked(own: &str, piece: &Piece) -> String {
    let docs = words::docs(&piece.docs);
    if docs.is_empty() { own.to_owned() } else { format!("{own}: {docs}") }
}

fn field_meaning(format: &Format, class: KindClass, piece: &Piece, id: FieldId) -> String {
    let field = &format.fields[id.0];
    let docs = if piece.docs.is_empty() { &field.docs } else { &piece.docs };
    let mut parts = vec![words::docs(docs).trim_end_matches('.').to_owned()];
    if field.software {
        parts.push("free for software".to_owned());
    }
    let attributes = format.attributes.iter().filter(|attribute| attribute.fields.contains(&id));
    let attributes = words::and(attributes.map(|attribute| words::code(&attribute.name)));
    if class == KindClass::Leaf && !attributes.is_empty() {
        parts.push(format!("set by {attributes}"));
    }
    let restricted =
        format.effective.iter().filter(|rule: &&Effective| rule.path.iter().any(|one| one.field == id));
    let restricted = words::and(restricted.map(|rule| words::code(&format.fields[rule.field.0].manual_name)));
    if class == KindClass::Table && !restricted.is_empty() {
        parts.push(format!("restricts {restricted} below"));
    }
    if !field.values.is_empty() {
        let values = field
            .values
            .iter()
            .map(|value| format!("{} {}", text::number(value.value, field.bits), words::code(&value.name)));
        let others = if field.other_values_fault { ", others fault" } else { "" };
        parts.push(format!("{}{others}", values.collect::<Vec<_>>().join(", ")));
    }
    if field.default != 0 {
        parts.push(format!("written {} unless given", text::number(field.default, field.bits)));
    }
    let groups = format.groups.iter().filter(|group| class == KindClass::Leaf && group.field == id);
    parts.extend(groups.map(|group| {
        let value = text::number(group.value, field.bits);
        format!("{value} marks a group of {} at {}", group.count, words::levels(&group.levels))
    }));
    if format.hardware.contains(&id) {
        parts.push("hardware may set it".to_owned());
    }
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}
