//! What a format offers to a test that does not know it: its attributes, and its levels.

use ptdsl::{Format, Level, Word};
use ptdsl_compiler::decode::{Value, encode};
use ptdsl_compiler::ir::{self, KindClass};

/// Every combination of attributes that may be built, as the interpreter encodes it and generated code reads it.
pub(crate) fn attributes<F: Format>(format: &ir::Format) -> Vec<F::Attributes> {
    let last = format.levels.last().expect("a level");
    let leaf = last.kinds.iter().find(|kind| kind.class == KindClass::Leaf).expect("the last level maps");
    let mut rows: Vec<Vec<(&str, Value)>> = vec![Vec::new()];
    for attribute in &format.attributes {
        let chosen = rows.iter().flat_map(|chosen| {
            attribute.rows.iter().map(move |row| {
                [&chosen[..], &[(attribute.name.as_str(), Value::Name(row.name.clone()))]].concat()
            })
        });
        rows = chosen.collect();
    }
    let words = rows.iter().filter_map(|chosen| encode(format, last.number, &leaf.name, chosen).ok());
    let read = |word| F::attributes(last.number, F::Word::from_u64(word)).expect("a listed combination");
    let all: Vec<F::Attributes> = words.map(read).collect();
    assert!(!all.is_empty());
    all
}

/// A level as a walk meets it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Depth {
    /// log2 of what an entry maps.
    pub(crate) shift: u32,
    /// The level's number.
    #[allow(dead_code, reason = "not every test names levels")]
    pub(crate) number: i32,
    /// Whether it has leaves.
    #[allow(dead_code, reason = "not every test asks")]
    pub(crate) leaf: bool,
}

/// The levels from the top down, as far as a table of that width has them.
pub(crate) fn levels<F: Format>(width: u32) -> Vec<Depth> {
    fn collect<F: Format, L: Level<F>>(found: &mut Vec<Depth>) {
        if L::HAS_LEAF || L::HAS_TABLE {
            found.push(Depth { shift: L::SHIFT, number: L::NUMBER, leaf: L::HAS_LEAF });
            collect::<F, L::Next>(found);
        }
    }
    let mut found = Vec::new();
    collect::<F, F::Top>(&mut found);
    found.retain(|level| level.shift < width);
    found
}
