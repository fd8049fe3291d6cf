//! Page-table operations side by side: limits of the memory, a walker written by hand, ptdsl, and other crates.
//!
//! `cargo xtask bench` runs it. See the section "Speed" of the README for how to read what it says.
#![allow(clippy::precedence, reason = "`a & b | c` is how descriptors are written")]

mod chart;
mod compiler;
mod data;
mod growth;
mod machine;
mod measure;
mod pool;
mod report;
mod rows;
mod subjects;
mod tree;
mod walker;

use clap::Parser;
use data::Data;
use measure::{Case, Outcome, Rung, case};
use report::Contender;
use rows::*;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use subjects::{aarch64_paging, generic, hand, limit, multiarch, runtime, x86_64};
use walker::Walker;

#[derive(Parser)]
#[command(name = "ptdsl-benches", about = "Page-table operations side by side, in nanoseconds")]
struct Cli {
    /// Rows to run; all of them if none is named. `growth` is one
    rows: Vec<String>,
    /// List the rows and run nothing
    #[arg(long)]
    list: bool,
    /// How often each contender runs; the medians of these are shown
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Write all numbers into this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the table of the README into this file; between the lines that frame it, if the file has them
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Write ratios.svg and growth.svg into this folder
    #[arg(long, value_name = "FOLDER")]
    charts: Option<PathBuf>,
    /// Run one contender once in the one row that is named, for callgrind: `--toggle-collect='*measured*'`
    #[arg(long, value_name = "CONTENDER")]
    single: Option<String>,
    /// Measure this `ptdsl` command instead, on the specs of the folder that `--specs` names
    #[arg(long, value_name = "PROGRAM", requires = "specs")]
    compiler: Option<PathBuf>,
    /// Folder with specs
    #[arg(long, value_name = "FOLDER")]
    specs: Option<PathBuf>,
}

/// Calls a macro with all contenders, in the order of the table.
macro_rules! for_each_contender {
    ($each:ident $(, $argument:ty)?) => {
        $each!($($argument;)?
            limit::Limit<limit::Volatile>,
            limit::Limit<limit::Plain>,
            limit::Limit<limit::Zeroing>,
            hand::Hand<hand::Arm64>,
            hand::Hand<hand::Arm64Live>,
            hand::Hand<hand::X8664>,
            runtime::Ptdsl<runtime::Arm64>,
            runtime::Ptdsl<runtime::Arm64Live>,
            runtime::Ptdsl<runtime::Arm64Counted>,
            runtime::Ptdsl<runtime::X8664>,
            aarch64_paging::Aarch64Paging<aarch64_paging::Idle>,
            aarch64_paging::Aarch64Paging<aarch64_paging::Active>,
            multiarch::Multiarch,
            generic::Generic,
            x86_64::X8664
        )
    };
}

fn cases<R: Row>() -> Vec<Case> {
    macro_rules! all {
        ($row:ty; $($walker:ty),*) => { vec![$(case::<$row, $walker>()),*] };
    }
    for_each_contender!(all, R)
}

fn contenders() -> Vec<Contender> {
    macro_rules! all {
        ($($walker:ty),*) => { vec![$(contender::<$walker>()),*] };
    }
    for_each_contender!(all)
}

fn contender<W: Walker>() -> Contender {
    let baseline = match W::NAME {
        "ptdsl-live" | "hand-live" => "hand-live",
        _ if W::WORDS.x86 => "hand-x86",
        _ => "hand",
    };
    let package = package(W::NAME);
    let about = match package {
        Some((_, version)) => format!("{} (version {version})", W::ABOUT),
        None => W::ABOUT.to_owned(),
    };
    Contender { name: W::NAME, about, baseline, package }
}

/// A peer's package and its version, from this package's manifest.
fn package(contender: &str) -> Option<(&'static str, &'static str)> {
    let package = match contender {
        "aarch64-paging" | "aarch64-paging-live" => "aarch64-paging",
        "multiarch" => "page_table_multiarch",
        "generic" => "page-table-generic",
        "x86_64" => "x86_64",
        _ => return None,
    };
    include_str!("../Cargo.toml").lines().find_map(|line| {
        let (name, rest) = line.split_once(" = ")?;
        let (_, rest) = rest.split_once("\"=")?;
        (name == package).then_some((package, rest.split('"').next()?))
    })
}

fn rungs() -> Vec<Rung> {
    macro_rules! all {
        ($($row:ident),*) => { vec![$(Rung {
            name: $row::NAME,
            title: $row::TITLE,
            unit: $row::UNIT,
            units: $row::UNITS * $row::COPIES as u64,
            cases: cases::<$row>(),
        }),*] };
    }
    for_each_row!(all)
}

const GROWTH: &str = "growth";

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

