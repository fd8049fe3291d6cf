//! A bare-metal program outside the workspace: how it is built and looked over.

use super::bare_metal;
use crate::context::Context;
use std::path::PathBuf;
use std::process::Command;

/// A package of its own.
pub(super) struct Program {
    /// Name of package and binary.
    pub(super) name: &'static str,
    /// Where it is, from the project's root.
    pub(super) folder: &'static str,
    /// Target triple.
    pub(super) target: &'static str,
}

impl Program {
    /// Builds it, with these features. Returns the linked program.
    ///
    /// # Errors
    /// There is no core library for the target, or the program does not build.
    pub(super) fn build(&self, context: &Context, features: &[&str]) -> Result<PathBuf, String> {
        let mut command = self.cargo(context, "build")?;
        command.args(features.iter().flat_map(|feature| ["--features", feature]));
        context.run(command)?;
        Ok(self.output(context).join(self.target).join("release").join(self.name))
    }

    /// Checks format and lints, with these features too.
    ///
    /// # Errors
    /// What was found.
    pub(super) fn lint(&self, context: &Context, features: &[&str]) -> Result<(), String> {
        context.run(context.cargo(&format!("fmt --check --manifest-path {}/Cargo.toml", self.folder)))?;
        let mut clippy = self.cargo(context, "clippy")?;
        clippy
            .args(features.iter().flat_map(|feature| ["--features", feature]))
            .args(["--", "-D", "warnings"]);
        context.run(clippy).map(|_| ())
    }

    /// A cargo command for it, with whatever the installed toolchain needs for bare metal.
    fn cargo(&self, context: &Context, subcommand: &str) -> Result<Command, String> {
        let core = bare_metal::core(context, self.target)?;
        let mut command = context.cargo(&format!("{subcommand} --release --target {}", self.target));
        command.current_dir(context.root().join(self.folder));
        command.arg("--target-dir").arg(self.output(context));
        // These would replace the flags of the program's own configuration, its linker script among them.
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        core.apply(&mut command, self.target);
        Ok(command)
    }

    /// Where it is built, with features and without: both share the core library.
    fn output(&self, context: &Context) -> PathBuf {
        context.target().join(self.name)
    }
}
