//! What a page says, before it is HTML or Markdown.

use super::diagram::Diagram;

/// A page.
pub(super) struct Document {
    pub(super) title: String,
    /// Paragraphs below the title.
    pub(super) lead: Vec<Prose>,
    pub(super) sections: Vec<Section>,
    /// The command that writes the page.
    pub(super) source: String,
    /// To the index, if there is one.
    pub(super) up: Option<Link>,
}

/// A place to go.
pub(super) struct Link {
    pub(super) text: String,
    pub(super) target: String,
}

/// A part with a heading.
pub(super) struct Section {
    /// The fragment that leads here; no two sections of a page have the same.
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) blocks: Vec<Block>,
}

/// What stands in a section, one below the other.
pub(super) enum Block {
    Heading(Prose),
    Text(Prose),
    List(Vec<Prose>),
    /// Numbered.
    Steps(Vec<Prose>),
    Table(Table),
    Diagram(Diagram),
    /// What the diagrams' patterns mean.
    Legend(Vec<LegendItem>),
}

/// A pattern and its meaning.
pub(super) struct LegendItem {
    pub(super) class: &'static str,
    pub(super) meaning: &'static str,
}

/// A table; every row has as many cells as the head.
pub(super) struct Table {
    /// What the table is of, for readers who do not see it.
    pub(super) caption: String,
    pub(super) head: Vec<Prose>,
    pub(super) rows: Vec<Vec<Prose>>,
    /// Whether the columns are many: then the table scrolls rather than breaks words.
    pub(super) wide: bool,
    /// Whether the last column holds sentences.
    pub(super) prose: bool,
}

impl Table {
    /// A table with this head and no row.
    pub(super) fn new(caption: impl Into<String>, head: &[&str]) -> Table {
        let cells: Vec<Prose> = head.iter().map(|&cell| Prose::from(cell)).collect();
        Table {
            caption: caption.into(),
            wide: head.len() > 4,
            prose: head.last() == Some(&"meaning"),
            head: cells,
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: Vec<Prose>) {
        self.rows.push(cells);
    }
}

/// A run of text in one style.
pub(super) enum Run {
    Text(String),
    Code(String),
    Link(Link),
}

/// Text with code in it.
#[derive(Default)]
pub(super) struct Prose {
    pub(super) runs: Vec<Run>,
}

impl Prose {
    /// A link.
    pub(super) fn link(text: &str, target: String) -> Prose {
        Prose { runs: vec![Run::Link(Link { text: text.to_owned(), target })] }
    }

    /// As Markdown, outside of tables.
    pub(super) fn markdown(&self) -> String {
        self.runs.iter().map(|run| run.markdown(false)).collect()
    }

    /// As Markdown, in a table.
    pub(super) fn cell(&self) -> String {
        self.runs.iter().map(|run| run.markdown(true)).collect()
    }
}

impl Run {
    fn markdown(&self, in_table: bool) -> String {
        match self {
            Run::Text(text) => escape(text),
            // Only in tables does a backslash count in code.
            Run::Code(text) if in_table => format!("`{}`", text.replace('|', "\\|")),
            Run::Code(text) => format!("`{text}`"),
            Run::Link(Link { text, target }) => format!("[{}]({target})", escape(text)),
        }
    }
}

/// Text as Markdown takes it literally. Brackets without a target and underscores within words mean nothing there.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '*' | '|' | '\\' => escaped.extend(['\\', c]),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Every other piece between backticks is code, as in doc comments.
impl From<&str> for Prose {
    fn from(text: &str) -> Prose {
        let mut runs = Vec::new();
        let mut rest = text;
        while let Some((before, (code, after))) =
            rest.split_once('`').and_then(|(before, after)| Some((before, after.split_once('`')?)))
        {
            runs.extend([Run::Text(before.to_owned()), Run::Code(code.to_owned())]);
            rest = after;
        }
        runs.push(Run::Text(rest.to_owned()));
        runs.retain(|run| !matches!(run, Run::Text(text) if text.is_empty()));
        Prose { runs }
    }
}

impl From<String> for Prose {
    fn from(text: String) -> Prose {
        Prose::from(text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_stands_between_backticks() {
        let prose = Prose::from("set `a|b` | or *not*, <b> & `open");
        assert_eq!(prose.markdown(), "set `a|b` \\| or \\*not\\*, &lt;b> &amp; `open");
        assert_eq!(prose.cell(), "set `a\\|b` \\| or \\*not\\*, &lt;b> &amp; `open");
        assert_eq!(Prose::from("``").markdown(), "``");
        assert!(Prose::from("").runs.is_empty());
    }
}
