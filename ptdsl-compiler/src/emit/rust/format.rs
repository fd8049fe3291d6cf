//! The `Format` implementation and the names that a user meets first.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::bits::{Place, extract, insert, literal};
use super::docs;
use super::levels::attributes_in;
use super::model::{Descriptor, IMPORTS, Model, level_name};
use super::{names, parts, registers, steps};
use crate::ir::{Combine, Empty, Expression, Extend, FieldId, KindClass, Parameter, PathField, Transition};

pub(super) fn head(model: &Model<'_>) -> TokenStream {
    let marker = model.marker();
    let imports = IMPORTS.iter().map(|name| format_ident!("{name}"));
    let options = model.format.options.iter().map(|option| {
        let about = docs(&option.docs, &format!("Option `{}`.", option.name));
        let name = format_ident!("{}", names::snake(&option.name));
        quote! { #about pub #name: bool }
    });
    let about = format!(" The format `{}`, as a type.", model.format.name);
    quote! {
        use ::ptdsl::{#(#imports),*};

        #[doc = #about]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum #marker {}

        /// A page table of this format.
        pub type PageTable<U = ::ptdsl::Live> = ::ptdsl::PageTable<#marker, U>;
        /// What is decided when a table is created.
        pub type Config = ::ptdsl::Config<#marker>;

        /// Options of a table, off by default.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Options { #(#options),* }
    }
}

pub(super) fn emit(model: &Model<'_>) -> TokenStream {
    let format = model.format;
    let (marker, word) = (model.marker(), model.word());
    let name = &format.name;
    let top = format.levels.first().map_or_else(|| format_ident!("End"), level_name);
    let sentinels = Literal::usize_unsuffixed(
        format.levels.iter().filter(|level| level.empty == Empty::Sentinel).count(),
    );
    let granule = Literal::u32_unsuffixed(format.granule_shift);
    let (min, max) =
        (Literal::u32_unsuffixed(format.input.min_bits), Literal::u32_unsuffixed(format.input.max_bits));
    let extend = match format.input.extend {
        Extend::Zero => quote! { Extend::Zero },
        Extend::One => quote! { Extend::One },
        Extend::Sign => quote! { Extend::Sign },
    };
    let choices = format.output.choices.iter().map(|choice| {
        let (bits, code) = (Literal::u32_unsuffixed(choice.bits), literal(choice.code));
        quote! { OutputChoice { bits: #bits, code: #code } }
    });
    let most = format.output.choices.iter().map(|choice| Literal::u32_unsuffixed(choice.most_input));
    let limited = format.output.choices.iter().any(|choice| choice.most_input < format.input.max_bits);
    let most_input = limited.then(|| quote! { const MOST_INPUT: &'static [u32] = &[#(#most),*]; });
    let tag = format.tag.as_ref().map(|tag| {
        let about = format!("Bits of `{}`.", tag.name);
        let bits = Literal::u32_unsuffixed(tag.bits);
        quote! {
            #[doc = #about]
            const TAG_BITS: u32 = #bits;
        }
    });
    let kinds = format.levels.iter().flat_map(|level| &level.kinds);
    let tables = kinds.filter(|kind| kind.class == KindClass::Table).map(|kind| kind.output_bits);
    let table_bits = Literal::u32_unsuffixed(tables.min().unwrap_or(format.output.bits));
    let (once, covers) = steps::publish_facts(format);
    let root_alignment = root_alignment(model).map(|bytes| {
        let bytes = literal(bytes);
        quote! { const ROOT_ALIGNMENT: u64 = #bytes; }
    });
    let hardware = !format.hardware.is_empty();
    let declared = |transition| steps::declared(format, transition);
    let all = declared(Transition::InvalidateAll);
    let (splits, collapses) = (declared(Transition::SplitLeaf), declared(Transition::CollapseTable));
    let (alike, table_all) = parts::facts(format);
    let part = parts::emit(model);
    let (before, after) = (steps::before(model), steps::after(model));
    let effective = effective(model);
    let attributes = attributes(model);
    let registers = registers::values(model);
    let spelling = steps::spelling(format);
    quote! {
        impl Format for #marker {
            type Word = #word;
            type Attributes = Attributes;
            type Patch = Patch;
            type Options = Options;
            type Step = Step;
            type Registers = Registers;
            type Top = #top;
            type Sentinels = [Phys; #sentinels];
            const NAME: &'static str = #name;
            const GRANULE_SHIFT: u32 = #granule;
            const MIN_WIDTH: u32 = #min;
            const MAX_WIDTH: u32 = #max;
            const EXTEND: Extend = #extend;
            const TABLE_BITS: u32 = #table_bits;
            #tag
            const OUTPUT: &'static [OutputChoice] = &[#(#choices),*];
            #most_input
            #root_alignment
            const PUBLISH_LEAF_ONCE: bool = #once;
            const PUBLISH_TABLE_COVERS_LEAF: bool = #covers;
            const HARDWARE_UPDATES: bool = #hardware;
            const INVALIDATES_ALL: bool = #all;
            const INVALIDATES_ALIKE: bool = #alike;
            const TABLE_INVALIDATES_ALL: bool = #table_all;
            const SPLITS_IN_PLACE: bool = #splits;
            const COLLAPSES_IN_PLACE: bool = #collapses;
            #before
            #after
            #part
            #effective
            #attributes
            fn registers(shape: &Shape<Self>) -> Registers { #registers }
            #spelling
        }
    }
}

/// What the root is aligned to so that the registers hold all of its address, if that is more than its size at every width.
fn root_alignment(model: &Model<'_>) -> Option<u64> {
    let parts = model.format.registers.iter().flat_map(|register| &register.parts);
    let lows = parts.filter_map(|part| match part.value {
        Expression::Bits { of: Parameter::Root, lo, .. } => Some(lo),
        _ => None,
    });
    let alignment = 1_u64.checked_shl(lows.min()?)?;
    let root = |width: u32| {
        let level = model.format.levels.iter().find(|level| level.shift < width)?;
        let bits = (width - level.shift).min(level.index_bits);
        Some(u64::from(model.format.word_bits / 8) << bits)
    };
    let input = &model.format.input;
    let smallest = (input.min_bits..=input.max_bits).filter_map(root).min()?;
    (alignment > smallest.max(64)).then_some(alignment)
}

fn leaves<'m, 'a>(model: &'m Model<'a>) -> impl Iterator<Item = &'m Descriptor<'a>> {
    model.descriptors.iter().filter(|d| d.kind.class == KindClass::Leaf)
}

fn effective(model: &Model<'_>) -> TokenStream {
    let (word, bits) = (model.word(), model.format.word_bits);
    let tables: Vec<&Descriptor<'_>> =
        model.descriptors.iter().filter(|d| d.kind.class == KindClass::Table).collect();
    // Where a table kind lacks a field the walk leaves it neutral, so the places of any kind that has it serve.
    let in_tables =
        |id: FieldId| tables.iter().map(|t| t.field(id)).find(|p| !p.is_empty()).unwrap_or_default();
    let apply = |leaf: &Descriptor<'_>| {
        let steps: Vec<TokenStream> = model
            .format
            .effective
            .iter()
            .map(|rule| {
                let target = leaf.field(rule.field);
                let (source, inverse, operator) = match rule.combine {
                    Combine::Or => (quote! { path.any }, quote! { path.all }, quote! { | }),
                    Combine::And => (quote! { path.all }, quote! { path.any }, quote! { & }),
                };
                let value = |above: &PathField| {
                    let places = in_tables(above.field);
                    if above.negated {
                        let all = literal(super::bits::ones(model.field(above.field).bits));
                        let value = extract(&inverse, &places, bits);
                        quote! { (#value ^ #all) }
                    } else {
                        extract(&source, &places, bits)
                    }
                };
                let values: Vec<_> = rule.path.iter().map(value).collect();
                let value = joined(&values, &operator);
                let placed = insert(&value, &target, bits);
                match rule.combine {
                    Combine::Or => quote! { | #placed },
                    Combine::And => {
                        let keep = literal(!super::bits::mask(&target) & super::bits::ones(bits));
                        quote! { & (#placed | #keep) }
                    }
                }
            })
            .collect();
        steps.into_iter().fold(quote! { leaf }, |value, step| quote! { (#value #step) })
    };
    let places = |leaf: &Descriptor<'_>| -> Vec<Vec<Place>> {
        model.format.effective.iter().map(|rule| leaf.field(rule.field)).collect()
    };
    let mut all = leaves(model);
    let body = match all.next() {
        Some(first) if !model.format.effective.is_empty() => {
            if all.all(|other| places(other) == places(first)) {
                let value = apply(first);
                quote! { let _ = level; #value }
            } else {
                let arms = leaves(model).flat_map(|leaf| {
                    let (name, value) = (&leaf.name, apply(leaf));
                    leaf.levels
                        .iter()
                        .map(move |level| {
                            let number = Literal::i32_unsuffixed(level.number);
                            quote! { #number if #name::matches(leaf) => #value }
                        })
                        .collect::<Vec<_>>()
                });
                quote! { match level { #(#arms,)* _ => leaf } }
            }
        }
        _ => quote! { let _ = (level, path); leaf },
    };
    quote! {
        #[inline(always)]
        fn effective(level: i32, leaf: #word, path: Along<#word>) -> #word { #body }
    }
}

fn attributes(model: &Model<'_>) -> TokenStream {
    let word = model.word();
    let arms = model.format.levels.iter().flat_map(|level| {
        let number = Literal::i32_unsuffixed(level.number);
        model
            .at(level)
            .into_iter()
            .filter(|leaf| leaf.kind.class == KindClass::Leaf)
            .map(|leaf| {
                let name = &leaf.name;
                let from = if model.format.word_bits == 64 {
                    quote! { leaf }
                } else {
                    quote! { (leaf as u64) }
                };
                let bits = attributes_in(model, leaf, &from, false);
                quote! { #number if #name::matches(leaf) => Attributes::from_bits(#bits) }
            })
            .collect::<Vec<_>>()
    });
    quote! {
        fn attributes(level: i32, leaf: #word) -> Option<Attributes> {
            match level { #(#arms,)* _ => None }
        }
    }
}

/// `(a | b)`
fn joined(values: &[TokenStream], operator: &TokenStream) -> TokenStream {
    let mut all = TokenStream::new();
    for (i, value) in values.iter().enumerate() {
        if i != 0 {
            all.extend(operator.clone());
        }
        all.extend(value.clone());
    }
    quote! { (#all) }
}
