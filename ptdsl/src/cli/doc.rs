//! `ptdsl doc`: a page about each format, and an index of several.

use std::path::PathBuf;

use ptdsl_compiler::emit::doc::{self, Form};
use ptdsl_compiler::ir::Format;

use super::generate::{self, File, quoted, slashed};
use super::report::Failure;

/// For `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  ptdsl doc arm64-hyp.pt              writes doc/arm64_hyp.html, for a browser
  ptdsl doc mine.pt --markdown -o .   writes mine.md, for a pull request
  ptdsl doc --all                     every format of the library, and doc/index.html
  ptdsl doc mine.pt --check           fails if doc/mine.html is not up to date";

/// Arguments of `ptdsl doc`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Paths of specs or names of built-in formats; of several, those without a format are passed over
    #[arg(value_name = "SPEC", required_unless_present = "all")]
    specs: Vec<String>,
    /// All formats of the built-in library
    #[arg(long, conflicts_with = "specs")]
    all: bool,
    /// Pages for a browser, each one file that needs no other; the default
    #[arg(long, conflicts_with = "markdown")]
    html: bool,
    /// Pages for a pull request
    #[arg(long)]
    markdown: bool,
    /// Write `<format>.html` or `<format>.md` into this folder, and `index` beside them if there are several
    #[arg(short, long, value_name = "DIR", default_value = "doc")]
    out_dir: PathBuf,
    /// Only this format of the spec
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
    /// Write nothing; name the pages that are not up to date, and exit with 1 if there are any
    #[arg(long)]
    check: bool,
}

/// Runs `ptdsl doc`.
///
/// # Errors
/// See [`Failure`]. If a spec has errors, or two formats claim one file, nothing is written.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut formats = generate::formats(&arguments.specs, arguments.all, arguments.format.as_deref())?;
    name_formats(&mut formats, arguments.format.is_some());
    let files = files(arguments, &formats)?;
    if arguments.check {
        generate::check(&files, false, &command(arguments))
    } else {
        generate::write(&files)
    }
}

/// Commands on a page say which format of the spec it is, where there are several or somebody said so.
fn name_formats(formats: &mut [(String, Format)], named: bool) {
    let specs: Vec<String> = formats.iter().map(|(spec, _)| spec.clone()).collect();
    for (spec, format) in formats {
        if named || specs.iter().filter(|other| *other == spec).count() > 1 {
            *spec = format!("{spec} --format {}", format.name);
        }
    }
}

fn files(arguments: &Arguments, formats: &[(String, Format)]) -> Result<Vec<File>, Failure> {
    let form = if arguments.markdown { Form::Markdown } else { Form::Html };
    let indexed = formats.len() > 1;
    let file = |name: &str, text| File { path: arguments.out_dir.join(form.file_name(name)), text };
    let pages =
        formats.iter().map(|(spec, format)| file(&format.name, doc::page(format, spec, form, indexed)));
    let mut files: Vec<File> = Vec::new();
    for page in pages {
        generate::add(&mut files, page)?;
    }
    if indexed {
        let formats: Vec<&Format> = formats.iter().map(|(_, format)| format).collect();
        if formats.iter().any(|format| format.name == doc::INDEX) {
            return Err(Failure::usage(format!(
                "a format is called `{}`, like the page that lists all of them",
                doc::INDEX
            ))
            .help("give it another name, or write its page alone with `--format index`"));
        }
        generate::add(&mut files, file(doc::INDEX, doc::index(&formats, form)))?;
    }
    Ok(files)
}

/// The command that writes what `--check` looked for.
fn command(arguments: &Arguments) -> String {
    let mut words = vec!["ptdsl".to_owned(), "doc".to_owned()];
    words.extend(arguments.specs.iter().map(|spec| quoted(spec)));
    if arguments.all {
        words.push("--all".to_owned());
    }
    if arguments.markdown {
        words.push("--markdown".to_owned());
    }
    if arguments.out_dir.as_os_str() != "doc" {
        words.extend(["--out-dir".to_owned(), quoted(&slashed(&arguments.out_dir))]);
    }
    if let Some(name) = &arguments.format {
        words.extend(["--format".to_owned(), quoted(name)]);
    }
    words.join(" ")
}
