//! `cargo xtask test`: every test and every proof.

use crate::context::Context;
use crate::step::Step;
use crate::tools::Tool;
use crate::{bench, fuzz, model, no_panic, qemu, readme};

/// The recorded behaviour of Linux 6.1, 6.12 and of the original patch, in groups that the replay takes together.
const VECTORS: &str = "examples/kvm-hyp/vectors";

/// The steps, in order: what fails soonest comes first.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "test",
        purpose: "cargo test over the workspace: units, properties, snapshots, freshness of generated code",
        tools: &[Tool::Gcc],
        run: tests,
    },
    Step {
        name: "doctest",
        purpose: "the code in the documentation and in the README",
        tools: &[Tool::Gcc],
        run: doctests,
    },
    Step {
        name: "words",
        purpose: "generated code and interpreter agree on a million random words of each level, as optimized code",
        tools: &[Tool::Gcc],
        run: |context| {
            context
                .run(context.cargo("test --release -p ptdsl-generated --test interpreter"))
                .and_then(counted)
        },
    },
    Step {
        name: "generated",
        purpose: "generated/ is what the compiler writes today",
        tools: &[Tool::Gcc],
        run: |context| {
            context.run(context.cargo("run --quiet -p ptdsl -- gen --check --all")).map(|_| String::new())
        },
    },
    Step {
        name: "documented",
        purpose: "generated/doc is what the compiler says about each format today",
        tools: &[Tool::Gcc],
        run: |context| {
            let line = "run --quiet -p ptdsl -- doc --check --all --markdown --out-dir generated/doc";
            context.run(context.cargo(line)).map(|_| String::new())
        },
    },
    Step {
        name: "replay-kvm",
        purpose: "Linux's recorded results and events, every one in order, on the generated walker",
        tools: &[Tool::Gcc],
        run: |context| replay(context, "kvm", 4),
    },
    Step {
        name: "replay-ptdsl",
        purpose: "Linux's recorded results and page counts, on the runtime's own operations",
        tools: &[Tool::Gcc],
        run: |context| replay(context, "ptdsl", 2),
    },
    Step {
        name: "readme",
        purpose: "what the README shows of files and output is what they are",
        tools: &[Tool::Gcc],
        run: readme::check,
    },
    Step {
        name: "no-panic",
        purpose: "no panic path in a release build of map, unmap and translate",
        tools: &[Tool::Gcc, Tool::Nm],
        run: no_panic::run,
    },
    model::SMALL,
    qemu::EL2,
    qemu::EL2_FAULTS,
    qemu::ARM64_STEP,
    qemu::ARM64_FAULTS,
    qemu::X86_64_STEP,
    qemu::X86_64_FAULTS,
    qemu::RISCV64_STEP,
    qemu::RISCV64_FAULTS,
    Step {
        name: "instructions",
        purpose: "instructions per page stay within xtask/src/budgets.rs (callgrind)",
        tools: &[Tool::Gcc, Tool::Valgrind],
        run: bench::check_instructions,
    },
    Step {
        name: "fuzz",
        purpose: "the compiler survives mutated text, for a bounded time (libFuzzer)",
        tools: &[Tool::Gcc, Tool::Gxx],
        run: fuzz::run,
    },
];

fn tests(context: &Context) -> Result<String, String> {
    context
        .run(context.cargo("test --workspace --no-fail-fast --lib --bins --tests --examples"))
        .and_then(counted)
}

fn doctests(context: &Context) -> Result<String, String> {
    context.run(context.cargo("test --workspace --no-fail-fast --doc")).and_then(counted)
}

fn replay(context: &Context, engine: &str, level: u32) -> Result<String, String> {
    let line =
        format!("run --quiet --release -p kvm-hyp -- replay --engine {engine} --level {level} {VECTORS}");
    let text = context.run(context.cargo(&line))?;
    Ok(text.trim_end().lines().next_back().unwrap_or_default().to_owned())
}

/// Adds up cargo's `test result:` lines.
///
/// # Errors
/// There is none: nothing was tested, so nothing was shown.
pub(crate) fn counted(text: String) -> Result<String, String> {
    let results: Vec<&str> = text.lines().filter(|line| line.starts_with("test result:")).collect();
    let sum = |what: &str| results.iter().map(|line| number_before(line, what)).sum::<u64>();
    match (results.len(), sum(" passed")) {
        (_, 0) => Err(format!("{text}no test ran")),
        (binaries, passed) => {
            Ok(format!("{passed} tests passed, {} ignored, {binaries} binaries", sum(" ignored")))
        }
    }
}

/// The number directly before a text; 0 if there is none.
fn number_before(line: &str, what: &str) -> u64 {
    let Some((before, _)) = line.split_once(what) else {
        return 0;
    };
    before.rsplit(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_add_up() {
        let text = "running 2 tests\n\
            test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: ok. 40 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        assert_eq!(counted(text.to_owned()).as_deref(), Ok("42 tests passed, 3 ignored, 2 binaries"));
    }

    #[test]
    fn no_test_at_all_is_a_failure() {
        let text = "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert!(counted(text.to_owned()).is_err());
        assert!(counted(String::new()).is_err());
    }
}
