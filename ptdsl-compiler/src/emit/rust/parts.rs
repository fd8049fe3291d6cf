//! The invalidation of many entries with one barrier pair: what comes before, for each, and behind.

use proc_macro2::TokenStream;
use quote::quote;

use super::model::Model;
use super::steps::{addressed, name, perform, sequence};
use crate::ir::{Format, Step, Transition};

const INVALIDATIONS: [Transition; 2] = [Transition::InvalidateLeaf, Transition::InvalidateTable];

/// Opening, entries and closing of what follows an invalidation's store.
fn parts(format: &Format, transition: Transition) -> [&[Step]; 3] {
    let steps = sequence(format, transition).map_or(&[][..], |sequence| &sequence.after[..]);
    match (steps.iter().position(addressed), steps.iter().rposition(addressed)) {
        (Some(first), Some(last)) => [&steps[..first], &steps[first..=last], &steps[last + 1..]],
        _ => [steps, &[], &[]],
    }
}

/// (leaves and tables open and close alike, a table's invalidation is that of all)
pub(super) fn facts(format: &Format) -> (bool, bool) {
    let [leaf, table] = INVALIDATIONS.map(|transition| parts(format, transition));
    let after = |transition| sequence(format, transition).map(|sequence| &sequence.after);
    let all = sequence(format, Transition::InvalidateAll).is_some_and(|all| all.declared)
        && after(Transition::InvalidateAll) == after(Transition::InvalidateTable);
    (leaf[0] == table[0] && leaf[2] == table[2], all)
}

/// `Format::part`.
pub(super) fn emit(model: &Model<'_>) -> TokenStream {
    let labels = [quote! { Part::Open }, quote! { Part::Entries }, quote! { Part::Close }];
    let mut arms: Vec<(Vec<TokenStream>, &[Step])> = Vec::new();
    for transition in INVALIDATIONS {
        for (part, steps) in labels.iter().zip(parts(model.format, transition)) {
            let name = name(transition);
            let pattern = quote! { (Transition::#name, #part) };
            match arms.iter_mut().find(|(_, other)| *other == steps) {
                _ if steps.is_empty() => {}
                Some((patterns, _)) => patterns.push(pattern),
                None => arms.push((vec![pattern], steps)),
            }
        }
    }
    let reads = |step: &Step| !step.operands.is_empty() || step.condition.is_some();
    let run = if arms.iter().any(|(_, steps)| steps.iter().any(reads)) {
        quote! { run }
    } else {
        quote! { _run }
    };
    let body = if arms.is_empty() {
        quote! { let _ = (world, transition, part); }
    } else {
        let arms = arms.iter().map(|(patterns, steps)| {
            let steps = steps.iter().map(|step| perform(model, step));
            quote! { #(#patterns)|* => { #(#steps)* } }
        });
        quote! { match (transition, part) { #(#arms)* _ => {} } }
    };
    quote! {
        fn part<W: World<Self>>(world: &mut W, transition: Transition, part: Part, #run: &Run<'_, Self>) { #body }
    }
}
