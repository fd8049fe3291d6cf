//! Generated code and interpreter, compared word by word.

use std::collections::BTreeMap;
use std::fmt::Debug;

use ptdsl::{Along, Format, Level, Word};
use ptdsl_compiler::decode::{self, Decoded, EncodeError, Value};
use ptdsl_compiler::ir::{self, KindClass};
use ptdsl_compiler::source::{Loader, SourceFile};

mod quick;

/// Where specs lie that the library does not have: the emitter's fixtures, and variants that vectors need.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ptdsl-compiler/tests");

/// Words tried at random, per level, uniform, sparse and dense ones each: all that can be said of them is compared.
const WORDS: u64 = 4_000;
/// Words tried at random, per level, of each of the three sorts: the predicates, addresses and constructors that walks use are compared. A step of
/// `cargo xtask test` runs the suite as optimized code, with more than a million.
const QUICK_WORDS: u64 = if cfg!(debug_assertions) { 2_000 } else { 350_000 };

struct Library;

impl Loader for Library {
    fn load(&self, path: &str, _: &str) -> Result<SourceFile, String> {
        let folder = |name| std::path::Path::new(FIXTURES).join(name).join(path);
        let fixture =
            || ["emit", "vectors"].into_iter().find_map(|name| std::fs::read_to_string(folder(name)).ok());
        let text = ptdsl_formats::get(path)
            .map(str::to_owned)
            .or_else(fixture)
            .ok_or_else(|| format!("no {path}"))?;
        Ok(SourceFile { name: path.to_owned(), text })
    }
}

pub(crate) fn spec(name: &str) -> ir::Format {
    let root = Library.load(name, "").expect("in the library");
    let compiled = ptdsl_compiler::compile(root, &Library, &[]);
    compiled.formats.into_iter().next().unwrap_or_else(|| panic!("{name}: {:?}", compiled.diagnostics))
}

/// Random words, sparse and dense ones, and all neighbours of every kind at a distance of one or two bits.
pub(crate) fn compare<F: Format>(format: &ir::Format) {
    assert_eq!(F::NAME, format.name);
    let mut levels = 0;
    each_level::<F, F::Top>(format, &mut levels);
    assert_eq!(levels, format.levels.len());
}

fn each_level<F: Format, L: Level<F>>(format: &ir::Format, count: &mut usize) {
    if !L::HAS_LEAF && !L::HAS_TABLE {
        return;
    }
    let level = &format.levels[*count];
    *count += 1;
    assert_eq!((L::NUMBER, L::SHIFT, L::BITS), (level.number, level.shift, level.index_bits));
    let mut spans: Vec<u32> = level.kinds.iter().map(|kind| kind.span).filter(|&span| span != 0).collect();
    let groups = format.groups.iter().filter(|group| group.levels.contains(&level.number));
    spans.extend(groups.map(|group| group.count.ilog2()));
    spans.sort_unstable();
    assert_eq!(L::SPANS, spans);
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ u64::from(L::SHIFT));
    let mut leaves = 0;
    let mut check = |raw: u64| {
        let raw = F::Word::from_u64(raw);
        leaves += u64::from(one_word::<F, L>(format, raw));
    };
    for _ in 0..WORDS {
        random.sorts().into_iter().for_each(&mut check);
    }
    for kind in &level.kinds {
        let seed = seed(format, level, kind);
        check(seed);
        for bit in 0..format.word_bits {
            check(seed ^ 1 << bit);
            for other in 0..bit {
                check(seed ^ 1 << bit ^ 1 << other);
            }
        }
    }
    let plan = quick::Plan::new(format, level);
    for _ in 0..QUICK_WORDS {
        let words = random.sorts().map(F::Word::from_u64);
        words.into_iter().for_each(|word| plan.compare::<F, L>(word));
    }
    assert_eq!(leaves != 0, L::HAS_LEAF, "level {}: {leaves} leaves seen", L::NUMBER);
    each_level::<F, L::Next>(format, count);
}

