//! Programs that steps need besides Rust, and how to get those that are missing.

use crate::context::Context;
use std::process::{Command, Stdio};

/// A program that a step calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Tool {
    /// Linker for everything.
    Gcc,
    /// Builds libFuzzer.
    Gxx,
    /// Reads the symbols of a library.
    Nm,
    /// Counts instructions.
    Valgrind,
    /// Knows the files of the project.
    Git,
    /// Formatter.
    Rustfmt,
    /// Linter.
    Clippy,
    /// Emulates arm64.
    QemuArm,
    /// Emulates x86-64.
    #[allow(dead_code, reason = "its guest is not here yet")]
    QemuX86,
    /// Emulates RISC-V.
    #[allow(dead_code, reason = "its guest is not here yet")]
    QemuRiscv,
    /// A compiler whose library's sources can be installed, for where rustup has none.
    DebianRust,
}

/// Where a tool comes from.
enum Source {
    /// The package of this name, or packages, in each entry of [`MANAGERS`], in its order; empty where there is none.
    Packages([&'static str; 5]),
    /// A component of the Rust toolchain.
    Component(&'static str),
}

/// Package managers: program, arguments that refresh its lists (none if installing does), arguments that install.
const MANAGERS: [(&str, &[&str], &[&str]); 5] = [
    ("apt-get", &["update"], &["install", "--yes", "--no-install-recommends"]),
    ("dnf", &[], &["install", "--assumeyes"]),
    ("apk", &[], &["add", "--no-cache"]),
    ("pacman", &[], &["-Sy", "--noconfirm"]),
    ("zypper", &[], &["--non-interactive", "install"]),
];

impl Tool {
    /// A command that ends with 0 exactly if the tool works.
    fn probe(self) -> &'static [&'static str] {
        match self {
            Self::Gcc => &["cc", "--version"],
            Self::Gxx => &["c++", "--version"],
            Self::Nm => &["nm", "--version"],
            Self::Valgrind => &["valgrind", "--version"],
            Self::Git => &["git", "--version"],
            Self::Rustfmt => &["rustfmt", "--version"],
            Self::Clippy => &["cargo-clippy", "--version"],
            Self::QemuArm => &["qemu-system-aarch64", "--version"],
            Self::QemuX86 => &["qemu-system-x86_64", "--version"],
            Self::QemuRiscv => &["qemu-system-riscv64", "--version"],
            Self::DebianRust => &["/usr/bin/rustc", "--version"],
        }
    }

    fn source(self) -> Source {
        match self {
            Self::Gcc => Source::Packages(["gcc", "gcc", "build-base", "gcc", "gcc"]),
            Self::Gxx => Source::Packages(["g++", "gcc-c++", "g++", "gcc", "gcc-c++"]),
            Self::Nm => Source::Packages(["binutils"; 5]),
            Self::Valgrind => Source::Packages(["valgrind"; 5]),
            Self::Git => Source::Packages(["git"; 5]),
            Self::Rustfmt => Source::Component("rustfmt"),
            Self::Clippy => Source::Component("clippy"),
            Self::QemuArm => Source::Packages([
                "qemu-system-arm",
                "qemu-system-aarch64-core",
                "qemu-system-aarch64",
                "qemu-system-aarch64",
                "qemu-arm",
            ]),
            Self::QemuX86 => Source::Packages([
                "qemu-system-x86",
                "qemu-system-x86-core",
                "qemu-system-x86_64",
                "qemu-system-x86",
                "qemu-x86",
            ]),
            Self::QemuRiscv => Source::Packages([
                "qemu-system-misc",
                "qemu-system-riscv-core",
                "qemu-system-riscv64",
                "qemu-system-riscv",
                "qemu-extra",
            ]),
            Self::DebianRust => Source::Packages(["rustc-web rust-web-src", "", "", "", ""]),
        }
    }
}

/// Installs the tools that are missing, saying so first. Returns those that are still missing, each with what to do.
pub(crate) fn install_missing(context: &Context, wanted: &[Tool]) -> Vec<(Tool, String)> {
    let mut missing = Vec::new();
    for &tool in wanted.iter().filter(|tool| !works(tool.probe())) {
        let name = tool.probe()[0];
        let commands = match commands_for(tool) {
            Ok(commands) => commands,
            Err(advice) => {
                println!("set-up: {name} is missing and cannot be installed from here");
                missing.push((tool, format!("`{name}` is missing: {advice}")));
                continue;
            }
        };
        let mend = commands.iter().map(|words| words.join(" ")).collect::<Vec<_>>().join(" && ");
        println!("set-up: {name} is missing; installing it: {mend}");
        if let Err(reason) = install(context, &commands) {
            missing.push((
                tool,
                format!("`{name}` is missing, and installing it failed. By hand: {mend}\n{reason}"),
            ));
        } else if !works(tool.probe()) {
            missing.push((tool, format!("`{name}` is still missing after: {mend}")));
        }
    }
    missing
}

/// The commands that install a tool here, or the advice to give where we may not.
fn commands_for(tool: Tool) -> Result<Vec<Vec<String>>, String> {
    let packages = match tool.source() {
        Source::Component(component) => {
            let command = ["rustup", "component", "add", component].map(str::to_owned).to_vec();
            return if works(&["rustup", "--version"]) { Ok(vec![command]) } else { Err(command.join(" ")) };
        }
        Source::Packages(packages) => packages,
    };
    let Some(manager) = MANAGERS.iter().position(|(program, ..)| works(&[program, "--version"])) else {
        return Err(format!("install the package `{}` with your package manager", packages[0]));
    };
    if packages[manager].is_empty() {
        return Err("the package manager of this machine has no package for it".to_owned());
    }
    let root = is_root();
    let commands = install_commands(manager, packages[manager], !root);
    if root || works(&["sudo", "-n", "true"]) {
        Ok(commands)
    } else {
        Err(commands.iter().map(|words| words.join(" ")).collect::<Vec<_>>().join(" && "))
    }
}

fn install_commands(manager: usize, package: &str, sudo: bool) -> Vec<Vec<String>> {
    let (program, refresh, install) = MANAGERS[manager];
    let command = |arguments: &[&str], package: Option<&str>| {
        let sudo = sudo.then_some("sudo");
        sudo.into_iter()
            .chain([program])
            .chain(arguments.iter().copied())
            .chain(package.into_iter().flat_map(str::split_whitespace))
            .map(str::to_owned)
            .collect()
    };
    let refresh = (!refresh.is_empty()).then(|| command(refresh, None));
    refresh.into_iter().chain([command(install, Some(package))]).collect()
}

fn install(context: &Context, commands: &[Vec<String>]) -> Result<(), String> {
    for words in commands {
        let mut command = context.program(&words[0], "");
        command.args(&words[1..]).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
        context.run(command)?;
    }
    Ok(())
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn works(words: &[&str]) -> bool {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(manager: usize, package: &str, sudo: bool) -> Vec<String> {
        install_commands(manager, package, sudo).iter().map(|words| words.join(" ")).collect()
    }

    #[test]
    fn apt_refreshes_its_lists_first() {
        let expected = ["apt-get update", "apt-get install --yes --no-install-recommends valgrind"];
        assert_eq!(lines(0, "valgrind", false), expected);
    }

    #[test]
    fn a_user_goes_through_sudo() {
        assert_eq!(lines(1, "valgrind", true), ["sudo dnf install --assumeyes valgrind"]);
    }

    #[test]
    fn packages_that_belong_together_are_installed_together() {
        assert_eq!(lines(0, "one two", false)[1], "apt-get install --yes --no-install-recommends one two");
    }

    #[test]
    fn a_probe_of_a_missing_program_fails() {
        assert!(works(&["cargo", "--version"]));
        assert!(!works(&["no-such-program-here"]));
    }
}
