//! What the compiler costs its users: time of `gen`, of a macro expansion, and CPU time of a cold build.

use crate::budgets;
use crate::context::Context;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Of this many runs the fastest counts: whatever disturbs a run makes it slower.
const RUNS: u32 = 20;

/// Milliseconds of `ptdsl gen` for one format beyond what the command takes to start, and for all of them in all.
pub(crate) fn gen_time(context: &Context) -> Result<String, String> {
    context.run(context.cargo("build --release -p ptdsl"))?;
    let program = context.target().join("release/ptdsl");
    let start = fastest(&program, &["--version"])?;
    let whole = fastest(&program, &["gen", "arm64-hyp.pt", "--stdout"])?;
    let one = within("gen arm64-hyp.pt", whole - start, budgets::GEN_MILLISECONDS, "ms")?;
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let all = fastest(&program, &["gen", "--all", "--out-dir", &folder.path().to_string_lossy()])?;
    Ok(format!("{one}; {}", within("gen --all", all, budgets::GEN_ALL_MILLISECONDS, "ms")?))
}

/// CPU seconds of a cold build of a crate that holds the generated code of all formats.
pub(crate) fn generated_cost(context: &Context) -> Result<String, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let seconds = write_generated(context, folder.path())
        .map_err(|error| format!("the crate could not be written: {error}"))
        .and_then(|()| cold_build(context, folder.path()))?;
    within("cold build of all formats", seconds, budgets::GENERATED_SECONDS, "CPU s")
}

fn write_generated(context: &Context, folder: &Path) -> std::io::Result<()> {
    let mut modules = String::from("#![allow(missing_docs)]\n");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(context.root().join("generated"))? {
        let path = entry?.path();
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if path.extension().is_some_and(|extension| extension == "rs") && stem != "lib" {
            modules += &format!("pub mod {stem};\n");
            files.push(path);
        }
    }
    write_user(context, folder, "", &modules)?;
    for path in files {
        std::fs::copy(&path, folder.join("src").join(path.file_name().unwrap_or_default()))?;
    }
    Ok(())
}

/// CPU seconds of a cold build of a user's crate, and milliseconds that rustc spends expanding its macro.
pub(crate) fn macro_cost(context: &Context) -> Result<String, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    write_user(context, folder.path(), ", features = [\"macro\"]", "ptdsl::ptdsl!(\"arm64-hyp.pt\");\n")
        .map_err(|error| format!("the user's crate could not be written: {error}"))?;
    let seconds = cold_build(context, folder.path())?;

    // Only the crate itself is built again. The flag is unstable, the variable lets the stable compiler take it.
    let mut rustc = user(context, folder.path(), "rustc --lib -- -Ztime-passes");
    rustc.env("RUSTC_BOOTSTRAP", "user");
    let text = context.run(rustc)?;
    let expansion =
        expansion_milliseconds(&text).ok_or_else(|| format!("{text}rustc named no time of the expansion"))?;
    let build = within("cold build", seconds, budgets::COLD_BUILD_SECONDS, "CPU s");
    let expansion = within("expansion", expansion, budgets::EXPANSION_MILLISECONDS, "ms");
    match (build, expansion) {
        (Ok(build), Ok(expansion)) => Ok(format!("{build}; {expansion}")),
        (build, expansion) => {
            let lines = [build, expansion].map(|result| result.unwrap_or_else(|message| message));
            Err(lines.join("\n"))
        }
    }
}

/// CPU seconds of a cold build of a user's crate that has the output of `ptdsl gen` checked in.
pub(crate) fn checked_in_cost(context: &Context) -> Result<String, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    write_user(context, folder.path(), "", "#[allow(missing_docs)]\npub mod arm64_hyp;\n")
        .and_then(|()| {
            let generated = context.root().join("generated/arm64_hyp.rs");
            std::fs::copy(generated, folder.path().join("src/arm64_hyp.rs")).map(drop)
        })
        .map_err(|error| format!("the user's crate could not be written: {error}"))?;
    let seconds = cold_build(context, folder.path())?;
    within("cold build", seconds, budgets::CHECKED_IN_SECONDS, "CPU s")
}

