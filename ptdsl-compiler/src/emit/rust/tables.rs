//! Lines of the tables that the runtime's macros expand.

use proc_macro2::{Literal, TokenStream, TokenTree};
use quote::{format_ident, quote};

use super::bits::{Place, literal};
use super::model::{Model, getter, setter};
use crate::ir::FieldId;

/// A field where it stands in a word: `sh with_sh "SH" [9:8]: Sh = 0x3;`. `_` says that the manual calls it like the getter.
pub(super) fn field(model: &Model<'_>, id: FieldId, places: &[Place]) -> TokenStream {
    let field = model.field(id);
    let (get, set, ty) = (getter(field), setter(field), model.field_type(id));
    let manual = &field.manual_name;
    let manual = if get == manual {
        quote! { _ }
    } else {
        quote! { #manual }
    };
    let whole = places.iter().all(|place| place.value_lo == 0);
    let places = places.iter().map(|place| {
        let (hi, lo, at) = (number(place.hi), number(place.lo), number(place.value_lo));
        let lo = (place.hi != place.lo).then(|| quote! { : #lo });
        let at = (!whole).then(|| quote! { @ #at });
        quote! { #hi #lo #at }
    });
    let default = (field.default != 0).then(|| {
        let default = literal(field.default);
        quote! { = #default }
    });
    quote! { #get #set #manual [#(#places),*]: #ty #default; }
}

fn number(value: u32) -> Literal {
    Literal::u32_unsuffixed(value)
}

/// A value in binary, as wide as its field.
pub(super) fn binary(value: u64, bits: u32) -> Literal {
    let text = format!("{value:#0width$b}", width = bits as usize + 2);
    text.parse().expect("a binary number is a literal")
}

/// What a level may say in the words of another: functions that name nothing of their own level.
const SHARED: &[&str] = &[
    "next_table",
    "link",
    "change",
    "through",
    "span",
    "accessed",
    "with_accessed",
    "dirty",
    "with_dirty",
    "annotated",
    "annotation",
];

/// The items of `impl Level` blocks, what an earlier one says in the same words replaced by its name.
pub(super) fn share(model: &Model<'_>, levels: Vec<(proc_macro2::Ident, TokenStream)>) -> Vec<TokenStream> {
    let (marker, word) = (model.marker(), model.word());
    let mut said: Vec<(proc_macro2::Ident, String, String)> = Vec::new();
    let mut all = Vec::new();
    for (level, items) in levels {
        let mut own = Vec::new();
        let mut other: Vec<(proc_macro2::Ident, Vec<proc_macro2::Ident>)> = Vec::new();
        for (name, item) in split(items) {
            if !SHARED.contains(&name.as_str()) {
                own.push(item);
                continue;
            }
            let text = item.to_string();
            let ident = format_ident!("{name}");
            match said.iter().find(|(_, _, known)| *known == text) {
                Some((there, ..)) => match other.iter_mut().find(|(level, _)| level == there) {
                    Some((_, names)) => names.push(ident),
                    None => other.push((there.clone(), vec![ident])),
                },
                None => {
                    said.push((level.clone(), name, text));
                    own.push(item);
                }
            }
        }
        let other = other.iter().map(|(level, names)| {
            quote! { ::ptdsl::as_at!(#marker(#word), #level: #(#names),*); }
        });
        all.push(quote! { #(#own)* #(#other)* });
    }
    all
}

/// Each item with its name: it ends with a semicolon or with braces.
fn split(items: TokenStream) -> Vec<(String, TokenStream)> {
    let mut all = Vec::new();
    let (mut item, mut name, mut named) = (TokenStream::new(), String::new(), false);
    for tree in items {
        let ends = match &tree {
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Group(group) => group.delimiter() == proc_macro2::Delimiter::Brace,
            TokenTree::Ident(ident) => {
                if named && name.is_empty() {
                    name = ident.to_string();
                }
                named |= ident == "fn" || ident == "const" || ident == "type";
                false
            }
            TokenTree::Literal(_) => false,
        };
        item.extend([tree]);
        if ends {
            all.push((std::mem::take(&mut name), std::mem::take(&mut item)));
            named = false;
        }
    }
    all
}
