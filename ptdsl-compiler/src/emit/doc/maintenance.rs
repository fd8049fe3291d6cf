//! What surrounds the store of a descriptor, step by step, and the registers of a table.

use super::document::{Block, Prose, Section, Table};
use super::{rows, words};
use crate::ir::{Format, Operand, Part, Sequence, Step, Transition};

pub(super) fn section(format: &Format) -> Section {
    let mut blocks = Vec::new();
    let mut operands: Vec<&Operand> = Vec::new();
    for (transition, sequence) in Transition::ALL.into_iter().zip(&format.sequences) {
        // What no level has an entry for has no steps.
        if sequence.before.is_empty() && sequence.after.is_empty() && !happens(format, transition, sequence) {
            continue;
        }
        let (verb, object) = transition.words();
        blocks.push(Block::Heading(format!("{} {object}: {}", capital(verb), about(transition)).into()));
        blocks.push(Block::Steps(steps(format, sequence)));
        for operand in sequence.before.iter().chain(&sequence.after).flat_map(|step| &step.operands) {
            if !operands.contains(&operand) {
                operands.push(operand);
            }
        }
    }
    for operand in operands {
        blocks.push(Block::Heading(format!("Operand {}", words::code(&operand.name)).into()));
        blocks.push(Block::Table(parts(format, &format!("Operand {}", operand.name), &operand.parts)));
    }
    Section { id: "maintenance", title: "Maintenance", blocks }
}

/// Whether the format has the entries that a transition is about, or says how it goes where it need not.
fn happens(format: &Format, transition: Transition, sequence: &Sequence) -> bool {
    match transition.needed_for() {
        Some(class) => format.levels.iter().flat_map(|level| &level.kinds).any(|kind| kind.class == class),
        None => sequence.declared,
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

fn about(transition: Transition) -> &'static str {
    match transition {
        Transition::PublishLeaf => "from invalid to a leaf",
        Transition::PublishTable => "from invalid to a table",
        Transition::InvalidateLeaf => "from a leaf to invalid, or a leaf's attributes change",
        Transition::InvalidateTable => "from a table to invalid",
        Transition::InvalidateAll => "from anything to invalid, all of the table at once",
        Transition::SplitLeaf => "from a leaf to a table whose leaves map the same, by one store",
        Transition::CollapseTable => "from a table to the leaf that maps the same, by one store",
    }
}

fn steps(format: &Format, sequence: &Sequence) -> Vec<Prose> {
    let before = sequence.before.iter().map(|one| step(format, one));
    let after = sequence.after.iter().map(|one| step(format, one));
    before.chain(["store the descriptor".into()]).chain(after).collect()
}

/// `dsb ish`, or ``tlbi vae2is, {x}`` and what `x` is; then what the spec says about the instruction.
fn step(format: &Format, step: &Step) -> Prose {
    let instruction = &format.instructions[step.instruction.0];
    let mut text = match &instruction.assembly {
        Some(assembly) => words::code(assembly),
        None => {
            format!("{} (no instruction: the world carries it out)", words::code(&instruction.name))
        }
    };
    let operands = instruction.parameters.iter().zip(&step.operands);
    let operands =
        operands.map(|(name, operand)| format!("{} = {}", words::code(name), words::code(&operand.name)));
    let operands = words::and(operands);
    if !operands.is_empty() {
        text.push_str(&format!(" with {operands}"));
    }
    if let Some((option, on)) = step.condition {
        let state = if on { "with" } else { "without" };
        text.push_str(&format!(", only {state} option {}", words::code(&format.options[option.0].name)));
    }
    let docs = words::docs(&instruction.docs);
    if !docs.is_empty() {
        text.push_str(&format!(". {docs}"));
    }
    text.into()
}

/// The bits of a register or an operand, most significant first.
fn parts(format: &Format, caption: &str, parts: &[Part]) -> Table {
    let mut sorted: Vec<&Part> = parts.iter().collect();
    sorted.sort_by_key(|part| std::cmp::Reverse(part.hi));
    let mut table = Table::new(caption, &["bits", "value"]);
    for part in sorted {
        let value = words::code(&words::expression(format, &part.value));
        table.row(vec![rows::bits(part.hi, part.lo).into(), value.into()]);
    }
    let named: u32 = parts.iter().map(|part| part.hi - part.lo + 1).sum();
    // Registers and operands have 64 bits, or are cut to what the machine has.
    if named < 64 {
        table.row(vec!["others".into(), words::code("0").into()]);
    }
    table
}

/// What registers hold for a table.
pub(super) fn registers(format: &Format) -> Section {
    let mut blocks = Vec::new();
    for register in &format.registers {
        blocks.push(Block::Heading(words::code(&register.name).into()));
        blocks.extend(words::paragraphs(&register.docs).into_iter().map(Block::Text));
        blocks.push(Block::Table(parts(format, &format!("Register {}", register.name), &register.parts)));
    }
    if !blocks.is_empty() {
        let mut about =
            "`width` is the number of input bits of the table, `root` the address of its root, `root_level` \
                         the level of that"
                .to_owned();
        if format.output.choices.len() > 1 {
            about.push_str(&format!(", {} the code of its output limit", words::code(&format.output.limit)));
        }
        if let Some(tag) = &format.tag {
            about.push_str(&format!(", {} its tag", words::code(&tag.name)));
        }
        about.push('.');
        blocks.insert(0, Block::Text(about.into()));
    }
    Section { id: "registers", title: "Registers", blocks }
}
