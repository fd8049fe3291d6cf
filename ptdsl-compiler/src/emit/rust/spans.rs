//! The items of a level whose leaves may take several slots: contiguous groups, and leaves that are repeated.

use proc_macro2::TokenStream;
use quote::quote;

use super::bits::{literal, mask, ones, put};
use super::levels::{chain, leaf, u32_literal};
use super::model::{Descriptor, Model};
use crate::ir::{Group, Level};

/// Nothing where every leaf takes one slot: the trait's defaults say so.
pub(super) fn emit(model: &Model<'_>, level: &Level, leaves: &[&Descriptor<'_>]) -> TokenStream {
    let groups: Vec<&Group> =
        model.format.groups.iter().filter(|group| group.levels.contains(&level.number)).collect();
    let repeated: Vec<&Descriptor<'_>> = leaves.iter().copied().filter(|leaf| leaf.kind.span != 0).collect();
    let mut all: Vec<u32> = groups.iter().map(|group| span(group)).collect();
    all.extend(repeated.iter().flat_map(|leaf| leaf.sizes.iter().map(|size| size.span)));
    if all.is_empty() {
        return TokenStream::new();
    }
    all.sort_unstable();
    let all = all.into_iter().map(u32_literal);
    let word = model.word();
    let which = which(&groups, leaves);
    let stride = stride(&groups, &repeated);
    let stride = (!repeated.is_empty()).then(|| {
        quote! {
            #[inline(always)]
            fn stride(span: u32) -> #word { #stride }
        }
    });
    let spanning = spanning(model, &groups, leaves);
    let reach = reach(leaves);
    quote! {
        const SPANS: &'static [u32] = &[#(#all),*];
        #[inline(always)]
        fn span(raw: #word) -> u32 { #which }
        #stride
        #reach
        #[inline(always)]
        fn spanning(output: Phys, attributes: Attributes, span: u32) -> #word { #spanning }
    }
}

fn span(group: &Group) -> u32 {
    group.count.trailing_zeros()
}

/// The bits of a group's mark in a leaf, and their value in a member.
fn mark(group: &Group, leaf: &Descriptor<'_>) -> (u64, u64) {
    let places = leaf.field(group.field);
    (mask(&places), put(&places, group.value))
}

/// log2 of the slots of the leaf `raw`.
fn which(groups: &[&Group], leaves: &[&Descriptor<'_>]) -> TokenStream {
    let mut arms = Vec::new();
    for leaf in leaves.iter().filter(|leaf| leaf.kind.span != 0) {
        let (name, span) = (&leaf.name, u32_literal(leaf.kind.span));
        let span = if leaf.is_sized() {
            quote! { #name::span(raw) }
        } else {
            quote! { #span }
        };
        arms.push((quote! { #name::matches(raw) }, span));
    }
    let single: Vec<_> = leaves.iter().copied().filter(|leaf| leaf.kind.span == 0).collect();
    for group in groups {
        let span = u32_literal(span(group));
        let alike =
            leaves.iter().all(|leaf| leaf.kind.span == 0 && mark(group, leaf) == mark(group, leaves[0]));
        for leaf in &single[..if alike { 1 } else { single.len() }] {
            let (bits, value) = mark(group, leaf);
            let (bits, value) = (literal(bits), literal(value));
            // The caller knows that it is a leaf: which one matters only where they differ.
            let (name, which) = (&leaf.name, !alike);
            let which = which.then(|| quote! { #name::matches(raw) && });
            arms.push((quote! { #which raw & #bits == #value }, quote! { #span }));
        }
    }
    chain(&arms, quote! { 0 })
}

fn stride(groups: &[&Group], repeated: &[&Descriptor<'_>]) -> TokenStream {
    if groups.is_empty() {
        return quote! { let _ = span; 0 };
    }
    let spans = repeated.iter().flat_map(|leaf| &leaf.sizes).map(|size| u32_literal(size.span));
    quote! { match span { #(#spans)|* => 0, _ => Self::STEP } }
}

/// Nothing where every leaf carries the same output bits.
fn reach(leaves: &[&Descriptor<'_>]) -> Option<TokenStream> {
    let single = leaves.iter().find(|leaf| leaf.kind.span == 0)?.kind.output_bits;
    let sizes = || leaves.iter().flat_map(|leaf| &leaf.sizes).filter(|size| size.span != 0);
    if sizes().all(|size| size.output_bits == single) {
        return None;
    }
    let arms = sizes().filter(|size| size.output_bits != single).map(|size| {
        let (span, reach) = (u32_literal(size.span), literal(ones(size.output_bits)));
        quote! { #span => #reach }
    });
    Some(quote! {
        #[inline(always)]
        fn reach(span: u32) -> u64 { match span { #(#arms,)* _ => Self::REACH } }
    })
}

/// The first word of a leaf.
fn spanning(model: &Model<'_>, groups: &[&Group], leaves: &[&Descriptor<'_>]) -> TokenStream {
    let mut arms = Vec::new();
    if let Some(single) = leaves.iter().copied().find(|leaf| leaf.kind.span == 0) {
        for group in groups {
            let (span, (bits, value)) = (u32_literal(span(group)), mark(group, single));
            let (bits, value) = (literal(bits), literal(value));
            arms.push(quote! { #span => Self::leaf(output, attributes) & !#bits | #value });
        }
    }
    for repeated in leaves.iter().filter(|leaf| leaf.kind.span != 0).flat_map(|leaf| leaf.each_size()) {
        let (span, word) = (u32_literal(repeated.kind.span), leaf(model, Some(&repeated)));
        arms.push(quote! { #span => { #word } });
    }
    quote! { match span { #(#arms,)* _ => Self::leaf(output, attributes) } }
}