/// A word of a kind. Where the defaults alone are none, the first rows of the attributes help.
fn seed(format: &ir::Format, level: &ir::Level, kind: &ir::Kind) -> u64 {
    if kind.class == KindClass::Invalid {
        return level.empty.word().expect("an invalid kind stands where the empty word is known");
    }
    let rows: Vec<(&str, Value)> = format
        .attributes
        .iter()
        .map(|a| (a.name.as_str(), Value::Name(a.rows.last().expect("a row").name.clone())))
        .collect();
    let rows = if kind.class == KindClass::Leaf { &rows[..] } else { &[] };
    decode::encode(format, level.number, &kind.name, rows)
        .or_else(|_| decode::encode(format, level.number, &kind.name, &[]))
        .unwrap_or_else(|error| panic!("{}: {error}", kind.name))
}

/// Compares everything that generated code says of a word; whether it is a leaf.
pub(crate) fn one_word<F: Format, L: Level<F>>(format: &ir::Format, raw: F::Word) -> bool {
    let said = decode::decode(format, L::NUMBER, raw.to_u64()).expect("the level exists");
    let class = said.class;
    let level = format.levels.iter().find(|level| level.number == L::NUMBER).expect("the level exists");
    assert_eq!(L::is_leaf(raw), class == KindClass::Leaf, "level {} {raw:#x} is_leaf", L::NUMBER);
    let next = (class == KindClass::Table).then_some(said.output).flatten();
    let kind = level.kinds.iter().find(|kind| kind.name == said.kind);
    if let Some(field) = kind.and_then(|kind| kind.next_level) {
        let name = &format.fields[field.0].name;
        let number = said.fields.iter().find(|field| field.name == *name).expect("its level").value;
        let skipped = L::skipped(raw).map(|(table, level)| (table.0, level));
        assert_eq!(skipped, next.map(|next| (next, number as i32)), "level {} {raw:#x}", L::NUMBER);
        assert_eq!(L::next_table(raw), None, "level {} {raw:#x} next", L::NUMBER);
    } else {
        assert_eq!(L::skipped(raw), None, "level {} {raw:#x} next", L::NUMBER);
        assert_eq!(L::next_table(raw).map(|p| p.0), next, "level {} {raw:#x} next", L::NUMBER);
    }
    typed_agrees(L::entry(raw), &said, format);
    if class != KindClass::Leaf {
        assert_eq!(F::attributes(L::NUMBER, raw), None);
        return false;
    }
    assert_eq!(Some(L::output(raw).0), said.output, "level {} {raw:#x} output", L::NUMBER);
    let span = span(format, &said);
    assert_eq!(L::span(raw), span, "level {} {raw:#x} span", L::NUMBER);
    let listed = said.attributes.iter().all(|(_, row)| row.is_some()) && !forbidden(format, &said);
    let attributes = F::attributes(L::NUMBER, raw);
    assert_eq!(attributes.is_some(), listed, "level {} {raw:#x} attributes", L::NUMBER);
    if let Some(attributes) = attributes {
        // What the attributes carry comes back: the leaf made of them has the same fields, group marks aside.
        let again = if span == 0 {
            L::leaf(L::output(raw), attributes)
        } else {
            L::spanning(L::output(raw), attributes, span)
        };
        assert_eq!(L::span(again), span, "level {} {raw:#x} span", L::NUMBER);
        let again = decode::decode(format, L::NUMBER, again.to_u64()).expect("the level exists");
        assert_eq!(again.output, said.output);
        assert_eq!(values(&again, format), values(&said, format), "level {} {raw:#x} leaf", L::NUMBER);
        assert_eq!(again.violations, [], "level {} {raw:#x}", L::NUMBER);
    }
    assert_eq!(F::effective(L::NUMBER, raw, Along::NONE), raw, "no table restricts");
    true
}

