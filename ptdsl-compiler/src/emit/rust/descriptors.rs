//! One newtype over the word per descriptor kind, with its predicate, getters and setters.

use proc_macro2::TokenStream;
use quote::quote;

use super::bits::{Place, bare, extract, insert, literal, ones};
use super::levels::{chain, u32_literal};
use super::model::{Descriptor, Model, places_text};
use super::{docs, tables};
use crate::ir::{Cube, KindClass, Role};

pub(super) fn emit(model: &Model<'_>) -> TokenStream {
    let types = model.descriptors.iter().map(|descriptor| emit_one(model, descriptor));
    quote! { #(#types)* }
}

fn emit_one(model: &Model<'_>, descriptor: &Descriptor<'_>) -> TokenStream {
    let Descriptor { name, kind, .. } = descriptor;
    let word = model.word();
    let about = docs(&kind.docs, &format!("`{}` {}.", kind.family, descriptor.place()));
    let matches =
        if descriptor.is_sized() { sized_predicate(model, descriptor) } else { predicate(model, descriptor) };
    let address = if descriptor.is_sized() {
        quote! { sized {} }
    } else {
        address(model, descriptor)
    };
    let fields = descriptor.fields();
    let fields = fields.iter().map(|&id| tables::field(model, id, &descriptor.field(id)));
    let family = &kind.family;
    let sizes = descriptor.is_sized().then(|| {
        let (new, span, output) =
            (sized_constructor(model, descriptor), sizes(model, descriptor), sized_output(model, descriptor));
        quote! { impl #name { #new #span #output } }
    });
    quote! {
        ::ptdsl::descriptor! {
            #about
            pub struct #name(#word): #family;
            matches(raw) = #matches;
            #address
            #(#fields)*
        }
        #sizes
    }
}

/// `span`: which size a word has.
fn sizes(model: &Model<'_>, descriptor: &Descriptor<'_>) -> TokenStream {
    let word = model.word();
    let arms: Vec<_> = descriptor
        .each_size()
        .map(|size| {
            let tests = tests(model, &size.cubes());
            let span = u32_literal(size.kind.span);
            (quote! { #(#tests)||* }, quote! { #span })
        })
        .collect();
    let which = chain(&arms, quote! { 0 });
    quote! {
        /// log2 of the slots that the leaf takes; 0 for a word that is none of this kind.
        #[inline(always)]
        pub const fn span(raw: #word) -> u32 { #which }
    }
}

fn sized_predicate(model: &Model<'_>, descriptor: &Descriptor<'_>) -> TokenStream {
    let listed = listed(model, descriptor);
    quote! { Self::span(raw) != 0 #(#listed)* }
}

/// `raw & mask == value` for each cube.
fn tests(model: &Model<'_>, cubes: &[Cube]) -> Vec<TokenStream> {
    let test = |cube: &Cube| {
        let value = literal(cube.value);
        if cube.mask == ones(model.format.word_bits) {
            return quote! { raw == #value };
        }
        let mask = literal(cube.mask);
        quote! { raw & #mask == #value }
    };
    cubes.iter().map(test).collect()
}

/// Fields whose other values fault hold one that does not.
fn listed(model: &Model<'_>, descriptor: &Descriptor<'_>) -> Vec<TokenStream> {
    let closed = descriptor.fields().into_iter().filter(|&id| model.field(id).other_values_fault);
    closed
        .map(|id| {
            let value = extract(&quote! { raw }, &descriptor.field(id), model.format.word_bits);
            let values = model.field(id).values.iter().map(|v| literal(v.value));
            quote! { && matches!(#value, #(#values)|*) }
        })
        .collect()
}

/// Whether `raw` is of this kind and breaks no bit that would fault.
fn predicate(model: &Model<'_>, descriptor: &Descriptor<'_>) -> TokenStream {
    let tests = tests(model, &descriptor.cubes());
    let mut all = quote! { #(#tests)||* };
    if all.is_empty() {
        return quote! { { let _ = raw; false } };
    }
    let listed = listed(model, descriptor);
    if !listed.is_empty() && descriptor.cubes().len() > 1 {
        all = quote! { (#all) };
    }
    quote! { #all #(#listed)* }
}

/// What the kind's class gives it: the word of an empty slot, or how it holds an address.
fn address(model: &Model<'_>, descriptor: &Descriptor<'_>) -> TokenStream {
    let (class, get) = match descriptor.kind.class {
        KindClass::Invalid => {
            let empty = literal(descriptor.levels.first().and_then(|level| level.empty.word()).unwrap_or(0));
            return quote! { invalid { empty = #empty; } };
        }
        KindClass::Table => (quote! { table }, quote! { next }),
        KindClass::Leaf => (quote! { leaf }, quote! { output }),
    };
    let defaults = match descriptor.defaults(model) {
        0 => TokenStream::new(),
        defaults => {
            let defaults = literal(defaults);
            quote! { | #defaults }
        }
    };
    let places = descriptor.address();
    let (text, reach) = (places_text(&places), literal(address_mask(&places)));
    let value = bare(take_address(model, &quote! { word }, &places));
    let placed = place_address(model, &places);
    quote! {
        #class {
            #get(word) #text = #value;
            new(address) = #placed #defaults;
            within = #reach;
        }
    }
}

/// `new` for a leaf of several sizes.
fn sized_constructor(model: &Model<'_>, descriptor: &Descriptor<'_>) -> TokenStream {
    let name = &descriptor.name;
    let place = place_address(model, &descriptor.address());
    let sizes = descriptor.each_size().map(|size| {
        let (reach, word) = (literal(address_mask(&size.address())), literal(size.defaults(model)));
        let span = u32_literal(size.kind.span);
        quote! { #span => (#reach, #word) }
    });
    quote! {
        /// Maps `output` with `1 << span` slots, all else at its default; `None` for a size that there is not, or an
        /// address that is no multiple of it.
        pub const fn new(output: Phys, span: u32) -> Option<Self> {
            let address = output.0;
            let (reach, word) = match span { #(#sizes,)* _ => return None };
            let _: u64 = reach;
            if address & !reach != 0 { return None; }
            Some(#name(#place | word))
        }
    }
}

/// The address bits that a descriptor holds.
fn address_mask(places: &[Place]) -> u64 {
    places.iter().fold(0, |mask, p| mask | ones(p.width()) << p.value_lo)
}

/// `address: u64` in its places of a word.
pub(super) fn place_address(model: &Model<'_>, places: &[Place]) -> TokenStream {
    let placed = insert(&quote! { address }, places, 64);
    if model.format.word_bits == 64 {
        placed
    } else {
        quote! { (#placed as u32) }
    }
}

/// The address in the word `from`, as `u64`.
pub(super) fn take_address(model: &Model<'_>, from: &TokenStream, places: &[Place]) -> TokenStream {
    let wide = if model.format.word_bits == 64 {
        from.clone()
    } else {
        quote! { (#from as u64) }
    };
    extract(&wide, places, 64)
}

/// `output` for a leaf of several sizes.
fn sized_output(model: &Model<'_>, descriptor: &Descriptor<'_>) -> TokenStream {
    let value = bare(take_address(model, &quote! { self.0 }, &descriptor.address()));
    let sizes: Vec<_> = descriptor.each_size().collect();
    let (last, first) = sizes.split_last().expect("a leaf of sizes has some");
    let held = first.iter().map(|size| {
        let (span, held) = (u32_literal(size.kind.span), literal(address_mask(&size.address())));
        quote! { #span => #held }
    });
    let largest = literal(address_mask(&last.address()));
    quote! {
        /// The output address; the bits below the size say the size.
        #[inline(always)]
        pub const fn output(self) -> Phys {
            let held = match Self::span(self.0) { #(#held,)* _ => #largest };
            Phys((#value) & held)
        }
    }
}

/// Whether a role of this kind makes words fault that the guard admits.
pub(super) fn may_fault(model: &Model<'_>, descriptor: &Descriptor<'_>) -> bool {
    descriptor.kind.pieces.iter().any(|piece| match piece.role {
        Role::Mbz | Role::Mbo => true,
        Role::Field { field, .. } => model.field(field).other_values_fault,
        _ => false,
    })
}
