//! Runs a program in QEMU, for a bounded time.

use crate::context::Context;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

const QEMU: &str = "qemu-system-aarch64";
/// A board with EL2, a UART on our output, and semihosting, through which the program ends QEMU with its exit code.
const BOARD: &str =
    "-M virt,virtualization=on,gic-version=3 -cpu max -m 256 -nographic -net none -semihosting -kernel";
/// What is known to have all that the program uses.
const OLDEST: (u32, u32) = (7, 2);
/// Far more than the program needs: it ends within a second.
const LIMIT: Duration = Duration::from_secs(60);
/// Lines that are shown of a program that hangs.
const LAST: usize = 12;

/// How a program ended.
#[derive(Debug)]
pub(super) struct Outcome {
    /// What it wrote, QEMU's own messages included.
    pub(super) text: String,
    /// QEMU's exit code; `None` if a signal ended it.
    pub(super) code: Option<i32>,
}

impl Outcome {
    /// What to put before an error: the output, unless it was shown already.
    pub(super) fn shown(&self, context: &Context) -> &str {
        if context.verbose() { "" } else { &self.text }
    }

    /// The lines of steps with that verdict.
    pub(super) fn lines_with<'a>(&'a self, verdict: &'a str) -> impl Iterator<Item = &'a str> {
        self.text.lines().filter(move |line| line.split_whitespace().nth(1) == Some(verdict))
    }

    /// Steps and failures by the closing line `NAME: N steps, M failed`.
    pub(super) fn closing(&self, name: &str) -> Result<(u64, u64), String> {
        let numbers = || {
            let last = self.text.lines().rfind(|line| !line.trim().is_empty())?;
            let (steps, failed) =
                last.trim().strip_prefix(name)?.strip_prefix(": ")?.split_once(" steps, ")?;
            Some((steps.parse().ok()?, failed.strip_suffix(" failed")?.parse().ok()?))
        };
        numbers().ok_or_else(|| match self.code {
            Some(3) => format!("{name} did not start at EL2: QEMU needs `-M virt,virtualization=on`"),
            _ => format!("{name} ended without its closing line"),
        })
    }
}

/// QEMU's version.
///
/// # Errors
/// It is older than what the program was tried with.
pub(super) fn version(context: &Context) -> Result<String, String> {
    let text = context.run(context.program(QEMU, "--version"))?;
    let version = text.split_whitespace().skip_while(|word| *word != "version").nth(1);
    match version.and_then(|version| Some((version, parse(version)?))) {
        Some((version, parsed)) if parsed >= OLDEST => Ok(version.to_owned()),
        Some((version, _)) => {
            let (major, minor) = OLDEST;
            Err(format!("{QEMU} {version} is too old: install {major}.{minor} or newer"))
        }
        None => Err(format!("{text}`{QEMU} --version` names no version")),
    }
}

fn parse(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Runs a program to its end.
///
/// # Errors
/// QEMU does not start, or the program is still running at the time limit: the last lines that it wrote.
pub(super) fn run(context: &Context, elf: &Path) -> Result<Outcome, String> {
    let mut command = context.program(QEMU, BOARD);
    command.arg(elf);
    supervise(context, command, LIMIT)
}

fn supervise(
    context: &Context,
    mut command: std::process::Command,
    limit: Duration,
) -> Result<Outcome, String> {
    let failed = |error: std::io::Error| format!("{QEMU} could not be run: {error}");
    let (reader, writer) = std::io::pipe().map_err(failed)?;
    let errors = writer.try_clone().map_err(failed)?;
    let child = command.stdin(Stdio::null()).stdout(writer).stderr(errors).spawn();
    drop(command); // it holds the write ends: reading would never end
    let mut child = child.map_err(failed)?;
    let verbose = context.verbose();
    let collector = thread::spawn(move || collect(reader, verbose));
    let deadline = Instant::now() + limit;
    let status = loop {
        match child.try_wait().map_err(failed)? {
            Some(status) => break Some(status),
            None if Instant::now() < deadline => thread::sleep(Duration::from_millis(10)),
            None => {
                // It may have ended just now: then there is nothing to kill.
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
        }
    };
    // The pipe is closed now, so the collector ends; it does not panic.
    let text = collector.join().unwrap_or_default();
    match status {
        Some(status) => Ok(Outcome { text, code: status.code() }),
        None => {
            let lines: Vec<_> = text.lines().collect();
            let last = lines[lines.len().saturating_sub(LAST)..].join("\n");
            Err(format!(
                "{last}\nthe program was still running after {} s and was ended; above is the last that it wrote",
                limit.as_secs()
            ))
        }
    }
}

fn collect(reader: impl Read, verbose: bool) -> String {
    let mut text = String::new();
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        let piece = String::from_utf8_lossy(&line);
        if verbose {
            // A closed standard output must not fail the step.
            let _ = std::io::stdout().write_all(piece.as_bytes());
        }
        text.push_str(&piece);
        line.clear();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> std::process::Command {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn output_and_code_come_back() {
        let context = Context::new(false);
        let outcome =
            supervise(&context, shell("echo ' 1 PASS a'; echo 'p: 1 steps, 0 failed'; exit 7"), LIMIT);
        let outcome = outcome.expect("the shell ends");
        assert_eq!(outcome.code, Some(7));
        assert_eq!(outcome.closing("p"), Ok((1, 0)));
        assert_eq!(outcome.lines_with("PASS").collect::<Vec<_>>(), [" 1 PASS a"]);
    }

    #[test]
    fn a_program_that_hangs_is_ended_and_its_last_line_shown() {
        let context = Context::new(false);
        let result =
            supervise(&context, shell("echo on the way; exec sleep 100"), Duration::from_millis(300));
        let message = result.expect_err("it hangs");
        assert!(message.starts_with("on the way\n"), "{message}");
        assert!(message.contains("still running"), "{message}");
    }

    #[test]
    fn a_closing_line_must_be_the_last() {
        for text in [
            "",
            "p: 1 steps\n",
            "p: 1 steps, 0 failed\nmore\n",
            "q: 1 steps, 0 failed\n",
            "p: x steps, 0 failed\n",
        ] {
            let outcome = Outcome { text: text.to_owned(), code: Some(0) };
            assert!(outcome.closing("p").is_err(), "{text}");
        }
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(parse("7.2.22"), Some((7, 2)));
        assert_eq!(parse("10.0.0-rc1"), Some((10, 0)));
        assert_eq!(parse("new"), None);
        assert!(parse("10.0") >= Some(OLDEST) && parse("6.9") < Some(OLDEST));
    }
}
