//! The format arranged for emission: which descriptor types there are, what they are called, and where things stand.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::bits::{Place, mask, put};
use super::names::{camel, snake};
use crate::ir::{Cube, Field, FieldId, Format, Kind, KindClass, Level, Piece, Role};

/// A format and the Rust names of its parts.
pub(super) struct Model<'a> {
    pub(super) format: &'a Format,
    /// One per distinct descriptor type.
    pub(super) descriptors: Vec<Descriptor<'a>>,
    /// Type of each field that is no plain Boolean.
    pub(super) field_types: BTreeMap<FieldId, Ident>,
    /// Type of each attribute.
    pub(super) attribute_types: Vec<Ident>,
    /// Where `Attributes` keeps the fields that a caller decides.
    pub(super) home: BTreeMap<FieldId, Vec<Place>>,
}

/// A kind, at the levels where it looks the same; or a kind in all its sizes at one level.
pub(super) struct Descriptor<'a> {
    pub(super) name: Ident,
    /// The kind, or its smallest size.
    pub(super) kind: &'a Kind,
    pub(super) levels: Vec<&'a Level>,
    /// All sizes; the kind itself where it has one.
    pub(super) sizes: Vec<&'a Kind>,
}

impl<'a> Model<'a> {
    pub(super) fn new(format: &'a Format) -> Self {
        let mut taken: BTreeSet<String> =
            ["Attributes", "Config", "Options", "PageTable", "Patch", "Registers", "Step"]
                .into_iter()
                .map(str::to_owned)
                .chain(IMPORTS.iter().map(|&import| import.to_owned()))
                .collect();
        taken.insert(camel(&format.name));
        for level in &format.levels {
            taken.insert(level_name(level).to_string());
            taken.insert(entry_name(level).to_string());
        }
        let descriptors = descriptors(format, &mut taken);
        let attribute_types =
            format.attributes.iter().map(|a| unique(&mut taken, camel(&a.name), "Attribute")).collect();
        let field_types = (0..format.fields.len())
            .map(FieldId)
            .filter(|&id| !is_flag(&format.fields[id.0]))
            .map(|id| (id, unique(&mut taken, camel(&format.fields[id.0].name), "Field")))
            .collect();
        let home = home(format);
        Model { format, descriptors, field_types, attribute_types, home }
    }

    pub(super) fn marker(&self) -> Ident {
        format_ident!("{}", camel(&self.format.name))
    }

    /// `u32` or `u64`.
    pub(super) fn word(&self) -> Ident {
        format_ident!("u{}", self.format.word_bits)
    }

