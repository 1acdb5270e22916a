//! The place of an output: what may be replaced there, and a hidden name beside it to work under.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use tempfile::{Builder, TempDir, TempPath};

use crate::error::{Code, Error, Result};

/// Where an output will be.
#[derive(Clone, Debug)]
pub struct Place {
    /// The final path: absolute, so that a change of the current folder does not matter, and never a symbolic link.
    pub path: PathBuf,
    /// The folder that it lies in.
    pub folder: PathBuf,
    /// Its name, shortened so that a longer one made from it is still a valid name.
    stem: String,
    /// Whether something that lies there may be replaced.
    pub overwrite: bool,
}

/// What an output that is one file holds. Only a file of the same kind is ever replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A ZIP archive.
    Zip,
    /// A report of an export as JSON.
    Report,
    /// An image in the PNG format.
    Png,
    /// A page in HTML.
    Html,
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "zip" => Ok(Self::Zip),
            "report" => Ok(Self::Report),
            "png" => Ok(Self::Png),
            "html" => Ok(Self::Html),
            _ => Err(Error::new(
                Code::BadOption,
                format!("invalid kind of file {text:?}: expected zip, report, png or html"),
            )),
        }
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Zip => "a ZIP archive",
            Kind::Report => "a report of framehaul",
            Kind::Png => "a PNG image",
            Kind::Html => "an HTML page",
        }
    }

    /// The extension without which a file is not of this kind; a report is recognised by its content alone.
    fn extension(self) -> Option<&'static str> {
        match self {
            Kind::Zip => Some("zip"),
            Kind::Report => None,
            Kind::Png => Some("png"),
            Kind::Html => Some("html"),
        }
    }

    /// Whether a file that starts with these bytes is of this kind.
    fn begins(self, start: &[u8]) -> bool {
        match self {
            Kind::Zip => start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06"),
            Kind::Png => start.starts_with(b"\x89PNG\r\n\x1a\n"),
            Kind::Html => start.to_ascii_lowercase().starts_with(b"<!doctype html"),
            Kind::Report => {
                // One report, or a list of them.
                let text: Vec<u8> = start.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
                text.strip_prefix(b"[").unwrap_or(&text).starts_with(b"{\"format\":")
            }
        }
    }

    fn is_kind_of(self, path: &Path) -> io::Result<bool> {
        let named = self
            .extension()
            .is_none_or(|wanted| path.extension().is_some_and(|found| found.eq_ignore_ascii_case(wanted)));
        let mut start = Vec::new();
        fs::File::open(path)?.take(64).read_to_end(&mut start)?;
        // A file without content is nobody's work.
        Ok(start.is_empty() || (named && self.begins(&start)))
    }
}

impl Place {
    /// The place that a path names. Errors: `not-writable` where the path has no name or no folder to lie in.
    pub fn new(path: &Path, overwrite: bool) -> Result<Self> {
        let whole = match path.symlink_metadata() {
            Ok(_) => path.canonicalize().map_err(|_| unwritable(path, "the output is a broken symbolic link"))?,
            Err(_) => std::path::absolute(path).map_err(|error| unwritable(path, &error.to_string()))?,
        };
        let (Some(folder), Some(name)) = (whole.parent(), whole.file_name()) else {
            return Err(unwritable(path, "the output needs a name"));
        };
        if !folder.is_dir() {
            return Err(unwritable(path, "the folder of the output does not exist").advise("create the folder first"));
        }
        let stem = name.to_string_lossy().chars().take(50).collect();
        Ok(Self { path: folder.join(name), folder: folder.to_owned(), stem, overwrite })
    }

    /// The place of an output that is one file. Errors: as above, and `output-exists` where something lies that must
    /// not be replaced.
    pub fn of_file(path: &Path, kind: Kind, overwrite: bool) -> Result<Self> {
        let place = Self::new(path, overwrite)?;
        place.check_file(kind)?;
        Ok(place)
    }

