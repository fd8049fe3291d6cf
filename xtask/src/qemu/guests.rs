//! The guests that compare generated code with an emulated MMU, a row each, and how they are run and judged.

use super::closing::{self, Closing};
use super::emulator::{self, Outcome};
use super::program::Program;
use super::{image, number};
use crate::context::Context;
use crate::step::Step;
use crate::tools::Tool;
use std::path::Path;
use std::time::Duration;

/// Random tables of every format of an architecture, built by a guest that asks its own MMU.
struct Guest {
    /// What the command and the guest's lines call it.
    name: &'static str,
    program: Program,
    /// The emulator.
    emulator: &'static str,
    /// Its arguments, without processor and program.
    board: &'static str,
    /// Processors: the guest runs once on each, and finds out by itself which formats that one walks.
    processors: &'static [&'static str],
    passing: Passing,
    /// The guest's exit code by the emulator's.
    exit: fn(i32) -> Option<i32>,
    /// Formats and races that each run must have.
    formats: u64,
    races: u64,
    /// What the image must have besides; says what was found.
    image: fn(&[u8]) -> Result<String, String>,
    /// Many times what it needs with the count that CI asks for.
    limit: Duration,
}

/// How the words of a task get in.
enum Passing {
    /// As arguments of semihosting.
    Semihosting,
    /// As the kernel's command line.
    CommandLine,
}

// Memory is shared memory, of which the host makes no huge pages: the guests touch a page in each 2 MiB.

const ARM64: Guest = Guest {
    name: "arm64",
    program: Program { name: "guest-arm64", folder: "guests/arm64", target: "aarch64-unknown-none" },
    emulator: "qemu-system-aarch64",
    board: "-M virt,virtualization=on,gic-version=3,memory-backend=ram \
        -object memory-backend-memfd,id=ram,size=2304M -smp 2 -m 2304 -nographic -net none",
    processors: &["max"],
    passing: Passing::Semihosting,
    exit: Some,
    formats: 22,
    races: 3,
    image: image::cleaned_before_mmu,
    limit: Duration::from_secs(240),
};

const X86_64: Guest = Guest {
    name: "x86-64",
    program: Program { name: "guest-x86-64", folder: "guests/x86-64", target: "x86_64-unknown-none" },
    emulator: "qemu-system-x86_64",
    board: "-M pc,memory-backend=ram -object memory-backend-memfd,id=ram,size=3G -m 3G -nodefaults -display none \
        -serial stdio -no-reboot -device isa-debug-exit,iobase=0xf4,iosize=4",
    processors: &["max,la57=off", "max"],
    passing: Passing::CommandLine,
    // isa-debug-exit doubles what it is given and adds 1; the guest adds 16 before.
    exit: |code| if code >= 33 && code % 2 == 1 { Some(code / 2 - 16) } else { None },
    formats: 1,
    races: 0,
    image: |_| Ok("4 and 5 levels".to_owned()),
    limit: Duration::from_secs(120),
};

const RISCV64: Guest = Guest {
    name: "riscv64",
    program: Program {
        name: "guest-riscv64",
        folder: "guests/riscv64",
        target: "riscv64gc-unknown-none-elf",
    },
    emulator: "qemu-system-riscv64",
    board: "-M virt,memory-backend=ram -object memory-backend-memfd,id=ram,size=3G -m 3G -bios none -nographic -net none",
    // QEMU does not check reserved bits where a processor has these extensions, so the guest does on the plain one.
    processors: &["rv64", "rv64,svnapot=on,svpbmt=on"],
    passing: Passing::Semihosting,
    exit: Some,
    formats: 3,
    races: 0,
    image: |_| Ok("without and with Svpbmt and Svnapot".to_owned()),
    limit: Duration::from_secs(120),
};

/// All guests, for what is done with each.
const GUESTS: [&Guest; 3] = [&ARM64, &X86_64, &RISCV64];

pub(crate) const ARM64_STEP: Step = Step {
    name: "qemu-arm64",
    purpose: "random tables of all arm64 formats against the MMU (QEMU), two PEs",
    tools: &[Tool::Gcc, Tool::QemuArm],
    run: |context| sound(context, &ARM64),
};

pub(crate) const ARM64_FAULTS: Step = Step {
    name: "qemu-arm64-faults",
    purpose: "the same without TLBI, with a shifted output, without XN: each must fail",
    tools: &[Tool::Gcc, Tool::QemuArm],
    run: |context| faulty(context, &ARM64),
};

