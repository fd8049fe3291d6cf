//! Where specs are found: on disk first, then in the library.

use std::cell::RefCell;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use crate::find;

/// No more bytes of a file than this are read. The compiler refuses such a text, and says so.
const MAX_BYTES: u64 = 16 << 20;

/// A spec's text and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The name for messages: the path as written, or the library's name of the file.
    pub name: String,
    /// The text.
    pub text: String,
    /// The file on disk, absolute; `None` for a file of the library.
    pub path: Option<PathBuf>,
}

/// Why a spec is not there.
#[derive(Debug)]
pub enum FileError {
    /// Neither on disk nor in the library.
    NotFound {
        /// The path as written.
        path: String,
        /// Whether the library has a file of that name, but the path names a folder.
        in_library: bool,
    },
    /// It is a folder.
    Folder {
        /// The path as written.
        path: String,
    },
    /// The system does not let us read it.
    Unreadable {
        /// The path as written.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// It is no text.
    NotUtf8 {
        /// The path as written.
        path: String,
        /// The first byte that is not UTF-8, from 0.
        offset: usize,
    },
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileError::NotFound { path, in_library: false } => {
                write!(f, "`{path}` is neither a file nor a format of the library")
            }
            FileError::NotFound { path, in_library: true } => {
                write!(f, "there is no file `{path}`; the library has the format, without the folder")
            }
            FileError::Folder { path } => write!(f, "`{path}` is a folder, not a spec"),
            FileError::Unreadable { path, error } => write!(f, "`{path}` cannot be read: {}", reason(error)),
            FileError::NotUtf8 { path, offset } => {
                write!(f, "`{path}` is not UTF-8: the byte at offset {offset} fits in no character")
            }
        }
    }
}

impl std::error::Error for FileError {}

/// What the system said, in words that are the same everywhere for the usual cases.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// The specs of one compilation. Remembers where each came from, so that `use` is relative to the file it stands in.
#[derive(Debug)]
pub struct Files {
    base: PathBuf,
    seen: RefCell<Vec<Seen>>,
}

#[derive(Debug)]
struct Seen {
    name: String,
    /// As opened, absolute.
    path: PathBuf,
    /// With all links resolved: what tells two files apart.
    identity: PathBuf,
}

impl Files {
    /// Relative paths of the root spec start at `base`, an absolute path or one relative to the current folder.
    pub fn new(base: impl Into<PathBuf>) -> Files {
        Files { base: base.into(), seen: RefCell::new(Vec::new()) }
    }

    /// The spec that a user names: a path, or else the name of a file of the library with or without `.pt`.
    ///
    /// # Errors
    /// There is no such file, or it is no text that can be read.
    pub fn open(&self, spec: &str) -> Result<Text, FileError> {
        self.open_at(&self.base, spec, spec.to_owned())
    }

    /// The file that `use "path";` names in the text called `from`: relative to that text's folder, or else a file of
    /// the library. What stands in the library uses only the library.
    ///
    /// # Errors
    /// There is no such file, or it is no text that can be read.
    pub fn open_used(&self, path: &str, from: &str) -> Result<Text, FileError> {
        let origin = self.seen.borrow().iter().find(|seen| seen.name == from).map(|seen| seen.path.clone());
        let Some(origin) = origin else {
            // A text without a file: inline in a macro if nothing was opened yet, of the library otherwise.
            return if find(from).is_some() {
                library(path)
            } else {
                self.open_at(&self.base, path, path.to_owned())
            };
        };
        let folder = origin.parent().unwrap_or(Path::new(""));
        let name = Path::new(from).parent().unwrap_or(Path::new("")).join(path);
        self.open_at(folder, path, tidy(&name))
    }

    /// The files that were read from disk, absolute.
    #[must_use]
    pub fn on_disk(&self) -> Vec<PathBuf> {
        self.seen.borrow().iter().map(|seen| seen.path.clone()).collect()
    }

    fn open_at(&self, folder: &Path, path: &str, name: String) -> Result<Text, FileError> {
        let full = folder.join(path);
        if path.is_empty() || !full.exists() {
            return library(path);
        }
        let text = read(&full, &name)?;
        let full = std::path::absolute(&full).unwrap_or(full);
        let identity = full.canonicalize().unwrap_or_else(|_| full.clone());
        let mut seen = self.seen.borrow_mut();
        if let Some(known) = seen.iter().find(|seen| seen.identity == identity) {
            return Ok(Text { name: known.name.clone(), text, path: Some(known.path.clone()) });
        }
        seen.push(Seen { name: name.clone(), path: full.clone(), identity });
        Ok(Text { name, text, path: Some(full) })
    }
}

