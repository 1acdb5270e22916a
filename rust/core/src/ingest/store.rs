//! The files of a source, be they members of an archive or files in a folder.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rawzip::time::UtcDateTime;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::archive::{Archive, is_json};
use super::json::{Input, Reader};
use super::watch::Watch;
use crate::error::{Code, Error, Result};

/// Files that are read whole must not be larger: labels, jobs, tasks.
const MAX_WHOLE: u64 = 256 * 1024 * 1024;

/// How deep folders are looked through: `task_1/job_2/annotations.json`.
const MAX_DEPTH: usize = 3;

/// Where the files of a source are.
pub enum Store {
    /// Members of a ZIP archive.
    Archive(Archive),
    /// Files below a folder.
    Folder(Folder),
}

/// A folder and its JSON files.
pub struct Folder {
    path: PathBuf,
    names: BTreeSet<String>,
    size: u64,
    /// When the newest of the files was changed.
    newest: Option<SystemTime>,
}

impl Store {
    /// Opens an archive or looks through a folder.
    pub fn open(path: &Path) -> Result<Self> {
        if path.is_dir() {
            let mut folder = Folder { path: path.to_owned(), names: BTreeSet::new(), size: 0, newest: None };
            folder.look_through(path, "", MAX_DEPTH)?;
            Ok(Self::Folder(folder))
        } else {
            Archive::open(path).map(Self::Archive)
        }
    }

    /// Whether there is a JSON file of this name.
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::Archive(archive) => archive.has(name),
            Self::Folder(folder) => folder.names.contains(name),
        }
    }

    /// Bytes of all JSON files, unpacked.
    pub fn size(&self) -> u64 {
        match self {
            Self::Archive(archive) => archive.size(),
            Self::Folder(folder) => folder.size,
        }
    }

    /// The date of the newest file, as a server writes dates.
    pub fn newest(&self) -> Option<String> {
        match self {
            Self::Archive(archive) => archive.newest(),
            Self::Folder(folder) => {
                let seconds = folder.newest?.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
                let time = UtcDateTime::from_unix(i64::try_from(seconds).ok()?);
                let (date, clock) =
                    ((time.year(), time.month(), time.day()), (time.hour(), time.minute(), time.second()));
                Some(format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", date.0, date.1, date.2, clock.0, clock.1, clock.2))
            }
        }
    }

    /// The numbers N of the folders `{stem}N` in `folder` (empty, or ending in `/`), ascending.
    pub fn numbered(&self, folder: &str, stem: &str) -> Vec<u64> {
        let number = |name: &str| name.strip_prefix(folder)?.strip_prefix(stem)?.split_once('/')?.0.parse::<u64>().ok();
        let numbers: BTreeSet<u64> = match self {
            Self::Archive(archive) => archive.names().filter_map(number).collect(),
            Self::Folder(files) => files.names.iter().filter_map(|name| number(name)).collect(),
        };
        numbers.into_iter().collect()
    }

    /// Names of all files below a folder (ending in `/`), pictures too, without it.
    pub fn names_below(&self, folder: &str) -> Result<Vec<String>> {
        match self {
            Self::Archive(archive) => archive.names_below(folder),
            // An unpacked backup without a manifest is not worth a walk through its pictures.
            Self::Folder(_) => Ok(Vec::new()),
        }
    }

    /// A file as a stream of JSON.
    pub fn reader<'a>(&'a self, name: &'a str, watch: &'a Watch<'a>) -> Result<Reader<'a>> {
        match self {
            Self::Archive(archive) => archive.member(name, watch)?.map(Reader::new),
            Self::Folder(folder) => folder.file(name, watch)?.map(Reader::new),
        }
        .ok_or_else(|| missing(name))
    }

    /// A small file, read whole.
    pub fn whole<T: DeserializeOwned>(&self, name: &str, watch: &Watch<'_>) -> Result<T> {
        parse(&self.bytes(name, watch)?, name)
    }

    /// The list in a small file: as it is, or as the only page of one, as servers answer.
    pub fn list<T: DeserializeOwned>(&self, name: &str, watch: &Watch<'_>) -> Result<Vec<T>> {
        let bytes = self.bytes(name, watch)?;
        if bytes.trim_ascii_start().starts_with(b"[") {
            return parse(&bytes, name);
        }
        let page: Page<T> = parse(&bytes, name)?;
        let count = page.results.len() as u64;
        if page.next.is_some() || page.count.is_some_and(|all| all != count) {
            let error = Error::new(Code::MissingFile, format!("one page of several, with {count} entries"));
            return Err(error.in_file(name).advise("put the results of all pages into this file"));
        }
        Ok(page.results)
    }

    fn bytes(&self, name: &str, watch: &Watch<'_>) -> Result<Vec<u8>> {
        let bytes = match self {
            Self::Archive(archive) => archive.member(name, watch)?.map(read_whole),
            Self::Folder(folder) => folder.file(name, watch)?.map(read_whole),
        };
        bytes.ok_or_else(|| missing(name))?.map_err(|error| error.in_file(name))
    }
}

/// A page of a longer list.
#[derive(Deserialize)]
struct Page<T> {
    count: Option<u64>,
    next: Option<String>,
    results: Vec<T>,
}

fn parse<T: DeserializeOwned>(bytes: &[u8], name: &str) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| {
        let code = if error.is_eof() { Code::TruncatedJson } else { Code::MalformedJson };
        Error::new(code, error.to_string()).in_file(name)
    })
}

impl Folder {
    fn look_through(&mut self, path: &Path, prefix: &str, depth: usize) -> Result<()> {
        let failed = |error: std::io::Error| Error::io(path, &error);
        for entry in std::fs::read_dir(path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            // Follows links, since a dataset is often linked together from several disks.
            let Ok(metadata) = std::fs::metadata(entry.path()) else { continue };
            if metadata.is_dir() && depth > 1 {
                self.look_through(&entry.path(), &format!("{prefix}{name}/"), depth - 1)?;
            } else if metadata.is_file() && is_json(&name) {
                self.newest = self.newest.max(metadata.modified().ok());
                self.size = self.size.saturating_add(metadata.len());
                self.names.insert(format!("{prefix}{name}"));
            }
        }
        Ok(())
    }

    fn file<'a>(&self, name: &str, watch: &'a Watch<'a>) -> Result<Option<Watched<'a>>> {
        if !self.names.contains(name) {
            return Ok(None);
        }
        let path = self.path.join(name);
        let file = File::open(&path).map_err(|error| Error::io(&path, &error))?;
        Ok(Some(Watched { path, file, watch }))
    }
}

struct Watched<'a> {
    path: PathBuf,
    file: File,
    watch: &'a Watch<'a>,
}

impl Input for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.file.read(buffer).map_err(|error| Error::io(&self.path, &error))?;
        self.watch.read(count as u64)?;
        Ok(count)
    }
}

fn missing(name: &str) -> Error {
    Error::new(Code::MissingFile, "the source lacks this file").in_file(name)
}

fn read_whole(mut input: impl Input) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = input.read(&mut buffer)?;
        if count == 0 {
            return Ok(bytes);
        }
        bytes.extend_from_slice(&buffer[..count]);
        if bytes.len() as u64 > MAX_WHOLE {
            return Err(Error::new(
                Code::TooLarge,
                format!("more than {MAX_WHOLE} bytes where a small file was expected"),
            ));
        }
    }
}
