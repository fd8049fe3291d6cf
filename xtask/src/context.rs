//! Where the project is, and how its steps run other programs.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What every step needs to know.
pub(crate) struct Context {
    root: PathBuf,
    cargo: OsString,
    verbose: bool,
    passed: Vec<String>,
    guests: (u64, u64),
}

/// The seed of guests that are told none, and how many translations of each format they compare.
const GUESTS: (u64, u64) = (1, 100_000);

impl Context {
    /// The project that this program was built from. `verbose` copies the output of all programs to ours.
    pub(crate) fn new(verbose: bool) -> Self {
        let package =
            std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&package).parent().unwrap_or(Path::new(".")).to_path_buf();
        Self {
            root,
            cargo: std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
            verbose,
            passed: Vec::new(),
            guests: GUESTS,
        }
    }

    /// The same with arguments for the program that a step runs.
    pub(crate) fn passing(self, arguments: Vec<String>) -> Self {
        Self { passed: arguments, ..self }
    }

    /// What is passed to the program that a step runs.
    pub(crate) fn passed(&self) -> &[String] {
        &self.passed
    }

    /// The same with another seed for guests, or another number of translations.
    pub(crate) fn with_guests(self, seed: Option<u64>, count: Option<u64>) -> Self {
        let (old_seed, old_count) = self.guests;
        Self { guests: (seed.unwrap_or(old_seed), count.unwrap_or(old_count)), ..self }
    }

    /// The seed of guests, and how many translations of each format they compare.
    pub(crate) fn guests(&self) -> (u64, u64) {
        self.guests
    }

    /// The folder of the workspace.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder that cargo builds the workspace into.
    pub(crate) fn target(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => self.root.join(folder),
            None => self.root.join("target"),
        }
    }

    /// The cargo that started us, in the workspace, with arguments separated by blanks.
    pub(crate) fn cargo(&self, arguments: &str) -> Command {
        let mut command = Command::new(&self.cargo);
        command.args(arguments.split_whitespace()).current_dir(&self.root);
        command
    }

    /// Another program, in the workspace, with arguments separated by blanks.
    pub(crate) fn program(&self, name: impl AsRef<Path>, arguments: &str) -> Command {
        let mut command = Command::new(name.as_ref());
        command.args(arguments.split_whitespace()).current_dir(&self.root);
        command
    }

    /// Runs a program to its end and returns what it wrote, errors and output in the order in which they came.
    ///
    /// # Errors
    /// The program could not be started, or did not end with 0: the command line, and all that it wrote.
    pub(crate) fn run(&self, mut command: Command) -> Result<String, String> {
        let line = command_line(&command);
        let failed = |error: std::io::Error| format!("`{line}` could not be run: {error}");
        let (reader, writer) = std::io::pipe().map_err(failed)?;
        let errors = writer.try_clone().map_err(failed)?;
        let mut child = command.stdout(writer).stderr(errors).spawn().map_err(failed)?;
        drop(command); // it holds the write ends: reading would never end
        let text = self.collect(reader);
        let status = child.wait().map_err(failed)?;
        if status.success() { Ok(text) } else { Err(format!("{text}`{line}` ended with {status}")) }
    }

    fn collect(&self, reader: impl std::io::Read) -> String {
        let mut text = String::new();
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let piece = String::from_utf8_lossy(&line);
            if self.verbose {
                // A closed standard output must not fail the step.
                let _ = std::io::stdout().write_all(piece.as_bytes());
            }
            text.push_str(&piece);
            line.clear();
        }
        text
    }

    /// Whether the output of every program is shown.
    pub(crate) fn verbose(&self) -> bool {
        self.verbose
    }
}

/// A command as one would type it.
fn command_line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let mut line = program.to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_and_errors_come_back_in_order() {
        let context = Context::new(false);
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; echo three"]);
        assert_eq!(context.run(command).as_deref(), Ok("one\ntwo\nthree\n"));
    }

    #[test]
    fn a_failure_carries_output_and_command() {
        let context = Context::new(false);
        let mut command = Command::new("sh");
        command.args(["-c", "echo why; exit 3"]);
        let message = context.run(command).expect_err("the shell ended with 3");
        assert!(message.starts_with("why\n`sh -c echo why; exit 3` ended with"), "{message}");
        assert!(message.contains('3'), "{message}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let context = Context::new(false);
        let message =
            context.run(Command::new("no-such-program-here")).expect_err("there is no such program");
        assert!(message.contains("`no-such-program-here` could not be run"), "{message}");
    }
}
