//! `ptdsl gen`: the Rust module of each format.

use std::path::{Path, PathBuf};

use ptdsl_compiler::emit;
use ptdsl_compiler::ir::Format;

use super::report::{self, Failure};
use super::{parallel, patch, spec, standalone, write as disk};

/// For `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  ptdsl gen arm64-hyp.pt                    writes generated/arm64_hyp.rs
  ptdsl gen formats/*.pt --out-dir src/mmu  one file for each format
  ptdsl gen mine.pt -o src/tables.rs        to a file of your choice
  ptdsl gen mine.pt --check                 fails if generated/mine.rs is not up to date";

/// Arguments of `ptdsl gen`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Paths of specs or names of built-in formats; of several, those without a format are passed over
    #[arg(value_name = "SPEC", required_unless_present = "all")]
    specs: Vec<String>,
    /// All formats of the built-in library
    #[arg(long, conflicts_with = "specs")]
    all: bool,
    /// Write to this file; for one format only
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write `<format>.rs` into this folder
    #[arg(long, value_name = "DIR", default_value = "generated", conflicts_with_all = ["output", "stdout"])]
    out_dir: PathBuf,
    /// Write to standard output; for one format only
    #[arg(long, conflicts_with_all = ["output", "check"])]
    stdout: bool,
    /// Only this format of the spec
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
    /// Write nothing; print what differs from the files that are there, and exit with 1 if anything does
    #[arg(long)]
    check: bool,
    /// Put the runtime into the file, for trees without cargo
    #[arg(long)]
    standalone: bool,
}

/// A file to be written.
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// Runs `ptdsl gen`.
///
/// # Errors
/// See [`Failure`]. If a spec has errors, or two formats claim one file, nothing is written.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let files = files(arguments)?;
    if arguments.stdout {
        return report::out(&files.iter().map(|file| file.text.as_str()).collect::<String>());
    }
    if arguments.check {
        return check(&files, true, &command(arguments));
    }
    write(&files)
}

/// Writes files and says which.
///
/// # Errors
/// A file cannot be written.
pub(super) fn write(files: &[File]) -> Result<(), Failure> {
    for file in files {
        let written = disk::replace(&file.path, &file.text)?;
        let what = if written { "wrote" } else { "unchanged" };
        report::out(&format!("{what} {}\n", slashed(&file.path)))?;
    }
    Ok(())
}

/// The formats of specs, or of the whole library, each with the name of its spec for headers.
///
/// # Errors
/// A spec has errors, which are said; or there is no format.
pub(super) fn formats(
    specs: &[String],
    all: bool,
    only: Option<&str>,
) -> Result<Vec<(String, Format)>, Failure> {
    let library = ptdsl_formats::all().iter().filter(|format| !format.shared);
    let library: Vec<String> = library.map(|format| format.name.to_owned()).collect();
    let specs = if all { &library } else { specs };
    let mut formats: Vec<(String, Format)> = Vec::new();
    let mut errors = false;
    // What is wrong is said in the order of the specs, whichever was compiled first.
    for (name, compiled) in specs.iter().zip(parallel::map(specs, |name| spec::compile(name))) {
        let compiled = compiled?;
        // `gen formats/*.pt` names them too.
        if specs.len() > 1 && compiled.shared {
            continue;
        }
        match spec::formats_of(compiled, only) {
            Ok(list) => formats.extend(list.into_iter().map(|format| (file_name(name), format))),
            Err(Failure::Findings) => errors = true,
            Err(usage) => return Err(usage),
        }
    }
    if errors {
        return Err(Failure::Findings);
    }
    if formats.is_empty() {
        return Err(Failure::usage(format!("none of {} declares a format", specs.join(", ")))
            .help("they hold what formats share: name a spec that uses them"));
    }
    Ok(formats)
}

/// Everything that is to be written. All specs are compiled before any file is touched.
fn files(arguments: &Arguments) -> Result<Vec<File>, Failure> {
    let formats = formats(&arguments.specs, arguments.all, arguments.format.as_deref())?;
    if formats.len() > 1 && (arguments.output.is_some() || arguments.stdout) {
        let names: Vec<&str> = formats.iter().map(|(_, format)| format.name.as_str()).collect();
        let option = if arguments.stdout { "--stdout" } else { "--output" };
        return Err(Failure::usage(format!(
            "`{option}` takes one format, but here are {}",
            names.join(", ")
        ))
        .help("choose one with `--format NAME`, or write all of them with `--out-dir DIR`"));
    }
    let texts = parallel::map(&formats, |(spec, format)| {
        let text = emit::rust::file(format, spec);
        if arguments.standalone { standalone::with_runtime(&text) } else { text }
    });
    let mut files: Vec<File> = Vec::new();
    for ((_, format), text) in formats.iter().zip(texts) {
        let path = match &arguments.output {
            Some(path) => path.clone(),
            None => arguments.out_dir.join(format!("{}.rs", format.name)),
        };
        add(&mut files, File { path, text })?;
    }
    Ok(files)
}

/// Adds a file that no other format claims.
///
/// # Errors
/// There is one of that path.
pub(super) fn add(files: &mut Vec<File>, file: File) -> Result<(), Failure> {
    if files.iter().any(|other| other.path == file.path) {
        let name = file.path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
        return Err(Failure::usage(format!(
            "two formats are called `{name}`: both would be written to `{}`",
            slashed(&file.path)
        ))
        .help("give one of them another name, or write them to different folders"));
    }
    files.push(file);
    Ok(())
}

/// Compares files with what should be in them; `command` mends those that differ.
///
/// # Errors
/// Some differ, which is said, with the differences if `diff`; or a file cannot be read.
pub(super) fn check(files: &[File], diff: bool, command: &str) -> Result<(), Failure> {
    let mut stale = false;
    for file in files {
        let name = slashed(&file.path);
        match disk::current(&file.path)? {
            Some(bytes) if bytes == file.text.as_bytes() => continue,
            Some(bytes) => {
                if diff {
                    report::out(&patch::unified(&name, &String::from_utf8_lossy(&bytes), &file.text))?;
                }
                report::finding(&format!("{name} is not what the spec generates"));
            }
            None => report::finding(&format!("{name} does not exist")),
        }
        stale = true;
    }
    if stale {
        report::help(&format!("run `{command}`"));
        return Err(Failure::Findings);
    }
    Ok(())
}

/// The command that writes what `--check` looked for.
fn command(arguments: &Arguments) -> String {
    let mut words = vec!["ptdsl".to_owned(), "gen".to_owned()];
    words.extend(arguments.specs.iter().map(|spec| quoted(spec)));
    if arguments.all {
        words.push("--all".to_owned());
    }
    if let Some(path) = &arguments.output {
        words.extend(["--output".to_owned(), quoted(&slashed(path))]);
    } else if arguments.out_dir != Path::new("generated") {
        words.extend(["--out-dir".to_owned(), quoted(&slashed(&arguments.out_dir))]);
    }
    if let Some(name) = &arguments.format {
        words.extend(["--format".to_owned(), quoted(name)]);
    }
    if arguments.standalone {
        words.push("--standalone".to_owned());
    }
    words.join(" ")
}

/// A word as a shell takes it.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./+:=@%,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The name of a spec for the header: the same on every machine.
fn file_name(spec: &str) -> String {
    match ptdsl_formats::find(spec) {
        Some(format) if !Path::new(spec).exists() => format.name.to_owned(),
        _ => Path::new(spec).file_name().map_or(spec.to_owned(), |name| name.to_string_lossy().into_owned()),
    }
}

/// A path with `/` everywhere.
pub(super) fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("formats/arm64-hyp.pt"), "formats/arm64-hyp.pt");
        assert_eq!(quoted("my spec's.pt"), r"'my spec'\''s.pt'");
        assert_eq!(quoted(""), "''");
    }
}
