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
            &format!("`{}`, {bits} bit{}.", field.manual_name, if bits == 1 { "" } else { "s" }),
        );
        let constants = field.values.iter().map(|value| {
            let constant = format_ident!("{}", names::escape(&names::shout(&value.name)));
            let width = bits as usize + 2;
            let doc = format!(" `{} = {:#0width$b}`", value.name, value.value);
            let number = literal(value.value);
            quote! { #[doc = #doc] pub const #constant: Self = #name(#number); }
        });
        let values = field.values.iter().map(|value| literal(value.value));
        let (refused, new) = if field.other_values_fault {
            let new = quote! { if matches!(value, #(#values)|*) { Some(#name(value)) } else { None } };
            (String::from(" `None` for a value that has no name here: it would fault."), new)
        } else if bits == model.format.word_bits {
            (String::from(" Any value fits."), quote! { Some(#name(value)) })
        } else {
            let refused = format!(" `None` for a value above {:#x}.", ones(bits));
            (refused, quote! { if value <= #max { Some(#name(value)) } else { None } })
        };
        quote! {
            #about
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub struct #name(#word);

            impl #name {
                #(#constants)*
                #[doc = #refused]
                pub const fn new(value: #word) -> Option<Self> { #new }
                /// The value.
                pub const fn value(self) -> #word { self.0 }
            }
        }
    });
    quote! { #(#types)* }
}
