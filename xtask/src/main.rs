//! The project's tasks: `cargo xtask test`, `cargo xtask ci`, `cargo xtask bench` and `cargo xtask qemu`.
//!
//! Each task is a list of [`step::Step`]s. A step is one line of output: its name, how it ended, how long it took.

mod bench;
mod budgets;
mod ci;
mod context;
mod cost;
mod fuzz;
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
    Qemu(Selection),
    /// Write into the README's blocks what they show
    Readme,
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

fn main() -> ExitCode {
    let mut passed = Vec::new();
    let (steps, selection) = match Cli::parse().task {
        Task::Readme => return mend_readme(),
        Task::Test(selection) => (test::STEPS, selection),
        Task::Ci(selection) => (ci::STEPS, selection),
        Task::Bench(bench) => {
            let selection;
            (passed, selection) = bench.split();
            (bench::STEPS, selection)
        }
        // What the programs say is what one runs it for.
        Task::Qemu(selection) => (qemu::STEPS, Selection { verbose: true, ..selection }),
    };
    if selection.list {
        step::list(steps);
        return ExitCode::SUCCESS;
    }
    match step::select(steps, &selection.only) {
        Ok(selected) => step::run_all(&context::Context::new(selection.verbose).passing(passed), &selected),
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
