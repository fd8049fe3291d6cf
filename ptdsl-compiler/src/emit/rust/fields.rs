//! The types of fields: a newtype with a constant per named value; a lone unnamed bit is a `bool`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::bits::{literal, ones};
use super::model::Model;
use super::{docs, names};

pub(super) fn emit(model: &Model<'_>) -> TokenStream {
    let word = model.word();
    let types = model.field_types.iter().map(|(&id, name)| {
        let field = model.field(id);
        let bits = field.bits;
        let max = literal(ones(bits));
        let about = docs(
            &field.docs,
            &format!("{}, {bits} bit{}.", field.manual_name, if bits == 1 { "" } else { "s" }),
        );
        let constants = field.values.iter().map(|value| {
            let constant = format_ident!("{}", names::escape(&names::shout(&value.name)));
            let width = bits as usize + 2;
            let doc = format!(" `{} = {:#0width$b}`", value.name, value.value);
            let number = literal(value.value);
            quote! { #[doc = #doc] pub const #constant: Self = #name(#number); }
        });
        let too_large = format!(" `None` for a value above {:#x}.", ones(bits));
        let new = if bits == model.format.word_bits {
            quote! { Some(#name(value)) }
        } else {
            quote! { if value <= #max { Some(#name(value)) } else { None } }
        };
        quote! {
            #about
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub struct #name(#word);

            impl #name {
                #(#constants)*
                #[doc = #too_large]
                pub const fn new(value: #word) -> Option<Self> { #new }
                /// The value.
                pub const fn value(self) -> #word { self.0 }
            }
        }
    });
    quote! { #(#types)* }
}
