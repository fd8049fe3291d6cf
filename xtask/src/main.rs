//! The project's tasks: `cargo xtask test`, `cargo xtask ci`, `cargo xtask bench`, `cargo xtask qemu` and `cargo xtask model`.
//!
//! Each task is a list of [`step::Step`]s. A step is one line of output: its name, how it ended, how long it took.

mod bench;
mod budgets;
mod ci;
mod context;
mod cost;
mod fuzz;
mod model;
mod mutants;
mod no_panic;
mod qemu;
mod readme;
mod size;
mod step;
mod test;
mod tools;
mod tree;

use clap::{Args, Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Project tasks")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Set up what is missing, then run every test and proof
    Test(Selection),
    /// Run what a change must pass besides its tests: formatting, lints, documentation, packages
    Ci(Selection),
    /// Measure: operations side by side with other crates, instructions, code size, the compiler, cost of building
    Bench(Bench),
    /// Run generated code on emulated MMUs, and show what it says
    Qemu(Guests),
    /// Try the runtime's operations under the model of translation hardware
    Model(Trial),
    /// Write into the README's blocks what they show
    Readme,
    /// Change each condition of the runtime's operations, one at a time, and see which test notices
    Mutants(mutants::Arguments),
}

#[derive(Args)]
struct Trial {
    /// Everything, not only the share of `cargo xtask test`
    #[arg(long)]
    full: bool,
    /// What is random, and which transitions a share takes, follows from it: decimal, or 0x and hexadecimal
    #[arg(long, value_name = "N", value_parser = seed)]
    seed: Option<u64>,
    #[command(flatten)]
    selection: Selection,
}

#[derive(Args)]
struct Bench {
    #[command(flatten)]
    selection: Selection,
    /// Measure these operations side by side, and nothing else; `--list` does not list them, a wrong name does
    rows: Vec<String>,
    /// Write what was measured side by side into this file
    #[arg(long, value_name = "FILE")]
    json: Option<String>,
    /// Write the table of the README into this file
    #[arg(long, value_name = "FILE")]
    markdown: Option<String>,
    /// Write the charts of the README into this folder
    #[arg(long, value_name = "FOLDER")]
    charts: Option<String>,
    /// How often each contender runs
    #[arg(long)]
    rounds: Option<String>,
}

impl Bench {
    /// What the program of `benches` is given, and the steps that run.
    fn split(mut self) -> (Vec<String>, Selection) {
        if !self.rows.is_empty() {
            self.selection.only.push(bench::COMPARE.to_owned());
        }
        let mut arguments = self.rows;
        let options = [
            ("--json", self.json),
            ("--markdown", self.markdown),
            ("--charts", self.charts),
            ("--rounds", self.rounds),
        ];
        for (name, value) in options {
            arguments.extend(value.map(|value| format!("{name}={value}")));
        }
        (arguments, self.selection)
    }
}

#[derive(Args)]
struct Selection {
    /// Run this step only; may be given more than once
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// List the steps and run nothing
    #[arg(long)]
    list: bool,
    /// Show the output of every step, not only of those that fail
    #[arg(long, short)]
    verbose: bool,
}

#[derive(Args)]
struct Guests {
    /// Run these only: el2, arm64, x86-64, riscv64
    #[arg(value_name = "PROGRAM", conflicts_with = "only")]
    programs: Vec<String>,
    /// What is random follows from it: decimal, or 0x and hexadecimal
    #[arg(long, value_name = "N", value_parser = seed)]
    seed: Option<u64>,
    /// Translations that are compared for each format
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    #[command(flatten)]
    selection: Selection,
}

fn seed(text: &str) -> Result<u64, String> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.map_err(|_| "a seed is a number below 2^64: decimal, or 0x and hexadecimal".to_owned())
}

fn main() -> ExitCode {
    let mut passed = Vec::new();
    let mut numbers = (None, None);
    let (steps, selection) = match Cli::parse().task {
        Task::Readme => return mend_readme(),
        Task::Mutants(arguments) => return mutants::main(&arguments),
        Task::Test(selection) => (test::STEPS, selection),
        Task::Ci(selection) => (ci::STEPS, selection),
        Task::Bench(bench) => {
            let selection;
            (passed, selection) = bench.split();
            (bench::STEPS, selection)
        }
        // As with the guests, what the programs say is what one runs it for.
        Task::Model(Trial { full, seed, selection }) => {
            passed = model::arguments(full, seed);
            (model::STEPS, Selection { verbose: true, ..selection })
        }
        // What the programs say is what one runs it for.
        Task::Qemu(Guests { programs, seed, count, mut selection }) => {
            match qemu::names(&programs) {
                Ok(names) => selection.only.extend(names),
                Err(message) => {
                    eprintln!("error: {message}");
                    return ExitCode::from(2);
                }
            }
            numbers = (seed, count);
            (qemu::STEPS, Selection { verbose: true, ..selection })
        }
    };
    if selection.list {
        step::list(steps);
        return ExitCode::SUCCESS;
    }
    match step::select(steps, &selection.only) {
        Ok(selected) => {
            let context =
                context::Context::new(selection.verbose).with_guests(numbers.0, numbers.1).passing(passed);
            step::run_all(&context, &selected)
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

fn mend_readme() -> ExitCode {
    match readme::mend(&context::Context::new(false)) {
        Ok(remark) => {
            println!("README.md: {remark} written");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Programs, seed and count.
    type Given = (Vec<String>, Option<u64>, Option<u64>);

    fn guests(arguments: &[&str]) -> Result<Given, String> {
        let line = ["xtask", "qemu"].iter().chain(arguments);
        match Cli::try_parse_from(line).map_err(|error| error.to_string())?.task {
            Task::Qemu(Guests { programs, seed, count, .. }) => Ok((programs, seed, count)),
            _ => Err("another task".to_owned()),
        }
    }

    #[test]
    fn a_seed_is_a_number() {
        assert_eq!(
            guests(&["arm64", "--seed", "0x1F", "--count", "5"]),
            Ok((vec!["arm64".to_owned()], Some(31), Some(5)))
        );
        assert_eq!(guests(&["--seed", "31"]), Ok((vec![], Some(31), None)));
        for wrong in ["", "x", "0x", "1.5", "18446744073709551616"] {
            let message = guests(&["--seed", wrong]).expect_err("it is no seed");
            assert!(message.contains("a seed is a number below 2^64"), "{message}");
        }
    }
}
