//! Widths and sizes that a table may be created with exist, and have codes of their own.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::range::{self, Evaluated, Place};
use crate::model::{Address, Model};
use crate::resolve::names;
use crate::syntax::ast::{Extend, Input, Output};

pub(super) fn check(model: &Model<'_>, found: &mut Diagnostics) {
    if let Some(input) = &model.input {
        down_to(model, input, found);
        extend(input, found);
    }
    if let Some(output) = &model.output {
        sizes(output, found);
    }
}

fn down_to(model: &Model<'_>, input: &Address<'_, Input>, found: &mut Diagnostics) {
    let Some(down_to) = &input.ast.down_to else { return };
    let offset = match model.levels.last() {
        Some(last) if model.all_levels => last.shift,
        _ => model.granule_shift.unwrap_or(0),
    };
    let (least, most) = (u64::from(offset) + 1, u64::from(input.bits));
    if !(least..=most).contains(&down_to.node) {
        let message = format!("no table translates {} bits", down_to.node);
        found.push(
            Diagnostic::new(Code::DownTo, message, down_to.span, format!("between {least} and {most}"))
                .help("a table needs an index bit above the page offset, and has at most the input's bits"),
        );
    }
}

fn extend(input: &Address<'_, Input>, found: &mut Diagnostics) {
    let (span, label) = match &input.ast.extend {
        Extend::Constant(value) if value.node <= 1 => return,
        Extend::Constant(value) => (value.span, "not a bit"),
        Extend::Bit(slice) if slice.name.node != input.name.node => {
            let known = [input.name.node.as_str()];
            found.push(names::unknown(Code::UnknownAddress, "input address", &slice.name, known));
            return;
        }
        Extend::Bit(slice) => match range::of_slice(slice, Place::NUMBERS, found) {
            Some(Evaluated::Bits(hi, lo)) if (hi, lo) == (input.bits - 1, input.bits - 1) => return,
            Some(_) => (slice.span, "not the top bit"),
            None => return,
        },
    };
    let top = format!("{}[{}]", input.name.node, input.bits - 1);
    found.push(
        Diagnostic::new(Code::ExtendBit, "the bits above the input cannot be that", span, label)
            .help(format!("write `extend 0`, `extend 1` or `extend {top}`")),
    );
}

fn sizes(output: &Address<'_, Output>, found: &mut Diagnostics) {
    let Some(limit) = &output.ast.limit else { return };
    let finding = |span, message: String, label: &str| {
        Diagnostic::new(Code::OutputSizes, message, span, label)
            .help("list the sizes smallest first; the largest is the output's number of bits")
    };
    for pair in limit.choices.windows(2) {
        let ((before, _), (size, _)) = (&pair[0], &pair[1]);
        if size.node <= before.node {
            let message = format!("{} bits stand behind {} bits", size.node, before.node);
            found.push(finding(size.span, message, "not larger").label(before.span, "than this"));
        }
    }
    for (size, _) in limit.choices.iter().filter(|(size, _)| size.node == 0) {
        found.push(finding(size.span, "an output of 0 bits cannot be".into(), "too small"));
    }
    match limit.choices.iter().max_by_key(|(size, _)| size.node) {
        Some((largest, _)) if largest.node != u64::from(output.bits) => {
            let message =
                format!("the largest size is {} bits, the output has {}", largest.node, output.bits);
            found.push(
                finding(largest.span, message, "the largest")
                    .label(output.ast.slice.span, format!("{} bits", output.bits)),
            );
        }
        Some(_) => {}
        None => found.push(finding(
            limit.name.span,
            format!("`{}` has no sizes", limit.name.node),
            "nothing to choose",
        )),
    }
    for (index, (_, code)) in limit.choices.iter().enumerate() {
        if let Some((_, old)) = limit.choices[..index].iter().find(|(_, old)| old.node == code.node) {
            let message = format!("two sizes have the code {:#x}", code.node);
            found.push(
                Diagnostic::new(Code::LimitCodes, message, code.span, "used again")
                    .label(old.span, "used first here")
                    .help("correct one: hardware must tell the sizes apart"),
            );
        }
    }
}
