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
            table.row(vec![name.as_str().into(), values.into(), requires(class).into()]);
        }
        let which = if change.special.is_empty() { "any" } else { "any other" };
        table.row(vec![name.into(), which.into(), requires(change.class).into()]);
    }
    let address = words::code(&format.output.name);
    table.row(vec![
        format!("output {address}, size or kind").into(),
        "any".into(),
        requires(format.change_otherwise).into(),
    ]);
    let about = "What must be done when a leaf that hardware may be using is replaced by another valid leaf. Of several \
                 changes at once, the strictest counts.";
    Section { id: "changes", title: "Changes", blocks: vec![Block::Text(about.into()), Block::Table(table)] }
}

fn requires(class: ChangeClass) -> &'static str {
    match class {
        ChangeClass::Store => "one store",
        ChangeClass::Publish => "one store, in the steps of “publish leaf”",
        ChangeClass::Invalidate => "one store, in the steps of “invalidate leaf”",
        ChangeClass::Break => "break before make: “invalidate leaf”, then “publish leaf” with the new word",
    }
}