    pub(super) fn field(&self, id: FieldId) -> &'a Field {
        &self.format.fields[id.0]
    }

    /// The descriptor type of a kind at a level.
    pub(super) fn descriptor(&self, level: &Level, kind: &Kind) -> &Descriptor<'a> {
        self.descriptors
            .iter()
            .find(|d| {
                d.sizes.iter().any(|size| size.name == kind.name)
                    && d.levels.iter().any(|l| l.number == level.number)
            })
            .expect("every kind of every level has a descriptor type")
    }

    /// The descriptor types of a level, each once, in the order of its kinds.
    pub(super) fn at(&self, level: &Level) -> Vec<&Descriptor<'a>> {
        let mut all: Vec<&Descriptor<'a>> = Vec::new();
        for kind in &level.kinds {
            let descriptor = self.descriptor(level, kind);
            if !all.iter().any(|old| old.name == descriptor.name) {
                all.push(descriptor);
            }
        }
        all
    }

    /// Fields of leaves, in order, with whether a caller may set them one by one (no attribute decides them).
    pub(super) fn free_fields(&self) -> impl Iterator<Item = FieldId> + '_ {
        self.home.keys().copied().filter(|id| !self.format.attributes.iter().any(|a| a.fields.contains(id)))
    }

    /// The type of a field's value and how to make it from `bits` and take it apart.
    pub(super) fn field_type(&self, id: FieldId) -> TokenStream {
        self.field_types.get(&id).map_or_else(|| quote! { bool }, |name| quote! { #name })
    }
}

/// Names that the module imports.
pub(super) const IMPORTS: &[&str] = &[
    "Along",
    "Change",
    "End",
    "Extend",
    "Format",
    "Level",
    "OutputChoice",
    "Part",
    "Phys",
    "Run",
    "Shape",
    "Transition",
    "World",
];

impl<'a> Descriptor<'a> {
    /// Each size by itself.
    pub(super) fn each_size(&self) -> impl Iterator<Item = Descriptor<'a>> + '_ {
        self.sizes.iter().map(|&kind| Descriptor {
            name: self.name.clone(),
            kind,
            levels: self.levels.clone(),
            sizes: vec![kind],
        })
    }

    /// Whether it stands for several sizes.
    pub(super) fn is_sized(&self) -> bool {
        self.sizes.len() > 1
    }

    /// `Block at level 1`, `Table at levels 0, 1 and 2`
    pub(super) fn place(&self) -> String {
        let numbers: Vec<String> = self.levels.iter().map(|l| l.number.to_string()).collect();
        match numbers.split_last() {
            Some((last, [])) => format!("at level {last}"),
            Some((last, rest)) => format!("at levels {} and {last}", rest.join(", ")),
            None => String::new(),
        }
    }

    pub(super) fn field(&self, id: FieldId) -> Vec<Place> {
        field_places(self.kind, id)
    }

    /// Fields in the order of the word, highest first.
    pub(super) fn fields(&self) -> Vec<FieldId> {
        let mut fields = Vec::new();
        for piece in &self.kind.pieces {
            if let Role::Field { field, .. } = piece.role
                && !fields.contains(&field)
            {
                fields.push(field);
            }
        }
        fields
    }

    /// Where the output or next address stands.
    pub(super) fn address(&self) -> Vec<Place> {
        self.kind
            .pieces
            .iter()
            .filter_map(|piece| match piece.role {
                Role::Output { address_lo } | Role::Next { address_lo } => {
                    Some(Place { hi: piece.hi, lo: piece.lo, value_lo: address_lo })
                }
                _ => None,
            })
            .collect()
    }

    /// Bits that every descriptor of this kind is written with, fields and address aside.
    pub(super) fn fixed(&self) -> u64 {
        self.kind.pieces.iter().fold(0, |word, piece| {
            let place = Place { hi: piece.hi, lo: piece.lo, value_lo: 0 };
            word | match piece.role {
                Role::Fixed { value } => put(&[place], value),
                Role::Res1 | Role::Mbo => place.mask(),
                _ => 0,
            }
        })
    }

    /// The word with every field at its default and no address. Where that is no word of the kind, the bits that its
    /// guard's first alternative asks for are set.
    pub(super) fn defaults(&self, model: &Model<'_>) -> u64 {
        let fields = self.fields();
        let word = fields
            .into_iter()
            .fold(self.fixed(), |word, id| word | put(&self.field(id), model.field(id).default));
        match self.kind.guard.first() {
            Some(first) if !self.kind.guard.iter().any(|cube| word & cube.mask == cube.value) => {
                word & !first.mask | first.value
            }
            _ => word,
        }
    }

    /// The guard, of all sizes, with the bits that fault otherwise.
    pub(super) fn cubes(&self) -> Vec<Cube> {
        if self.is_sized() {
            return self.each_size().flat_map(|size| size.cubes()).collect();
        }
        let mut must = Cube { mask: 0, value: 0 };
        for piece in &self.kind.pieces {
            let bits = Place { hi: piece.hi, lo: piece.lo, value_lo: 0 }.mask();
            match piece.role {
                Role::Mbz => must.mask |= bits,
                Role::Mbo => {
                    must.mask |= bits;
                    must.value |= bits;
                }
                _ => {}
            }
        }
        self.kind
            .guard
            .iter()
            .filter(|cube| (cube.value ^ must.value) & cube.mask & must.mask == 0)
            .map(|cube| Cube { mask: cube.mask | must.mask, value: cube.value | must.value })
            .collect()
    }
}

pub(super) fn is_flag(field: &Field) -> bool {
    field.bits == 1 && field.values.is_empty()
}

pub(super) fn field_places(kind: &Kind, id: FieldId) -> Vec<Place> {
    kind.pieces
        .iter()
        .filter_map(|piece| match piece.role {
            Role::Field { field, value_lo } if field == id => {
                Some(Place { hi: piece.hi, lo: piece.lo, value_lo })
            }
            _ => None,
        })
        .collect()
}

pub(super) fn level_name(level: &Level) -> Ident {
    numbered("Level", level)
}

pub(super) fn entry_name(level: &Level) -> Ident {
    numbered("Entry", level)
}

fn numbered(stem: &str, level: &Level) -> Ident {
    if level.number < 0 {
        format_ident!("{stem}Minus{}", level.number.unsigned_abs())
    } else {
        format_ident!("{stem}{}", level.number.unsigned_abs())
    }
}

/// The name, with the suffix if it is taken, and with more of it until it is free.
fn unique(taken: &mut BTreeSet<String>, mut name: String, suffix: &str) -> Ident {
    while !taken.insert(name.clone()) {
        name.push_str(suffix);
    }
    format_ident!("{name}")
}

fn descriptors<'a>(format: &'a Format, taken: &mut BTreeSet<String>) -> Vec<Descriptor<'a>> {
    let mut groups: Vec<(Vec<&'a Kind>, Vec<&'a Level>)> = Vec::new();
    for level in &format.levels {
        for kind in &level.kinds {
            let same = |(kinds, levels): &&mut (Vec<&'a Kind>, Vec<&'a Level>)| {
                kinds[0] == kind || levels[0].number == level.number && are_sizes(kinds[0], kind)
            };
            match groups.iter_mut().find(same) {
                Some((kinds, levels)) if kinds[0] == kind => levels.push(level),
                Some((kinds, _)) => kinds.push(kind),
                None => groups.push((vec![kind], vec![level])),
            }
        }
    }
    // Kinds in the order of the word's class, so that a reader meets invalid, table, leaf.
    groups.sort_by_key(|(kinds, _)| match kinds[0].class {
        KindClass::Invalid => 0,
        KindClass::Table => 1,
        KindClass::Leaf => 2,
    });
    let stem = |kinds: &[&'a Kind]| match kinds {
        [one] => one.name.as_str(),
        _ => kinds[0].family.as_str(),
    };
    let names: Vec<&str> = groups.iter().map(|(kinds, _)| stem(kinds)).collect();
    let several: BTreeSet<&str> =
        names.iter().copied().filter(|name| names.iter().filter(|n| n == &name).count() > 1).collect();
    groups
        .iter()
        .map(|(kinds, levels)| {
            let name = if several.contains(stem(kinds)) {
                numbered(&camel(stem(kinds)), levels[0]).to_string()
            } else {
                camel(stem(kinds))
            };
            let name = unique(taken, name, "Descriptor");
            Descriptor { name, kind: kinds[0], levels: levels.clone(), sizes: kinds.clone() }
        })
        .collect()
}

