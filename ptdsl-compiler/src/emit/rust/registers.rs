//! The registers that make hardware walk a table, and the expressions that they and operands are written in.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::bits::{literal, ones};
use super::docs;
use super::model::Model;
use super::names::snake;
use super::steps::parts;
use crate::ir::{Expression, Parameter};
use crate::syntax::ast::Operator;

pub(super) fn emit(model: &Model<'_>) -> TokenStream {
    let fields = model.format.registers.iter().map(|register| {
        let about = docs(&register.docs, &format!("{}.", register.name));
        let name = format_ident!("{}", snake(&register.name));
        quote! { #about pub #name: u64 }
    });
    quote! {
        /// Values of the registers that make hardware walk a table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Registers { #(#fields),* }
    }
}

/// The body of `Format::registers`.
pub(super) fn values(model: &Model<'_>) -> TokenStream {
    let fields: Vec<TokenStream> = model
        .format
        .registers
        .iter()
        .map(|register| {
            let name = format_ident!("{}", snake(&register.name));
            let value = parts(model, &register.parts);
            quote! { #name: #value }
        })
        .collect();
    let constant = fields.iter().all(|f| !f.to_string().contains("shape"));
    let unused = constant.then(|| quote! { let _ = shape; });
    quote! { #unused Registers { #(#fields),* } }
}

/// An expression as `u64`, in terms of `shape`, and in operands of `va` and `run`.
pub(super) fn expression(model: &Model<'_>, value: &Expression) -> TokenStream {
    match value {
        Expression::Constant(value) => {
            let value = literal(*value);
            quote! { #value }
        }
        Expression::Parameter(of) => parameter(*of),
        Expression::Bits { of, hi, lo } => {
            let of = parameter(*of);
            let mask = literal(ones(hi - lo + 1));
            let shift = Literal::u32_unsuffixed(*lo);
            let moved = if *lo == 0 {
                of
            } else {
                quote! { (#of >> #shift) }
            };
            if hi - lo == 63 - lo {
                moved
            } else {
                quote! { (#moved & #mask) }
            }
        }
        Expression::Binary { operator, left, right } => {
            let (left, right) = (expression(model, left), expression(model, right));
            match operator {
                Operator::Or => quote! { (#left | #right) },
                Operator::And => quote! { (#left & #right) },
                Operator::Add => quote! { u64::wrapping_add(#left, #right) },
                Operator::Subtract => quote! { u64::wrapping_sub(#left, #right) },
            }
        }
        Expression::If { option, then, otherwise } => {
            let option = format_ident!("{}", snake(&model.format.options[option.0].name));
            let (then, otherwise) = (expression(model, then), expression(model, otherwise));
            quote! { (if shape.options.#option { #then } else { #otherwise }) }
        }
    }
}

fn parameter(of: Parameter) -> TokenStream {
    match of {
        Parameter::Width => quote! { (shape.width as u64) },
        Parameter::Root => quote! { shape.root.0 },
        Parameter::RootLevel => quote! { (shape.root_level as u64) },
        Parameter::OutputCode => quote! { shape.output.code },
        Parameter::Tag => quote! { shape.tag },
        Parameter::Input => quote! { va },
        Parameter::Level => quote! { (run.level as u64) },
    }
}
