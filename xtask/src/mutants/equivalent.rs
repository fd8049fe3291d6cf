//! The changes that no test can notice, each with the reason, in `equivalent.txt`.

use super::sites::{How, Site};
use super::{Outcome, Tried};
use crate::context::Context;
use std::collections::BTreeMap;

/// Where they stand.
const PATH: &str = "xtask/src/mutants/equivalent.txt";

/// Reasons by `file function how: text`.
pub(crate) struct Equivalents(BTreeMap<String, String>);

fn key(site: &Site, how: How) -> String {
    format!("{} {} {how}: {}", site.file, site.function, site.text)
}

impl Equivalents {
    /// Reads them: a line without indentation names a change, the indented ones below it say why. `#` begins a comment.
    ///
    /// # Errors
    /// The file cannot be read, or a change has no reason.
    pub(crate) fn read(context: &Context) -> Result<Self, String> {
        let text = std::fs::read_to_string(context.root().join(PATH))
            .map_err(|error| format!("{PATH} cannot be read: {error}"))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        let mut waiting: Vec<String> = Vec::new();
        let mut reason = String::new();
        for line in
            text.lines().chain(["end"]).filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        {
            if line.starts_with(' ') {
                if !reason.is_empty() {
                    reason.push(' ');
                }
                reason.push_str(line.trim());
                continue;
            }
            if !reason.is_empty() {
                let given = std::mem::take(&mut reason);
                found.extend(waiting.drain(..).map(|name| (name, given.clone())));
            }
            if line != "end" {
                waiting.push(line.to_owned());
            }
        }
        match waiting.first() {
            Some(name) => Err(format!("{PATH}: `{name}` has no reason")),
            None => Ok(Self(found)),
        }
    }

    /// Why nobody can notice a change, if it is listed.
    pub(crate) fn reason(&self, site: &Site, how: How) -> Option<&str> {
        self.0.get(&key(site, how)).map(String::as_str)
    }

    /// Listed for a file that was tried, but noticed, or no longer there.
    pub(crate) fn stale(&self, results: &[Tried<'_>]) -> Vec<&str> {
        let tried =
            |name: &str| results.iter().any(|(site, ..)| name.starts_with(&format!("{} ", site.file)));
        let needed = |name: &str| {
            results
                .iter()
                .any(|(site, how, outcome)| !matches!(outcome, Outcome::Caught(_)) && key(site, *how) == name)
        };
        self.0.keys().map(String::as_str).filter(|name| tried(name) && !needed(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_serves_the_changes_above_it() {
        let text = "# comment\na.rs f true: x\nb.rs g deleted: y();\n    Because\n    it is so.\n\nc.rs h false: z\n    No.\n";
        let found = Equivalents::parse(text).map(|found| found.0.into_iter().collect::<Vec<_>>());
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            found,
            Ok(vec![
                pair("a.rs f true: x", "Because it is so."),
                pair("b.rs g deleted: y();", "Because it is so."),
                pair("c.rs h false: z", "No."),
            ])
        );
        assert!(Equivalents::parse("a.rs f true: x\n").is_err());
    }
}
