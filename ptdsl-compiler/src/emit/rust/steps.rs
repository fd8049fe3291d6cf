//! The maintenance steps: an enum over the instructions, its execution in assembly, and the sequences around a store.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

use super::docs;
use super::model::Model;
use super::names;
use super::registers::expression;
use crate::ir::{Expression, Format, Instruction, Operand, Parameter, Part, Sequence, Step, Transition};

/// The instructions that sequences use, in order.
fn used(format: &Format) -> Vec<&Instruction> {
    let ids: BTreeSet<usize> = format
        .sequences
        .iter()
        .flat_map(|s| s.before.iter().chain(&s.after))
        .map(|step| step.instruction.0)
        .collect();
    ids.into_iter().map(|id| &format.instructions[id]).collect()
}

fn variant(instruction: &Instruction) -> Ident {
    format_ident!("{}", names::camel(&instruction.name))
}

pub(super) fn emit(model: &Model<'_>) -> TokenStream {
    let format = model.format;
    let instructions = used(format);
    let variants = instructions.iter().map(|instruction| {
        let name = variant(instruction);
        let otherwise = match &instruction.assembly {
            Some(assembly) => format!("`{assembly}`"),
            None => format!("`{}`, no instruction: the world carries it out.", instruction.name),
        };
        let about = docs(&instruction.docs, &otherwise);
        if instruction.parameters.is_empty() {
            return quote! { #about #name };
        }
        let types = instruction.parameters.iter().map(|_| quote! { u64 });
        quote! { #about #name(#(#types),*) }
    });
    let arch = &format.arch;
    // One step that is no instruction leaves all of them to the world, which must not forget it.
    let arms: Option<Vec<TokenStream>> = instructions.iter().map(|i| execute(i)).collect();
    let execute = arms.filter(|arms| !arms.is_empty()).map(|arms| {
        quote! {
            impl Step {
                /// Executes the instruction on this PE.
                ///
                /// Each is a barrier, or drops what a TLB holds and the next walk finds in the tables again: no memory and no
                /// mapping changes.
                #[cfg(target_arch = #arch)]
                #[allow(clippy::undocumented_unsafe_blocks, reason = "said above for all of them")]
                #[inline(always)]
                pub fn execute(self) {
                    match self { #(#arms)* }
                }
            }
        }
    });
    let operands = operands(model);
    quote! {
        /// A barrier or an invalidation, with its operand as the instruction takes it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Step { #(#variants),* }
        #execute
        #operands
    }
}

fn execute(instruction: &Instruction) -> Option<TokenStream> {
    let name = variant(instruction);
    let assembly = instruction.assembly.as_ref()?;
    if instruction.parameters.is_empty() {
        return Some(quote! {
            Step::#name => unsafe { core::arch::asm!(#assembly, options(nostack, preserves_flags)) },
        });
    }
    let parameters: Vec<Ident> =
        instruction.parameters.iter().map(|p| format_ident!("{}", names::escape(p))).collect();
    Some(quote! {
        Step::#name(#(#parameters),*) => unsafe {
            core::arch::asm!(#assembly, #(#parameters = in(reg) #parameters as usize,)* options(nostack, preserves_flags))
        },
    })
}

/// A step's name and operands, for worlds that interpret steps.
pub(super) fn spelling(format: &Format) -> TokenStream {
    let instructions = used(format);
    let names: Vec<TokenStream> = instructions
        .iter()
        .map(|instruction| {
            let (variant, name) = (variant(instruction), &instruction.name);
            let ignored = (!instruction.parameters.is_empty()).then(|| quote! { (..) });
            quote! { Step::#variant #ignored => #name }
        })
        .collect();
    let operands: Vec<TokenStream> = instructions
        .iter()
        .filter(|instruction| !instruction.parameters.is_empty())
        .map(|instruction| {
            let variant = variant(instruction);
            let operands: Vec<Ident> =
                (0..instruction.parameters.len()).map(|k| format_ident!("x{k}")).collect();
            quote! { Step::#variant(#(#operands),*) => [#(#operands),*].get(index).copied() }
        })
        .collect();
    let rest = (operands.len() < instructions.len()).then(|| quote! { _ => None });
    let name = if names.is_empty() {
        quote! { fn step_name(step: Step) -> &'static str { match step {} } }
    } else {
        quote! { fn step_name(step: Step) -> &'static str { match step { #(#names),* } } }
    };
    let operand = if instructions.is_empty() {
        quote! { fn step_operand(step: Step, _index: usize) -> Option<u64> { match step {} } }
    } else if operands.is_empty() {
        quote! {
            fn step_operand(step: Step, index: usize) -> Option<u64> {
                let _ = (step, index);
                None
            }
        }
    } else {
        quote! {
            fn step_operand(step: Step, index: usize) -> Option<u64> { match step { #(#operands,)* #rest } }
        }
    };
    quote! { #name #operand }
}

/// The sequence of a transition; none where the format has no tables or no leaves.
pub(super) fn sequence(format: &Format, transition: Transition) -> Option<&Sequence> {
    Transition::ALL.iter().position(|t| *t == transition).and_then(|i| format.sequences.get(i))
}

/// Whether the spec has the sequence.
pub(super) fn declared(format: &Format, transition: Transition) -> bool {
    sequence(format, transition).is_some_and(|sequence| sequence.declared)
}

pub(super) fn name(transition: Transition) -> Ident {
    format_ident!(
        "{}",
        match transition {
            Transition::PublishLeaf => "PublishLeaf",
            Transition::PublishTable => "PublishTable",
            Transition::InvalidateLeaf => "InvalidateLeaf",
            Transition::InvalidateTable => "InvalidateTable",
            Transition::InvalidateAll => "InvalidateAll",
            Transition::SplitLeaf => "SplitLeaf",
            Transition::CollapseTable => "CollapseTable",
        }
    )
}

/// (publishing a leaf needs no operand, publishing a table ends with all that publishing a leaf needs)
pub(super) fn publish_facts(format: &Format) -> (bool, bool) {
    let steps = |t| sequence(format, t).map_or((&[][..], &[][..]), |s| (&s.before[..], &s.after[..]));
    let (leaf_before, leaf) = steps(Transition::PublishLeaf);
    let (_, table) = steps(Transition::PublishTable);
    let once = leaf.iter().chain(leaf_before).all(|step| step.operands.is_empty());
    (once, once && table.ends_with(leaf))
}

pub(super) fn before(model: &Model<'_>) -> TokenStream {
    side(model, "before", |sequence| &sequence.before)
}

pub(super) fn after(model: &Model<'_>) -> TokenStream {
    side(model, "after", |sequence| &sequence.after)
}

fn side<'a>(model: &Model<'a>, method: &str, steps: impl Fn(&'a Sequence) -> &'a Vec<Step>) -> TokenStream {
    let method = format_ident!("{method}");
    // Transitions with the same steps share an arm.
    let mut arms: Vec<(Vec<Ident>, &[Step])> = Vec::new();
    for transition in Transition::ALL {
        let list = sequence(model.format, transition).map_or(&[][..], |s| &steps(s)[..]);
        match arms.iter_mut().find(|(_, other)| *other == list) {
            Some((names, _)) => names.push(name(transition)),
            None => arms.push((vec![name(transition)], list)),
        }
    }
    let all_empty = arms.iter().all(|(_, steps)| steps.is_empty());
    let uses_run =
        arms.iter().any(|(_, steps)| steps.iter().any(|s| !s.operands.is_empty() || s.condition.is_some()));
    let run = if uses_run {
        quote! { run }
    } else {
        quote! { _run }
    };
    let body = if all_empty {
        quote! { let _ = (world, transition); }
    } else {
        let arms = arms.iter().map(|(names, steps)| {
            let steps = steps.iter().map(|s| perform(model, s));
            quote! { #(Transition::#names)|* => { #(#steps)* } }
        });
        quote! { match transition { #(#arms)* } }
    };
    quote! {
        #[inline(always)]
        fn #method<W: World<Self>>(world: &mut W, transition: Transition, #run: &Run<'_, Self>) { #body }
    }
}

pub(super) fn perform(model: &Model<'_>, step: &Step) -> TokenStream {
    let performed = unconditionally(model, step);
    let Some((option, on)) = step.condition else { return performed };
    let option = format_ident!("{}", names::snake(&model.format.options[option.0].name));
    let test = if on {
        quote! { run.shape.options.#option }
    } else {
        quote! { !run.shape.options.#option }
    };
    quote! { if #test { #performed } }
}

fn unconditionally(model: &Model<'_>, step: &Step) -> TokenStream {
    let name = variant(&model.format.instructions[step.instruction.0]);
    if step.operands.is_empty() {
        return quote! { world.step(Step::#name); };
    }
    let operands = step.operands.iter().map(|operand| {
        let function = function(operand);
        quote! { #function(va, run) }
    });
    let performed = quote! { world.step(Step::#name(#(#operands),*)); };
    if addressed(step) {
        quote! { for va in run.addresses() { #performed } }
    } else {
        // What names no address speaks of all entries at once.
        quote! { { let va = run.va; #performed } }
    }
}

/// Whether a step names the entry's address.
pub(super) fn addressed(step: &Step) -> bool {
    let parts = step.operands.iter().flat_map(|operand| &operand.parts);
    parts.into_iter().any(|part| mentions(&part.value, |p| *p == Parameter::Input))
}

fn function(operand: &Operand) -> Ident {
    format_ident!("operand_{}", operand.name)
}

/// A function per operand that sequences use.
fn operands(model: &Model<'_>) -> TokenStream {
    let format = model.format;
    let marker = model.marker();
    let mut seen = BTreeSet::new();
    let functions = format
        .sequences
        .iter()
        .flat_map(|s| s.before.iter().chain(&s.after))
        .flat_map(|step| &step.operands)
        .filter(|operand| seen.insert(operand.name.clone()))
        .map(|operand| {
            let name = function(operand);
            let about = format!(" The operand `{}` of the entry at `va`.", operand.name);
            let parts = parts(model, &operand.parts);
            let reads = |p: fn(&Parameter) -> bool| operand.parts.iter().any(|part| mentions(&part.value, p));
            let va = if reads(|p| *p == Parameter::Input) {
                quote! { va }
            } else {
                quote! { _va }
            };
            let run = if reads(|p| *p != Parameter::Input) || operand.parts.iter().any(|p| chooses(&p.value))
            {
                quote! { run }
            } else {
                quote! { _run }
            };
            let shape = operand
                .parts
                .iter()
                .any(|p| {
                    chooses(&p.value)
                        || mentions(&p.value, |p| !matches!(p, Parameter::Input | Parameter::Level))
                })
                .then(|| quote! { let shape = run.shape; });
            quote! {
                #[doc = #about]
                #[inline(always)]
                fn #name(#va: u64, #run: &Run<'_, #marker>) -> u64 { #shape #parts }
            }
        });
    let functions: Vec<TokenStream> = functions.collect();
    quote! { #(#functions)* }
}

fn mentions(value: &Expression, test: fn(&Parameter) -> bool) -> bool {
    match value {
        Expression::Constant(_) => false,
        Expression::Parameter(p) | Expression::Bits { of: p, .. } => test(p),
        Expression::Binary { left, right, .. } => mentions(left, test) || mentions(right, test),
        Expression::If { then, otherwise, .. } => mentions(then, test) || mentions(otherwise, test),
    }
}

fn chooses(value: &Expression) -> bool {
    match value {
        Expression::If { .. } => true,
        Expression::Binary { left, right, .. } => chooses(left) || chooses(right),
        _ => false,
    }
}

/// Parts of a register or an operand, each in its place.
pub(super) fn parts(model: &Model<'_>, parts: &[Part]) -> TokenStream {
    let parts: Vec<TokenStream> = parts
        .iter()
        .filter(|part| part.value != Expression::Constant(0))
        .map(|part| {
            let ones = super::bits::ones(part.hi - part.lo + 1);
            let fits = match part.value {
                Expression::Constant(value) => value & !ones == 0,
                Expression::Bits { hi, lo, .. } => hi - lo < part.hi - part.lo + 1,
                _ => ones == u64::MAX,
            };
            let mut value = expression(model, &part.value);
            if !fits {
                let ones = super::bits::literal(ones);
                value = quote! { (#value & #ones) };
            }
            let lo = Literal::u32_unsuffixed(part.lo);
            if part.lo == 0 {
                value
            } else {
                quote! { (#value << #lo) }
            }
        })
        .collect();
    if parts.is_empty() {
        quote! { 0 }
    } else {
        quote! { #(#parts)|* }
    }
}
