//! The place of an output: is it free, is it writable, and a hidden name beside it to work under.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::{Builder, TempDir, TempPath};

use crate::error::{Code, Error, Result};

/// Where an output will be.
#[derive(Debug)]
pub struct Place {
    /// The final path, absolute, so that a change of the current folder does not matter.
    pub path: PathBuf,
    /// The folder that it lies in.
    pub folder: PathBuf,
    /// Its name, shortened so that a longer one made from it is still a valid name.
    stem: String,
    /// Whether something that lies there may be replaced.
    pub overwrite: bool,
}

impl Place {
    /// The place that a path names. Errors: `not-writable` where the path has no name or no folder to lie in.
    pub fn new(path: &Path, overwrite: bool) -> Result<Self> {
        let whole = std::path::absolute(path).map_err(|error| unwritable(path, &error.to_string()))?;
        let (Some(folder), Some(name)) = (whole.parent(), whole.file_name()) else {
            return Err(unwritable(path, "the output needs a name"));
        };
        if !folder.is_dir() {
            return Err(unwritable(path, "the folder of the output does not exist").advise("create the folder first"));
        }
        let stem = name.to_string_lossy().chars().take(50).collect();
        Ok(Self { path: folder.join(name), folder: folder.to_owned(), stem, overwrite })
    }

    /// A new file `.NAME.<random>.part` beside the place, which vanishes with the path returned.
    pub fn file(&self) -> Result<(fs::File, TempPath)> {
        let prefix = format!(".{}.", self.stem);
        let mut builder = Builder::new();
        builder.prefix(&prefix).suffix(".part");
        // The umask applies to these; without them, only the owner could read the output.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        builder
            .tempfile_in(&self.folder)
            .map(tempfile::NamedTempFile::into_parts)
            .map_err(|error| self.plain_error(&error))
    }

    /// A new folder `.NAME.<random>.part`, which vanishes with the value returned, in another one.
    pub fn folder_in(&self, parent: &Path) -> Result<TempDir> {
        let prefix = format!(".{}.", self.stem);
        let mut builder = Builder::new();
        builder.prefix(&prefix).suffix(".part");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        builder.tempdir_in(parent).map_err(|error| self.plain_error(&error))
    }

    /// The error that says that something is in the way.
    pub fn taken(&self) -> Error {
        Error::new(Code::OutputExists, "the output exists already")
            .in_file(self.path.display().to_string())
            .advise("choose another name or pass --overwrite")
    }

    /// What the operating system said, about this place.
    pub fn error(&self, error: &io::Error) -> Error {
        Error::io(&self.path, error)
    }

    /// The same without the name of the temporary file, which would only puzzle.
    fn plain_error(&self, error: &io::Error) -> Error {
        self.error(&error.kind().into())
    }
}

/// An output that cannot lie where it should.
pub fn unwritable(path: &Path, message: &str) -> Error {
    Error::new(Code::NotWritable, message).in_file(path.display().to_string())
}
