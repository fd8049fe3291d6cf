//! `cargo xtask mutants`: changes each condition and each effect of the runtime's operations, one at a time, and sees which test
//! notices.
//!
//! Everything is built once: in a copy of the project each site asks a switch, which an environment variable sets. A first pass
//! runs every test by itself and notes which values the conditions have in it. A change is then tried only against tests in which
//! it makes a difference, the quickest first.

mod equivalent;
mod run;
mod sites;

use crate::context::Context;
use equivalent::Equivalents;
use run::Outcome;
use sites::{How, Site};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The files whose conditions decide what is stored, ordered and invalidated.
const FILES: &[&str] = &[
    "transition",
    "breaking",
    "cut",
    "split",
    "collapse",
    "protect",
    "unmap",
    "unmap_range",
    "unmap_split",
    "tier",
    "walk",
    "map",
    "map_range",
    "map_funded",
    "annotate",
    "flags",
    "gather",
    "batch",
    "safety",
];

/// Tests that run for every format: the lines of their table, in these files, begin with the format's module.
const TABLES: &[&str] = &["generated/tests/library/mod.rs", "model/tests/formats.rs"];

/// The formats that the copy keeps in them: one or two of each family, with what only some formats have.
const FORMATS: &[&str] = &[
    "amd_v1",
    "arm64_el1_low",
    "arm64_hyp",
    "arm64_stage2",
    "armv7_short",
    "ept",
    "loongarch64",
    "sv39",
    "x86_64",
];

/// What is asked of the experiment.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Change these files of ptdsl/src only, named without `.rs`
    files: Vec<String>,
    /// List the sites and run nothing
    #[arg(long)]
    list: bool,
    /// Seconds of tests for one change, before it counts as not noticed
    #[arg(long, default_value_t = 60)]
    budget: u64,
    /// Also run the tests that take longer than this many seconds by themselves
    #[arg(long, default_value_t = 20)]
    longest: u64,
    /// Leave out the tests of this package (of `ptdsl`, `generated`, `museum`, `model`)
    #[arg(long)]
    without: Vec<String>,
    /// Try only what the last report does not say was noticed
    #[arg(long)]
    again: bool,
}

