//! One newtype over the word per descriptor kind, with its predicate, getters and setters.

use proc_macro2::TokenStream;
use quote::quote;

use super::bits::{Place, bare, extract, insert, literal, mask, ones};
use super::docs;
use super::levels::{chain, u32_literal};
use super::model::{Descriptor, Model, getter, places_text, setter};
use crate::ir::{Cube, FieldId, KindClass, Role};

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
    let span = descriptor.is_sized().then(|| sizes(model, descriptor));
    let new = if descriptor.is_sized() {
        sized_constructor(model, descriptor)
    } else {
        constructor(model, descriptor)
    };
    let address = address(model, descriptor);
    let fields = descriptor.fields();
    let accessors = fields.iter().map(|&id| accessors(model, descriptor, id));
    let debug = debug(model, descriptor, &fields);
    let missing = format!(" The descriptor in a word; `None` for a word that is no `{}` there.", kind.family);
    quote! {
        #about
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub struct #name(#word);

        impl #name {
            #new
            #span
            #[inline(always)]
            const fn matches(raw: #word) -> bool { #matches }
            #[doc = #missing]
            pub const fn from_raw(raw: #word) -> Option<Self> {
                if Self::matches(raw) { Some(#name(raw)) } else { None }
            }
            /// The word.
            pub const fn raw(self) -> #word { self.0 }
            #address
            #(#accessors)*
        }

        #debug
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

/// `new`: everything at its default, the address given where the kind has one.
fn constructor(model: &Model<'_>, descriptor: &Descriptor<'_>) -> TokenStream {
    let Descriptor { name, kind, .. } = descriptor;
    if kind.class == KindClass::Invalid {
        let empty = literal(descriptor.levels.first().and_then(|level| level.empty.word()).unwrap_or(0));
        return quote! {
            /// An empty slot.
            pub const EMPTY: Self = #name(#empty);
        };
    }
    let defaults = match descriptor.defaults(model) {
        0 => TokenStream::new(),
        defaults => {
            let defaults = literal(defaults);
            quote! { | #defaults }
        }
    };
    let address = descriptor.address();
    let reach = literal(address_mask(&address));
    let place = place_address(model, &address);
    let (about, argument) = match kind.class {
        KindClass::Table => (
            " Points to a table, all else at its default; `None` for an address it cannot hold.",
            quote! { next },
        ),
        _ => (
            " Maps `output`, all else at its default; `None` for an address it cannot hold.",
            quote! { output },
        ),
    };
    quote! {
        #[doc = #about]
        pub const fn new(#argument: Phys) -> Option<Self> {
            let address = #argument.0;
            if address & !#reach != 0 { return None; }
            Some(#name(#place #defaults))
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

fn address(model: &Model<'_>, descriptor: &Descriptor<'_>) -> TokenStream {
    let places = descriptor.address();
    let (method, what) = match descriptor.kind.class {
        KindClass::Invalid => return TokenStream::new(),
        KindClass::Table => (quote! { next }, "The next table's address"),
        KindClass::Leaf => (quote! { output }, "The output address"),
    };
    let about = format!(" {what}, {}.", places_text(&places));
    let value = bare(take_address(model, &quote! { self.0 }, &places));
    if descriptor.is_sized() {
        let sizes: Vec<_> = descriptor.each_size().collect();
        let (last, first) = sizes.split_last().expect("a leaf of sizes has some");
        let held = first.iter().map(|size| {
            let (span, held) = (u32_literal(size.kind.span), literal(address_mask(&size.address())));
            quote! { #span => #held }
        });
        let largest = literal(address_mask(&last.address()));
        return quote! {
            /// The output address; the bits below the size say the size.
            #[inline(always)]
            pub const fn output(self) -> Phys {
                let held = match Self::span(self.0) { #(#held,)* _ => #largest };
                Phys((#value) & held)
            }
        };
    }
    quote! {
        #[doc = #about]
        #[inline(always)]
        pub const fn #method(self) -> Phys { Phys(#value) }
    }
}

fn accessors(model: &Model<'_>, descriptor: &Descriptor<'_>, id: FieldId) -> TokenStream {
    let (name, field) = (&descriptor.name, model.field(id));
    let places = descriptor.field(id);
    accessor_pair(
        model,
        id,
        &quote! { self.0 },
        &places,
        model.format.word_bits,
        |word| quote! { #name(#word) },
        field.default,
    )
}

/// Getter and setter of a field in a word.
pub(super) fn accessor_pair(
    model: &Model<'_>,
    id: FieldId,
    word: &TokenStream,
    places: &[Place],
    bits: u32,
    wrap: impl Fn(TokenStream) -> TokenStream,
    default: u64,
) -> TokenStream {
    let field = model.field(id);
    let (get, set) = (getter(field), setter(field));
    let field_type = model.field_type(id);
    let default = if default == 0 { String::new() } else { format!(" Default {default:#x}.") };
    let about = format!(" `{}`, {}.{default}", field.manual_name, places_text(places));
    let bits_of_word = literal(mask(places));
    let same_word = bits == model.format.word_bits;
    let (got, value) = match model.field_types.get(&id) {
        Some(name) => {
            let value = bare(extract(word, places, bits));
            let value = if same_word {
                value
            } else {
                quote! { (#value) as u32 }
            };
            (quote! { #name(#value) }, quote! { value.0 })
        }
        None => (quote! { #word & #bits_of_word != 0 }, quote! { value }),
    };
    let unsigned = quote::format_ident!("u{bits}");
    let is_word = same_word && model.field_types.contains_key(&id);
    let value = if is_word {
        value
    } else {
        quote! { (#value as #unsigned) }
    };
    let placed = insert(&value, places, field.bits);
    let wrapped = wrap(quote! { #word & !#bits_of_word | #placed });
    let alias = &field.name;
    let alias = (get != alias).then(|| quote! { #[doc(alias = #alias)] });
    let about_set = format!(" With another `{}`.", field.manual_name);
    quote! {
        #[doc = #about]
        #alias
        pub const fn #get(self) -> #field_type { #got }
        #[doc = #about_set]
        pub const fn #set(self, value: #field_type) -> Self { #wrapped }
    }
}

/// A field's line in a `Debug` implementation, under the manual's name.
pub(super) fn debug_field(model: &Model<'_>, id: FieldId) -> TokenStream {
    let field = model.field(id);
    let (label, get) = (&field.manual_name, getter(field));
    match model.field_types.get(&id) {
        Some(_) => quote! { .field(#label, &self.#get().0) },
        None => quote! { .field(#label, &self.#get()) },
    }
}

fn debug(model: &Model<'_>, descriptor: &Descriptor<'_>, fields: &[FieldId]) -> TokenStream {
    let name = &descriptor.name;
    let text = name.to_string();
    let address = match descriptor.kind.class {
        KindClass::Invalid => quote! { .field("raw", &format_args!("{:#x}", self.0)) },
        KindClass::Table => quote! { .field("next", &self.next()) },
        KindClass::Leaf => quote! { .field("output", &self.output()) },
    };
    let fields = fields.iter().map(|&id| debug_field(model, id));
    quote! {
        impl core::fmt::Debug for #name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct(#text) #address #(#fields)* .finish()
            }
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
