//! What the command `ptdsl` takes for what it does: milliseconds and the most memory that it holds.

use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Of so many runs the fastest counts: whatever disturbs a run makes it slower.
const RUNS: usize = 15;
/// How many times as long as the longest spec the long one is.
const LONG: usize = 10;

/// One thing that the command did.
pub struct Task {
    name: String,
    milliseconds: f64,
    mebibytes: f64,
}

/// Measures the command at `program` on the specs in `specs`.
///
/// # Errors
/// A run failed, or a file could not be written.
pub fn measure(program: &Path, specs: &Path) -> Result<Vec<Task>, String> {
    let folder = std::env::temp_dir().join(format!("ptdsl-benches-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let tasks = all(program, specs, &folder);
    // What is left in a temporary folder harms nobody.
    let _ = std::fs::remove_dir_all(&folder);
    tasks
}

fn all(program: &Path, specs: &Path, folder: &Path) -> Result<Vec<Task>, String> {
    let mut formats = declaring(specs)?;
    formats.sort();
    let (longest, lines) = longest(&formats)?;
    let long = folder.join("long.pt");
    let text =
        std::fs::read_to_string(&longest).map_err(|error| format!("{}: {error}", longest.display()))?;
    std::fs::write(&long, lengthened(&text)?).map_err(|error| format!("{}: {error}", long.display()))?;
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();

    let mut tasks = vec![task(program, "start-up", &["--version".into()])?];
    let out = ["--out-dir".into(), folder.display().to_string()];
    let mut each = Vec::new();
    for format in &formats {
        let spec = format.display().to_string();
        each.push(task(program, &format!("gen {}", name(format)), &["gen".into(), spec, "--stdout".into()])?);
    }
    each.sort_by(|a, b| a.milliseconds.total_cmp(&b.milliseconds));
    let slowest = each.pop().ok_or("there are no formats")?;
    if let Some(middle) = each.get(each.len() / 2) {
        tasks.push(Task { name: format!("{}, the one in the middle", middle.name), ..*middle });
    }
    tasks.push(Task { name: format!("{}, the slowest", slowest.name), ..slowest });
    let every: Vec<String> = formats.iter().map(|path| path.display().to_string()).collect();
    let with = |first: &str, last: &[String]| -> Vec<String> {
        [first.to_owned()].into_iter().chain(every.iter().cloned()).chain(last.iter().cloned()).collect()
    };
    tasks.push(task(program, &format!("gen, all {} files", every.len()), &with("gen", &out))?);
    tasks.push(task(program, &format!("check, all {} files", every.len()), &with("check", &[]))?);
    tasks.push(task(
        program,
        &format!("fmt --check, all {} files", every.len()),
        &with("fmt", &["--check".into()]),
    )?);
    let long = long.display().to_string();
    let title = format!("{LONG} times the longest, {} ({lines} lines)", name(&longest));
    tasks.push(task(program, &format!("check, {title}"), &["check".into(), long.clone()])?);
    let arguments = [&["gen".into(), long][..], &out].concat();
    tasks.push(task(program, &format!("gen, {title}"), &arguments)?);
    Ok(tasks)
}

/// The specs that declare a format.
fn declaring(specs: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(specs).map_err(|error| format!("{}: {error}", specs.display()))?;
    let declares = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "pt")
            && std::fs::read_to_string(path)
                .is_ok_and(|text| text.lines().any(|line| line.starts_with("format ")))
    };
    Ok(entries.filter_map(|entry| Some(entry.ok()?.path())).filter(declares).collect())
}

/// The longest spec that uses no other, and its lines.
fn longest(formats: &[PathBuf]) -> Result<(PathBuf, usize), String> {
    let lines = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if text.lines().any(|line| line.starts_with("use ")) { 0 } else { text.lines().count() }
    };
    let longest = formats.iter().max_by_key(|path| lines(path)).ok_or("there are no formats")?;
    Ok((longest.clone(), lines(longest)))
}

/// The same formats again and again, each time by other names.
fn lengthened(text: &str) -> Result<String, String> {
    let start = text.find("\nformat ").ok_or("the longest spec declares no format")? + 1;
    let mut long = text[..start].to_owned();
    for copy in 0..LONG {
        for line in text[start..].lines() {
            match line.strip_prefix("format ").and_then(|rest| rest.split_once(':')) {
                Some((name, rest)) => {
                    let _ = writeln!(long, "format {name}_{copy}:{rest}");
                }
                None => {
                    let _ = writeln!(long, "{line}");
                }
            }
        }
    }
    Ok(long)
}

fn task(program: &Path, name: &str, arguments: &[String]) -> Result<Task, String> {
    let mut best = Task { name: name.to_owned(), milliseconds: f64::INFINITY, mebibytes: 0.0 };
    for _ in 0..RUNS {
        let (milliseconds, mebibytes) =
            once(program, arguments).map_err(|error| format!("{name}: {error}"))?;
        best.milliseconds = best.milliseconds.min(milliseconds);
        best.mebibytes = best.mebibytes.max(mebibytes);
    }
    Ok(best)
}

fn once(program: &Path, arguments: &[String]) -> Result<(f64, f64), String> {
    let start = Instant::now();
    let child = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let child = child.map_err(|error| format!("{} could not be run: {error}", program.display()))?;
    let mut status = 0;
    // SAFETY: a struct of integers: all 0 is one.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    let id = child.id().cast_signed();
    // SAFETY: both places are ours, and the child is not waited for by anybody else.
    let waited = unsafe { libc::wait4(id, &raw mut status, 0, &raw mut usage) };
    let milliseconds = start.elapsed().as_secs_f64() * 1000.0;
    if waited != id || status != 0 {
        return Err(format!("ended with status {status:#x}"));
    }
    Ok((milliseconds, usage.ru_maxrss as f64 / 1024.0))
}

/// For the terminal and the README.
pub fn text(tasks: &[Task]) -> String {
    let mut out = String::new();
    for task in tasks {
        let _ =
            writeln!(out, "  {:<58} {:>7.1} ms  {:>6.1} MiB", task.name, task.milliseconds, task.mebibytes);
    }
    out
}

/// For programs.
pub fn json(tasks: &[Task]) -> Value {
    let one = |task: &Task| json!({ "task": task.name, "milliseconds": task.milliseconds, "peak_mebibytes": task.mebibytes });
    tasks.iter().map(one).collect()
}