/// log2 of the slots of a leaf: by its kind, or by a group's mark.
fn span(format: &ir::Format, said: &Decoded) -> u32 {
    let level = format.levels.iter().find(|level| level.number == said.level).expect("the level exists");
    let kind = level.kinds.iter().find(|kind| kind.name == said.kind).expect("the kind exists");
    let group = format.groups.iter().find(|group| {
        let name = &format.fields[group.field.0].name;
        group.levels.contains(&said.level)
            && said.fields.iter().any(|field| field.name == *name && field.value == group.value)
    });
    group.map_or(kind.span, |group| group.count.ilog2())
}

fn forbidden(format: &ir::Format, said: &Decoded) -> bool {
    let rows: BTreeMap<&str, &str> =
        said.attributes.iter().filter_map(|(a, row)| Some((a.as_str(), row.as_deref()?))).collect();
    format.forbidden.iter().any(|rule| {
        rule.iter().all(|(a, row)| {
            let attribute = &format.attributes[a.0];
            rows.get(attribute.name.as_str()) == Some(&attribute.rows[row.0].name.as_str())
        })
    })
}

/// Names of the fields of leaves that attributes carry: without those that mark groups and those that stand in tables instead of
/// some leaves, for neither is a caller's to set.
pub(crate) fn carried(format: &ir::Format) -> Vec<&str> {
    let marks: Vec<&str> = format.groups.iter().map(|g| format.fields[g.field.0].name.as_str()).collect();
    let of = |class| format.levels.iter().flat_map(|l| &l.kinds).filter(move |k| k.class == class);
    let everywhere = |name: &str| {
        let is = |piece: &ir::Piece| match piece.role {
            ir::Role::Field { field, .. } => format.fields[field.0].name == name,
            _ => false,
        };
        let has = |kind: &ir::Kind| kind.pieces.iter().any(is);
        of(KindClass::Leaf).all(has) || !of(KindClass::Table).any(has)
    };
    let names = format.fields.iter().map(|field| field.name.as_str());
    names.filter(|name| !marks.contains(name) && everywhere(name)).collect()
}

/// Fields by name, those that attributes carry.
fn values<'a>(said: &'a Decoded, format: &ir::Format) -> BTreeMap<&'a str, u64> {
    let carried = carried(format);
    let fields = said.fields.iter().map(|field| (field.name.as_str(), field.value));
    fields.filter(|(name, _)| carried.contains(name)).collect()
}

/// The typed entry prints the kind and every field's value.
fn typed_agrees(entry: impl Debug, said: &Decoded, format: &ir::Format) {
    let text = format!("{entry:?}");
    if said.class == KindClass::Invalid {
        assert!(text.starts_with("Invalid(") || text.starts_with("Reserved("), "{text} for {said:?}");
        return;
    }
    let level = format.levels.iter().find(|level| level.number == said.level).expect("the level exists");
    let kind = level.kinds.iter().find(|kind| kind.name == said.kind).expect("the kind exists");
    let named = [&kind.name, &kind.family].iter().any(|name| text.starts_with(&format!("{name}(")));
    assert!(named, "{text} for {said:?}");
    for field in &said.fields {
        let known = format.fields.iter().find(|f| f.name == field.name).expect("a field of the format");
        let flag = known.bits == 1 && known.values.is_empty();
        let value = if flag { (field.value == 1).to_string() } else { field.value.to_string() };
        let shown = format!(" {}: {value}", known.manual_name);
        let ends = |rest: &str| rest.starts_with([',', ' ', '}']);
        assert!(text.match_indices(&shown).any(|(at, s)| ends(&text[at + s.len()..])), "{shown} in {text}");
    }
}

/// All values of that many bits, if they are at most `all`; else the smallest and largest ones, each single bit and its complement,
/// and random ones.
pub(crate) fn samples(bits: u32, all: u32) -> Vec<u64> {
    let ones = u64::MAX >> (64 - bits);
    if bits <= all {
        return (0..=ones).collect();
    }
    let mut random = Random(0x5851_f42d_4c95_7f2d);
    let single = (0..bits).flat_map(|bit| [1 << bit, ones ^ 1 << bit]);
    [0, 1, ones, ones - 1].into_iter().chain(single).chain((0..1000).map(|_| random.next() & ones)).collect()
}