pub(crate) const X86_64_STEP: Step = Step {
    name: "qemu-x86-64",
    purpose: "random tables of 4 and 5 levels against the MMU of a PC (QEMU)",
    tools: &[Tool::Gcc, Tool::QemuX86],
    run: |context| sound(context, &X86_64),
};

pub(crate) const X86_64_FAULTS: Step = Step {
    name: "qemu-x86-64-faults",
    purpose: "the same without INVLPG, with a shifted output, without XD: each must fail",
    tools: &[Tool::Gcc, Tool::QemuX86],
    run: |context| faulty(context, &X86_64),
};

pub(crate) const RISCV64_STEP: Step = Step {
    name: "qemu-riscv64",
    purpose: "random tables of Sv39, Sv48 and Sv57 against the MMU (QEMU)",
    tools: &[Tool::Gcc, Tool::QemuRiscv],
    run: |context| sound(context, &RISCV64),
};

pub(crate) const RISCV64_FAULTS: Step = Step {
    name: "qemu-riscv64-faults",
    purpose: "the same without SFENCE.VMA, with a shifted output, with X everywhere: each must fail",
    tools: &[Tool::Gcc, Tool::QemuRiscv],
    run: |context| faulty(context, &RISCV64),
};

/// Format and lints of the guests, which the workspace's steps do not reach.
pub(crate) const LINTS: Step = Step {
    name: "lint-guests",
    purpose: "the guests are formatted and have no warning, with faults and without",
    tools: &[Tool::Gcc, Tool::Rustfmt, Tool::Clippy],
    run: |context| {
        for Guest { program, .. } in GUESTS {
            program.lint(context, &[])?;
            program.lint(context, &[FAULTS_FEATURE])?;
        }
        Ok(String::new())
    },
};

/// A build with this can do wrong.
const FAULTS_FEATURE: &str = "faults";
/// Whether a line of a difference shows a fault.
type Shows = fn(&str) -> bool;
/// What it can do wrong, and what the line of a difference must say then: where a translation outlives its invalidation only
/// an access that is performed sees it; any access sees another output; and only a fetch sees that execution is allowed.
const FAULTS: [(&str, Shows); 3] = [
    ("no-tlbi", |line| !line.contains("asked: ")),
    ("shift-output", |line| line.contains(" at 0x")),
    ("drop-xn", |line| line.contains(": Fetch")),
];
/// Translations of each format that show a fault.
const FAULTS_COUNT: u64 = 3000;

fn sound(context: &Context, guest: &Guest) -> Result<String, String> {
    let version = emulator::version(context, guest.emulator)?;
    let elf = guest.program.build(context, &[])?;
    let bytes = std::fs::read(&elf).map_err(|error| format!("{} cannot be read: {error}", elf.display()))?;
    let remark = (guest.image)(&bytes).map_err(|reason| format!("the image of {}: {reason}", guest.name))?;
    let (seed, count) = context.guests();
    let words = [format!("seed={seed:#x}"), format!("count={count}")];
    let (mut formats, mut translations, mut touches, mut changes) = (0, 0, 0, 0);
    for processor in guest.processors {
        let outcome = start(context, guest, processor, &elf, &words)?;
        let closing = passed(&outcome, guest, seed, count).map_err(|reason| {
            format!("{}{processor}: {reason}; again: {}", outcome.shown(context), again(guest, seed, count))
        })?;
        formats += closing.formats;
        translations += closing.translations;
        touches += closing.touches;
        changes += closing.changes;
    }
    Ok(format!(
        "{formats} formats, {translations} translations, {touches} touches, {changes} changes; QEMU {version}; {remark}"
    ))
}

fn again(guest: &Guest, seed: u64, count: u64) -> String {
    format!("`cargo xtask qemu {} --seed {seed:#x} --count {count}`", guest.name)
}

/// The numbers of a run without a difference, that did what was asked.
fn passed(outcome: &Outcome, guest: &Guest, seed: u64, count: u64) -> Result<Closing, String> {
    let closing = ended(outcome, guest)?;
    let code = number(outcome.code);
    if closing.differences != 0 || outcome.code != Some(0) {
        return Err(format!("{}: {} differences, exit code {code}", guest.name, closing.differences));
    }
    if closing.seed != seed {
        return Err(format!("{} ran with seed {:#x}, not with {seed:#x}", guest.name, closing.seed));
    }
    if (closing.formats, closing.races) != (guest.formats, guest.races) {
        let (Closing { formats, races, .. }, wanted, runs) = (closing, guest.formats, guest.races);
        return Err(format!("{}: {formats} formats and {races} races, not {wanted} and {runs}", guest.name));
    }
    let lines: Vec<_> = closing::formats(&outcome.text).collect();
    if lines.len() as u64 != guest.formats {
        return Err(format!("{}: {} lines of formats, not {}", guest.name, lines.len(), guest.formats));
    }
    if let Some(line) = lines.iter().find(|line| line.translations < count || line.differences != 0) {
        let closing::Line { format, translations, differences } = line;
        return Err(format!("{format}: {translations} translations of {count}, {differences} differences"));
    }
    if lines.iter().map(|line| line.translations).sum::<u64>() != closing.translations {
        return Err(format!("{}: the lines of formats do not add up to the closing line", guest.name));
    }
    Ok(closing)
}

