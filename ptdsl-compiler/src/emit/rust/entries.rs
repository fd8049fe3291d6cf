//! One enum per level, with the kinds that exist there and no other.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::bits::ones;
use super::descriptors::may_fault;
use super::model::{Descriptor, Model, entry_name};
use super::names::camel;
use crate::ir::{Cube, Level};

pub(super) fn emit(model: &Model<'_>) -> TokenStream {
    let word = model.word();
    let levels = model.format.levels.iter().map(|level| {
        let (name, place) = (entry_name(level), format!("level {}", level.number));
        let mut kinds: Vec<TokenStream> = model
            .at(level)
            .into_iter()
            .map(|descriptor| {
                let (variant, name) = (variant(descriptor), &descriptor.name);
                quote! { #variant(#name) }
            })
            .collect();
        // Where every word is of some kind, one that is of none before is of the last.
        let last = kinds.pop_if(|_| !reserved(model, level)).unwrap_or_else(|| quote! { Reserved });
        quote! { #place #name: #(#kinds,)* _ = #last; }
    });
    quote! { ::ptdsl::entries! { #word; #(#levels)* } }
}

/// The kind's name in the spec, or that of its only size.
fn family<'a>(descriptor: &Descriptor<'a>) -> &'a str {
    if descriptor.is_sized() { &descriptor.kind.family } else { &descriptor.kind.name }
}

/// The variant of a kind.
pub(super) fn variant(descriptor: &Descriptor<'_>) -> Ident {
    format_ident!("{}", camel(family(descriptor)))
}

/// Whether some word at this level is of no kind.
pub(super) fn reserved(model: &Model<'_>, level: &Level) -> bool {
    let bits = model.format.word_bits;
    let cubes: Vec<Cube> = model.at(level).into_iter().flat_map(|descriptor| descriptor.cubes()).collect();
    model.at(level).into_iter().any(|descriptor| may_fault(model, descriptor))
        || !cover(&cubes, Cube { mask: 0, value: 0 }, bits)
}

/// Whether every word of `within` matches a cube: by splitting at a bit that some cube decides, until one cube holds all
/// of it or none meets it.
fn cover(cubes: &[Cube], within: Cube, bits: u32) -> bool {
    let meeting: Vec<Cube> =
        cubes.iter().copied().filter(|c| (c.value ^ within.value) & c.mask & within.mask == 0).collect();
    let open = ones(bits) & !within.mask;
    let Some(split) = meeting.iter().map(|cube| cube.mask & open).find(|mask| *mask != 0) else {
        return !meeting.is_empty();
    };
    if meeting.iter().any(|cube| cube.mask & open == 0) {
        return true;
    }
    let bit = split & split.wrapping_neg();
    [0, bit]
        .iter()
        .all(|side| cover(&meeting, Cube { mask: within.mask | bit, value: within.value | side }, bits))
}