/// CPU seconds that cargo and all that it starts take to build the user's crate from nothing.
fn cold_build(context: &Context, folder: &Path) -> Result<f64, String> {
    // What is downloaded is not built: it must not count.
    context.run(user(context, folder, "fetch"))?;
    let build = user(context, folder, "build");
    let mut shell = isolated("sh", folder);
    // `times` writes the time of the shell, then of its children and theirs.
    shell.args(["-c", "\"$@\" && times", "sh"]).arg(build.get_program()).args(build.get_args());
    let text = context.run(shell)?;
    cpu_seconds(&text).ok_or_else(|| format!("{text}the shell's `times` could not be read"))
}

fn within(what: &str, value: f64, limit: f64, unit: &str) -> Result<String, String> {
    let line = format!("{what} {value:.1} {unit} (limit {limit})");
    if value <= limit { Ok(line) } else { Err(format!("{line}: over the limit")) }
}

fn fastest(program: &Path, arguments: &[&str]) -> Result<f64, String> {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        let status = Command::new(program).args(arguments).stdout(Stdio::null()).status();
        let milliseconds = start.elapsed().as_secs_f64() * 1000.0;
        match status {
            Ok(status) if status.success() => best = best.min(milliseconds),
            Ok(status) => return Err(format!("`ptdsl {}` ended with {status}", arguments.join(" "))),
            Err(error) => return Err(format!("{} could not be run: {error}", program.display())),
        }
    }
    Ok(best)
}

/// A `no_std` library with one line of code, and the versions that the workspace is tested with. `features` ends the
/// dependency's entry.
fn write_user(context: &Context, folder: &Path, features: &str, code: &str) -> std::io::Result<()> {
    let ptdsl = context.root().join("ptdsl");
    let manifest = format!(
        "[package]\nname = \"user\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nptdsl = {{ path = {:?}, default-features = false{features} }}\n",
        ptdsl.display().to_string()
    );
    std::fs::write(folder.join("Cargo.toml"), manifest)?;
    std::fs::copy(context.root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    std::fs::create_dir(folder.join("src"))?;
    std::fs::write(folder.join("src/lib.rs"), format!("#![no_std]\n\n{code}"))
}

/// Cargo on the user's crate, building into a folder of its own.
fn user(context: &Context, folder: &Path, arguments: &str) -> Command {
    let cargo = context.cargo("").get_program().to_owned();
    let mut command = isolated(cargo, folder);
    command.args(arguments.split_whitespace());
    command
}

fn isolated(program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env("CARGO_TARGET_DIR", folder.join("target")).env_remove("RUSTC_WRAPPER");
    // As a user gets it: cargo never builds registry dependencies incrementally, only path ones.
    command.env("CARGO_INCREMENTAL", "0");
    command
}

/// The children's time in the output of `times`: its last line, `0m9.200000s 0m1.130000s`.
fn cpu_seconds(text: &str) -> Option<f64> {
    let line = text.trim_end().lines().next_back()?;
    let seconds = |word: &str| {
        let (minutes, seconds) = word.strip_suffix('s')?.split_once('m')?;
        Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
    };
    let mut words = line.split_whitespace();
    let (user, system) = (seconds(words.next()?)?, seconds(words.next()?)?);
    words.next().is_none().then_some(user + system)
}

/// The pass `macro_expand_crate` in the output of `-Ztime-passes`: `time:   0.012; rss: ...  macro_expand_crate`.
fn expansion_milliseconds(text: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.trim_end().ends_with("macro_expand_crate"))?;
    let (_, rest) = line.split_once("time:")?;
    rest.split(';').next()?.trim().parse::<f64>().ok().map(|seconds| seconds * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_both_shells_are_read() {
        assert_eq!(cpu_seconds("   Compiling x\n0m0.00s 0m0.00s\n1m2.50s 0m1.25s\n"), Some(63.75));
        assert_eq!(cpu_seconds("0m0.000000s 0m0.000000s\n0m9.500000s 0m0.500000s\n"), Some(10.0));
        assert_eq!(cpu_seconds("Finished in 3 s\n"), None);
    }

    #[test]
    fn the_expansion_is_read() {
        let text = "time:   0.001; rss:   40MB ->   41MB (   +1MB)\tparse_crate\n\
            time:   0.012; rss:   45MB ->   50MB (   +5MB)\tmacro_expand_crate\n";
        assert_eq!(expansion_milliseconds(text), Some(12.0));
        assert_eq!(expansion_milliseconds("nothing\n"), None);
    }

    #[test]
    fn a_limit_is_a_limit() {
        assert_eq!(within("gen", 19.96, 20.0, "ms").as_deref(), Ok("gen 20.0 ms (limit 20)"));
        assert!(within("gen", 20.1, 20.0, "ms").is_err());
    }
}
