//! Every transition that the format allows has its sequence, and each sequence stores once and calls what exists.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ir::Transition;
use crate::model::{Model, text};
use crate::resolve::names;
use crate::syntax::ast::{Instruction, KindClass, Sequence, Step};

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    let format = model.format;
    for transition in Transition::ALL {
        let (verb, object) = transition.words();
        let class = if object == "leaf" { KindClass::Leaf } else { KindClass::Table };
        let possible = model.levels.iter().any(|level| level.has(class));
        let present = format.sequences().any(|s| s.verb.node == verb && s.object.node == object);
        if possible && !present {
            let message = format!("format `{}` has no sequence `{verb} {object}`", format.name.node);
            found.push(
                Diagnostic::new(
                    Code::SequenceMissing,
                    message,
                    format.name.span,
                    "its entries change like that",
                )
                .help(format!(
                    "declare `sequence {verb} {object} {{ store; .. }}`, or `use` a file that does"
                )),
            );
        }
    }
    for sequence in format.sequences() {
        stores(sequence, found);
        for step in sequence.steps.iter().filter(|step| step.name.node != "store") {
            call(model, step, found);
        }
    }
    format.instructions().for_each(|instruction| filled(instruction, found));
}

fn stores(sequence: &Sequence, found: &mut Diagnostics) {
    let mut stores = sequence.steps.iter().filter(|step| step.name.node == "store");
    let Some(first) = stores.next() else {
        let message = format!("sequence `{} {}` never stores", sequence.verb.node, sequence.object.node);
        found.push(
            Diagnostic::new(Code::StoreCount, message, sequence.head, "no `store`")
                .help("write `store;` where the descriptor is written"),
        );
        return;
    };
    for again in stores {
        let message = format!("sequence `{} {}` stores twice", sequence.verb.node, sequence.object.node);
        found.push(
            Diagnostic::new(Code::StoreCount, message, again.span, "stored again")
                .label(first.span, "stored first here")
                .help("remove one: break-before-make is two sequences, and the runtime runs both"),
        );
    }
    for step in sequence.steps.iter().filter(|step| step.name.node == "store" && !step.arguments.is_empty()) {
        let message = "`store` takes no operands";
        found.push(
            Diagnostic::new(Code::ArgumentCount, message, step.span, "too many")
                .help("write `store;`: what is stored is the transition's own"),
        );
    }
}

fn call(model: &Model<'_>, step: &Step, found: &mut Diagnostics) {
    let operands: Vec<&str> = model.format.operands().map(|operand| operand.name.node.as_str()).collect();
    for name in step.arguments.iter().filter(|name| !operands.contains(&name.node.as_str())) {
        found.push(names::unknown(Code::UnknownOperand, "operand", name, operands.iter().copied()));
    }
    let Some(instruction) = model.format.instructions().find(|one| one.name.node == step.name.node) else {
        let known = model.format.instructions().map(|one| one.name.node.as_str()).chain(["store"]);
        found.push(names::unknown(Code::UnknownInstruction, "instruction", &step.name, known));
        return;
    };
    let (given, taken) = (step.arguments.len(), instruction.parameters.len());
    if given != taken {
        let message = format!(
            "`{}` takes {} and is given {given}",
            step.name.node,
            text::count(taken as u64, "operand")
        );
        found.push(
            Diagnostic::new(Code::ArgumentCount, message, step.span, format!("{given} given"))
                .label(instruction.name.span, format!("{taken} taken"))
                .help("pass one operand for each parameter"),
        );
    }
}

/// The names in braces in an assembly text; an error names what is wrong.
fn placeholders(assembly: &str) -> Result<Vec<&str>, &'static str> {
    let mut names = Vec::new();
    let mut rest = assembly;
    while let Some(at) = rest.find(['{', '}']) {
        if rest[at..].starts_with('}') {
            return Err("a brace closes that was not opened");
        }
        let inner = &rest[at + 1..];
        let Some(end) = inner.find('}') else { return Err("a brace is not closed") };
        names.push(&inner[..end]);
        rest = &inner[end + 1..];
    }
    Ok(names)
}

fn filled(instruction: &Instruction, found: &mut Diagnostics) {
    let Some(assembly) = &instruction.assembly else { return };
    let mut fault = |message: String, label: &str| {
        found.push(
            Diagnostic::new(Code::Placeholder, message, assembly.span, label)
                .label(instruction.name.span, "for this instruction")
                .help("write every parameter in braces, and nothing else"),
        );
    };
    let names = match placeholders(&assembly.node) {
        Ok(names) => names,
        Err(message) => return fault(message.into(), "cannot be filled in"),
    };
    if assembly.node.trim().is_empty() {
        fault("the assembly is empty".into(), "says nothing");
    }
    let parameters: Vec<&str> = instruction.parameters.iter().map(|name| name.node.as_str()).collect();
    for name in names.iter().filter(|name| !parameters.contains(name)) {
        fault(format!("the assembly uses `{{{name}}}`, which is no parameter"), "unknown operand");
    }
    for name in parameters.iter().filter(|name| !names.contains(name)) {
        fault(format!("the assembly does not use the parameter `{name}`"), "one operand is lost");
    }
    for (index, name) in parameters.iter().enumerate() {
        if parameters[..index].contains(name) {
            fault(format!("two parameters are called `{name}`"), "which one?");
        }
    }
}
