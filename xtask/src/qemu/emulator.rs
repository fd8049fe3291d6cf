//! Runs a program in QEMU, for a bounded time.

use crate::context::Context;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What is known to have all that the programs use.
const OLDEST: (u32, u32) = (7, 2);
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

/// The version of an emulator of QEMU's.
///
/// # Errors
/// It is older than what the programs were tried with.
pub(super) fn version(context: &Context, emulator: &str) -> Result<String, String> {
    let text = context.run(context.program(emulator, "--version"))?;
    judge(emulator, &text)
}

fn judge(emulator: &str, text: &str) -> Result<String, String> {
    let version = text.split_whitespace().skip_while(|word| *word != "version").nth(1);
    match version.and_then(|version| Some((version, parse(version)?))) {
        Some((version, parsed)) if parsed >= OLDEST => Ok(version.to_owned()),
        Some((version, _)) => {
            let (major, minor) = OLDEST;
            Err(format!("{emulator} {version} is too old: install {major}.{minor} or newer"))
        }
        None => Err(format!("{text}`{emulator} --version` names no version")),
    }
}

fn parse(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Runs an emulator, with its program among the arguments, until that ends.
///
/// # Errors
/// It does not start, or is still running at the time limit: the last lines that came.
pub(super) fn run(context: &Context, mut command: Command, limit: Duration) -> Result<Outcome, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |error: std::io::Error| format!("{name} could not be run: {error}");
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

    const LIMIT: Duration = Duration::from_secs(60);

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn output_and_code_come_back() {
        let context = Context::new(false);
        let outcome = run(&context, shell("echo ' 1 PASS a'; echo 'p: 1 steps, 0 failed'; exit 7"), LIMIT);
        let outcome = outcome.expect("the shell ends");
        assert_eq!(outcome.code, Some(7));
        assert_eq!(outcome.closing("p"), Ok((1, 0)));
        assert_eq!(outcome.lines_with("PASS").collect::<Vec<_>>(), [" 1 PASS a"]);
    }

    #[test]
    fn a_program_that_hangs_is_ended_and_its_last_line_shown() {
        let context = Context::new(false);
        let result = run(&context, shell("echo on the way; exec sleep 100"), Duration::from_millis(300));
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
    fn an_emulator_that_is_missing_is_named() {
        let result = run(&Context::new(false), Command::new("no-such-emulator"), LIMIT);
        assert!(result.is_err_and(|message| message.starts_with("no-such-emulator could not be run")));
    }

    #[test]
    fn an_old_emulator_is_refused_with_what_to_do() {
        let line = "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg)\nCopyright\n";
        assert_eq!(judge("qemu-x", line).as_deref(), Ok("7.2.22"));
        let old = judge("qemu-x", "QEMU emulator version 6.2.0\n").expect_err("older than 7.2");
        assert_eq!(old, "qemu-x 6.2.0 is too old: install 7.2 or newer");
        assert!(judge("qemu-x", "what?\n").is_err_and(|message| message.contains("names no version")));
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(parse("7.2.22"), Some((7, 2)));
        assert_eq!(parse("10.0.0-rc1"), Some((10, 0)));
        assert_eq!(parse("new"), None);
        assert!(parse("10.0") >= Some(OLDEST) && parse("6.9") < Some(OLDEST));
    }
}