/// Whether two kinds are one in two sizes: alike but for the low address bits, which the larger has fewer of.
fn are_sizes(small: &Kind, large: &Kind) -> bool {
    let alike = |from: &Piece, to: &Piece| {
        from.role == to.role
            || matches!((&from.role, &to.role), (Role::Output { address_lo: a }, Role::Output { address_lo: b })
                if from.hi == to.hi && b - a.min(b) == to.lo - from.lo.min(to.lo))
    };
    let named = |kind: &'_ Kind| -> Vec<Piece> {
        kind.pieces.iter().filter(|piece| !matches!(piece.role, Role::Fixed { .. })).cloned().collect()
    };
    let (small_pieces, large_pieces) = (named(small), named(large));
    small.family == large.family
        && small.name != small.family
        && small_pieces.len() == large_pieces.len()
        && small_pieces.iter().zip(&large_pieces).all(|(a, b)| {
            alike(a, b) && (matches!(a.role, Role::Output { .. }) || (a.hi, a.lo) == (b.hi, b.lo))
        })
}

/// Where `Attributes` keeps each field of a leaf: where the smallest leaf has it, so that most words need no moves; a
/// field that would collide there goes where there is room. Group marks are the runtime's and have no home; neither has a
/// field that stands in tables instead of some leaves: what is mapped below one table shares it, so it keeps its default.
fn home(format: &Format) -> BTreeMap<FieldId, Vec<Place>> {
    let mut home = BTreeMap::new();
    let mut used = 0_u64;
    let leaves = format.levels.iter().rev().flat_map(|l| &l.kinds).filter(|k| k.class == KindClass::Leaf);
    let tables = format.levels.iter().flat_map(|l| &l.kinds).filter(|k| k.class == KindClass::Table);
    let in_tables = |field: FieldId| {
        leaves.clone().any(|kind| field_places(kind, field).is_empty())
            && tables.clone().any(|kind| !field_places(kind, field).is_empty())
    };
    for kind in leaves.clone() {
        for piece in &kind.pieces {
            let Role::Field { field, .. } = piece.role else {
                continue;
            };
            let marks = format.groups.iter().any(|g| g.field == field);
            if home.contains_key(&field) || marks || in_tables(field) {
                continue;
            }
            let mut places = field_places(kind, field);
            if mask(&places) & used != 0 {
                let bits = format.fields[field.0].bits;
                let room = (0..=64 - bits).rev().find(|lo| super::bits::ones(bits) << lo & used == 0);
                let lo = room.expect("the fields of a word fit 64 bits");
                places = vec![Place { hi: lo + bits - 1, lo, value_lo: 0 }];
            }
            used |= mask(&places);
            home.insert(field, places);
        }
    }
    home
}

/// The getter's name of a field.
pub(super) fn getter(field: &Field) -> Ident {
    format_ident!("{}", snake(&field.name))
}

/// The setter's name of a field.
pub(super) fn setter(field: &Field) -> Ident {
    format_ident!("with_{}", snake(&field.name).trim_end_matches('_'))
}

/// `58:55`, `7`, `15 and 11:10`
pub(super) fn places_text(places: &[Place]) -> String {
    let texts: Vec<String> = places
        .iter()
        .map(|p| if p.hi == p.lo { p.hi.to_string() } else { format!("{}:{}", p.hi, p.lo) })
        .collect();
    let noun = if places.len() == 1 && places[0].hi == places[0].lo { "bit" } else { "bits" };
    format!("{noun} {}", texts.join(" and "))
}