/// Runs the experiment.
pub(crate) fn main(arguments: &Arguments) -> ExitCode {
    match experiment(&Context::new(false), arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn experiment(context: &Context, arguments: &Arguments) -> Result<bool, String> {
    let chosen = choose(&arguments.files)?;
    let folder = context.target().join("mutants");
    let tree = folder.join("tree");
    let sites = copy(context, &tree)?;
    let wanted: Vec<&Site> =
        sites.iter().filter(|site| chosen.contains(&site.file.trim_end_matches(".rs"))).collect();
    if arguments.list {
        for site in &wanted {
            let ways: Vec<String> = site.ways.iter().map(How::to_string).collect();
            println!("{}:{} {} [{}] {}", site.file, site.line, site.function, ways.join(" "), site.text);
        }
        return Ok(true);
    }
    let longest = Duration::from_secs(arguments.longest);
    let tests = run::prepare(context, &folder, &tree, (longest, &arguments.without))?;
    let equivalents = Equivalents::read(context)?;
    let changes = wanted.iter().flat_map(|site| site.ways.iter().map(move |how| (*site, *how)));
    let changes: Vec<(&Site, How)> = changes.collect();
    println!("{} changes, {} tests", changes.len(), tests.len());
    let start = Instant::now();
    let budget = Duration::from_secs(arguments.budget);
    let mut results = Vec::new();
    let report = folder.join("report.md");
    let old =
        if arguments.again { std::fs::read_to_string(&report).unwrap_or_default() } else { String::new() };
    let noticed: BTreeMap<String, String> = old.lines().filter_map(noticed_before).collect();
    for (index, (site, how)) in changes.iter().enumerate() {
        let outcome = match noticed.get(&row(site, *how)) {
            Some(test) => Outcome::Caught(test.clone()),
            None => run::try_out(&tests, site, *how, budget)?,
        };
        if !matches!(outcome, Outcome::Caught(_)) {
            let known = if equivalents.reason(site, *how).is_some() { " (as listed)" } else { "" };
            println!(
                "{}:{} {}: `{}` {how}: {outcome}{known}",
                site.file, site.line, site.function, site.text
            );
        } else if index % 50 == 0 {
            println!("[{index}/{}] {:.0} s", changes.len(), start.elapsed().as_secs_f64());
        }
        results.push((*site, *how, outcome));
        // What has been found so far stays when someone stops the run.
        write(&report, &table(&results, &equivalents))?;
    }
    let missing = summary(&results, &equivalents);
    let stale = equivalents.stale(&results);
    for entry in &stale {
        println!("equivalent.txt: `{entry}` is noticed, or gone");
    }
    println!("{}, {:.0} s", report.display(), start.elapsed().as_secs_f64());
    Ok(missing == 0 && stale.is_empty())
}

fn choose(files: &[String]) -> Result<Vec<&'static str>, String> {
    let known = |file: &String| FILES.iter().find(|known| *known == file).copied();
    let chosen: Result<Vec<_>, _> = files
        .iter()
        .map(|file| {
            known(file).ok_or_else(|| format!("there is no `{file}`; the files are {}", FILES.join(", ")))
        })
        .collect();
    chosen.map(|chosen| if chosen.is_empty() { FILES.to_vec() } else { chosen })
}

/// Copies the project, with a switch at each site of [`FILES`]. What did not change is not written, so that it is not built again.
fn copy(context: &Context, tree: &Path) -> Result<Vec<Site>, String> {
    let listed = context.run(context.program("git", "ls-files --cached --others --exclude-standard"))?;
    let mut sites: Vec<Site> = Vec::new();
    for path in listed.lines() {
        let from = context.root().join(path);
        let Ok(mut bytes) = std::fs::read(&from) else { continue };
        let file = path.strip_prefix("ptdsl/src/").unwrap_or_default();
        if FILES.iter().any(|known| file.strip_suffix(".rs") == Some(*known)) {
            let text = String::from_utf8(bytes).map_err(|_| format!("{path} is no UTF-8"))?;
            let (found, text) = sites::instrument(file, &text, sites.len() as u32)?;
            sites.extend(found);
            bytes = text.into_bytes();
        } else if file == "lib.rs" {
            bytes.extend_from_slice(b"\nmod mutant;\n");
        } else if TABLES.contains(&path) {
            let text = String::from_utf8(bytes).map_err(|_| format!("{path} is no UTF-8"))?;
            bytes = with_few_formats(&text)?.into_bytes();
        }
        write_if_new(&tree.join(path), &bytes)?;
    }
    write_if_new(&tree.join("ptdsl/src/mutant.rs"), include_bytes!("mutants/switch.rs"))?;
    Ok(sites)
}

/// The text of a table of formats with the lines of [`FORMATS`] only: all of them together take a quarter of an hour to build.
fn with_few_formats(text: &str) -> Result<String, String> {
    let module = |line: &str| {
        let line = line.trim_start();
        let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let row = line.trim_end().ends_with(';')
            && line[end..].starts_with([',', ':'])
            && !line[end..].starts_with("::");
        row.then(|| line[..end].to_owned())
    };
    let mut kept = 0;
    let mut short = String::new();
    for line in text.lines() {
        match module(line) {
            Some(module) if !FORMATS.contains(&module.as_str()) => continue,
            Some(_) => kept += 1,
            None => {}
        }
        short.push_str(line);
        short.push('\n');
    }
    if kept == 0 { Err("a table of formats has none of those that are tried".to_owned()) } else { Ok(short) }
}

fn write_if_new(path: &Path, bytes: &[u8]) -> Result<(), String> {
    if std::fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let failed = |error| format!("{} cannot be written: {error}", path.display());
    std::fs::create_dir_all(path.parent().unwrap_or(path)).map_err(failed)?;
    std::fs::write(path, bytes).map_err(failed)
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    write_if_new(path, text.as_bytes())
}

type Tried<'s> = (&'s Site, How, Outcome);

