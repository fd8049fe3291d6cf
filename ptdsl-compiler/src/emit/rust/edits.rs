//! What the operations that change leaves need of a level: patches, larger and smaller leaves, values in invalid entries.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::bits::{Place, bare, extract, literal, mask, move_between, ones, put};
use super::descriptors::{place_address, take_address};
use super::levels::{attributes_in, chain};
use super::model::{Descriptor, Model};
use crate::ir::{Empty, FieldId, Flag, Group, KindClass, Level, Role, RowId};

/// The items of one level that follow from it and the level below.
pub(super) fn emit(
    model: &Model<'_>,
    level: &Level,
    leaves: &[&Descriptor<'_>],
    below: &[&Descriptor<'_>],
    below_shift: u32,
) -> TokenStream {
    let patch = patch(model, level, leaves);
    let resize = resize(model, leaves, below, below_shift);
    let single = single(model, level, leaves);
    let annotation = annotation(model, level);
    let through = through(model, leaves);
    let accessed = flag(model, leaves, model.format.accessed.as_ref(), "accessed");
    let dirty = flag(model, leaves, model.format.dirty.as_ref(), "dirty");
    quote! { #patch #resize #single #through #accessed #dirty #annotation }
}

/// `Level::patch`.
fn patch(model: &Model<'_>, level: &Level, leaves: &[&Descriptor<'_>]) -> TokenStream {
    let (word, marker) = (model.word(), model.marker());
    let number = Literal::i32_unsuffixed(level.number);
    let narrow = |bits: TokenStream| {
        if model.format.word_bits == 64 {
            bits
        } else {
            quote! { (#bits) as u32 }
        }
    };
    if leaves.is_empty() {
        return TokenStream::new();
    }
    let arms = leaves.iter().map(|leaf| {
        let whole =
            model.format.word_bits == 64 && model.home.iter().all(|(id, home)| leaf.field(*id) == *home);
        let new = if whole {
            quote! { let new = raw & !patch.mask | patch.value; }
        } else {
            let bits = |from| bare(narrow(attributes_in(model, leaf, &from, true)));
            let (mask, value) = (bits(quote! { patch.mask }), bits(quote! { patch.value }));
            quote! { let (mask, value) = (#mask, #value); let new = raw & !mask | value; }
        };
        let name = &leaf.name;
        (quote! { #name::matches(raw) }, quote! { #new #marker::attributes(#number, new).map(|_| new) })
    });
    let body = chain(&merged(arms), quote! { None });
    quote! { fn patch(raw: #word, patch: &Patch) -> Option<#word> { #body } }
}

/// Arms that do the same as one.
fn merged(arms: impl Iterator<Item = (TokenStream, TokenStream)>) -> Vec<(TokenStream, TokenStream)> {
    let mut all: Vec<(TokenStream, TokenStream)> = Vec::new();
    for (test, body) in arms {
        match all.iter_mut().find(|(_, other)| other.to_string() == body.to_string()) {
            Some((tests, _)) => *tests = quote! { #tests || #test },
            None => all.push((test, body)),
        }
    }
    all
}

/// `Level::demote` and `Level::promote`: by fields, so that a field may stand elsewhere in the other leaf.
fn resize(
    model: &Model<'_>,
    leaves: &[&Descriptor<'_>],
    below: &[&Descriptor<'_>],
    below_shift: u32,
) -> TokenStream {
    let word = model.word();
    let by_itself = |leaf: &&&Descriptor<'_>| leaf.kind.span == 0;
    let (Some(large), Some(small)) = (leaves.iter().find(by_itself), below.iter().find(by_itself)) else {
        return TokenStream::new();
    };
    let shift = Literal::u32_unsuffixed(below_shift);
    let down = leaves.iter().map(|leaf| {
        let (name, output) = (&leaf.name, output_of(model, leaf));
        let word = converted(model, leaf, small, &quote! { (#output).wrapping_add(k << #shift) });
        (quote! { #name::matches(raw) }, word)
    });
    let up = below.iter().filter(by_itself).map(|leaf| {
        let (name, output) = (&leaf.name, output_of(model, leaf));
        (quote! { #name::matches(raw) }, converted(model, leaf, large, &output))
    });
    let down = chain(&down.collect::<Vec<_>>(), quote! { None });
    let up = chain(&up.collect::<Vec<_>>(), quote! { None });
    quote! {
        fn demote(raw: #word, k: u64) -> Option<#word> { #down }
        fn promote(raw: #word) -> Option<#word> { #up }
    }
}

/// `Level::single`, where a leaf may take several slots.
fn single(model: &Model<'_>, level: &Level, leaves: &[&Descriptor<'_>]) -> TokenStream {
    let grouped = model.format.groups.iter().any(|group| group.levels.contains(&level.number));
    let first = leaves.iter().find(|leaf| leaf.kind.span == 0);
    let Some(first) = first.filter(|_| grouped || leaves.len() > 1) else {
        return TokenStream::new();
    };
    let (word, shift) = (model.word(), Literal::u32_unsuffixed(level.shift));
    let arms = leaves.iter().map(|leaf| {
        let (name, output) = (&leaf.name, output_of(model, leaf));
        let word = converted(model, leaf, first, &quote! { (#output).wrapping_add(k << #shift) });
        (quote! { #name::matches(raw) }, word)
    });
    let body = chain(&arms.collect::<Vec<_>>(), quote! { None });
    quote! { fn single(raw: #word, k: u64) -> Option<#word> { #body } }
}

/// `Level::through`: the rows between which a leaf never changes at once.
fn through(model: &Model<'_>, leaves: &[&Descriptor<'_>]) -> TokenStream {
    let word = model.word();
    let attributes = || model.format.attributes.iter().filter(|attribute| !attribute.detours.is_empty());
    if leaves.is_empty() || attributes().next().is_none() {
        return TokenStream::new();
    }
    let arms = leaves.iter().map(|leaf| {
        let tests = attributes().map(|attribute| {
            let places: Vec<_> = attribute.fields.iter().map(|&id| leaf.field(id)).collect();
            let bits = literal(places.iter().fold(0, |bits, places| bits | mask(places)));
            let row = |RowId(row): RowId| {
                let values = places.iter().zip(&attribute.rows[row].values);
                literal(values.fold(0, |bits, (places, &value)| bits | put(places, value)))
            };
            let detours = attribute.detours.iter().map(|detour| {
                let [one, other] = [0, 1]
                    .map(|side: usize| detour.sides[side].iter().map(|&id| row(id)).collect::<Vec<_>>());
                let through = row(detour.through);
                let through = (through.to_string() != "0").then(|| quote! { | #through });
                quote! {
                    if matches!((was, is), (#(#one)|*, #(#other)|*) | (#(#other)|*, #(#one)|*)) {
                        return Some(new & !#bits #through);
                    }
                }
            });
            quote! { let (was, is) = (old & #bits, new & #bits); #(#detours)* }
        });
        let name = &leaf.name;
        (quote! { #name::matches(new) }, quote! { #(#tests)* None })
    });
    let body = match &merged(arms)[..] {
        // Both are leaves of this level.
        [(_, only)] => only.clone(),
        several => chain(several, quote! { None }),
    };
    quote! { fn through(old: #word, new: #word) -> Option<#word> { #body } }
}

/// `Level::accessed` and `Level::with_accessed`, or the same for dirty.
fn flag(model: &Model<'_>, leaves: &[&Descriptor<'_>], flag: Option<&Flag>, name: &str) -> TokenStream {
    let (Some(flag), false) = (flag, leaves.is_empty()) else { return TokenStream::new() };
    let word = model.word();
    let (set, with) = (format_ident!("{name}"), format_ident!("with_{name}"));
    let constant = format_ident!("{}", name.to_uppercase());
    let arms = |what: &dyn Fn(&Descriptor<'_>) -> TokenStream, otherwise: TokenStream| {
        let mut arms: Vec<(TokenStream, TokenStream)> = Vec::new();
        let all: Vec<String> = leaves.iter().map(|leaf| what(leaf).to_string()).collect();
        if all.iter().all(|text| *text == all[0]) {
            return what(leaves[0]);
        }
        for leaf in leaves {
            let name = &leaf.name;
            arms.push((quote! { #name::matches(raw) }, what(leaf)));
        }
        chain(&arms, otherwise)
    };
    let bit = |leaf: &Descriptor<'_>| put(&leaf.field(flag.field), flag.mask);
    let on = |leaf: &Descriptor<'_>| put(&leaf.field(flag.field), flag.set);
    let tracked = |leaf: &Descriptor<'_>| {
        let (field, value) = flag.when.as_ref()?;
        let places = leaf.field(*field);
        Some((mask(&places), put(&places, *value)))
    };
    let is = arms(
        &|leaf| {
            let (when, value) = tracked(leaf).unwrap_or((0, 0));
            let (mask, value) = (literal(bit(leaf) | when), literal(on(leaf) | value));
            quote! { raw & #mask == #value }
        },
        quote! { false },
    );
    let change = arms(
        &|leaf| {
            let (bits, on) = (bit(leaf), on(leaf));
            let keep = literal(!bits & ones(model.format.word_bits));
            let untracked = tracked(leaf).map(|(mask, value)| {
                let (mask, value) = (literal(mask), literal(value));
                quote! { if raw & #mask != #value { return raw; } }
            });
            let (set, clear) = (or(on), or(bits & !on));
            quote! { #untracked if value { raw & #keep #set } else { raw & #keep #clear } }
        },
        quote! { raw },
    );
    quote! {
        const #constant: bool = true;
        fn #set(raw: #word) -> bool { #is }
        fn #with(raw: #word, value: bool) -> #word { #change }
    }
}

/// `| 0x80`, or nothing.
fn or(bits: u64) -> TokenStream {
    if bits == 0 {
        return TokenStream::new();
    }
    let bits = literal(bits);
    quote! { | #bits }
}

/// The word `raw` of one kind of leaf as another kind with that output. What the other kind cannot say, and is not as it
/// would be anyway, makes it `None`; a mark of a group is not taken over.
fn converted(
    model: &Model<'_>,
    from: &Descriptor<'_>,
    to: &Descriptor<'_>,
    output: &TokenStream,
) -> TokenStream {
    let bits = model.format.word_bits;
    let mark = |id: FieldId| model.format.groups.iter().find(|group| group.field == id);
    let (mut moves, mut must, mut must_be, mut constant) = (Vec::new(), 0, 0, to.fixed());
    for id in from.fields().into_iter().filter(|&id| mark(id).is_none()) {
        let (here, there) = (from.field(id), to.field(id));
        for bit in 0..model.field(id).bits {
            match (at(&here, bit), at(&there, bit)) {
                (Some(here), Some(there)) => moves.push((here, there, 1)),
                (Some(here), None) => {
                    must |= 1 << here;
                    must_be |= (model.field(id).default >> bit & 1) << here;
                }
                _ => {}
            }
        }
    }
    for id in to.fields() {
        let there = to.field(id);
        if let Some(group) = mark(id) {
            constant |= put(&there, outside(model, group));
        } else if from.field(id).is_empty() {
            constant |= put(&there, model.field(id).default);
        }
    }
    moves.extend(unnamed(from).into_iter().filter(|bit| unnamed(to).contains(bit)).map(|bit| (bit, bit, 1)));
    let moved = move_between(&quote! { raw }, moves.into_iter(), bits);
    let address = place_address(model, &to.address());
    let constant = (constant != 0).then(|| {
        let constant = literal(constant);
        quote! { | #constant }
    });
    let test = (must != 0).then(|| {
        let (must, must_be) = (literal(must), literal(must_be));
        quote! { if raw & #must != #must_be { return None; } }
    });
    let (name, output) = (&to.name, bare(output.clone()));
    quote! {
        #test
        let address = #output;
        #name::mapping(#moved | #address #constant, address)
    }
}

/// The output address of the leaf `raw`; of one that says its size, by a table of sizes.
fn output_of(model: &Model<'_>, leaf: &Descriptor<'_>) -> TokenStream {
    let name = &leaf.name;
    if leaf.is_sized() {
        quote! { (#name(raw).output().0) }
    } else {
        take_address(model, &quote! { raw }, &leaf.address())
    }
}

/// The value that a group's mark has outside a group.
fn outside(model: &Model<'_>, group: &Group) -> u64 {
    let default = model.field(group.field).default;
    if default == group.value { default ^ 1 } else { default }
}

/// Where a bit of a field stands.
fn at(places: &[Place], bit: u32) -> Option<u32> {
    let place = places.iter().find(|p| (p.value_lo..p.value_lo + p.width()).contains(&bit))?;
    Some(place.lo + bit - place.value_lo)
}

/// Bits that have no name and that the walk does not look at.
fn unnamed(leaf: &Descriptor<'_>) -> Vec<u32> {
    let free = leaf.kind.pieces.iter().filter(|p| matches!(p.role, Role::Ignored | Role::Software));
    free.flat_map(|piece| piece.lo..=piece.hi).collect()
}

/// `Level::annotated` and its inverse: the bits that an invalid entry has for software, lowest first, are one number.
fn annotation(model: &Model<'_>, level: &Level) -> TokenStream {
    let word = model.word();
    let kinds: Vec<&Descriptor<'_>> = level
        .kinds
        .iter()
        .filter(|kind| kind.class == KindClass::Invalid)
        .map(|kind| model.descriptor(level, kind))
        .collect();
    let Empty::Word(empty) = level.empty else { return TokenStream::new() };
    let matching = |d: &&&Descriptor<'_>| d.kind.guard.iter().any(|cube| empty & cube.mask == cube.value);
    let Some(invalid) = kinds.iter().find(matching) else {
        return TokenStream::new();
    };
    let mut places = Vec::new();
    let mut bits = 0;
    for piece in invalid.kind.pieces.iter().rev() {
        let software = match piece.role {
            Role::Software => true,
            Role::Field { field, .. } => model.field(field).software,
            _ => false,
        };
        if software {
            places.push(Place { hi: piece.hi, lo: piece.lo, value_lo: bits });
            bits += piece.hi - piece.lo + 1;
        }
    }
    if bits == 0 {
        return TokenStream::new();
    }
    let flipped = empty & mask(&places);
    let name = &invalid.name;
    let word_bits = model.format.word_bits;
    let value = if word_bits == 64 {
        quote! { value }
    } else {
        quote! { (value as u32) }
    };
    let put = move_between(&value, places.iter().map(|p| (p.value_lo, p.lo, p.width())), word_bits.min(bits));
    let get = |from: TokenStream| extract(&from, &places, word_bits);
    let empty = empty & ones(word_bits);
    let (put, get) = if empty == 0 {
        (put, get(quote! { raw }))
    } else {
        let raw = if flipped == 0 {
            quote! { raw }
        } else {
            let flipped = literal(flipped);
            quote! { (raw ^ #flipped) }
        };
        let empty = literal(empty);
        (quote! { #put ^ #empty }, get(raw))
    };
    let get = if word_bits == 64 {
        get
    } else {
        quote! { (#get) as u64 }
    };
    let (bits, put, get) = (Literal::u32_unsuffixed(bits), bare(put), bare(get));
    quote! {
        const ANNOTATION_BITS: u32 = #bits;
        fn annotated(value: u64) -> #word { #put }
        fn annotation(raw: #word) -> Option<u64> {
            if #name::matches(raw) { Some(#get) } else { None }
        }
    }
}
