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
        if let Some(input) = &model.input {
            inputs(input, output, found);
        }
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
        let (before, size) = (&pair[0].bits, &pair[1].bits);
        if size.node <= before.node {
            let message = format!("{} bits stand behind {} bits", size.node, before.node);
            found.push(finding(size.span, message, "not larger").label(before.span, "than this"));
        }
    }
    for size in limit.choices.iter().map(|choice| &choice.bits).filter(|size| size.node == 0) {
        found.push(finding(size.span, "an output of 0 bits cannot be".into(), "too small"));
    }
    match limit.choices.iter().map(|choice| &choice.bits).max_by_key(|size| size.node) {
        Some(largest) if largest.node != u64::from(output.bits) => {
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
    let codes: Vec<_> = limit.choices.iter().map(|choice| &choice.code).collect();
    for (index, code) in codes.iter().enumerate() {
        if let Some(old) = codes[..index].iter().find(|old| old.node == code.node) {
            let message = format!("two sizes have the code {:#x}", code.node);
            found.push(
                Diagnostic::new(Code::LimitCodes, message, code.span, "used again")
                    .label(old.span, "used first here")
                    .help("correct one: hardware must tell the sizes apart"),
            );
        }
    }
}

/// With each output size some table can be created. More input than there is does no harm: a variant may have less.
fn inputs(input: &Address<'_, Input>, output: &Address<'_, Output>, found: &mut Diagnostics) {
    let least = input.ast.down_to.as_ref().map_or(u64::from(input.bits), |least| least.node);
    let limits = output.ast.limit.iter().flat_map(|limit| &limit.choices);
    for most in limits.filter_map(|choice| choice.input.as_ref()).filter(|most| most.node < least) {
        let message = format!("no table translates as few as {} bits", most.node);
        found.push(
            Diagnostic::new(Code::LimitInput, message, most.span, format!("{least} are the fewest"))
                .label(input.ast.slice.span, "the input that a table translates")
                .help("give the most input bits that go with this output size; `down to` says how few a table may have"),
        );
    }
}