/// The report: every change with the test that noticed it.
fn table(results: &[Tried<'_>], equivalents: &Equivalents) -> String {
    let mut text =
        String::from("| place | condition or statement | changed to | noticed by |\n|---|---|---|---|\n");
    for (site, how, outcome) in results {
        let noticed = match (outcome, equivalents.reason(site, *how)) {
            (Outcome::Caught(test), _) => format!("`{test}`"),
            (_, Some(reason)) => format!("equivalent: {reason}"),
            (outcome, None) => format!("**{outcome}**"),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{} {noticed} |", row(site, *how));
    }
    text
}

/// The part of a report's row that names the change.
fn row(site: &Site, how: How) -> String {
    let condition = site.text.replace('|', "\\|");
    format!("| {}:{} {} | `{condition}` | {how} |", site.file, site.line, site.function)
}

/// What a row of an earlier report names, and the test that noticed it.
fn noticed_before(line: &str) -> Option<(String, String)> {
    let (row, test) = line.strip_suffix("` |")?.rsplit_once(" `")?;
    Some((row.to_owned(), test.to_owned()))
}

/// Prints a line for each file; how many changes nobody noticed.
fn summary(results: &[Tried<'_>], equivalents: &Equivalents) -> usize {
    let mut files: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for (site, how, outcome) in results {
        let kind = match (outcome, equivalents.reason(site, *how)) {
            (Outcome::Caught(_), _) => 0,
            (_, Some(_)) => 1,
            (_, None) => 2,
        };
        files.entry(&site.file).or_default()[kind] += 1;
    }
    println!("| file | changes | noticed | equivalent | not noticed |\n|---|--:|--:|--:|--:|");
    let line = |file: &str, counts: &[usize; 3]| {
        let sum: usize = counts.iter().sum();
        println!("| {file} | {sum} | {} | {} | {} |", counts[0], counts[1], counts[2]);
    };
    let mut all = [0; 3];
    for (file, counts) in &files {
        line(&format!("`{file}`"), counts);
        (0..3).for_each(|kind| all[kind] += counts[kind]);
    }
    line("all", &all);
    all[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> (Vec<(usize, String, Vec<How>)>, String) {
        let (sites, text) = sites::instrument("a.rs", text, 7).expect("Rust");
        (sites.into_iter().map(|site| (site.line, site.text, site.ways)).collect(), text)
    }

    #[test]
    fn a_condition_and_each_of_its_parts_get_a_switch() {
        let (sites, text) = found("fn f() {\n    if a && !b {\n        g();\n    }\n}\n");
        let both = vec![How::True, How::False];
        assert_eq!(
            sites,
            [
                (2, "a && !b".to_owned(), both.clone()),
                (2, "a".to_owned(), both.clone()),
                (2, "!b".to_owned(), vec![How::True, How::False, How::Negated]),
                (3, "g();".to_owned(), vec![How::Deleted]),
            ]
        );
        assert_eq!(
            text,
            "fn f() {\n    if crate::mutant::at(7, crate::mutant::at(8, a) && crate::mutant::at(9, !b)) {\n        \
             if crate::mutant::at(10, true) { g(); }\n    }\n}\n"
        );
    }

    #[test]
    fn a_pattern_can_only_fail_and_keeps_its_place_in_the_chain() {
        let (sites, text) = found("fn f() { if let Some(x) = y && x { let z = 1; } }");
        assert_eq!(sites.len(), 2);
        assert_eq!(sites[0].2, [How::False]);
        assert_eq!(
            text,
            "fn f() { if crate::mutant::at(7, true) && let Some(x) = y && crate::mutant::at(8, x) { let z = 1; } }"
        );
    }

    #[test]
    fn a_table_keeps_the_formats_that_are_tried() {
        let text = "m! {\n    sv39, a::Sv39, \"b\";\n    sv57, a::Sv57, \"b\";\n    x86_64: X, f();\n}\nlet x: u8 = 1;\n";
        let short = "m! {\n    sv39, a::Sv39, \"b\";\n    x86_64: X, f();\n}\nlet x: u8 = 1;\n";
        assert_eq!(with_few_formats(text).as_deref(), Ok(short));
        assert!(with_few_formats("fn f() {}\n").is_err());
    }

    #[test]
    fn constants_and_tests_are_left_alone() {
        let text = "const fn f() { if a { g(); } }\nmod tests { fn f() { if a { g(); } } }\n#[inline] fn h() { let x = 1; }\n";
        assert_eq!(found(text), (vec![], text.to_owned()));
    }
}
