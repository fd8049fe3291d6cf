//! The proof by trial on the library's formats, with the geometry that they have: random sequences of all operations, alone and in
//! batches, now and then short of memory, and the deletion experiment, under the model and against a flat map.
//!
//! `cargo xtask model` runs the share that a change must pass, `cargo xtask model --full` all of it.

mod real;

#[allow(dead_code)]
#[path = "../trial/deletion.rs"]
mod deletion;
#[allow(dead_code)]
#[path = "../trial/explore.rs"]
mod explore;
#[path = "../trial/judge.rs"]
mod judge;
#[path = "../trial/operation.rs"]
mod operation;
#[path = "../trial/report.rs"]
mod report;
#[allow(dead_code)]
#[path = "../trial/space.rs"]
mod space;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use deletion::{REAL, Row, rows};
use report::Trial;

#[derive(Parser)]
struct Arguments {
    /// More of it than the share of a change
    #[arg(long)]
    full: bool,
    /// What is random follows from it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// These parts only
    #[arg(long, value_enum)]
    part: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Random sequences
    Formats,
    /// Each step, store and exchange left out and weakened
    Deletion,
}

fn deletions() -> Result<Vec<Row>, String> {
    use ptdsl_generated::{arm64_el1_low, arm64_hyp, arm64_stage2, sv39, x86_64};
    let (wide, two) = ((false, false), (2, false));
    let mut all = Vec::new();
    all.extend(rows("arm64-hyp", real::space::<arm64_hyp::Arm64Hyp>(real::el2(false), wide, two)?, REAL)?);
    let el1 = real::space::<arm64_el1_low::Arm64El1Low>(real::el1(false), wide, two)?;
    all.extend(rows("arm64-el1-low", el1, REAL)?);
    let stage2 = real::space::<arm64_stage2::Arm64Stage2>(real::stage2(false), wide, two)?;
    all.extend(rows("arm64-stage2", stage2, REAL)?);
    all.extend(rows("x86-64", real::space::<x86_64::X8664>(real::x86(), wide, two)?, REAL)?);
    all.extend(rows("sv39", real::space::<sv39::Sv39>(real::riscv(), wide, two)?, REAL)?);
    Ok(all)
}

fn main() -> ExitCode {
    let Arguments { full, seed, part } = Arguments::parse();
    let wanted = |one: Part| part.is_empty() || part.contains(&one);
    let mut trial = Trial::new(full, seed);
    if wanted(Part::Formats) {
        let name = format!("{} formats, at random", real::FORMATS);
        trial.part(&name, || real::all((seed, if full { 20 } else { 1 }, 30)));
    }
    if wanted(Part::Deletion) {
        trial.deletion(deletions());
    }
    trial.end()
}
