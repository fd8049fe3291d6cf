//! What replacing one leaf by another requires: the spec's `change` table as a function of the bits that differ.

use proc_macro2::TokenStream;
use quote::quote;

use super::bits::{extract, literal, mask, ones};
use super::model::{Descriptor, Model};
use crate::ir::{ChangeClass, Role};

/// The body of `Level::change`.
pub(super) fn emit(model: &Model<'_>, leaf: Option<&Descriptor<'_>>) -> TokenStream {
    let Some(leaf) = leaf else {
        return quote! { let _ = (old, new); Change::Break };
    };
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
    for piece in leaf.kind.pieces.iter().filter(|piece| matches!(piece.role, Role::Ignored | Role::Software))
    {
        let bits = ones(piece.hi - piece.lo + 1) << piece.lo;
        named |= bits;
        put(ChangeClass::Store, bits);
    }
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
