//! Keeps the blocks of the README and of the guides that show a file or the output of a command equal to what they show.
//!
//! `<!-- shows: file PATH -->`, `<!-- shows: output COMMAND -->` and `<!-- shows: block PATH HEADING -->` stand on a line of
//! their own before a fenced block. The last shows the first fenced block below a heading of a Markdown file.
//! `<!-- shows: markdown COMMAND -->` stands before Markdown that a command writes, up to a line `<!-- end -->`.

use crate::context::Context;
use std::fmt::Write;

const PAGES: &[&str] = &["README.md", "docs/add-a-format.md"];

/// Fails if a block is not what it says; the message names the block and how to mend it.
pub(crate) fn check(context: &Context) -> Result<String, String> {
    let mut count = 0;
    for page in PAGES {
        let text = read(context, page)?;
        let blocks = blocks(page, &text)?;
        if blocks.is_empty() {
            return Err(format!("{page} shows nothing that could be checked"));
        }
        for block in &blocks {
            let expected = shown(context, &block.source)?;
            if block.content != expected {
                let mut message = String::new();
                // Writing to a String cannot fail.
                let _ = write!(
                    message,
                    "{page}:{}: this is not `{}`, which is:\n{expected}",
                    block.line, block.source
                );
                message.push_str("`cargo xtask readme` mends it");
                return Err(message);
            }
        }
        count += blocks.len();
    }
    Ok(format!("{count} blocks"))
}

/// Rewrites every block with what it shows.
pub(crate) fn mend(context: &Context) -> Result<String, String> {
    let mut count = 0;
    for page in PAGES {
        let text = read(context, page)?;
        let mut mended = String::new();
        let mut done = 0;
        let blocks = blocks(page, &text)?;
        for block in &blocks {
            mended.push_str(&text[done..block.start]);
            mended.push_str(&shown(context, &block.source)?);
            done = block.start + block.content.len();
        }
        mended.push_str(&text[done..]);
        std::fs::write(context.root().join(page), mended)
            .map_err(|error| format!("{page} cannot be written: {error}"))?;
        count += blocks.len();
    }
    Ok(format!("{count} blocks"))
}

/// A fenced block, or a piece of Markdown, that shows something.
struct Block<'a> {
    /// `file PATH`, `output COMMAND`, `block PATH HEADING` or `markdown COMMAND`.
    source: String,
    /// Where the content starts, in bytes.
    start: usize,
    /// The lines between the fences, each with its end.
    content: &'a str,
    /// Number of the first of them.
    line: usize,
}

fn blocks<'a>(page: &str, text: &'a str) -> Result<Vec<Block<'a>>, String> {
    let mut blocks = Vec::new();
    let mut lines = Lines { text, at: 0, number: 0 };
    while let Some(line) = lines.next() {
        let Some(source) =
            line.trim().strip_prefix("<!-- shows: ").and_then(|rest| rest.strip_suffix(" -->"))
        else {
            continue;
        };
        let marker = lines.number;
        let markdown = source.starts_with("markdown ");
        if !markdown && !lines.next().is_some_and(|line| line.starts_with("```")) {
            return Err(format!("{page}:{marker}: no fenced block follows"));
        }
        let fence = if markdown { "<!-- end -->" } else { "```" };
        let (start, first) = (lines.at, lines.number + 1);
        loop {
            let end = lines.at;
            match lines.next() {
                Some(line) if line.trim_end() == fence => {
                    blocks.push(Block {
                        source: source.to_owned(),
                        start,
                        content: &text[start..end],
                        line: first,
                    });
                    break;
                }
                Some(_) => {}
                None => return Err(format!("{page}:{marker}: no line `{fence}` ends the block")),
            }
        }
    }
    Ok(blocks)
}

struct Lines<'a> {
    text: &'a str,
    at: usize,
    number: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let line = self.text[self.at..].split_inclusive('\n').next()?;
        self.at += line.len();
        self.number += 1;
        Some(line)
    }
}

fn shown(context: &Context, source: &str) -> Result<String, String> {
    let mut text = match source.split_once(' ') {
        Some(("file", path)) => read(context, path)?,
        Some(("output" | "markdown", command)) => output(context, command)?,
        Some(("block", place)) => {
            let (path, heading) = place.split_once(' ').unwrap_or((place, ""));
            block_below(&read(context, path)?, heading)
                .ok_or_else(|| format!("{path} has no fenced block below `{heading}`"))?
        }
        _ => {
            return Err(format!(
                "`shows: {source}` is none of `file PATH`, `output COMMAND`, `block PATH HEADING` and `markdown COMMAND`"
            ));
        }
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// What stands in the first fenced block below a heading, which is given with its signs.
fn block_below(text: &str, heading: &str) -> Option<String> {
    let below = text.lines().skip_while(|line| *line != heading).skip(1);
    let section = below.take_while(|line| !line.starts_with('#'));
    let mut block = section.skip_while(|line| !line.starts_with("```")).skip(1).peekable();
    block.peek()?;
    Some(block.take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect())
}

/// What a cargo command writes to its standard output. It may fail: an error is worth showing too.
fn output(context: &Context, command: &str) -> Result<String, String> {
    let Some(arguments) = command.strip_prefix("cargo ") else {
        return Err(format!("`{command}` is no cargo command"));
    };
    let output = context
        .cargo(arguments)
        .output()
        .map_err(|error| format!("`{command}` could not be run: {error}"))?;
    if output.stdout.is_empty() {
        return Err(format!("{}`{command}` wrote nothing", String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("`{command}` wrote what is no UTF-8"))
}

fn read(context: &Context, path: &str) -> Result<String, String> {
    std::fs::read_to_string(context.root().join(path))
        .map_err(|error| format!("{path} cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_with_their_place() {
        let text = "# A\n```\nfree\n```\n<!-- shows: file a.rs -->\n```rust\none\ntwo\n```\nend\n";
        let blocks = blocks("page", text).expect("the text is well formed");
        assert_eq!(blocks.len(), 1);
        assert_eq!(
            (blocks[0].source.as_str(), blocks[0].content, blocks[0].line),
            ("file a.rs", "one\ntwo\n", 7)
        );
        assert_eq!(&text[blocks[0].start..][..3], "one");
    }

    #[test]
    fn a_block_is_found_below_its_heading() {
        let text =
            "# A\n```text\na\n```\n## B\ntext\n```\nb\n\nc\n```\n```\nd\n```\n## C\n## D\n```\ne\n```\n";
        assert_eq!(block_below(text, "# A").as_deref(), Some("a\n"));
        assert_eq!(block_below(text, "## B").as_deref(), Some("b\n\nc\n"));
        assert_eq!(block_below(text, "## C"), None);
        assert_eq!(block_below(text, "B"), None);
    }

    #[test]
    fn a_marker_needs_a_whole_block() {
        assert!(blocks("page", "<!-- shows: file a -->\ntext\n").is_err());
        assert!(blocks("page", "<!-- shows: file a -->\n```\ntext\n").is_err());
        assert_eq!(blocks("page", "nothing\n").map(|blocks| blocks.len()), Ok(0));
        assert!(blocks("page", "<!-- shows: markdown cargo a -->\n| a |\n").is_err());
    }

    #[test]
    fn markdown_ends_at_its_end() {
        let text = "<!-- shows: markdown cargo a -->\n\n| a |\n\n<!-- end -->\n```\n";
        let blocks = blocks("page", text).expect("the text is well formed");
        assert_eq!((blocks.len(), blocks[0].content, blocks[0].line), (1, "\n| a |\n\n", 2));
    }
}
