//! Looks over the files of the project for what no compiler complains about.

use crate::context::Context;
use std::path::Path;

/// Lines of a Rust file beyond which it probably has more than one job.
const LONG: usize = 400;

/// A text that has no place in the project, and why. Written in two halves, so that this file does not match itself.
const FORBIDDEN: [((&str, &str), &str); 10] = [
    (("/ho", "me/"), "a path of one machine"),
    (("/ro", "ot/"), "a path of one machine"),
    (("/Us", "ers/"), "a path of one machine"),
    (("/wo", "rk/"), "a path of one machine"),
    (("<<<<", "<<< "), "a merge conflict"),
    (("#[ign", "ore"), "a test that never runs"),
    (("FIX", "ME"), "unfinished work"),
    (("TO", "DO"), "unfinished work"),
    (("to", "do!("), "unfinished work"),
    (("Under con", "struction"), "unfinished work"),
];

/// Fails on forbidden texts and on crates without an MSRV; names long files without failing.
pub(crate) fn run(context: &Context) -> Result<String, String> {
    // New files count too, ignored ones do not.
    let listing = context.run(context.program("git", "ls-files --cached --others --exclude-standard"))?;
    let mut findings = Vec::new();
    let mut long = Vec::new();
    for name in listing.lines() {
        // A name that git quotes, a deleted file and one that is no text have nothing to say here.
        let Ok(text) = std::fs::read_to_string(context.root().join(name)) else {
            continue;
        };
        findings.extend(forbidden(name, &text));
        findings.extend(without_msrv(name, &text));
        if is_long(name, &text) {
            long.push(format!("{name} ({} lines)", text.lines().count()));
        }
    }
    if !findings.is_empty() {
        return Err(findings.join("\n"));
    }
    let files = listing.lines().count();
    match long.as_slice() {
        [] => Ok(format!("{files} files")),
        names => Ok(format!("{files} files; warning: over {LONG} lines: {}", names.join(", "))),
    }
}

fn forbidden(name: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for ((head, tail), why) in FORBIDDEN {
            if line.contains(&format!("{head}{tail}")) {
                findings.push(format!("{name}:{}: {why}: `{head}{tail}`", number + 1));
            }
        }
    }
    findings
}

fn without_msrv(name: &str, text: &str) -> Option<String> {
    let is_package = Path::new(name).file_name()? == "Cargo.toml" && text.contains("[package]");
    (is_package && !text.lines().any(|line| line.starts_with("rust-version")))
        .then(|| format!("{name}: no `rust-version`"))
}

fn is_long(name: &str, text: &str) -> bool {
    let generated = name.starts_with("generated/") || text.starts_with("// Generated");
    name.ends_with(".rs") && !generated && text.lines().count() > LONG
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_forbidden_text_is_found_with_its_line() {
        for ((head, tail), why) in FORBIDDEN {
            let text = format!("fine\nnot {head}{tail} fine\n");
            assert!(
                forbidden("a.md", &text).contains(&format!("a.md:2: {why}: `{head}{tail}`")),
                "{head}{tail}"
            );
        }
        assert!(forbidden("a.md", "fine\n").is_empty());
    }

    #[test]
    fn a_crate_must_state_its_msrv() {
        assert!(without_msrv("x/Cargo.toml", "[package]\nname = \"x\"\n").is_some());
        assert!(without_msrv("x/Cargo.toml", "[package]\nrust-version.workspace = true\n").is_none());
        assert!(without_msrv("Cargo.toml", "[workspace]\n").is_none());
        assert!(without_msrv("x/lib.rs", "[package]").is_none());
    }

    #[test]
    fn generated_code_may_be_long() {
        let text = "x\n".repeat(LONG + 1);
        assert!(is_long("xtask/src/a.rs", &text));
        assert!(!is_long("generated/src/a.rs", &text));
        assert!(!is_long("a.rs", &format!("// Generated from b; do not edit.\n{text}")));
        assert!(!is_long("README.md", &text));
        assert!(!is_long("a.rs", &"x\n".repeat(LONG)));
    }
}
