//! `Patch`: what a caller changes of a leaf, attribute by attribute and field by field.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::bits::{bare, insert, literal, mask};
use super::model::{Model, setter};
use super::names;

pub(super) fn emit(model: &Model<'_>) -> TokenStream {
    let attributes = model.format.attributes.iter().zip(&model.attribute_types).map(|(attribute, ty)| {
        let name = format_ident!("{}", names::snake(&attribute.name));
        let about = format!(" Sets the attribute `{}`.", attribute.name);
        let mask = literal(attribute.fields.iter().fold(0, |bits, id| bits | mask(&model.home[id])));
        quote! {
            #[doc = #about]
            #[must_use]
            pub const fn #name(self, value: #ty) -> Self { self.with(#mask, value.bits()) }
        }
    });
    let fields = model.free_fields().map(|id| {
        let (field, places) = (model.field(id), &model.home[&id]);
        let (name, ty) = (setter(field), model.field_type(id));
        let about = format!(" Sets `{}`.", field.manual_name);
        let mask = literal(mask(places));
        let value = if model.field_types.contains_key(&id) {
            quote! { value.0 }
        } else {
            quote! { value }
        };
        let value = if model.format.word_bits == 64 && model.field_types.contains_key(&id) {
            value
        } else {
            quote! { (#value as u64) }
        };
        let placed = bare(insert(&value, places, field.bits));
        quote! {
            #[doc = #about]
            #[must_use]
            pub const fn #name(self, value: #ty) -> Self { self.with(#mask, #placed) }
        }
    });
    let all = literal(model.home.values().fold(0, |bits, places| bits | mask(places)));
    quote! {
        /// What is to change of a leaf; everything that is not named stays. For `PageTable::protect`.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Patch { mask: u64, value: u64 }

        impl Patch {
            /// Changes nothing.
            #[must_use]
            pub const fn new() -> Self { Patch { mask: 0, value: 0 } }
            const fn with(self, mask: u64, value: u64) -> Self {
                Patch { mask: self.mask | mask, value: self.value & !mask | value }
            }
            #(#attributes)*
            #(#fields)*
        }

        impl From<Attributes> for Patch {
            /// Sets all that `Attributes` says.
            fn from(attributes: Attributes) -> Self { Patch { mask: #all, value: attributes.0 } }
        }
    }
}
