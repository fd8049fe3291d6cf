//! What the pages about formats say, and that they are what a browser can show.
#![cfg(feature = "doc")]

mod common;

use common::{Folders, report};
use ptdsl_compiler::compile;
use ptdsl_compiler::emit::doc::{Form, index, page};
use ptdsl_compiler::ir::Format;
use ptdsl_compiler::source::{Loader, SourceFile};

macro_rules! fixtures {
    ($($name:ident),+) => {$(
        #[test]
        fn $name() {
            let spec = concat!(stringify!($name), ".pt");
            insta::assert_snapshot!(stringify!($name), page(&common::fixture(spec), spec, Form::Markdown, false));
        }
    )+};
}

fixtures!(tiny, scattered, narrow, signed);

#[test]
fn narrow_in_a_browser() {
    insta::assert_snapshot!(page(&common::fixture("narrow.pt"), "narrow.pt", Form::Html, true));
}

#[test]
fn an_index() {
    let formats = [common::fixture("tiny.pt"), common::fixture("narrow.pt")];
    insta::assert_snapshot!(index(&[&formats[0], &formats[1]], Form::Markdown));
}

/// Every format of the library and every fixture.
fn formats() -> Vec<Format> {
    let folders = Folders(&["../formats", "tests/emit"]);
    let mut formats = Vec::new();
    for folder in folders.0 {
        let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let names =
            std::fs::read_dir(here).expect("a folder").map(|entry| entry.expect("readable").file_name());
        let mut names: Vec<String> = names.map(|name| name.into_string().expect("ASCII")).collect();
        names.retain(|name| name.ends_with(".pt"));
        names.sort();
        let roots = names.iter().map(|name| folders.load(name, "").expect("it is there"));
        formats.extend(roots.flat_map(|root| compile(root, &folders, &[]).formats));
    }
    assert!(formats.len() > 40, "{}", formats.len());
    formats
}

/// The text of an attribute of a tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

fn number(tag: &str, name: &str) -> u32 {
    attribute(tag, name).and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no {name}: {tag}"))
}

/// The boxes of every picture lie side by side without a gap, 16 bits a picture, and every label lies in its box.
#[test]
fn labels_stay_in_their_boxes() {
    for format in formats() {
        let text = page(&format, "x.pt", Form::Html, false);
        let pictures: Vec<&str> = text.split("<svg role=\"img\"").skip(1).collect();
        assert!(!pictures.is_empty(), "{}", format.name);
        for picture in pictures {
            let picture = picture.split("</svg>").next().unwrap_or_default();
            let mut end = 0;
            for part in picture.split("<g>").skip(1) {
                let (rect, label) = part.split_once("<text class=\"label\"").expect("a label");
                let rect = rect.split_once("<rect").expect("a box").1;
                assert_eq!(number(rect, "x"), end, "{}: {part}", format.name);
                end += number(rect, "width");
                let inside =
                    label.split_once('>').expect("a text").1.split("</text>").next().unwrap_or_default();
                let characters = inside.replace("&#38;", "&").chars().count();
                let length = characters as f64 * f64::from(number(label, "font-size")) * 0.605;
                let room = if label.contains("rotate(-90") { "height" } else { "width" };
                assert!(length < f64::from(number(rect, room)), "{}: {part}", format.name);
            }
            assert_eq!(end, 16 * 24, "{}", format.name);
        }
    }
}

/// Every tag that opens closes, in order; nothing is loaded from elsewhere and nothing runs.
#[test]
fn pages_are_whole_and_alone() {
    let formats = formats();
    let list: Vec<&Format> = formats.iter().collect();
    let pages = formats.iter().map(|format| page(format, "x.pt", Form::Html, true));
    for text in pages.chain([index(&list, Form::Html)]) {
        let mut open: Vec<&str> = Vec::new();
        for piece in text.split('<').skip(1) {
            let (tag, _) = piece.split_once('>').expect("a tag ends");
            let name = tag.split([' ', '/']).find(|word| !word.is_empty()).expect("a name");
            if tag.starts_with('/') {
                assert_eq!(open.pop(), Some(name), "{tag}");
            } else if !tag.ends_with('/') && !["!DOCTYPE", "meta"].contains(&name) {
                open.push(name);
            }
            assert!(!["script", "link", "img", "iframe", "object"].contains(&name), "{tag}");
            let target = attribute(tag, "href").or(attribute(tag, "src")).unwrap_or("#");
            assert!(target.starts_with('#') || !target.contains("//"), "{tag}");
        }
        assert!(open.is_empty(), "{open:?}");
        assert!(!text.contains("@import"));
    }
}

