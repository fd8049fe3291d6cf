//! `ptdsl doc`.

use insta::assert_snapshot;

use crate::session::{BROKEN, Session, TWO};

#[test]
fn pages_are_written_where_they_are_wanted() {
    let session = Session::new(&[("specs/two.pt", TWO)]);
    assert_snapshot!(session.transcript(&[
        &["doc", "sv39.pt"],
        &["doc", "sv39", "--html"],
        &["doc", "specs/two.pt", "arm64.pt", "--markdown", "-o", "pages"],
        &["doc", "specs/two.pt", "--format", "second", "--markdown", "--out-dir", "."],
    ]));
    let files =
        ["doc/sv39.html", "pages/first.md", "pages/index.md", "pages/second.md", "second.md", "specs/two.pt"];
    assert_eq!(session.files(), files);
    assert!(session.read("doc/sv39.html").starts_with("<!DOCTYPE html>\n"));
    assert_snapshot!("index_of_two", session.read("pages/index.md"));
    // With several pages each leads to the index, and says which format of the spec it is about.
    let page = session.read("pages/second.md");
    assert!(page.starts_with("<!-- Written by `ptdsl doc two.pt --format second`"), "{page}");
    assert!(page.ends_with("[All formats](index.md)\n"), "{page}");
    assert_eq!(session.read("second.md"), page.replace("\n[All formats](index.md)\n", ""));
}

/// A command that stands on a page gives what the page says.
#[test]
fn examples_run() {
    let session = Session::new(&[("two.pt", TWO)]);
    session.run(&["doc", "two.pt", "sv39.pt", "--markdown"]);
    let pages = ["first", "second", "sv39"].map(|name| session.read(&format!("doc/{name}.md"))).concat();
    let examples = pages.lines().filter_map(|line| line.strip_prefix("`ptdsl ")?.split_once("` gives `"));
    let mut count = 0;
    for (command, says) in examples {
        let run = session.run(&command.split(' ').collect::<Vec<_>>());
        assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{command}");
        assert_eq!(run.stdout.trim_end(), says.split('`').next().unwrap_or_default(), "{command}");
        count += 1;
    }
    // A table descriptor and every leaf of every level: 1 + 3 for each of the three formats.
    assert_eq!(count, 12);
}

#[test]
fn stale_pages_are_named_and_mended() {
    let session = Session::new(&[("my specs/two.pt", TWO)]);
    let arguments = ["doc", "my specs/two.pt", "--markdown", "-o", "pages"];
    session.run(&arguments);
    let fresh = session.read("pages/first.md");
    session.write("pages/first.md", fresh.replacen("Granule", "Grain", 1));
    std::fs::remove_file(session.path("pages/index.md")).unwrap();
    let check = [&arguments[..], &["--check"]].concat();
    assert_snapshot!(session.transcript(&[&check, &arguments, &check]));
    assert_eq!(session.read("pages/first.md"), fresh);
}

#[test]
fn nothing_is_written_if_anything_is_wrong() {
    let index = TWO.replace("format second", "format index");
    let files =
        [("broken.pt", BROKEN), ("two.pt", TWO), ("again.pt", TWO), ("index.pt", &index), ("file", "")];
    let session = Session::new(&files);
    let before = session.files();
    assert_snapshot!(session.transcript(&[
        &["doc"],
        &["doc", "sv39.pt", "broken.pt"],
        &["doc", "sv93.pt"],
        &["doc", "two.pt", "--format", "third"],
        &["doc", "sv39.pt", "--html", "--markdown"],
        &["doc", "sv39.pt", "--all"],
        &["doc", "two.pt", "again.pt"],
        &["doc", "index.pt"],
        &["doc", "arm64.pt"],
        &["doc", "sv39.pt", "-o", "file"],
        &["doc", "sv39.pt", "-o", "file/below"],
        &["doc", "sv39.pt", "-o", "file", "--check"],
    ]));
    assert_eq!(session.files(), before);
}

#[test]
fn the_whole_library_has_pages() {
    let session = Session::new(&[]);
    let run = session.run(&["doc", "--all", "--markdown"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    let formats = ptdsl_formats::all().iter().filter(|file| !file.shared).count();
    assert_eq!(session.files().len(), formats + 1);
    let index = session.read("doc/index.md");
    for page in session.files().iter().filter_map(|name| name.strip_prefix("doc/")) {
        let linked = index.contains(&format!("]({page})"));
        assert!(linked || page == "index.md", "{page}");
    }
}
