//! The proof by trial on small geometries: every operation from every state of one, sequences of operations on a larger one, an
//! allocation that fails at every place, and the deletion experiment, all under the model and against a flat map.
//!
//! `cargo xtask model` runs the share that a change must pass, `cargo xtask model --full` all of it.

// Some of it serves the other trial.
#[allow(dead_code)]
mod deletion;
mod explore;
mod formats;
mod judge;
mod operation;
mod report;
mod small;
#[allow(dead_code)]
mod space;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use ptdsl::Format;

use deletion::{Row, rows};
use explore::Share;
use report::Trial;
use space::{Mode, Space};

#[derive(Parser)]
struct Arguments {
    /// Everything, not only the share of a change
    #[arg(long)]
    full: bool,
    /// What is random, and which transitions a share takes, follows from it
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// These parts only
    #[arg(long, value_enum)]
    part: Vec<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Every operation with every range from every state of three levels of two entries
    States,
    /// Sequences of operations on three levels of four entries
    Sequences,
    /// Each step, store and exchange left out and weakened
    Deletion,
}

/// A small geometry; of its transitions one in so many in the share of a change, and in a full run.
fn states<F: Format>(
    trial: &mut Trial,
    name: &'static str,
    space: Option<Space<F>>,
    (mode, share, full): (Mode, usize, usize),
) {
    let one_in = if trial.full { full } else { share };
    let share = Share { one_in, seed: trial.seed as usize, mode, states: usize::MAX, wide: false };
    trial.part(name, || {
        let space = space.ok_or("its attributes cannot be spelled")?;
        space.explore(name, share).map(|found| found.counts)
    });
}

fn all_states(trial: &mut Trial) {
    let (once, gathered, whole) = (Mode::AtOnce, Mode::Gathered(64), Mode::Gathered(2));
    states(trial, "arm64, 2 entries", small::arm64_2(true, false), (once, 30, 1));
    states(trial, "arm64, 2 entries, no flags by hardware", small::arm64_2(false, false), (once, 100, 10));
    states(trial, "arm64, 2 entries, sizes change in place", small::arm64_2(true, true), (once, 100, 10));
    states(trial, "arm64, 2 entries, gathered", small::arm64_2(true, false), (gathered, 100, 10));
    states(trial, "arm64, 2 entries, gathered, all past 2", small::arm64_2(true, false), (whole, 100, 10));
    states(trial, "RISC-V, 2 entries", small::riscv_2(), (once, 100, 1));
    states(trial, "x86, 2 entries", small::x86_2(), (once, 100, 1));
}

/// The first states where cleared flags, annotations and software's bits make more of them.
fn wide_states(trial: &mut Trial) {
    let (states, one_in) = if trial.full { (100_000, 20) } else { (4_000, 100) };
    let share = Share { one_in, seed: trial.seed as usize, mode: Mode::AtOnce, states, wide: true };
    let name = "arm64, 2 entries, flags and annotations too";
    trial.part(name, || {
        let space = small::arm64_2(true, false).ok_or("its attributes cannot be spelled")?;
        space.explore(name, share).map(|found| found.counts)
    });
}

fn sequences(trial: &mut Trial) {
    let (full, seed) = (trial.full, trial.seed);
    let one_in = if full { 1 } else { 40 };
    trial.part("arm64, 4 entries, two operations", || {
        small::arm64_4().pairs("arm64, 4 entries", (one_in, seed as usize))
    });
    let runs = if full { 10_000 } else { 500 };
    trial.part("arm64, 4 entries, at random", || {
        small::arm64_4().sequences("arm64, 4 entries", (seed, runs, 30))
    });
}

fn deletions(trial: &mut Trial) {
    fn all<F: Format>(name: &'static str, space: Option<Space<F>>) -> Result<Vec<Row>, String> {
        rows(name, space.ok_or("its attributes cannot be spelled")?, &deletion::small())
    }
    trial.deletion(all("arm64", small::arm64_2(true, false)));
    trial.deletion(all("arm64, no flags", small::arm64_2(false, false)));
    trial.deletion(all("arm64, in place", small::arm64_2(true, true)));
    trial.deletion(all("RISC-V", small::riscv_2()));
    trial.deletion(all("x86", small::x86_2()));
}

fn main() -> ExitCode {
    let Arguments { full, seed, part } = Arguments::parse();
    let wanted = |one: Part| part.is_empty() || part.contains(&one);
    let mut trial = Trial::new(full, seed);
    if wanted(Part::States) {
        all_states(&mut trial);
        wide_states(&mut trial);
    }
    if wanted(Part::Sequences) {
        sequences(&mut trial);
    }
    if wanted(Part::Deletion) {
        deletions(&mut trial);
    }
    trial.end()
}
