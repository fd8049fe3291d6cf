//! Runs the fuzz target of the compiler for a bounded time, with the stable toolchain and without cargo-fuzz.

use crate::context::Context;

/// Seconds of fuzzing; building comes on top.
const SECONDS: u32 = 20;

/// Where the fuzzer takes texts from to mutate.
const SEEDS: [&str; 2] = ["formats", "ptdsl-compiler/tests"];

/// What cargo-fuzz passes to rustc, less the sanitizers, which need a nightly toolchain: the target has no unsafe code.
const FLAGS: [&str; 7] = [
    "--cfg=fuzzing",
    "-Cdebug-assertions",
    "-Ccodegen-units=1",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
];

/// Builds `fuzz/` and runs its target `compile`, starting from the format library and the compiler's test cases.
pub(crate) fn run(context: &Context) -> Result<String, String> {
    let host = host(context)?;
    let target = context.target().join("fuzz");
    // With `--target` the flags reach the target's crates only; build scripts and macros must not be instrumented.
    let mut build =
        context.cargo(&format!("build --release --manifest-path fuzz/Cargo.toml --target {host}"));
    build.arg("--target-dir").arg(&target).env("RUSTFLAGS", FLAGS.join(" "));
    context.run(build)?;

    let failed = |error: std::io::Error| format!("no folder for what the fuzzer finds: {error}");
    let found = target.join("corpus");
    std::fs::create_dir_all(&found).map_err(failed)?;
    let mut fuzz = context.program(target.join(&host).join("release/compile"), "");
    fuzz.arg(format!("-max_total_time={SECONDS}"));
    fuzz.args(["-timeout=10", "-max_len=16384", "-only_ascii=0", "-close_fd_mask=0", "-print_final_stats=1"]);
    fuzz.arg(format!("-artifact_prefix={}/", target.display()));
    fuzz.arg(&found);
    fuzz.args(SEEDS.map(|folder| context.root().join(folder)));
    let text = context.run(fuzz)?;
    if !text.contains("inline 8-bit counters") {
        return Err(format!("{text}the target was built without counters: the fuzzer would be blind"));
    }
    let runs = text.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let runs = runs.ok_or_else(|| format!("{text}the fuzzer did not report how many inputs it tried"))?;
    Ok(format!("{} inputs in {SECONDS} s", runs.trim()))
}

/// The target triple of this machine.
fn host(context: &Context) -> Result<String, String> {
    let text = context.run(context.program("rustc", "--version --verbose"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| format!("`rustc -vV` names no host:\n{text}"))
}