/// The closing line of a run that came to its end.
fn ended(outcome: &Outcome, guest: &Guest) -> Result<Closing, String> {
    closing::closing(&outcome.text, guest.name).ok_or_else(|| match outcome.code {
        Some(3) => format!("{} was not started as it must be: QEMU with `{}`", guest.name, guest.board),
        Some(4) => {
            format!("{} did not understand its task: its line with FAIL says what it takes", guest.name)
        }
        code => format!("{} ended without its closing line, exit code {}", guest.name, number(code)),
    })
}

fn faulty(context: &Context, guest: &Guest) -> Result<String, String> {
    let elf = guest.program.build(context, &[FAULTS_FEATURE])?;
    let mut differences = [0; FAULTS.len()];
    for processor in guest.processors {
        faulty_on(context, guest, processor, &elf, &mut differences)
            .map_err(|reason| format!("{processor}: {reason}"))?;
    }
    let remark = |((fault, _), differences)| format!("{fault}: {differences} differences");
    Ok(FAULTS.into_iter().zip(differences).map(remark).collect::<Vec<_>>().join("; "))
}

/// Adds up the differences of each fault.
fn faulty_on(
    context: &Context,
    guest: &Guest,
    processor: &str,
    elf: &Path,
    differences: &mut [u64; FAULTS.len()],
) -> Result<(), String> {
    let seed = context.guests().0;
    let words = [format!("seed={seed:#x}"), format!("count={FAULTS_COUNT}")];
    // The control of the controls: what must fail below does not fail by itself.
    let outcome = start(context, guest, processor, elf, &words)?;
    passed(&outcome, guest, seed, FAULTS_COUNT).map_err(|reason| {
        format!("{}able to do wrong, but told nothing: {reason}", outcome.shown(context))
    })?;
    for ((fault, is_shown), differences) in FAULTS.into_iter().zip(differences) {
        if context.verbose() {
            println!("with fault={fault}, which must fail:");
        }
        let words = [&words[..], &[format!("fault={fault}")]].concat();
        let outcome = start(context, guest, processor, elf, &words)?;
        *differences += caught(&outcome, guest, is_shown)
            .map_err(|reason| format!("{}with fault={fault}: {reason}", outcome.shown(context)))?;
    }
    Ok(())
}

/// The number of differences of a run that must have some, one of them of that kind.
fn caught(outcome: &Outcome, guest: &Guest, is_shown: impl Fn(&str) -> bool) -> Result<u64, String> {
    let closing = ended(outcome, guest)?;
    if outcome.code != Some(1) || closing.differences == 0 {
        let code = number(outcome.code);
        return Err(format!(
            "the fault was not found: {} differences, exit code {code}",
            closing.differences
        ));
    }
    if !outcome.text.lines().any(|line| line.starts_with("DIFFERENCE ") && is_shown(line)) {
        return Err("there are differences, but none that shows this fault".to_owned());
    }
    if let Some(line) = without_steps(&outcome.text) {
        return Err(format!("not every step of the walk is told of `{line}`"));
    }
    Ok(closing.differences)
}

/// The first difference of an access that does not show both sides: what the machine says of its walk, and each step of the
/// other, of which the last is no table.
fn without_steps(text: &str) -> Option<&str> {
    let access = |block: &&str| block.lines().next().is_some_and(|line| line.contains(" at 0x"));
    let mut blocks = text.split("DIFFERENCE ").skip(1).filter(access);
    let whole = |block: &str| {
        let of = |head: &str| block.lines().filter(|line| line.starts_with(head)).count();
        let last = block.lines().rfind(|line| line.starts_with("    level "));
        of("  machine: ") == 1 && of("    last ") > 0 && last.is_some_and(|last| !last.contains(" Table("))
    };
    blocks.find(|block| !whole(block)).and_then(|block| block.lines().next())
}

