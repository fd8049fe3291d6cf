//! `cargo xtask ci`: what a change must pass besides its tests.

use crate::context::Context;
use crate::step::Step;
use crate::tools::Tool;
use crate::{qemu, test, tree};
use std::path::{Path, PathBuf};

/// Crates outside the workspace, which `--workspace` does not reach.
const OUTSIDE: [&str; 2] = ["examples/no-panic/Cargo.toml", "fuzz/Cargo.toml"];

/// The steps, in order: what fails soonest comes first.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "tree",
        purpose: "no path of one machine, no leftovers; every crate states its MSRV",
        tools: &[Tool::Git],
        run: tree::run,
    },
    Step { name: "fmt", purpose: "Rust is formatted", tools: &[Tool::Rustfmt], run: formatted },
    Step {
        name: "clippy",
        purpose: "no warning, with all features and with few",
        tools: &[Tool::Gcc, Tool::Clippy],
        run: linted,
    },
    qemu::EL2_LINTS,
    Step {
        name: "rustdoc",
        purpose: "documentation builds without a warning",
        tools: &[Tool::Gcc],
        run: documented,
    },
    Step {
        name: "fmt-formats",
        purpose: "formats/*.pt are formatted",
        tools: &[Tool::Gcc],
        run: |context| {
            let mut command = context.cargo("run --quiet -p ptdsl -- fmt --check");
            command.args(specs(context)?);
            context.run(command).map(|_| String::new())
        },
    },
    Step {
        name: "check-formats",
        purpose: "formats/*.pt have no finding",
        tools: &[Tool::Gcc],
        run: |context| {
            let mut command = context.cargo("run --quiet -p ptdsl -- check");
            // A file of shared items is checked where it is used.
            command.args(specs(context)?.iter().filter(|path| declares_format(path)));
            context.run(command).map(|_| String::new())
        },
    },
    Step {
        name: "runtime-alone",
        purpose: "the runtime without the macro and the command: its tests pass",
        tools: &[Tool::Gcc],
        run: |context| {
            context.run(context.cargo("test -p ptdsl --no-default-features")).and_then(test::counted)
        },
    },
    Step {
        name: "package",
        purpose: "what would be published builds from its packages alone",
        tools: &[Tool::Gcc, Tool::Git],
        run: packaged,
    },
];

fn formatted(context: &Context) -> Result<String, String> {
    context.run(context.cargo("fmt --all --check"))?;
    for manifest in OUTSIDE {
        context.run(context.cargo(&format!("fmt --check --manifest-path {manifest}")))?;
    }
    Ok(String::new())
}

fn linted(context: &Context) -> Result<String, String> {
    let selections = [
        "--workspace --all-targets",
        "-p ptdsl --no-default-features",
        "-p ptdsl --no-default-features --features std",
        "-p ptdsl --no-default-features --features macro",
        "-p ptdsl-compiler --no-default-features",
    ];
    let outside = OUTSIDE.map(|manifest| format!("--manifest-path {manifest}"));
    for selection in selections.iter().copied().chain(outside.iter().map(String::as_str)) {
        let mut command = context.cargo(&format!("clippy {selection}"));
        if selection.contains("manifest") {
            command.arg("--target-dir").arg(context.target().join("outside"));
        }
        command.args(["--", "-D", "warnings"]);
        context.run(command)?;
    }
    Ok(String::new())
}

fn documented(context: &Context) -> Result<String, String> {
    let mut command = context.cargo("doc --workspace --no-deps");
    command.env("RUSTDOCFLAGS", "-D warnings");
    context.run(command).map(|_| String::new())
}

/// The spec files of the format library, sorted.
fn specs(context: &Context) -> Result<Vec<PathBuf>, String> {
    let folder = context.root().join("formats");
    let entries = std::fs::read_dir(&folder)
        .map_err(|error| format!("{} cannot be read: {error}", folder.display()))?;
    let mut specs: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    specs.retain(|path| path.extension().is_some_and(|extension| extension == "pt"));
    specs.sort();
    if specs.is_empty() { Err("formats/ holds no spec".to_owned()) } else { Ok(specs) }
}

fn declares_format(path: &Path) -> bool {
    std::fs::read_to_string(path).is_ok_and(|text| text.lines().any(|line| line.starts_with("format ")))
}

/// Packs all crates that may be published and builds each from its package, those that it depends on included.
fn packaged(context: &Context) -> Result<String, String> {
    let text = context.run(context.cargo("publish --workspace --dry-run --allow-dirty"))?;
    let packed = text.lines().filter(|line| line.trim_start().starts_with("Packaged ")).count();
    if packed == 0 { Err(format!("{text}nothing was packed")) } else { Ok(format!("{packed} packages")) }
}
