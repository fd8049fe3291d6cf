//! The entries' headers: lines `//! key: value` between two lines `//! ---` at the top of the file.

use std::fmt::Write;
use std::path::Path;

/// One bug.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its file, without folder.
    pub file: String,
    /// The class that it belongs to: `K1` to `K22`.
    pub class: String,
    /// What went wrong.
    pub title: String,
    /// Where.
    pub happened: String,
    /// What stops it here.
    pub stops: String,
    /// The tests of the file, or `program` for one that does not compile.
    pub tests: Vec<String>,
    /// The whole file.
    pub text: String,
}

/// The classes, in order.
pub fn classes() -> impl Iterator<Item = String> {
    (1..=22).map(|number| format!("K{number}"))
}

/// All entries, by class and file.
///
/// # Errors
/// A file cannot be read, or its header lacks something.
pub fn entries() -> Result<Vec<Entry>, String> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut entries = Vec::new();
    for folder in ["entries", "programs"] {
        let path = package.join(folder);
        let failed = |error| format!("{} cannot be read: {error}", path.display());
        for found in std::fs::read_dir(&path).map_err(failed)? {
            let file = found.map_err(failed)?.path();
            // The right form of a program stands beside it as `NAME.right.rs`.
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.ends_with(".rs") && !name.ends_with(".right.rs") {
                let text = std::fs::read_to_string(&file).map_err(failed)?;
                entries.push(read(&format!("{folder}/{name}"), text)?);
            }
        }
    }
    entries.sort_by_key(|entry| (number(&entry.class), entry.file.clone()));
    Ok(entries)
}

fn number(class: &str) -> u32 {
    class.strip_prefix('K').and_then(|number| number.parse().ok()).unwrap_or(u32::MAX)
}

fn read(file: &str, text: String) -> Result<Entry, String> {
    let header: Vec<&str> = text
        .lines()
        .map_while(|line| line.strip_prefix("//! "))
        .skip_while(|line| *line != "---")
        .skip(1)
        .take_while(|line| *line != "---")
        .collect();
    let value = |key: &str| {
        let line = header.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
        line.map(str::to_owned).ok_or_else(|| format!("{file}: its header has no `{key}`"))
    };
    Ok(Entry {
        file: file.to_owned(),
        class: value("class")?,
        title: value("title")?,
        happened: value("happened")?,
        stops: value("stops")?,
        tests: value("tests")?.split(", ").map(str::to_owned).collect(),
        text,
    })
}

/// The Markdown table.
#[must_use]
pub fn table(entries: &[Entry]) -> String {
    let mut text =
        String::from("| class | what went wrong | where | what stops it here |\n|---|---|---|---|\n");
    for Entry { file, class, title, happened, stops, .. } in entries {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {class} | [{title}](museum/{file}) | {happened} | {stops} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_and_must_be_whole() {
        let text = "//! ---\n//! class: K3\n//! title: t: u\n//! happened: h\n//! stops: s\n//! tests: a, b\n//! ---\n//! More.\n";
        let entry = read("entries/a.rs", text.to_owned()).expect("whole");
        assert_eq!((entry.class.as_str(), entry.title.as_str()), ("K3", "t: u"));
        assert_eq!(entry.tests, ["a", "b"]);
        let without = text.replace("//! stops: s\n", "");
        assert_eq!(read("entries/a.rs", without), Err("entries/a.rs: its header has no `stops`".to_owned()));
    }
}