/// Runs a guest; the code is the guest's own.
fn start(
    context: &Context,
    guest: &Guest,
    processor: &str,
    elf: &Path,
    words: &[String],
) -> Result<Outcome, String> {
    let mut command = context.program(guest.emulator, guest.board);
    command.args(["-cpu", processor, "-kernel"]).arg(elf);
    match guest.passing {
        Passing::Semihosting => {
            let arguments: Vec<_> = words.iter().map(|word| format!(",arg={word}")).collect();
            command.args(["-semihosting-config", &format!("enable=on,target=native{}", arguments.concat())]);
        }
        Passing::CommandLine => {
            command.args(["-append", &words.join(" ")]);
        }
    }
    let outcome = emulator::run(context, command, guest.limit)?;
    Ok(Outcome { code: outcome.code.and_then(guest.exit), ..outcome })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Guest = Guest { formats: 2, races: 1, ..ARM64 };
    const LINES: &str = "a: 1 tables, 10 translations, 2 touches, 3 changes, 0 differences\n\
        b: 1 tables, 12 translations, 2 touches, 3 changes, 0 differences\n";
    const END: &str =
        "guest arm64: seed 0x7, 2 formats, 1 races, 22 translations, 4 touches, 6 changes, 0 differences\n";

    fn outcome(text: &str, code: i32) -> Outcome {
        Outcome { text: text.to_owned(), code: Some(code) }
    }

    fn judged(text: &str, code: i32) -> Result<u64, String> {
        passed(&outcome(text, code), &TWO, 7, 10).map(|closing| closing.translations)
    }

    #[test]
    fn a_sound_run_did_all_that_was_asked() {
        let text = format!("{LINES}{END}");
        assert_eq!(judged(&text, 0), Ok(22));
        assert!(judged(&text, 1).is_err());
        assert!(judged(LINES, 0).is_err_and(|reason| reason.contains("without its closing line")));
        assert!(judged(END, 0).is_err());
        assert!(judged(&text.replace("12 trans", "9 trans").replace("22", "19"), 0).is_err());
        assert!(judged(&text.replace("22", "23"), 0).is_err());
        assert!(judged(&text.replace("0x7", "0x8"), 0).is_err());
        assert!(judged(&text.replace("1 races", "0 races"), 0).is_err());
        assert!(judged(&text.replace("6 changes, 0 diff", "6 changes, 1 diff"), 0).is_err());
    }

    #[test]
    fn a_guest_that_does_not_begin_says_what_to_do() {
        let code = |code| judged("FAIL what?\n", code).expect_err("there is no closing line");
        assert!(code(3).contains("virtualization=on"));
        assert!(code(4).contains("did not understand its task"));
        assert!(code(2).contains("exit code 2"));
    }

    #[test]
    fn the_exit_code_of_a_pc_is_its_own() {
        let codes = [33, 35, 41, 1, 0, 34].map(X86_64.exit);
        assert_eq!(codes, [Some(0), Some(1), Some(4), None, None, None]);
    }

    const STEPS: &str = "  machine: Translation fault, level 1\n    last PAR_EL1 0x80b: F 1\n  translate: 0x2000\n\
        \x20   level 0: table at 0x1000, entry 0x0: 0x2003 Table(Table { next: 0x2000 })\n\
        \x20   level 1: table at 0x2000, entry 0x0: 0x3001 Block(Block1 { output: 0x3000 })\n";

    #[test]
    fn a_fault_is_caught_only_by_its_own_difference() {
        let end = END.replace("0 differences", "2 differences");
        let text = format!("DIFFERENCE seed 0x7, a, table 1, change 2: Fetch at 0x1000\n{STEPS}{LINES}{end}");
        let [tlbi, _, xn] = FAULTS.map(|fault| fault.1);
        assert_eq!(caught(&outcome(&text, 1), &TWO, xn), Ok(2));
        assert!(caught(&outcome(&text, 0), &TWO, xn).is_err());
        assert!(caught(&outcome(&text.replace("Fetch", "Load"), 1), &TWO, xn).is_err());
        assert!(caught(&outcome(&text.replace("Fetch", "asked: Load"), 1), &TWO, tlbi).is_err());
        assert!(caught(&outcome(&format!("{LINES}{END}"), 1), &TWO, xn).is_err());
        assert!(caught(&outcome(&text.replace("    level 1", "level 1"), 1), &TWO, xn).is_err());
        assert!(caught(&outcome(&text.replace("    last ", "    "), 1), &TWO, xn).is_err());
        // A crash is no finding.
        assert!(caught(&outcome("DIFFERENCE seed 0x7, a: Fetch at 0x1000\n", 1), &TWO, xn).is_err());
    }
}
