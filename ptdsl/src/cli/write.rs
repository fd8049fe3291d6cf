//! Writes files whole or not at all.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use super::report::Failure;

/// What a file holds; `None` if it does not exist.
///
/// # Errors
/// It exists and cannot be read.
pub(crate) fn current(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(_) if path.is_dir() => {
            Err(Failure::usage(format!("`{}` is a folder, not a file", path.display())))
        }
        Err(error) => Err(Failure::usage(format!("`{}` cannot be read: {}", path.display(), reason(&error)))
            .help("name another file or folder")),
    }
}

/// Makes the file hold this text, and its folder if there is none. A file that already does is not touched.
/// Returns whether it was written.
///
/// # Errors
/// The folder or the file cannot be written; then the file is as it was.
pub(crate) fn replace(path: &Path, text: &str) -> Result<bool, Failure> {
    if current(path)?.as_deref() == Some(text.as_bytes()) {
        return Ok(false);
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(|error| {
        Failure::usage(format!("the folder `{}` cannot be made: {}", folder.display(), reason(&error)))
            .help("name a folder that can be written")
    })?;
    // A link stays a link: what it points to is replaced.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().unwrap_or(folder);
    let folder = if folder == Path::new("") { Path::new(".") } else { folder };
    write(folder, &target, text).map_err(|error| {
        Failure::usage(format!("`{}` cannot be written: {}", path.display(), reason(&error)))
    })?;
    Ok(true)
}

/// Writes beside the target, then takes its place in one step.
fn write(folder: &Path, target: &Path, text: &str) -> std::io::Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".ptdsl-");
    // A new file gets what the process's umask leaves of 666, not the 600 of temporary files.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    if let Ok(old) = fs::metadata(target) {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(target)?;
    Ok(())
}

/// What the system said, in words that are the same everywhere for the usual cases.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => "a part of its path is a file".to_owned(),
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        ErrorKind::StorageFull => "the disk is full".to_owned(),
        _ => error.to_string(),
    }
}