    /// Checks that nothing lies here, or only what may be replaced by a file of this kind.
    fn check_file(&self, kind: Kind) -> Result<()> {
        let Ok(found) = self.path.symlink_metadata() else { return Ok(()) };
        if !self.overwrite {
            return Err(self.taken());
        }
        // Replacing a device such as /dev/null by a file would be a bad surprise.
        if !found.is_file() {
            return Err(unwritable(&self.path, "the output exists and is not a file"));
        }
        if kind.is_kind_of(&self.path).map_err(|error| self.error(&error))? {
            return Ok(());
        }
        let message = format!("the output exists and is not {}, so it is not replaced", kind.name());
        Err(Error::new(Code::OutputExists, message)
            .in_file(self.path.display().to_string())
            .advise("choose another name or remove the file yourself"))
    }

    /// A new file `.NAME.<random>.part` beside the place, which vanishes with the path returned.
    pub fn file(&self) -> Result<(fs::File, TempPath)> {
        self.hidden(0o666, |builder| builder.tempfile_in(&self.folder)).map(tempfile::NamedTempFile::into_parts)
    }

    /// A new folder `.NAME.<random>.part`, which vanishes with the value returned, in another one.
    pub fn folder_in(&self, parent: &Path) -> Result<TempDir> {
        self.hidden(0o777, |builder| builder.tempdir_in(parent))
    }

    /// Whether a name is one of those that an export to this place works under, perhaps one that was killed.
    pub fn is_hidden(&self, name: &std::ffi::OsStr) -> bool {
        name.to_str().is_some_and(|name| name.starts_with(&format!(".{}.", self.stem)) && name.ends_with(HIDDEN_SUFFIX))
    }

    /// Puts a file that is whole under the final name: after a crash of the machine there is the old one or the new
    /// one. Errors: `output-exists` when something appeared there since the start, and what writing gives.
    pub fn put(&self, file: fs::File, hidden: TempPath, kind: Kind) -> Result<()> {
        synced(file.sync_all()).map_err(|error| self.error(&error))?;
        drop(file);
        let moved = if self.overwrite {
            self.check_file(kind)?;
            hidden.persist(&self.path)
        } else {
            hidden.persist_noclobber(&self.path)
        };
        moved.map_err(|failure| self.error(&failure.error))
    }

    /// The error that says that something is in the way.
    pub fn taken(&self) -> Error {
        Error::new(Code::OutputExists, "the output exists already")
            .in_file(self.path.display().to_string())
            .advise("choose another name or pass --overwrite")
    }

    /// What the operating system said, about this place.
    pub fn error(&self, error: &io::Error) -> Error {
        match error.kind() {
            // The output itself need not exist: what is missing is where it was being made.
            io::ErrorKind::NotFound => self.changed(),
            _ => Error::io(&self.path, error),
        }
    }

    /// Something else has moved or removed the unfinished output.
    pub fn changed(&self) -> Error {
        Error::new(Code::Io, "the output was changed by something else while it was written")
            .in_file(self.path.display().to_string())
            .advise("run the export again")
    }

    /// Makes something under a hidden name. The umask applies to `mode`; without it, only the owner could read the
    /// output.
    fn hidden<T>(&self, mode: u32, make: impl FnOnce(&Builder<'_, '_>) -> io::Result<T>) -> Result<T> {
        let prefix = format!(".{}.", self.stem);
        let mut builder = Builder::new();
        builder.prefix(&prefix).suffix(HIDDEN_SUFFIX);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
        #[cfg(not(unix))]
        let _ = mode;
        // Only the kind of error: its text has the hidden name, which would puzzle.
        make(&builder).map_err(|error| self.error(&error.kind().into()))
    }
}

/// What hidden names end in.
const HIDDEN_SUFFIX: &str = ".part";

/// What syncing said; a file system that cannot sync is no reason to fail.
pub fn synced(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        other => other,
    }
}

/// An output that cannot lie where it should.
pub fn unwritable(path: &Path, message: &str) -> Error {
    Error::new(Code::NotWritable, message).in_file(path.display().to_string())
}
