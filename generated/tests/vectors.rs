//! The vectors through generated code: typed entries say what was written down, and constructors give the words back.

mod agree;
#[macro_use]
mod library;
#[path = "../../ptdsl-compiler/tests/vectors/shared.rs"]
mod shared;

use std::collections::BTreeMap;

use agree::{compare, encode_then_decode, one_word, spec};
use ptdsl::{Format, Level, Phys, Word};
use ptdsl_compiler::ir::{self, KindClass, Role};
use shared::{Said, Vector, each, kind, mask};

ptdsl::ptdsl!("../ptdsl-compiler/tests/vectors/armv7-short-pxn.pt");
ptdsl::ptdsl!("../ptdsl-compiler/tests/vectors/sv39-extended.pt");
ptdsl::ptdsl!("../ptdsl-compiler/tests/vectors/sv57-extended.pt");

/// Words that constructors gave back: all of their bits, and the bits without fields.
#[derive(Debug, Default, PartialEq)]
struct Made {
    leaves: usize,
    tables: usize,
    /// Leaves of no combination of attributes that may be built.
    unlisted: usize,
}

/// Checks a vector with the type of its level.
fn at_level<F: Format, L: Level<F>>(format: &ir::Format, vector: &Vector, made: &mut Made) {
    if L::NUMBER != vector.level {
        return at_level::<F, L::Next>(format, vector, made);
    }
    let raw = F::Word::from_u64(vector.raw);
    one_word::<F, L>(format, raw);
    let said = said::<F, L>(format, raw);
    vector.check(format, &said);
    // Bits of the kind for which a role holds.
    let bits = |holds: &dyn Fn(&Role) -> bool| {
        let pieces = kind(format, L::NUMBER, &said.kind).pieces.iter().filter(|piece| holds(&piece.role));
        pieces.fold(0, |bits, piece| bits | mask(piece.hi, piece.lo))
    };
    let (again, compared) = match (said.class, F::attributes(L::NUMBER, raw)) {
        (KindClass::Invalid, _) => return,
        (KindClass::Table, _) => {
            if L::next_table(raw).is_none() {
                return;
            }
            made.tables += 1;
            let other = |role: &Role| matches!(role, Role::Field { .. } | Role::Ignored | Role::Software);
            (L::link(L::next_table(raw).expect("a table")), bits(&|role| !other(role)))
        }
        (KindClass::Leaf, None) => {
            made.unlisted += 1;
            return;
        }
        (KindClass::Leaf, Some(attributes)) => {
            made.leaves += 1;
            let span = L::span(raw);
            let again = if span == 0 {
                L::leaf(L::output(raw), attributes)
            } else {
                L::spanning(L::output(raw), attributes, span)
            };
            let carried = agree::carried(format);
            let other = |role: &Role| match role {
                Role::Field { field, .. } => !carried.contains(&format.fields[field.0].name.as_str()),
                role => matches!(role, Role::Ignored | Role::Software),
            };
            (again, bits(&|role| !other(role)))
        }
    };
    assert_eq!(again.to_u64() & compared, vector.raw & compared, "{}: {}", F::NAME, vector.desc);
}

/// What generated code says, read from the typed entry.
fn said<F: Format, L: Level<F>>(format: &ir::Format, raw: F::Word) -> Said {
    let text = format!("{:?}", L::entry(raw));
    let (variant, _) = text.split_once('(').expect("a variant with a descriptor");
    let level = format.levels.iter().find(|level| level.number == L::NUMBER).expect("the level exists");
    // A kind of several sizes is one type.
    let kind = level.kinds.iter().find(|kind| {
        let guard = kind.guard.iter().any(|cube| raw.to_u64() & cube.mask == cube.value);
        guard && [&kind.name, &kind.family].contains(&&variant.to_owned())
    });
    let next = || L::next_table(raw).or_else(|| L::skipped(raw).map(|(next, _)| next));
    let (class, output): (_, Option<Phys>) = match kind.map(|kind| kind.class) {
        Some(KindClass::Leaf) => (KindClass::Leaf, Some(L::output(raw))),
        Some(KindClass::Table) => (KindClass::Table, next()),
        _ => (KindClass::Invalid, None),
    };
    let mut fields = BTreeMap::new();
    if let Some(kind) = kind.filter(|_| class != KindClass::Invalid) {
        for piece in &kind.pieces {
            let Role::Field { field, .. } = piece.role else { continue };
            let field = &format.fields[field.0];
            fields.insert(field.name.clone(), shown(&text, &field.manual_name));
        }
    }
    let name = kind.map_or(variant, |kind| &kind.name).to_owned();
    Said { class, kind: name, fields, unnamed: None, output: output.map(|address| address.0) }
}

/// The value of a field in a typed entry's text.
fn shown(text: &str, field: &str) -> u64 {
    let label = format!(" {field}: ");
    let (_, rest) = text.split_once(&label).unwrap_or_else(|| panic!("no {field} in {text}"));
    let value = rest.split([',', ' ', ')', '}']).next().unwrap_or_default();
    match value {
        "true" => 1,
        "false" => 0,
        number => number.parse().unwrap_or_else(|_| panic!("{field} of {text} is no number")),
    }
}

macro_rules! checks {
    ($($module:ident, $marker:ty, $spec:literal;)+) => {
        fn check(spec: &str, format: &ir::Format, vector: &Vector, made: &mut Made) {
            match spec {
                $($spec => at_level::<$marker, <$marker as Format>::Top>(format, vector, made),)+
                "armv7-short-pxn.pt" => at_level::<
                    armv7_short_pxn::Armv7ShortPxn,
                    <armv7_short_pxn::Armv7ShortPxn as Format>::Top,
                >(format, vector, made),
                "sv39-extended.pt" => at_level::<
                    sv39_extended::Sv39Extended,
                    <sv39_extended::Sv39Extended as Format>::Top,
                >(format, vector, made),
                "sv57-extended.pt" => at_level::<
                    sv57_extended::Sv57Extended,
                    <sv57_extended::Sv57Extended as Format>::Top,
                >(format, vector, made),
                other => panic!("{other} is not in the table"),
            }
        }
    };
}

for_every_format!(checks);

#[test]
fn every_vector_is_read_and_made() {
    let mut made = Made::default();
    each(|spec, format, vector| check(spec, format, vector, &mut made));
    assert_eq!(made, Made { leaves: 173, tables: 49, unlisted: 31 });
}

#[test]
fn variants_agree_with_the_interpreter() {
    let formats = ["armv7-short-pxn.pt", "sv39-extended.pt", "sv57-extended.pt"].map(spec);
    formats.iter().for_each(encode_then_decode);
    compare::<armv7_short_pxn::Armv7ShortPxn>(&formats[0]);
    compare::<sv39_extended::Sv39Extended>(&formats[1]);
    compare::<sv57_extended::Sv57Extended>(&formats[2]);
}