fn library(path: &str) -> Result<Text, FileError> {
    match find(path) {
        Some(format) => Ok(Text { name: format.name.to_owned(), text: format.text.to_owned(), path: None }),
        None => {
            let file = Path::new(path).file_name().and_then(|name| name.to_str());
            let in_library = file.is_some_and(|file| find(file).is_some());
            Err(FileError::NotFound { path: path.to_owned(), in_library })
        }
    }
}

fn read(full: &Path, name: &str) -> Result<String, FileError> {
    if full.is_dir() {
        return Err(FileError::Folder { path: name.to_owned() });
    }
    let mut bytes = Vec::new();
    let unreadable = |error| FileError::Unreadable { path: name.to_owned(), error };
    File::open(full).map_err(unreadable)?.take(MAX_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| FileError::NotUtf8 {
        path: name.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })
}

/// A path without `.` and without `folder/..`, with `/` everywhere.
fn tidy(path: &Path) -> String {
    let mut parts: Vec<Component<'_>> = Vec::new();
    for part in path.components() {
        match (part, parts.last()) {
            (Component::CurDir, _) => {}
            (Component::ParentDir, Some(Component::Normal(_))) => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let path: PathBuf = parts.into_iter().collect();
    path.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{FileError, Files};

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn the_disk_wins_over_the_library() {
        let folder = folder(&[("arm64-hyp.pt", "mine")]);
        let files = Files::new(folder.path());
        assert_eq!(files.open("arm64-hyp.pt").unwrap().text, "mine");
        assert_eq!(files.on_disk().len(), 1);
        let embedded = files.open("arm64-hyp").unwrap();
        assert_eq!((embedded.name.as_str(), embedded.path), ("arm64-hyp.pt", None));
        assert_eq!(files.on_disk().len(), 1);
    }

    #[test]
    fn use_is_relative_to_the_file_it_stands_in() {
        let folder = folder(&[("a/root.pt", ""), ("a/near.pt", "near"), ("shared/far.pt", "far")]);
        let files = Files::new(folder.path());
        assert_eq!(files.open("a/root.pt").unwrap().name, "a/root.pt");
        let near = files.open_used("near.pt", "a/root.pt").unwrap();
        assert_eq!((near.name.as_str(), near.text.as_str()), ("a/near.pt", "near"));
        let far = files.open_used("../shared/far.pt", "a/root.pt").unwrap();
        assert_eq!((far.name.as_str(), far.text.as_str()), ("shared/far.pt", "far"));
        // The same file by another way has the same name, so that a circle is seen.
        assert_eq!(files.open_used("../a/./near.pt", "shared/far.pt").unwrap().name, "a/near.pt");
        assert_eq!(files.open_used("arm64.pt", "a/root.pt").unwrap().path, None);
    }

    #[test]
    fn the_library_uses_only_the_library() {
        let folder = folder(&[("arm64.pt", "mine")]);
        let files = Files::new(folder.path());
        assert_eq!(files.open("arm64-el2.pt").unwrap().path, None);
        assert_eq!(files.open_used("arm64.pt", "arm64-el2.pt").unwrap().path, None);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = folder(&[("folder.pt/x", "")]);
        fs::write(folder.path().join("bytes.pt"), b"ab\xffcd").unwrap();
        let files = Files::new(folder.path());
        let error = |spec: &str| files.open(spec).unwrap_err().to_string();
        assert_eq!(error("nothing.pt"), "`nothing.pt` is neither a file nor a format of the library");
        assert_eq!(error(""), "`` is neither a file nor a format of the library");
        assert_eq!(
            error("specs/arm64-hyp.pt"),
            "there is no file `specs/arm64-hyp.pt`; the library has the format, without the folder"
        );
        assert_eq!(error("folder.pt"), "`folder.pt` is a folder, not a spec");
        assert_eq!(error("bytes.pt"), "`bytes.pt` is not UTF-8: the byte at offset 2 fits in no character");
        assert!(matches!(files.open_used("x.pt", "bytes.pt"), Err(FileError::NotFound { .. })));
    }
}
