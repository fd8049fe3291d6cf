//! The types of fields: a newtype with a constant per named value; a lone unnamed bit is a `bool`.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::model::Model;
use super::tables::binary;
use super::{docs, names};

pub(super) fn emit(model: &Model<'_>) -> TokenStream {
    if model.field_types.is_empty() {
        return TokenStream::new();
    }
    let word = model.word();
    let types = model.field_types.iter().map(|(&id, name)| {
        let field = model.field(id);
        let about = docs(
            &field.docs,
            &format!(
                "`{}`, {} bit{}.",
                field.manual_name,
                field.bits,
                if field.bits == 1 { "" } else { "s" }
            ),
        );
        let values = field.values.iter().map(|value| {
            let constant = format_ident!("{}", names::escape(&names::shout(&value.name)));
            let (name, number) = (&value.name, binary(value.value, field.bits));
            quote! { #constant #name = #number; }
        });
        let only = field.other_values_fault.then(|| quote! { only });
        let bits = Literal::u32_unsuffixed(field.bits);
        quote! { #about pub struct #name[#bits] #only { #(#values)* } }
    });
    quote! { ::ptdsl::field_types! { #word; #(#types)* } }
}
