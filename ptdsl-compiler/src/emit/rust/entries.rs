//! One enum per level, with the kinds that exist there and no other.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::bits::ones;
use super::descriptors::may_fault;
use super::model::{Descriptor, Model, entry_name};
use super::names::camel;
use crate::ir::{Cube, Level};

pub(super) fn emit(model: &Model<'_>) -> TokenStream {
    let enums = model.format.levels.iter().map(|level| {
        let name = entry_name(level);
        let about = format!(" What may stand at level {}.", level.number);
        let word = model.word();
        let variants = model.at(level).into_iter().map(|descriptor| {
            let (variant, about) = (variant(descriptor), format!(" `{}`", family(descriptor)));
            let descriptor = &descriptor.name;
            quote! { #[doc = #about] #variant(#descriptor) }
        });
        let reserved = reserved(model, level).then(|| {
            quote! {
                /// A word of no kind, or one that breaks a bit which the walk checks: translation fault.
                Reserved(#word)
            }
        });
        quote! {
            #[doc = #about]
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum #name { #(#variants,)* #reserved }
        }
    });
    quote! { #(#enums)* }
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
