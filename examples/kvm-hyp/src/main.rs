//! The command `kvm-hyp`: replays golden files and says what differs.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use kvm_hyp::classes::Class;
use kvm_hyp::compare::Depth;
use kvm_hyp::replay::{self, Run, Tally, Verdict};
use kvm_hyp::schema;

/// Replays what Linux's EL2 stage-1 page-table code did, over the generated arm64 hypervisor formats.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  kvm-hyp replay examples/kvm-hyp/vectors
  kvm-hyp replay --engine ptdsl hyp_4k_48.json
  kvm-hyp replay --level 3 --verbose hyp_4k_39.json

Exit status: 0 if nothing failed, 1 if a scenario failed, 2 for usage or a file that cannot be used.";

#[derive(Subcommand)]
enum Command {
    /// Replays golden files (schema kvm-pgtable-golden/1, groups hyp_*).
    #[command(after_help = EXAMPLES)]
    Replay {
        /// What is replayed: Linux's functions as visitors (kvm), or the library's own operations (ptdsl).
        #[arg(long, value_enum, default_value_t = EngineName::Kvm)]
        engine: EngineName,
        /// How much is compared: 1 answers and final descriptors, 2 also pages, counts and free list, 3 also events
        /// but counts and warnings, 4 all events. Default: 4 for kvm, 2 for ptdsl, which has no higher one.
        #[arg(long, value_parser = clap::value_parser!(u8).range(1..=4))]
        level: Option<u8>,
        /// Print every failing scenario, and where each excepted one differs.
        #[arg(long, short)]
        verbose: bool,
        /// Golden files, or folders of them (*.json).
        #[arg(required = true, value_name = "FILE|DIR")]
        paths: Vec<PathBuf>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EngineName {
    /// Linux's functions.
    Kvm,
    /// The library's operations.
    Ptdsl,
}

/// Failing scenarios that are printed per file unless all are wanted.
const SHOWN: usize = 5;

fn main() -> ExitCode {
    let Command::Replay { engine, level, verbose, paths } = Cli::parse().command;
    let run = match choose(engine, level) {
        Ok(run) => run,
        Err(message) => return usage(&message),
    };
    let files = match paths.iter().map(|path| expand(path)).collect::<Result<Vec<_>, _>>() {
        Ok(files) => files.concat(),
        Err(message) => return usage(&message),
    };
    let mut total = Tally::default();
    let mut unusable = false;
    for path in &files {
        match schema::load(path) {
            Ok(file) => total.merge(&replay_file(path, &file, run, verbose)),
            Err(error) => {
                eprintln!("error: {}: {error}", path.display());
                unusable = true;
            }
        }
    }
    print_classes(&total);
    say(&summary(&total));
    match (unusable, total.failed) {
        (true, _) => ExitCode::from(2),
        (false, 0) => ExitCode::SUCCESS,
        (false, _) => ExitCode::FAILURE,
    }
}

/// Prints a line. Who closes the pipe has read enough.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn summary(tally: &Tally) -> String {
    let Tally { passed, failed, .. } = tally;
    format!("{passed} passed, {failed} failed, {} excepted", tally.excepted_total())
}

fn usage(message: &str) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::from(2)
}

fn choose(engine: EngineName, level: Option<u8>) -> Result<Run, String> {
    let depth = level.and_then(Depth::from_number);
    match engine {
        EngineName::Kvm => Ok(Run::Kvm(depth.unwrap_or(Depth::Everything))),
        EngineName::Ptdsl => match depth.unwrap_or(Depth::Pages) {
            depth @ (Depth::Answers | Depth::Pages) => Ok(Run::Library(depth)),
            _ => Err("the library's barriers and invalidations are its own: use --level 1 or 2 with --engine ptdsl".into()),
        },
    }
}

/// The files of a folder in the order of their names, or the file itself.
fn expand(path: &Path) -> Result<Vec<PathBuf>, String> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |error: std::io::Error| format!("{}: cannot be read: {error}", path.display());
    let mut files = Vec::new();
    for entry in path.read_dir().map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file.extension().is_some_and(|extension| extension == "json") {
            files.push(file);
        }
    }
    files.sort();
    match files.is_empty() {
        true => Err(format!("{}: no *.json file in this folder", path.display())),
        false => Ok(files),
    }
}

fn replay_file(path: &Path, file: &schema::File, run: Run, verbose: bool) -> Tally {
    let mut tally = Tally::default();
    let mut details = Vec::new();
    for scenario in &file.scenarios {
        let verdict = replay::scenario(file, scenario, run);
        tally.add(&verdict);
        match verdict {
            Verdict::Failed(failure) if verbose || tally.failed <= SHOWN => {
                let at = failure.op.map_or("at the end".to_owned(), |op| format!("op {op}"));
                let op = failure.op.and_then(|op| scenario.ops.get(op)).and_then(|op| op.call.as_ref().ok());
                let call = op.map_or(String::new(), |call| format!(" ({call:x?})"));
                let difference = failure.difference;
                details.push(format!("  FAILED {} {at}{call}: {}", scenario.id, difference.what));
                details.push(format!("    expected {}", difference.expected));
                details.push(format!("    found    {}", difference.found));
            }
            Verdict::Excepted { op, class } if verbose => {
                details.push(format!("  excepted {} op {op}: {class}", scenario.id));
            }
            _ => {}
        }
    }
    if !verbose && tally.failed > SHOWN {
        details.push(format!("  {} more failed: --verbose prints them", tally.failed - SHOWN));
    }
    say(&format!("{}: {}", path.display(), summary(&tally)));
    for line in details {
        say(&line);
    }
    tally
}

fn print_classes(total: &Tally) {
    for class in Class::ALL {
        if let Some(count) = total.excepted.get(&class) {
            say(&format!("  {count:4} {:12} {}", class.name(), class.reason()));
        }
    }
}
