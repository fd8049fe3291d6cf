//! What a change of a live leaf requires.

use super::document::{Block, Section, Table};
use super::words;
use crate::decode::text;
use crate::ir::{ChangeClass, Format};

pub(super) fn section(format: &Format) -> Section {
    let mut table = Table::new("Changes of a live leaf", &["field", "change", "requires"]);
    for change in &format.changes {
        let field = &format.fields[change.field.0];
        let name = words::field(field);
        for &(from, to, class) in &change.special {
            let number = |value| text::number(value, field.bits);
            let values = format!("{} to {}", number(from), number(to));
            table.row(vec![name.as_str().into(), values.into(), word(class).into()]);
        }
        let which = if change.special.is_empty() { "any" } else { "any other" };
        table.row(vec![name.into(), which.into(), word(change.class).into()]);
    }
    let all = format!("{}, size or kind", words::code(&format.output.name));
    table.row(vec![all.into(), "any".into(), word(format.change_otherwise).into()]);
    let about = "What must be done when a leaf that hardware may be using is replaced by another valid leaf. Of several \
                 changes at once, the strictest counts.";
    let classes = format
        .changes
        .iter()
        .flat_map(|change| change.special.iter().map(|&(_, _, class)| class).chain([change.class]));
    let mut classes: Vec<ChangeClass> = classes.chain([format.change_otherwise]).collect();
    classes.sort_unstable();
    classes.dedup();
    let meanings = classes.into_iter().map(|class| format!("{}: {}", word(class), meaning(class)).into());
    let blocks = vec![Block::Text(about.into()), Block::List(meanings.collect()), Block::Table(table)];
    Section { id: "changes", title: "Changes", blocks }
}

/// As the spec says it.
fn word(class: ChangeClass) -> &'static str {
    match class {
        ChangeClass::Store => "`store`",
        ChangeClass::Publish => "`store, publish`",
        ChangeClass::Invalidate => "`store, invalidate`",
        ChangeClass::Break => "`break`",
    }
}

fn meaning(class: ChangeClass) -> &'static str {
    match class {
        ChangeClass::Store => "one store of the new word, and nothing else",
        ChangeClass::Publish => "one store of the new word, with the steps of “Publish leaf” around it",
        ChangeClass::Invalidate => "one store of the new word, with the steps of “Invalidate leaf” around it",
        ChangeClass::Break => {
            "break before make: “Invalidate leaf” first, then “Publish leaf” with the new word"
        }
    }
}
