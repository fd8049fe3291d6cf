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
use ptdsl::Format;

use deletion::{Row, rows};
use report::Trial;
use space::Hardware;

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

fn deletions(trial: &mut Trial) {
    use ptdsl_generated::{arm64_el1_low, arm64_hyp, arm64_stage2, sv39, x86_64};
    fn all<F: Format>(name: &'static str, hardware: Hardware) -> Result<Vec<Row>, String> {
        rows(name, real::space::<F>(hardware, (false, false), (2, false))?, &deletion::real())
    }
    trial.deletion(all::<arm64_hyp::Arm64Hyp>("arm64-hyp", real::el2(false)));
    trial.deletion(all::<arm64_el1_low::Arm64El1Low>("arm64-el1-low", real::el1(false)));
    trial.deletion(all::<arm64_stage2::Arm64Stage2>("arm64-stage2", real::stage2(false)));
    trial.deletion(all::<x86_64::X8664>("x86-64", real::x86()));
    trial.deletion(all::<sv39::Sv39>("sv39", real::riscv()));
}

fn main() -> ExitCode {
    let Arguments { full, seed, part } = Arguments::parse();
    let wanted = |one: Part| part.is_empty() || part.contains(&one);
    let mut trial = Trial::new(full, seed);
    if wanted(Part::Formats) {
        let name = format!("{} formats, at random", real::FORMATS);
        let share = (trial.seed, if trial.full { 20 } else { 1 }, 30);
        trial.part(&name, || real::all(share));
    }
    if wanted(Part::Deletion) {
        deletions(&mut trial);
    }
    trial.end()
}
