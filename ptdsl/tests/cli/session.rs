//! A folder of its own, and the command run in it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, str};

/// A temporary folder.
pub(crate) struct Session {
    folder: tempfile::TempDir,
}

/// What a run of the command left.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Session {
    /// A folder with these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Session {
        let session = Session { folder: tempfile::tempdir().unwrap() };
        for (name, text) in files {
            session.write(name, text);
        }
        session
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Every file of the folder, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        fn collect(root: &Path, folder: &Path, names: &mut Vec<String>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    collect(root, &path, names);
                } else {
                    names.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        let mut names = Vec::new();
        collect(self.folder.path(), self.folder.path(), &mut names);
        names.sort();
        names
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, &[])
    }

    pub(crate) fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ptdsl"));
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
            command.env_remove(name);
        }
        let output = command
            .args(arguments)
            .current_dir(self.folder.path())
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| str::from_utf8(bytes).unwrap().to_owned();
        Run {
            status: output.status.code().unwrap(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Runs the command several times and says everything that a user sees.
    pub(crate) fn transcript(&self, commands: &[&[&str]]) -> String {
        let runs = commands.iter().map(|arguments| {
            let run = self.run(arguments);
            let words: Vec<String> = arguments.iter().map(|word| quoted(word)).collect();
            let mut text = format!("$ ptdsl {}\n{}", words.join(" "), run.stdout);
            for line in run.stderr.lines() {
                text.push_str(&format!("! {line}\n"));
            }
            text.push_str(&format!("= {}\n", run.status));
            text
        });
        runs.collect::<Vec<_>>().join("\n")
    }
}

fn quoted(word: &str) -> String {
    if word.contains([' ', '[']) || word.is_empty() { format!("'{word}'") } else { word.to_owned() }
}

/// A spec with two formats, each like one of the library.
pub(crate) const TWO: &str = r#"use "arm64-hyp.pt";

format first: arm64_hyp {
}

format second: arm64_hyp {
    attribute prot {
        r   => AP2 = ro, XN = 1;
        rw  => AP2 = rw, XN = 1;
        rx  => AP2 = ro, XN = 0;
        rwx => AP2 = rw, XN = 0;
    }
}
"#;

/// A spec that cannot be parsed.
pub(crate) const BROKEN: &str = "format broken: u64 {\n    granule 4K\n    arch aarch64;\n}\n";

/// A spec that can be parsed, and is wrong.
pub(crate) const WRONG: &str = r#"use "arm64-hyp.pt";

format wrong: arm64_hyp {
    without Blok;
    hardware sets AF, AP3;
}
"#;