/// Whether every contender did what it should.
fn run(cli: &Cli) -> Result<bool, String> {
    if let (Some(program), Some(specs)) = (&cli.compiler, &cli.specs) {
        return compiler(cli, program, specs);
    }
    let rungs = rungs();
    let known = || rungs.iter().map(|rung| rung.name).chain([GROWTH]);
    if let Some(unknown) = cli.rows.iter().find(|row| known().all(|name| name != row.as_str())) {
        let names: Vec<&str> = known().collect();
        return Err(format!("there is no row `{unknown}`; the rows are {}", names.join(", ")));
    }
    if cli.list {
        for rung in &rungs {
            println!("{:<16} {}", rung.name, rung.title);
        }
        println!("{GROWTH:<16} map 1 MiB to 1 TiB of pages in one call");
        return Ok(true);
    }
    let wanted = |name: &str| cli.rows.is_empty() || cli.rows.iter().any(|row| row == name);
    let free = machine::free_memory();
    // A table of 1 TiB in pages takes 2 GiB; with less memory the growth ends earlier.
    let frames = if free > 4 << 30 && wanted(GROWTH) { 530_000 } else { 70_000 };
    pool::make(frames)?;
    let data = Data::new();
    if let Some(name) = &cli.single {
        return single(&rungs, cli, name, &data);
    }
    let pinned = machine::pin();
    println!(
        "{}; {}",
        machine::processor(),
        match &pinned {
            Ok(cpu) => format!("pinned to CPU {cpu}"),
            Err(reason) => reason.clone(),
        }
    );
    let contenders = contenders();
    for contender in &contenders {
        println!("  {:<20} {}", contender.name, contender.about);
    }
    let rounds = cli.rounds as usize;
    let mut results = Vec::new();
    for rung in rungs.into_iter().filter(|rung| wanted(rung.name)) {
        let outcomes = measure::row(&rung, &data, rounds);
        let result = report::Result { rung, outcomes };
        print!("{}", report::text(&result, &contenders));
        results.push(result);
    }
    let mut curves = Vec::new();
    if wanted(GROWTH) {
        let largest = if frames > 500_000 { 1 << 40 } else { 64 << 30 };
        if largest < 1 << 40 {
            println!("\n{} MiB of memory are free: the growth ends at 64 GiB", free >> 20);
        }
        curves = growth::run(&growers(), rounds, largest);
        print!("{}", report::growth(&curves));
    }
    write(cli, &results, &contenders, &curves)?;
    let wrong = |outcome: &Outcome| matches!(outcome, Outcome::Wrong(_));
    Ok(!results.iter().flat_map(|result| &result.outcomes).any(wrong)
        && !curves.iter().flat_map(|curve| &curve.points).any(wrong))
}

fn compiler(cli: &Cli, program: &Path, specs: &Path) -> Result<bool, String> {
    let tasks = compiler::measure(program, specs)?;
    print!("{}", compiler::text(&tasks));
    if let Some(path) = &cli.json {
        std::fs::write(path, format!("{:#}\n", compiler::json(&tasks)))
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    }
    Ok(true)
}

fn growers() -> Vec<growth::Grower> {
    [
        growth::grower::<limit::Limit<limit::Volatile>>(),
        growth::grower::<hand::Hand<hand::Arm64>>(),
        growth::grower::<runtime::Ptdsl<runtime::Arm64>>(),
        growth::grower::<runtime::Ptdsl<runtime::X8664>>(),
        growth::grower::<aarch64_paging::Aarch64Paging<aarch64_paging::Idle>>(),
        growth::grower::<generic::Generic>(),
        growth::grower::<multiarch::Multiarch>(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn single(rungs: &[Rung], cli: &Cli, name: &str, data: &Data) -> Result<bool, String> {
    let [row] = cli.rows.as_slice() else {
        return Err("`--single` takes exactly one row".to_owned());
    };
    let rung = rungs.iter().find(|rung| rung.name == row).ok_or("`growth` has no single runs")?;
    let Some(case) = rung.cases.iter().find(|case| case.contender == name) else {
        let names: Vec<&str> = rung.cases.iter().map(|case| case.contender).collect();
        return Err(format!("there is no contender `{name}`; they are {}", names.join(", ")));
    };
    measure::single(case, data)?;
    println!("operations: {}", rung.units);
    Ok(true)
}

fn write(
    cli: &Cli,
    results: &[report::Result],
    contenders: &[Contender],
    curves: &[growth::Curve],
) -> Result<(), String> {
    let failed = |what: &dyn std::fmt::Display, error: &dyn std::fmt::Display| {
        format!("{what} cannot be written: {error}")
    };
    if let Some(path) = &cli.json {
        let value = report::json(&machine::processor(), cli.rounds as usize, results, contenders, curves);
        std::fs::write(path, format!("{value:#}\n")).map_err(|error| failed(&path.display(), &error))?;
    }
    if let Some(path) = &cli.markdown {
        let page = std::fs::read_to_string(path).unwrap_or_default();
        std::fs::write(path, report::into_page(&page, &report::markdown(results, contenders)))
            .map_err(|error| failed(&path.display(), &error))?;
    }
    if let Some(folder) = &cli.charts {
        if !results.is_empty() {
            let path = folder.join("ratios.svg");
            chart::ratios(&path, results, contenders).map_err(|error| failed(&path.display(), &error))?;
        }
        if !curves.is_empty() {
            let path = folder.join("growth.svg");
            chart::growth(&path, curves).map_err(|error| failed(&path.display(), &error))?;
        }
    }
    Ok(())
}
