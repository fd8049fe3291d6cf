//! `cargo xtask qemu`: a program on an emulated MMU, built as it should be and with faults.

mod bare_metal;
mod closing;
mod emulator;
mod guests;
mod image;
mod program;

use crate::context::Context;
use crate::step::Step;
use crate::tools::Tool;
use emulator::Outcome;
use program::Program;
use std::path::Path;
use std::time::Duration;

const PROGRAM: &str = "el2-hypervisor";
const EL2_PROGRAM: Program =
    Program { name: PROGRAM, folder: "examples/el2-hypervisor", target: "aarch64-unknown-none" };
const EMULATOR: &str = "qemu-system-aarch64";
/// A board with EL2, a UART on our output, and semihosting, through which the program ends QEMU with its exit code.
const BOARD: &str =
    "-M virt,virtualization=on,gic-version=3 -cpu max -m 256 -nographic -net none -semihosting -kernel";
/// Far more than the program needs: it ends within a second.
const LIMIT: Duration = Duration::from_secs(60);

/// The builds that must fail: the feature, and what a line that begins with FAIL must say then.
const FAULTS: [(&str, &str); 3] =
    [("fault-no-tlbi", "not refused"), ("fault-shift-output", "is memory"), ("fault-drop-xn", "Fetch")];

/// The program as it should be.
pub(crate) const EL2: Step = Step {
    name: "qemu-el2",
    purpose: "bare metal at EL2 (QEMU): the MMU walks the tables as the generated code says",
    tools: &[Tool::Gcc, Tool::QemuArm],
    run: sound,
};

/// The controls.
pub(crate) const EL2_FAULTS: Step = Step {
    name: "qemu-el2-faults",
    purpose: "the same without TLBI, with a shifted output, without XN: each must fail",
    tools: &[Tool::Gcc, Tool::QemuArm],
    run: faulty,
};

/// Format and lints of the program, which the workspace's steps do not reach.
pub(crate) const EL2_LINTS: Step = Step {
    name: "lint-el2",
    purpose: "the EL2 example is formatted and has no warning",
    tools: &[Tool::Gcc, Tool::Rustfmt, Tool::Clippy],
    run: |context| EL2_PROGRAM.lint(context, &[]).map(|()| String::new()),
};

pub(crate) use guests::{
    ARM64_FAULTS, ARM64_STEP, LINTS, RISCV64_FAULTS, RISCV64_STEP, X86_64_FAULTS, X86_64_STEP,
};

/// The steps, in order.
pub(crate) const STEPS: &[Step] =
    &[EL2, EL2_FAULTS, ARM64_STEP, ARM64_FAULTS, X86_64_STEP, X86_64_FAULTS, RISCV64_STEP, RISCV64_FAULTS];

/// The names that the command takes, each for the steps `qemu-NAME` and `qemu-NAME-faults`.
///
/// # Errors
/// A name that no program has.
pub(crate) fn names(programs: &[String]) -> Result<Vec<String>, String> {
    let has = |name: &str| STEPS.iter().any(|step| step.name == name);
    let mut names = Vec::new();
    for program in programs {
        let sound = format!("qemu-{program}");
        if !has(&sound) || program.ends_with("-faults") {
            let known = STEPS.iter().filter_map(|step| step.name.strip_prefix("qemu-"));
            let known: Vec<_> = known.filter(|name| !name.ends_with("-faults")).collect();
            return Err(format!("there is no program `{program}`; the programs are {}", known.join(", ")));
        }
        names.extend([format!("{sound}-faults"), sound].into_iter().filter(|name| has(name)));
    }
    Ok(names)
}

fn sound(context: &Context) -> Result<String, String> {
    let version = emulator::version(context, EMULATOR)?;
    let elf = EL2_PROGRAM.build(context, &[])?;
    let bytes = std::fs::read(&elf).map_err(|error| format!("{} cannot be read: {error}", elf.display()))?;
    let lines = image::cleaned_before_mmu(&bytes).map_err(|reason| {
        format!("{PROGRAM}: the tables are not cleaned to PoC before the MMU is on: {reason}")
    })?;
    let outcome = start(context, &elf)?;
    let steps = passed(&outcome).map_err(|reason| format!("{}{reason}", outcome.shown(context)))?;
    Ok(format!("{steps} steps; QEMU {version}; {lines}"))
}

