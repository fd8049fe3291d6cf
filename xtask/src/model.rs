//! `cargo xtask model`: the proof by trial, the share that a change must pass or all of it.

use crate::context::Context;
use crate::step::Step;
use crate::tools::Tool;

/// Small geometries: every state.
pub(crate) const SMALL: Step = Step {
    name: "model",
    purpose: "operations from every state of small geometries, and the deletion experiment, under the may-TLB model",
    tools: &[Tool::Gcc],
    run: |context| {
        fresh(context)?;
        run(context, "trial")
    },
};

/// The library's formats.
pub(crate) const LIBRARY: Step = Step {
    name: "model-formats",
    purpose: "random operations on the library's formats, and the deletion experiment, under the may-TLB model",
    tools: &[Tool::Gcc],
    run: |context| run(context, "library"),
};

/// What the task runs.
pub(crate) const STEPS: &[Step] = &[SMALL, LIBRARY];

/// The specs of the small geometries.
const SPECS: [&str; 4] = ["arm64-small-2", "arm64-small-4", "riscv-small-2", "x86-small-2"];

/// What the programs are given.
pub(crate) fn arguments(full: bool, seed: Option<u64>) -> Vec<String> {
    let full = full.then(|| "--full".to_owned());
    full.into_iter().chain(seed.map(|seed| format!("--seed={seed}"))).collect()
}

fn run(context: &Context, example: &str) -> Result<String, String> {
    let mut command = context.cargo(&format!("run --quiet --release -p ptdsl-model --example {example} --"));
    command.args(context.passed());
    let text = context.run(command)?;
    let changes = text.lines().find(|line| line.ends_with("not noticed"));
    let events = text.trim_end().lines().next_back().filter(|line| line.contains(" events in "));
    match (changes, events) {
        (Some(changes), Some(events)) => Ok(format!("{events}; {changes}")),
        _ => Err(format!("{text}no line says what was done")),
    }
}

/// Whether the checked-in modules of the small geometries are what the compiler writes today.
fn fresh(context: &Context) -> Result<(), String> {
    let specs = SPECS.map(|name| format!("model/specs/{name}.pt")).join(" ");
    let line = format!("run --quiet -p ptdsl -- gen --check {specs} --out-dir model/examples/trial/formats");
    context.run(context.cargo(&line)).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::arguments;

    #[test]
    fn programs_are_given_what_was_asked() {
        assert_eq!(arguments(false, None), Vec::<String>::new());
        assert_eq!(arguments(true, Some(7)), ["--full", "--seed=7"]);
    }
}
