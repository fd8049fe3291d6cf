//! The types in which a caller asks: an enum per attribute, and `Attributes`, which only listed combinations can make.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::bits::{literal, mask, put};
use super::model::Model;
use super::{docs, names, tables};
use crate::ir::{Attribute, Row, RowId};

/// More combinations than this get no constants: nobody would read them.
const MOST_CONSTANTS: usize = 64;

pub(super) fn emit(model: &Model<'_>) -> TokenStream {
    let enums =
        model.format.attributes.iter().zip(&model.attribute_types).map(|(a, name)| one(model, a, name));
    let attributes = attributes(model);
    quote! { #(#enums)* #attributes }
}

/// The bits of a row in `Attributes`.
fn row_bits(model: &Model<'_>, attribute: &Attribute, row: &Row) -> u64 {
    attribute.fields.iter().zip(&row.values).fold(0, |bits, (id, &value)| bits | put(&model.home[id], value))
}

fn attribute_mask(model: &Model<'_>, attribute: &Attribute) -> u64 {
    attribute.fields.iter().fold(0, |bits, id| bits | mask(&model.home[id]))
}

fn variant(row: &Row) -> Ident {
    format_ident!("{}", names::camel(&row.name))
}

fn one(model: &Model<'_>, attribute: &Attribute, name: &Ident) -> TokenStream {
    let about = docs(&attribute.docs, &format!("Attribute `{}`.", attribute.name));
    let settings = |row: &Row| {
        let text: Vec<String> = attribute
            .fields
            .iter()
            .zip(&row.values)
            .map(|(&id, &value)| {
                let field = model.field(id);
                let name = field.values.iter().find(|v| v.value == value).map(|v| v.name.clone());
                format!("`{}` = {}", field.manual_name, name.unwrap_or_else(|| value.to_string()))
            })
            .collect();
        text.join(", ")
    };
    let variants = attribute.rows.iter().map(|row| {
        let variant = variant(row);
        let about = docs(&row.docs, &settings(row));
        quote! { #about #variant }
    });
    let rows = attribute.rows.iter().zip(variants).map(|(row, variant)| {
        let bits = literal(row_bits(model, attribute, row));
        quote! { #variant = #bits; }
    });
    let mask = literal(attribute_mask(model, attribute));
    quote! {
        ::ptdsl::attribute! {
            #about
            pub enum #name: #mask;
            #(#rows)*
        }
    }
}

fn attributes(model: &Model<'_>) -> TokenStream {
    let format = model.format;
    let names: Vec<Ident> =
        format.attributes.iter().map(|a| format_ident!("{}", names::snake(&a.name))).collect();
    let types = &model.attribute_types;
    let defaults =
        model.free_fields().fold(0, |bits, id| bits | put(&model.home[&id], model.field(id).default));
    let default_bits = literal(defaults);
    let forbidden = forbidden(model, &names);
    let bits = match (defaults, names.is_empty()) {
        (0, false) => quote! { #(#names.bits())|* },
        _ => quote! { #default_bits #(| #names.bits())* },
    };
    let new = if format.forbidden.is_empty() {
        quote! {
            /// These attributes, every other field at its default.
            pub const fn new(#(#names: #types),*) -> Self { Attributes(#bits) }
        }
    } else {
        quote! {
            /// These attributes, every other field at its default; `None` for a combination that the format forbids.
            pub const fn new(#(#names: #types),*) -> Option<Self> {
                #(if #forbidden { return None; })*
                Some(Attributes(#bits))
            }
        }
    };
    let check = (!format.forbidden.is_empty()).then(|| quote! { #(if #forbidden { return None; })* });
    let rows = format.attributes.iter().zip(&names).zip(types).map(|((attribute, name), ty)| {
        let first = attribute.rows.first().map(variant);
        quote! { #name: #ty = #first; }
    });
    let constants = constants(model, defaults);
    let free = model.free_fields().map(|id| tables::field(model, id, &model.home[&id]));
    let parse = names.iter().zip(types).enumerate().map(|(index, (name, ty))| {
        // The row is needed only to look for forbidden combinations.
        if format.forbidden.iter().flatten().any(|(attribute, _)| attribute.0 == index) {
            quote! { let Some(#name) = #ty::from_bits(bits) else { return None; }; }
        } else {
            quote! { if #ty::from_bits(bits).is_none() { return None; } }
        }
    });
    let default = format.attributes.is_empty().then(|| {
        quote! {
            impl Default for Attributes { fn default() -> Self { Attributes::new() } }
        }
    });
    quote! {
        ::ptdsl::attributes! {
            attributes { #(#rows)* }
            fields { #(#free)* }
        }

        impl Attributes {
            #constants
            #new
            const fn from_bits(bits: u64) -> Option<Self> {
                #(#parse)*
                #check
                Some(Attributes(bits))
            }
        }
        #default
    }
}

/// The conditions on the attribute variables that no caller may meet, one for each rule.
fn forbidden(model: &Model<'_>, names: &[Ident]) -> Vec<TokenStream> {
    let tests = model.format.forbidden.iter().map(|rule| {
        let parts = rule.iter().map(|&(attribute, RowId(row))| {
            let (name, ty) = (&names[attribute.0], &model.attribute_types[attribute.0]);
            let variant = variant(&model.format.attributes[attribute.0].rows[row]);
            quote! { matches!(#name, #ty::#variant) }
        });
        quote! { #(#parts)&&* }
    });
    tests.collect()
}

/// `RW_NORMAL` and the like: every combination that is not forbidden.
fn constants(model: &Model<'_>, defaults: u64) -> TokenStream {
    let format = model.format;
    let count: usize = format.attributes.iter().map(|a| a.rows.len()).product();
    if format.attributes.is_empty() || count > MOST_CONSTANTS {
        return TokenStream::new();
    }
    let mut combinations: Vec<Vec<usize>> = vec![Vec::new()];
    for attribute in &format.attributes {
        combinations = combinations
            .iter()
            .flat_map(|rows| (0..attribute.rows.len()).map(move |row| [&rows[..], &[row]].concat()))
            .collect();
    }
    let allowed = combinations.iter().filter(|rows| {
        !format.forbidden.iter().any(|rule| rule.iter().all(|&(a, RowId(row))| rows[a.0] == row))
    });
    let constants = allowed.map(|rows| {
        let chosen: Vec<(&Attribute, &Row)> =
            format.attributes.iter().zip(rows).map(|(a, &row)| (a, &a.rows[row])).collect();
        let name: Vec<String> = chosen.iter().map(|(_, row)| names::shout(&row.name)).collect();
        let name = format_ident!("{}", names::escape(&name.join("_")));
        let text: Vec<String> = chosen.iter().map(|(a, row)| format!("{} = {}", a.name, row.name)).collect();
        let about = format!(" {}.", text.join(", "));
        let bits = chosen.iter().fold(defaults, |bits, (a, row)| bits | row_bits(model, a, row));
        let bits = literal(bits);
        quote! { #[doc = #about] pub const #name: Self = Attributes(#bits); }
    });
    quote! { #(#constants)* }
}