/// A table of Markdown has as many cells in every row as in its head.
#[test]
fn markdown_tables_are_rectangular() {
    for format in formats() {
        let text = page(&format, "x.pt", Form::Markdown, true);
        let mut columns = 0;
        let mut fenced = false;
        for line in text.lines() {
            fenced ^= line.starts_with("```");
            if fenced || !line.starts_with('|') {
                columns = 0;
                continue;
            }
            let cells = line.replace("\\|", "").matches('|').count();
            assert!(columns == 0 || columns == cells, "{}: {line}", format.name);
            columns = cells;
        }
        assert!(!text.contains("\n\n\n"), "{}", format.name);
        assert!(text.lines().all(|line| line.trim_end() == line), "{}", format.name);
    }
}

/// An empty slot is worth a line where it is not 0.
#[test]
fn empty_slots_are_described() {
    let folders = Folders(&["tests/emit"]);
    let tiny = folders.load("tiny.pt", "").expect("a fixture").text;
    let written = |text: String| {
        let compilation = compile(SourceFile { name: "tiny.pt".to_owned(), text }, &folders, &[]);
        assert_eq!(report(&compilation), "");
        page(&compilation.formats[0], "tiny.pt", Form::Markdown, false)
    };
    assert!(!written(tiny.clone()).contains("An empty slot"));
    let text = written(tiny.replace("index VA[12];", "index VA[12]; empty 0x2;"));
    assert!(text.contains("\n- An empty slot at level 1 holds `0x0000000000000002`\n"), "{text}");
    // Then every word of the level is a table's or reserved.
    let sentinel = tiny.replace("index VA[13];", "index VA[13]; empty sentinel;");
    let text =
        written(sentinel.replace("    instruction fence", "    otherwise reserved;\n    instruction fence"));
    assert!(text.contains(
        "\n- An empty slot at level 0 holds a pointer to a table that has nothing but empty slots\n"
    ));
}

/// What a spec says is text, whatever it looks like.
#[test]
fn markup_in_a_spec_is_text() {
    let folders = Folders(&["tests/emit"]);
    let narrow = folders.load("narrow.pt", "").expect("a fixture").text;
    let text = narrow
        .replace("/// 4-byte entries.", "/// <b>4-byte</b> & \"entries\" | `<i>`.")
        .replace("[4]   type;", "[4]   type as \"<script>\"; // </td>|<td>");
    assert_ne!(text, narrow);
    let compilation = compile(SourceFile { name: "narrow.pt".to_owned(), text }, &folders, &[]);
    assert_eq!(report(&compilation), "");
    let html = page(&compilation.formats[0], "\"<x>.pt", Form::Html, false);
    for (raw, escaped) in
        [("<b>", "&#60;b&#62;"), ("<i>", "&#60;i&#62;"), ("<script", "&#60;script"), ("<x>", "&#60;x&#62;")]
    {
        assert!(!html.contains(raw) && html.contains(escaped), "{raw}");
    }
    assert_eq!(html.matches("<td>").count(), html.matches("</td>").count());
    let markdown = page(&compilation.formats[0], "x.pt", Form::Markdown, false);
    assert!(markdown.contains("&lt;b>4-byte&lt;/b> &amp; \"entries\" \\| `<i>`."), "{markdown}");
    assert!(markdown.contains("| `<script>` (`type`) | &lt;/td>\\|&lt;td> |"), "{markdown}");
}
