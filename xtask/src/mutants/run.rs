//! Builds the copy, learns which test reaches what, and tries one change against the tests that it concerns.

use super::sites::{How, Site};
use crate::context::Context;
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Test programs: what cargo builds, the folder that they run in.
const PROGRAMS: &[(&str, &str)] = &[
    ("-p ptdsl --no-default-features --features std --lib --test runtime", "ptdsl"),
    (
        "-p ptdsl-generated --test live --test sequences --test operations --test spans --test cursor --test funded --test edits --test marks --test edges",
        "generated",
    ),
    ("-p ptdsl-museum --test museum", "museum"),
    ("-p ptdsl-model --test deletion --test formats", "model"),
];

/// Tests that build programs of their own, which know nothing of a change.
const BUILDS: &str = "wrong_programs";

/// Address space that a test may use, in KiB: a loop without an end must not take the machine's.
const MEMORY: &str = "4000000";

/// One test by itself.
pub(crate) struct Test {
    program: PathBuf,
    folder: PathBuf,
    name: String,
    /// How long it takes.
    time: Duration,
    /// The values that conditions have in it.
    seen: BTreeSet<(u32, bool)>,
}

/// What became of a change.
pub(crate) enum Outcome {
    /// This test failed.
    Caught(String),
    /// No test comes by with the other value.
    Unreached,
    /// So many tests passed.
    Unnoticed(usize),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Caught(test) => write!(f, "noticed by {test}"),
            Outcome::Unreached => f.write_str("no test makes a difference"),
            Outcome::Unnoticed(count) => write!(f, "not noticed by {count} tests"),
        }
    }
}

/// Builds the tests of the copy, and runs each once unchanged. Quickest first; those that take longer than `longest`, or are
/// of a package in `without`, are left out.
///
/// # Errors
/// A build or a test fails.
pub(crate) fn prepare(
    context: &Context,
    folder: &Path,
    tree: &Path,
    (longest, without): (Duration, &[String]),
) -> Result<Vec<Test>, String> {
    let mut tests = Vec::new();
    for (arguments, package) in
        PROGRAMS.iter().filter(|(_, package)| !without.iter().any(|name| name == package))
    {
        let mut command = context.cargo("test --no-run");
        command.args(arguments.split_whitespace()).current_dir(tree);
        command.env("CARGO_TARGET_DIR", folder.join("build"));
        command.env("RUSTFLAGS", "--cap-lints=allow").env("CARGO_INCREMENTAL", "0");
        command.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1").env("CARGO_PROFILE_DEV_DEBUG", "0");
        let text = context.run(command)?;
        let programs = text.lines().filter_map(|line| line.trim().strip_prefix("Executable"));
        let paths = programs.filter_map(|line| line.rsplit_once('(')?.1.strip_suffix(')'));
        for path in paths.collect::<BTreeSet<_>>() {
            let program = tree.join(path);
            let listing = context.run({
                let mut list = Command::new(&program);
                list.args(["--list", "--format", "terse"]);
                list
            })?;
            let names = listing.lines().filter_map(|line| line.strip_suffix(": test"));
            for name in names.filter(|name| !name.starts_with(BUILDS)) {
                tests.push(Test {
                    program: program.clone(),
                    folder: tree.join(package),
                    name: name.to_owned(),
                    time: Duration::ZERO,
                    seen: BTreeSet::new(),
                });
            }
        }
    }
    let notes = folder.join("seen.txt");
    for test in &mut tests {
        let _ = std::fs::remove_file(&notes);
        let start = Instant::now();
        if !test.passes(("PTDSL_MUTANT_SEEN", &notes.to_string_lossy()), Duration::from_secs(600))? {
            return Err(format!("{test} fails without any change"));
        }
        test.time = start.elapsed();
        let text = std::fs::read_to_string(&notes).unwrap_or_default();
        test.seen = text
            .lines()
            .filter_map(|line| line.split_once(' '))
            .filter_map(|(site, value)| Some((site.parse().ok()?, value == "true")))
            .collect();
    }
    tests.retain(|test| test.time <= longest && !test.seen.is_empty());
    tests.sort_by_key(|test| test.time);
    Ok(tests)
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = self.program.file_name().unwrap_or_default().to_string_lossy();
        let program = program.rsplit_once('-').map_or(&*program, |(name, _)| name);
        write!(f, "{program}::{}", self.name)
    }
}

impl Test {
    fn passes(&self, (name, value): (&str, &str), limit: Duration) -> Result<bool, String> {
        let failed = |error| format!("{} could not be run: {error}", self.program.display());
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -v \"$0\"; exec \"$@\"", MEMORY]);
        command.arg(&self.program).args(["--exact", &self.name, "--test-threads", "1"]);
        command.current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder).env(name, value);
        // What is random is the same each time, and a failure is all that one wants to know.
        command
            .env("PROPTEST_RNG_SEED", "1")
            .env("PROPTEST_MAX_SHRINK_ITERS", "0")
            .env("RUST_BACKTRACE", "0");
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(failed)?;
        let start = Instant::now();
        loop {
            if let Some(status) = child.try_wait().map_err(failed)? {
                return Ok(status.success());
            }
            if start.elapsed() > limit {
                // It may have ended meanwhile.
                let _ = child.kill();
                child.wait().map_err(failed)?;
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Whether a condition has another value in this test than the change gives it.
    fn concerned(&self, site: &Site, how: How) -> bool {
        let seen = |value| self.seen.contains(&(site.number, value));
        match how {
            How::True => seen(false),
            How::False | How::Deleted => seen(true),
            How::Negated => seen(true) || seen(false),
        }
    }
}

/// Tries a change against the tests that it concerns, until one fails.
///
/// # Errors
/// A test cannot be run.
pub(crate) fn try_out(tests: &[Test], site: &Site, how: How, budget: Duration) -> Result<Outcome, String> {
    let start = Instant::now();
    let mut passed = 0;
    for test in tests.iter().filter(|test| test.concerned(site, how)) {
        if start.elapsed() > budget {
            break;
        }
        let number = (site.number * 3 + how.number()).to_string();
        if !test.passes(("PTDSL_MUTANT", &number), test.time * 5 + Duration::from_secs(3))? {
            return Ok(Outcome::Caught(test.to_string()));
        }
        passed += 1;
    }
    Ok(if passed == 0 { Outcome::Unreached } else { Outcome::Unnoticed(passed) })
}
