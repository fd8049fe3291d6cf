//! `cargo xtask ci`: what a change must pass besides its tests.

use crate::context::Context;
use crate::step::Step;
use crate::tools::Tool;
use crate::{qemu, test, tree};
use std::path::{Path, PathBuf};

/// Crates outside the workspace, which `--workspace` does not reach.
const OUTSIDE: [&str; 3] = ["benches/Cargo.toml", "examples/no-panic/Cargo.toml", "fuzz/Cargo.toml"];

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
    qemu::LINTS,
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

/// Packs all crates that may be published and checks them from their packages alone, each against the others.
///
/// Cargo's own verification keeps what it unpacked under name and version, so that a second run would look at old text.
fn packaged(context: &Context) -> Result<String, String> {
    let target = context.target().join("packages");
    let unpacked = target.join("unpacked");
    let failed = |error: std::io::Error| format!("{}: {error}", target.display());
    for old in [&unpacked, &target.join("package")] {
        if old.exists() {
            std::fs::remove_dir_all(old).map_err(failed)?;
        }
    }
    std::fs::create_dir_all(&unpacked).map_err(failed)?;

    let mut pack = context.cargo("publish --workspace --dry-run --allow-dirty --no-verify");
    pack.arg("--target-dir").arg(&target);
    context.run(pack)?;
    // Where a dry run leaves the packages depends on cargo's version.
    let folders = ["package", "package/tmp-crate"].map(|folder| target.join(folder));
    let entries = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    let mut names = Vec::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_some_and(|extension| extension == "crate") {
            let mut unpack = context.program("tar", "-xzf");
            unpack.arg(&path).arg("-C").arg(&unpacked);
            context.run(unpack)?;
            names.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
        }
    }
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Err("nothing was packed".to_owned());
    }
    std::fs::write(unpacked.join("Cargo.toml"), package_workspace(&names)).map_err(failed)?;
    std::fs::copy(context.root().join("Cargo.lock"), unpacked.join("Cargo.lock")).map_err(failed)?;
    let mut check = context.cargo("check --workspace");
    check.current_dir(&unpacked).arg("--target-dir").arg(target.join("build"));
    context.run(check)?;
    Ok(format!("{} packages", names.len()))
}

/// A workspace of unpacked packages, `name-version`, that use each other.
fn package_workspace(folders: &[String]) -> String {
    let members: Vec<String> = folders.iter().map(|folder| format!("{folder:?}")).collect();
    let mut text =
        format!("[workspace]\nresolver = \"3\"\nmembers = [{}]\n\n[patch.crates-io]\n", members.join(", "));
    for folder in folders {
        let name = folder.rsplit_once('-').map_or(folder.as_str(), |(name, _)| name);
        text.push_str(&format!("{name} = {{ path = {folder:?} }}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_use_each_other() {
        let text = package_workspace(&["ptdsl-0.1.0".to_owned(), "ptdsl-macros-0.1.0".to_owned()]);
        assert!(text.contains("members = [\"ptdsl-0.1.0\", \"ptdsl-macros-0.1.0\"]"), "{text}");
        assert!(
            text.ends_with(
                "ptdsl = { path = \"ptdsl-0.1.0\" }\nptdsl-macros = { path = \"ptdsl-macros-0.1.0\" }\n"
            ),
            "{text}"
        );
    }
}
