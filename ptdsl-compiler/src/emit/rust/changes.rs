//! What replacing one leaf by another requires: the spec's `change` table as a function of the bits that differ.

use proc_macro2::TokenStream;
use quote::quote;

use super::bits::{extract, literal, mask, ones};
use super::levels::chain;
use super::model::{Descriptor, Model};
use crate::ir::{ChangeClass, Role};

/// The body of `Level::change`.
pub(super) fn emit(model: &Model<'_>, leaves: &[&Descriptor<'_>]) -> TokenStream {
    let Some(first) = leaves.first() else {
        return quote! { let _ = (old, new); Change::Break };
    };
    let places = |leaf: &Descriptor<'_>| -> Vec<_> {
        model.format.changes.iter().map(|change| leaf.field(change.field)).collect()
    };
    let alike = |leaf: &&&Descriptor<'_>| places(leaf) == places(first) && idle(leaf) == idle(first);
    if leaves.iter().all(|leaf| alike(&leaf)) {
        return among(model, first);
    }
    // Leaves that hold their fields in different places: one becomes another by nothing less than a break.
    let mut arms: Vec<(TokenStream, TokenStream)> = Vec::new();
    for leaf in leaves {
        let (name, body) = (&leaf.name, among(model, leaf));
        let both = quote! { #name::matches(old) && #name::matches(new) };
        match arms.iter_mut().find(|(_, other)| other.to_string() == body.to_string()) {
            Some((tests, _)) => *tests = quote! { #tests || #both },
            None => arms.push((both, body)),
        }
    }
    chain(&arms, quote! { Change::Break })
}

/// Bits that nobody looks at.
fn idle(leaf: &Descriptor<'_>) -> u64 {
    let idle = leaf.kind.pieces.iter().filter(|piece| matches!(piece.role, Role::Ignored | Role::Software));
    idle.fold(0, |bits, piece| bits | ones(piece.hi - piece.lo + 1) << piece.lo)
}

/// The change between two leaves of one layout.
fn among(model: &Model<'_>, leaf: &Descriptor<'_>) -> TokenStream {
    let bits = model.format.word_bits;
    let mut by_class: Vec<(ChangeClass, u64)> = Vec::new();
    let mut put = |class, mask| match by_class.iter_mut().find(|(c, _)| *c == class) {
        Some((_, bits)) => *bits |= mask,
        None => by_class.push((class, mask)),
    };
    let mut named = 0;
    let mut special = Vec::new();
    for change in &model.format.changes {
        let places = leaf.field(change.field);
        let bits = mask(&places);
        named |= bits;
        if change.special.is_empty() {
            put(change.class, bits);
        } else if bits != 0 {
            special.push((change, places));
        }
    }
    // What nobody looks at may change by a store.
    named |= idle(leaf);
    put(ChangeClass::Store, idle(leaf));
    put(model.format.change_otherwise, ones(bits) & !named);
    by_class.retain(|(_, bits)| *bits != 0);
    by_class.sort_by_key(|(class, _)| *class);
    let tests = by_class.iter().map(|(class, bits)| {
        let (class, bits) = (variant(*class), literal(*bits));
        quote! { if differs & #bits != 0 { class = class.max(Change::#class); } }
    });
    let tests: Vec<TokenStream> = tests.collect();
    let special = special.iter().map(|(change, places)| {
        let (from, to) = (extract(&quote! { old }, places, bits), extract(&quote! { new }, places, bits));
        let arms = change.special.iter().map(|(was, is, class)| {
            let (was, is, class) = (literal(*was), literal(*is), variant(*class));
            quote! { (#was, #is) => Change::#class }
        });
        let (other, bits) = (variant(change.class), literal(mask(places)));
        quote! {
            if differs & #bits != 0 {
                class = class.max(match (#from, #to) { #(#arms,)* _ => Change::#other });
            }
        }
    });
    quote! {
        let differs = old ^ new;
        let mut class = Change::Nothing;
        #(#tests)*
        #(#special)*
        class
    }
}

fn variant(class: ChangeClass) -> TokenStream {
    match class {
        ChangeClass::Store => quote! { Store },
        ChangeClass::Publish => quote! { Publish },
        ChangeClass::Invalidate => quote! { Invalidate },
        ChangeClass::Break => quote! { Break },
    }
}
