//! One `Level` implementation per level: the facts that the runtime's operations are made of.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};

use super::bits::{Place, bare, extract, literal, mask, move_between, ones, put};
use super::descriptors::place_address;
use super::model::{Descriptor, Model, entry_name, level_name};
use super::{changes, edits, spans, tables};
use crate::ir::{Empty, FieldId, KindClass, Level};

pub(super) fn emit(model: &Model<'_>) -> TokenStream {
    let levels = &model.format.levels;
    let marker = model.marker();
    let items =
        levels.iter().enumerate().map(|(i, level)| (level_name(level), one(model, level, levels.get(i + 1))));
    let items = tables::share(model, items.collect());
    let types = levels.iter().zip(items).map(|(level, items)| {
        let (name, input) = (level_name(level), &model.format.input.name);
        let about = format!(
            " Level {}: index `{input}[{}:{}]`, an entry maps {}.",
            level.number,
            level.shift + level.index_bits - 1,
            level.shift,
            size(level.shift)
        );
        quote! {
            #[doc = #about]
            #[derive(Clone, Copy, Debug)]
            pub enum #name {}

            impl Level<#marker> for #name { #items }
        }
    });
    quote! { #(#types)* }
}

/// The items of a level's implementation.
fn one(model: &Model<'_>, level: &Level, below: Option<&Level>) -> TokenStream {
    let (entry, word) = (entry_name(level), model.word());
    let next = below.map_or_else(|| format_ident!("End"), level_name);
    let (tables, skips): (Vec<_>, Vec<_>) = of_class(model, level, KindClass::Table)
        .into_iter()
        .partition(|table| table.kind.next_level.is_none());
    let skipped = (!skips.is_empty()).then(|| skipped(model, &skips));
    let leaves = of_class(model, level, KindClass::Leaf);
    let single = leaves.iter().copied().find(|leaf| leaf.kind.span == 0);
    let spans = spans::emit(model, level, &leaves);
    let (has_leaf, has_table) = (!leaves.is_empty(), !tables.is_empty());
    let number = proc_macro2::Literal::i32_unsuffixed(level.number);
    let (shift, bits) = (u32_literal(level.shift), u32_literal(level.index_bits));
    let (empty, sentinel) = empty(model, level);
    let places = single.map(Descriptor::address).unwrap_or_default();
    let step =
        literal(put(&places, 1_u64.checked_shl(level.shift).unwrap_or(0)) & ones(model.format.word_bits));
    let linear = literal(linear(&places));
    let reach = single.filter(|leaf| leaf.kind.output_bits < model.format.output.bits).map(|leaf| {
        let reach = literal(ones(leaf.kind.output_bits));
        quote! { const REACH: u64 = #reach; }
    });
    let along = literal(along(model, &tables));
    let to_tables = to_tables(model, &tables);
    let of_leaves = of_leaves(model, &leaves, single);
    let smaller = below.map(|below| of_class(model, below, KindClass::Leaf)).unwrap_or_default();
    let edits = edits::emit(model, level, &leaves, &smaller, below.map_or(0, |below| below.shift));
    quote! {
        type Next = #next;
        type Entry = #entry;
        const NUMBER: i32 = #number;
        const SHIFT: u32 = #shift;
        const BITS: u32 = #bits;
        const HAS_LEAF: bool = #has_leaf;
        const HAS_TABLE: bool = #has_table;
        const EMPTY: #word = #empty;
        #sentinel
        const STEP: #word = #step;
        #reach
        const LINEAR: u64 = #linear;
        const ALONG: #word = #along;
        fn entry(raw: #word) -> #entry { #entry::of(raw) }
        #to_tables
        #of_leaves
        #skipped
        #spans
        #edits
    }
}

/// How a level's tables are followed and made; nothing where there are none.
fn to_tables(model: &Model<'_>, tables: &[&Descriptor<'_>]) -> TokenStream {
    if tables.is_empty() {
        return TokenStream::new();
    }
    let word = model.word();
    let next_table = first_match(tables, |d| quote! { Some(#d(raw).next()) }, quote! { None });
    let link = link(model, tables.first());
    quote! {
        #[inline(always)]
        fn next_table(raw: #word) -> Option<Phys> { #next_table }
        #[inline(always)]
        fn link(child: Phys) -> #word { #link }
    }
}

/// How a level's leaves are told, read and made; nothing where there are none.
fn of_leaves(model: &Model<'_>, leaves: &[&Descriptor<'_>], single: Option<&Descriptor<'_>>) -> TokenStream {
    if leaves.is_empty() {
        return TokenStream::new();
    }
    let word = model.word();
    let (is_leaf, output, leaf) = (any_match(leaves), output(leaves), leaf(model, single));
    let change = changes::emit(model, leaves);
    quote! {
        #[inline(always)]
        fn is_leaf(raw: #word) -> bool { #is_leaf }
        #[inline(always)]
        fn output(raw: #word) -> Phys { #output }
        #[inline(always)]
        fn leaf(output: Phys, attributes: Attributes) -> #word { #leaf }
        fn change(old: #word, new: #word) -> Change { #change }
    }
}

/// The word of an empty slot, and what leads to it where the table decides it.
fn empty(model: &Model<'_>, level: &Level) -> (TokenStream, TokenStream) {
    let word = match level.empty {
        Empty::Word(word) => return (literal(word).into_token_stream(), TokenStream::new()),
        Empty::Sentinel => model.word(),
    };
    let above = model.format.levels.iter().filter(|l| l.shift > level.shift && l.empty == Empty::Sentinel);
    let place = proc_macro2::Literal::usize_unsuffixed(above.count());
    let marker = model.marker();
    let sentinel = quote! {
        const SENTINEL: Option<usize> = Some(#place);
        #[inline(always)]
        fn empty(shape: &Shape<#marker>) -> #word { Self::link(shape.sentinels[#place]) }
    };
    (quote! { 0 }, sentinel)
}

pub(super) fn u32_literal(value: u32) -> proc_macro2::Literal {
    proc_macro2::Literal::u32_unsuffixed(value)
}

/// `2 MiB`
pub(super) fn size(shift: u32) -> String {
    const UNITS: [&str; 7] = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    format!("{} {}", 1_u64 << (shift % 10), UNITS[(shift / 10) as usize % UNITS.len()])
}

fn of_class<'m, 'a>(model: &'m Model<'a>, level: &Level, class: KindClass) -> Vec<&'m Descriptor<'a>> {
    model.at(level).into_iter().filter(|descriptor| descriptor.kind.class == class).collect()
}

/// Output bits that a leaf holds in one piece with the lowest: within them, adding [`Level::STEP`] carries rightly.
fn linear(places: &[Place]) -> u64 {
    match places {
        [] | [_] => u64::MAX,
        _ => places.iter().min_by_key(|p| p.value_lo).map_or(0, |p| ones(p.value_lo + p.width())),
    }
}

/// Table bits that hierarchical attributes read; all, where every table has them in the same places.
fn along(model: &Model<'_>, tables: &[&Descriptor<'_>]) -> u64 {
    let fields: Vec<FieldId> =
        model.format.effective.iter().flat_map(|e| e.path.iter().map(|above| above.field)).collect();
    let places =
        |table: &Descriptor<'_>| -> Vec<Vec<Place>> { fields.iter().map(|&id| table.field(id)).collect() };
    let mut all = model.descriptors.iter().filter(|d| d.kind.class == KindClass::Table).map(places);
    let first = all.next();
    if all.all(|other| Some(&other) == first.as_ref()) {
        return ones(model.format.word_bits);
    }
    tables.iter().fold(0, |bits, table| places(table).iter().fold(bits, |bits, places| bits | mask(places)))
}

/// `if a { x } else if b { y } else { z }`
pub(super) fn chain(arms: &[(TokenStream, TokenStream)], otherwise: TokenStream) -> TokenStream {
    if arms.is_empty() {
        return otherwise;
    }
    let arms = arms.iter().map(|(test, value)| quote! { if #test { #value } else });
    quote! { #(#arms)* { #otherwise } }
}

fn first_match(
    descriptors: &[&Descriptor<'_>],
    value: impl Fn(&proc_macro2::Ident) -> TokenStream,
    otherwise: TokenStream,
) -> TokenStream {
    let arms: Vec<_> = descriptors
        .iter()
        .map(|d| {
            let name = &d.name;
            (quote! { #name::matches(raw) }, value(name))
        })
        .collect();
    if arms.is_empty() {
        return quote! { let _ = raw; #otherwise };
    }
    chain(&arms, otherwise)
}

/// Tables of a level further down.
fn skipped(model: &Model<'_>, skips: &[&Descriptor<'_>]) -> TokenStream {
    let (word, bits) = (model.word(), model.format.word_bits);
    let arms: Vec<_> = skips
        .iter()
        .filter_map(|skip| {
            let (name, places) = (&skip.name, skip.field(skip.kind.next_level?));
            let level = bare(extract(&quote! { raw }, &places, bits));
            Some((quote! { #name::matches(raw) }, quote! { Some((#name(raw).next(), (#level) as i32)) }))
        })
        .collect();
    let value = chain(&arms, quote! { None });
    quote! {
        #[inline(always)]
        fn skipped(raw: #word) -> Option<(Phys, i32)> { #value }
    }
}

fn any_match(descriptors: &[&Descriptor<'_>]) -> TokenStream {
    if descriptors.is_empty() {
        return quote! { let _ = raw; false };
    }
    let names = descriptors.iter().map(|d| &d.name);
    quote! { #(#names::matches(raw))||* }
}

fn output(leaves: &[&Descriptor<'_>]) -> TokenStream {
    let Some((last, before)) = leaves.split_last() else {
        return quote! { let _ = raw; Phys(0) };
    };
    let last = &last.name;
    let last = quote! { #last(raw).output() };
    if before.is_empty() { last } else { first_match(before, |d| quote! { #d(raw).output() }, last) }
}

/// A leaf's word from address and attributes.
pub(super) fn leaf(model: &Model<'_>, leaf: Option<&Descriptor<'_>>) -> TokenStream {
    let Some(leaf) = leaf else {
        return quote! { let _ = (output, attributes); 0 };
    };
    let fixed = leaf.fixed();
    let address = place_address(model, &leaf.address());
    let fields = attributes_in(model, leaf, &quote! { attributes.0 }, true);
    let fields = if model.format.word_bits == 64 {
        fields
    } else {
        quote! { (#fields) as u32 }
    };
    let fixed = (fixed != 0).then(|| {
        let fixed = literal(fixed);
        quote! { | #fixed }
    });
    quote! { let address = output.0; #address | #fields #fixed }
}

/// Attribute bits moved from `Attributes` to a leaf's word, or back.
pub(super) fn attributes_in(
    model: &Model<'_>,
    leaf: &Descriptor<'_>,
    from: &TokenStream,
    to_leaf: bool,
) -> TokenStream {
    let mut moves = Vec::new();
    for (id, home) in &model.home {
        let there = leaf.field(*id);
        for bit in 0..model.field(*id).bits {
            let at = |places: &[Place]| {
                places
                    .iter()
                    .find(|p| (p.value_lo..p.value_lo + p.width()).contains(&bit))
                    .map(|p| p.lo + bit - p.value_lo)
            };
            if let (Some(home), Some(there)) = (at(home), at(&there)) {
                moves.push(if to_leaf { (home, there, 1) } else { (there, home, 1) });
            }
        }
    }
    if moves.is_empty() {
        return quote! { 0 };
    }
    // `Attributes` has no bit outside its homes: without moves it is the leaf's bits already.
    let whole = model.home.iter().all(|(id, home)| leaf.field(*id) == *home);
    if to_leaf && whole {
        return from.clone();
    }
    move_between(from, moves.into_iter(), 64)
}

fn link(model: &Model<'_>, table: Option<&&Descriptor<'_>>) -> TokenStream {
    let Some(table) = table else {
        return quote! { let _ = child; 0 };
    };
    let defaults = table.defaults(model);
    let address = place_address(model, &table.address());
    let defaults = (defaults != 0).then(|| {
        let defaults = literal(defaults);
        quote! { | #defaults }
    });
    quote! { let address = child.0; #address #defaults }
}
