//! All formats in one table.

use super::document::{Block, Document, Prose, Section, Table};
use super::{Form, descriptors, geometry, words};
use crate::ir::{Format, KindClass};

pub(super) fn document(formats: &[&Format], form: Form) -> Document {
    let head = ["format", "granule", "levels", "input bits", "output bits", "kinds", "what it is"];
    let mut table = Table { prose: true, ..Table::new("Formats", &head) };
    for format in formats {
        let kinds = descriptors::kinds(format);
        let kinds = kinds.iter().filter_map(|(_, layouts)| layouts.first());
        let kinds =
            kinds.filter(|(_, kind)| kind.class != KindClass::Invalid).map(|(_, kind)| words::kind(kind));
        let docs = words::docs(&format.docs);
        let what = docs.split_inclusive(". ").next().unwrap_or_default().trim_end();
        table.row(vec![
            Prose::link(&format.name, form.file_name(&format.name)),
            geometry::granule(format).into(),
            format.levels.len().to_string().into(),
            geometry::input_bits(format).into(),
            format.output.bits.to_string().into(),
            kinds.map(words::code).collect::<Vec<_>>().join(", ").into(),
            what.into(),
        ]);
    }
    let blocks = vec![Block::Table(table)];
    Document {
        title: "Page-table formats".to_owned(),
        lead: vec![
            "One page for each format, with its bits, levels, attributes, maintenance and examples.".into(),
        ],
        sections: vec![Section { id: "formats", title: "Formats", blocks }],
        source: "ptdsl doc".to_owned(),
        up: None,
    }
}
