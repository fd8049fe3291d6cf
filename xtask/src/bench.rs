//! `cargo xtask bench`: what operations, the compiler and the macro cost.

use crate::budgets::{self, Budget};
use crate::context::Context;
use crate::cost;
use crate::size;
use crate::step::Step;
use crate::tools::Tool;
use std::fmt::Write;
use std::path::PathBuf;

/// The step that `cargo xtask bench ROW` runs.
pub(crate) const COMPARE: &str = "compare";

/// The steps.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "instructions",
        purpose: "instructions per page and per lookup (callgrind)",
        tools: &[Tool::Gcc, Tool::Valgrind],
        run: |context| check_instructions(context).map(|table| format!("\n{}", table.trim_end())),
    },
    Step {
        name: "size",
        purpose: "bytes of code of create, map, unmap and translate for one format",
        tools: &[Tool::Gcc, Tool::Nm],
        run: size::run,
    },
    Step {
        name: COMPARE,
        purpose: "operations side by side with the memory's limits, a walker by hand and other crates",
        tools: &[Tool::Gcc],
        run: |context| side_by_side(context, context.passed()),
    },
    Step {
        name: "compiler",
        purpose: "`ptdsl gen`, `check` and `fmt`: time and memory",
        tools: &[Tool::Gcc],
        run: compiler,
    },
    Step {
        name: "gen",
        purpose: "time of `ptdsl gen` for one format, less its start-up, and for all of them",
        tools: &[Tool::Gcc],
        run: cost::gen_time,
    },
    Step {
        name: "macro",
        purpose: "a crate that uses the macro: CPU time of a cold build, time of the expansion",
        tools: &[Tool::Gcc],
        run: cost::macro_cost,
    },
    Step {
        name: "checked-in",
        purpose: "a crate that uses checked-in code: CPU time of a cold build",
        tools: &[Tool::Gcc],
        run: cost::checked_in_cost,
    },
    Step {
        name: "generated",
        purpose: "a crate that holds the code of all formats: CPU time of a cold build",
        tools: &[Tool::Gcc],
        run: cost::generated_cost,
    },
];

/// Runs the program of `benches`; the remark is what it says. The peers are crates that nothing else here needs: it is a
/// package by itself.
fn side_by_side(context: &Context, arguments: &[String]) -> Result<String, String> {
    let target = context.target().join("benches");
    let mut build = context.cargo("build --release --manifest-path benches/Cargo.toml --target-dir");
    context.run({
        build.arg(&target);
        build
    })?;
    let mut program = context.program(target.join("release/ptdsl-benches"), "");
    program.args(arguments);
    context.run(program).map(|text| format!("\n{}", text.trim_end()))
}

fn compiler(context: &Context) -> Result<String, String> {
    context.run(context.cargo("build --release -p ptdsl"))?;
    let paths = [
        format!("--compiler={}", context.target().join("release/ptdsl").display()),
        format!("--specs={}", context.root().join("formats").display()),
    ];
    side_by_side(context, &paths)
}

/// Counts the instructions of every case and compares them with their budgets; the table is the remark.
pub(crate) fn check_instructions(context: &Context) -> Result<String, String> {
    context.run(context.cargo("build --release -p instruction-counts"))?;
    let program = context.target().join("release/instruction-counts");
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let mut table = String::new();
    let mut over = Vec::new();
    for budget in budgets::INSTRUCTIONS {
        let output = folder.path().join(budget.case);
        let count = count(context, &program, budget.case, &output)?;
        let verdict = judge(count, budget);
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "    {:<13} {count:>6.2} instructions  (accepted {:.2}, promised {:.0})  per {} {verdict}",
            budget.case, budget.accepted, budget.promised, budget.what
        );
        if !verdict.is_empty() {
            over.push(budget.case);
        }
    }
    match over.as_slice() {
        [] => Ok(format!("within the budgets\n{table}").trim_end().to_owned()),
        cases => Err(format!("{table}over the budget: {} (see xtask/src/budgets.rs)", cases.join(", "))),
    }
}

/// Instructions per operation of one case. Only what runs inside its function `measured_*` counts.
fn count(context: &Context, program: &PathBuf, case: &str, output: &PathBuf) -> Result<f64, String> {
    let mut command = context.program("valgrind", "--tool=callgrind --toggle-collect=*measured_* --quiet");
    command.arg(format!("--callgrind-out-file={}", output.display())).arg(program).arg(case);
    let text = context.run(command)?;
    let operations = text.lines().find_map(|line| line.strip_prefix("operations: ")?.parse::<f64>().ok());
    let operations =
        operations.ok_or_else(|| format!("{text}instruction-counts {case} names no number of operations"))?;
    let profile =
        std::fs::read_to_string(output).map_err(|error| format!("callgrind wrote no profile: {error}"))?;
    let total = total(&profile).ok_or("callgrind's profile has no totals")?;
    if total < operations {
        return Err(format!(
            "callgrind counted {total} instructions for {operations} operations: `measured_*` was not seen"
        ));
    }
    Ok(total / operations)
}

fn total(profile: &str) -> Option<f64> {
    profile.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok())
}

/// Empty if the count is within the budget. Other machines than x86-64 have other counts: there they are shown, not judged.
fn judge(count: f64, budget: &Budget) -> &'static str {
    if !cfg!(target_arch = "x86_64") {
        ""
    } else if count > budget.promised {
        "OVER THE PROMISE"
    } else if count > budget.accepted * (1.0 + budgets::TOLERANCE) {
        "OVER"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_read() {
        assert_eq!(
            total("# callgrind format\nevents: Ir\nsummary: 12\n\ntotals: 3145728\n"),
            Some(3_145_728.0)
        );
        assert_eq!(total("events: Ir\n"), None);
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn three_percent_pass_and_more_does_not() {
        let budget = Budget { case: "x", what: "y", accepted: 10.0, promised: 12.0 };
        assert_eq!(judge(9.0, &budget), "");
        assert_eq!(judge(10.29, &budget), "");
        assert_eq!(judge(10.31, &budget), "OVER");
        assert_eq!(judge(12.01, &budget), "OVER THE PROMISE");
    }
}
