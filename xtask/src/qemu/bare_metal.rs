//! A `core` for a bare-metal target: where it comes from on this machine, and what cargo must be told then.

use crate::context::Context;
use crate::tools::{self, Tool};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The compiler of Debian's package.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// Where `core` comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Core {
    /// The active toolchain has it.
    Installed,
    /// It is built from the sources of the active toolchain.
    Sources,
    /// It is built by Debian's compiler, from its sources, and linked by this program.
    Debian(PathBuf),
}

impl Core {
    /// Adds to a cargo command what building with it takes.
    pub(super) fn apply(&self, command: &mut Command, target: &str) {
        if *self == Core::Installed {
            return;
        }
        command
            .args(["-Zbuild-std=core,compiler_builtins", "-Zbuild-std-features=compiler-builtins-mem"])
            .env("RUSTC_BOOTSTRAP", "1");
        if let Core::Debian(linker) = self {
            let variable = format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace('-', "_"));
            command.env("RUSTC", DEBIAN_RUSTC).env(variable, linker);
        }
    }
}

/// Finds or installs a `core`, saying first what it installs: as the active toolchain has it, through rustup, from the
/// active toolchain's sources, or from Debian's packages.
///
/// # Errors
/// There is no way here: what to do by hand.
pub(super) fn core(context: &Context, target: &str) -> Result<Core, String> {
    if has_core(context, target) {
        return Ok(Core::Installed);
    }
    let mut tried = Vec::new();
    let mut rustup = context.program("rustup", "target add");
    rustup.arg(target);
    if context.run(context.program("rustup", "--version")).is_ok() {
        println!(
            "\nset-up: the core library for {target} is missing; installing it: rustup target add {target}"
        );
        match context.run(rustup) {
            Ok(_) if has_core(context, target) => return Ok(Core::Installed),
            Ok(_) => tried.push("rustup installed it, but not for the active toolchain".to_owned()),
            Err(reason) => tried.push(reason),
        }
    }
    let sysroot = print(context, "--print sysroot").map(PathBuf::from);
    if sysroot.as_deref().is_some_and(has_sources) {
        return Ok(Core::Sources);
    }
    match debian(context, sysroot.as_deref()) {
        Ok(core) => Ok(core),
        Err(reason) => {
            tried.push(reason);
            Err(format!(
                "no core library for {target}. By hand: `rustup target add {target}`, or a toolchain with rust-src. Tried:\n{}",
                tried.join("\n")
            ))
        }
    }
}

fn has_core(context: &Context, target: &str) -> bool {
    print(context, &format!("--print target-libdir --target {target}"))
        .is_some_and(|path| Path::new(&path).is_dir())
}

fn has_sources(sysroot: &Path) -> bool {
    sysroot.join("lib/rustlib/src/rust/library/core/Cargo.toml").is_file()
}

/// One line that rustc prints; `None` if it does not know.
fn print(context: &Context, arguments: &str) -> Option<String> {
    let output = context.program("rustc", arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

fn debian(context: &Context, sysroot: Option<&Path>) -> Result<Core, String> {
    if !Path::new(DEBIAN_RUSTC).exists() || !has_sources(Path::new("/usr")) {
        println!();
        if let Some((_, reason)) = tools::install_missing(context, &[Tool::DebianRust]).pop() {
            return Err(reason);
        }
        if !has_sources(Path::new("/usr")) {
            return Err(
                "Debian's compiler is there, its library's sources are not: install rust-web-src".to_owned()
            );
        }
    }
    let linker = sysroot.and_then(bundled_linker).or_else(|| on_path("ld.lld"));
    linker.map(Core::Debian).ok_or_else(|| "no linker for bare metal: install the package `lld`".to_owned())
}

/// The linker that comes with a rustup toolchain, in the folder of its host.
fn bundled_linker(sysroot: &Path) -> Option<PathBuf> {
    let hosts = std::fs::read_dir(sysroot.join("lib/rustlib")).ok()?;
    let mut linkers = hosts.filter_map(|host| Some(host.ok()?.path().join("bin/rust-lld")));
    linkers.find(|linker| linker.is_file())
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(core: &Core) -> (Vec<String>, Vec<String>) {
        let mut command = Command::new("cargo");
        core.apply(&mut command, "aarch64-unknown-none");
        let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
        let variables = command
            .get_envs()
            .map(|(name, value)| format!("{}={}", text(name), value.map(text).unwrap_or_default()));
        (command.get_args().map(text).collect(), variables.collect())
    }

    #[test]
    fn an_installed_core_takes_nothing() {
        assert_eq!(arguments(&Core::Installed), (vec![], vec![]));
    }

    #[test]
    fn sources_are_built_by_the_active_compiler() {
        let (arguments, variables) = arguments(&Core::Sources);
        assert_eq!(arguments[0], "-Zbuild-std=core,compiler_builtins");
        assert_eq!(variables, ["RUSTC_BOOTSTRAP=1"]);
    }

    #[test]
    fn debians_compiler_gets_a_linker() {
        let (_, variables) = arguments(&Core::Debian("/some/lld".into()));
        assert!(variables.contains(&"RUSTC=/usr/bin/rustc".to_owned()), "{variables:?}");
        assert!(
            variables.contains(&"CARGO_TARGET_AARCH64_UNKNOWN_NONE_LINKER=/some/lld".to_owned()),
            "{variables:?}"
        );
    }

    #[test]
    fn a_target_that_does_not_exist_has_no_core() {
        assert!(!has_core(&Context::new(false), "no-such-target"));
    }
}