/// Every address that the kind can hold comes back from a word made with it, and the fields stay.
fn addresses_return(format: &ir::Format, level: &ir::Level, kind: &ir::Kind, before: &Decoded) {
    let held = kind.pieces.iter().fold(0, |held, piece| match piece.role {
        ir::Role::Output { address_lo } | ir::Role::Next { address_lo } => {
            held | u64::MAX >> (63 - (piece.hi - piece.lo)) << address_lo
        }
        _ => held,
    });
    for address in samples(64, 0) {
        let mut set: Vec<(&str, Value)> =
            before.fields.iter().map(|field| (field.name.as_str(), Value::Number(field.value))).collect();
        set.push(("output", Value::Number(address & held)));
        let raw = decode::encode(format, level.number, &kind.name, &set);
        let raw = raw.unwrap_or_else(|error| panic!("{} at {}: {error}", kind.name, level.number));
        let after = decode::decode(format, level.number, raw).expect("the level exists");
        assert_eq!((after.output, &after.kind), (Some(address & held), &kind.name), "{raw:#x}");
        assert_eq!(after.fields, before.fields, "{raw:#x}");
    }
}

/// Every field of every kind takes every value of up to 16 bits and samples of wider ones, alone and without touching the others.
pub(crate) fn encode_then_decode(format: &ir::Format) {
    for level in &format.levels {
        for kind in level.kinds.iter().filter(|k| k.class != KindClass::Invalid) {
            let plain = seed(format, level, kind);
            let before = decode::decode(format, level.number, plain).expect("the level exists");
            addresses_return(format, level, kind, &before);
            for field in &before.fields {
                let known = format.fields.iter().find(|f| f.name == field.name).expect("known");
                let (bits, closed) = (known.bits, known.other_values_fault);
                let listed: Vec<u64> = known.values.iter().map(|v| v.value).collect();
                for value in samples(bits, 16) {
                    let set: Vec<(&str, Value)> = before
                        .fields
                        .iter()
                        .map(|f| {
                            (
                                f.name.as_str(),
                                Value::Number(if f.name == field.name { value } else { f.value }),
                            )
                        })
                        .collect();
                    let raw = match decode::encode(format, level.number, &kind.name, &set) {
                        Ok(raw) => raw,
                        Err(EncodeError::Violation { raw, .. }) => {
                            let said = decode::decode(format, level.number, raw).expect("the level exists");
                            assert!(
                                !said.violations.is_empty() || forbidden(format, &said),
                                "{raw:#x} is fine"
                            );
                            continue;
                        }
                        Err(EncodeError::NotOfKind { raw, .. }) => {
                            let said = decode::decode(format, level.number, raw).expect("the level exists");
                            assert_ne!(said.kind, kind.name, "{raw:#x}");
                            continue;
                        }
                        Err(EncodeError::NoSuchValue { .. }) if closed && !listed.contains(&value) => {
                            continue;
                        }
                        Err(other) => panic!("{}: {other}", field.name),
                    };
                    let after = decode::decode(format, level.number, raw).expect("the level exists");
                    for (was, is) in before.fields.iter().zip(&after.fields) {
                        let expected = if is.name == field.name { value } else { was.value };
                        assert_eq!(is.value, expected, "{} of {} at {}", is.name, kind.name, level.number);
                    }
                }
            }
        }
    }
}

/// xorshift64*: the same words on every run.
struct Random(u64);

impl Random {
    /// A uniform word, a sparse one and a dense one: uniform words are rarely leaves where many bits must be zero.
    fn sorts(&mut self) -> [u64; 3] {
        let mut next = || self.next();
        [next(), next() & next() & next(), next() | next() | next()]
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}