/// The number of steps of a run without a failure.
fn passed(outcome: &Outcome) -> Result<u64, String> {
    let (steps, failed) = outcome.closing(PROGRAM)?;
    let lines = outcome.lines_with("PASS").count() as u64;
    match (outcome.code, failed) {
        (Some(0), 0) if steps > 0 && steps == lines && outcome.lines_with("FAIL").count() == 0 => Ok(steps),
        (Some(0), 0) => Err(format!("{PROGRAM}: {steps} steps by its closing line, {lines} lines with PASS")),
        (code, failed) => {
            Err(format!("{PROGRAM}: {failed} of {steps} steps failed, exit code {}", number(code)))
        }
    }
}

fn faulty(context: &Context) -> Result<String, String> {
    let mut remarks = Vec::new();
    for (feature, expected) in FAULTS {
        if context.verbose() {
            println!("with `{feature}`, which must fail:");
        }
        let elf = EL2_PROGRAM.build(context, &[feature])?;
        let outcome = start(context, &elf)?;
        let failed = caught(&outcome, expected)
            .map_err(|reason| format!("{}with `{feature}`: {reason}", outcome.shown(context)))?;
        remarks.push(format!("{feature}: {failed} steps failed"));
    }
    Ok(remarks.join("; "))
}

/// The number of failed steps of a run that must fail, one of them with that text.
fn caught(outcome: &Outcome, expected: &str) -> Result<u64, String> {
    let (_, failed) = outcome.closing(PROGRAM)?;
    if outcome.code != Some(1) || failed == 0 {
        let code = number(outcome.code);
        return Err(format!("the fault was not found: {failed} steps failed, exit code {code}"));
    }
    if !outcome.lines_with("FAIL").any(|line| line.contains(expected)) {
        return Err(format!("it failed, but no FAIL says `{expected}`"));
    }
    Ok(failed)
}

fn start(context: &Context, elf: &Path) -> Result<Outcome, String> {
    let mut command = context.program(EMULATOR, BOARD);
    command.arg(elf);
    emulator::run(context, command, LIMIT)
}

fn number(code: Option<i32>) -> String {
    code.map_or("none (killed by a signal)".to_owned(), |code| code.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(text: &str, code: i32) -> Outcome {
        Outcome { text: text.to_owned(), code: Some(code) }
    }

    #[test]
    fn a_sound_run_has_a_closing_line_that_counts_its_lines() {
        let text = " 1 PASS a\n 2 PASS b\nel2-hypervisor: 2 steps, 0 failed\n";
        assert_eq!(passed(&outcome(text, 0)), Ok(2));
        assert!(passed(&outcome(text, 1)).is_err());
        assert!(passed(&outcome(" 1 PASS a\n 2 PASS b\n", 0)).is_err());
        assert!(passed(&outcome(" 1 PASS a\nel2-hypervisor: 2 steps, 0 failed\n", 0)).is_err());
        assert!(passed(&outcome("el2-hypervisor: 0 steps, 0 failed\n", 0)).is_err());
        let failed = " 1 PASS a\n 2 FAIL b\nel2-hypervisor: 2 steps, 1 failed\n";
        assert!(passed(&outcome(failed, 1)).is_err());
        assert!(passed(&outcome(failed, 0)).is_err());
    }

    #[test]
    fn programs_have_names() {
        let of = |name: &str| names(&[name.to_owned()]);
        assert_eq!(of("el2"), Ok(vec!["qemu-el2-faults".to_owned(), "qemu-el2".to_owned()]));
        let message = of("sparc").expect_err("there is none");
        assert!(message.starts_with("there is no program `sparc`; the programs are el2, arm64"), "{message}");
        assert!(of("el2-faults").is_err());
        assert_eq!(names(&[]), Ok(vec![]));
    }

    #[test]
    fn a_fault_is_caught_only_by_its_own_failure() {
        let text = " 1 PASS a\n 2 FAIL Fetch\nel2-hypervisor: 2 steps, 1 failed\n";
        assert_eq!(caught(&outcome(text, 1), "Fetch"), Ok(1));
        assert!(caught(&outcome(text, 1), "not refused").is_err());
        assert!(caught(&outcome(text, 0), "Fetch").is_err());
        assert!(caught(&outcome(" 1 PASS a\nel2-hypervisor: 1 steps, 0 failed\n", 1), "PASS").is_err());
        // A crash is no finding.
        assert!(caught(&outcome(" 1 FAIL Fetch\n", 1), "Fetch").is_err());
    }
}
