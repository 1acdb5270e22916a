//! Pictures that are files already: members of a backup, or files in a folder. They are copied byte for byte.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::{Location, Picture, Pictures, Stream};
use crate::dataset::{Dataset, Media, Task};
use crate::error::{Code, Error, Result};
use crate::ingest::archive::{self, Entry, Zip};
use crate::limits::Limits;
use crate::timeline::Timeline;

/// The largest file that is read into memory.
const MAX_IMAGE_BYTES: u64 = 1 << 30;

/// Where the files of all tasks are.
pub struct Files {
    place: Place,
    /// Whether the place was named for the purpose; else it is the source of the dataset.
    is_named: bool,
    limits: Limits,
}

enum Place {
    Nowhere,
    Folder(PathBuf),
    Archive { path: PathBuf, zip: Zip, members: HashMap<String, Entry> },
}

impl Files {
    /// Looks where the files are: in the folder or archive `named`, else in what the dataset was read from. The members of
    /// an archive are listed here, the files of a folder never.
    pub fn find(dataset: &Dataset, named: Option<&Path>) -> Result<Self> {
        let place = match named.or(dataset.source.as_deref()) {
            None => Place::Nowhere,
            Some(path) if path.is_dir() => Place::Folder(path.to_owned()),
            Some(path) => Place::archive(path).map_err(|error| error.in_file(path.display().to_string()))?,
        };
        Ok(Self { place, is_named: named.is_some(), limits: dataset.limits })
    }

    /// The names under which a file of a task may lie, most likely first.
    fn candidates(&self, task: &Task, name: &str) -> Vec<String> {
        let own = task.media_folder.iter().map(|folder| format!("{folder}{name}"));
        if !self.is_named {
            return own.collect();
        }
        let named = [format!("{}/{name}", task.name), name.to_owned(), format!("data/{name}")];
        own.chain(named).filter(|path| is_inside(Path::new(path))).collect()
    }

    /// Reads the file of a task, `name` being what the task calls it.
    pub fn read(&self, task: &Task, name: &str) -> Result<Picture> {
        self.first(task, name, |_, found| found.whole(&self.limits))
    }

    /// Where the file of a task is: the path of the file, or that of the archive and the member in it.
    pub fn locate(&self, task: &Task, name: &str) -> Result<Location> {
        self.first(task, name, |candidate, _| {
            Ok(match &self.place {
                Place::Archive { path, .. } => (path.clone(), Some(candidate.to_owned())),
                Place::Folder(path) => (path.join(candidate), None),
                Place::Nowhere => (PathBuf::new(), None),
            })
        })
    }

    /// The beginning of the file of a task: as many bytes as asked for, if it has them.
    pub fn head(&self, task: &Task, name: &str, length: u64) -> Result<Vec<u8>> {
        self.first(task, name, |_, found| Ok(found.bytes(length, &self.limits)?.bytes))
    }

    /// Hands over the file of a task, piece by piece. Damage shows when all of it has been handed over: `bad-picture`.
    pub fn copy(&self, task: &Task, name: &str, mut piece: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        self.first(task, name, |_, found| found.pieces(&self.limits, &mut piece))
    }

    fn first<T>(&self, task: &Task, name: &str, mut read: impl FnMut(&str, Found<'_>) -> Result<T>) -> Result<T> {
        if !is_inside(Path::new(name)) {
            return Err(Error::new(Code::UnsafeName, "the name of a picture leaves the folder").in_file(name));
        }
        for candidate in self.candidates(task, name) {
            let found = match &self.place {
                Place::Nowhere => None,
                Place::Folder(folder) => open_file(&folder.join(&candidate))?.map(Found::File),
                Place::Archive { zip, members, .. } => members.get(&candidate).map(|entry| Found::Member(zip, entry)),
            };
            if let Some(found) = found {
                return read(&candidate, found).map_err(|error| error.in_file(candidate));
            }
        }
        Err(self.missing(task, name))
    }

    fn missing(&self, task: &Task, name: &str) -> Error {
        let error = |what: &str| Error::new(Code::MissingFile, what).in_file(name);
        let place = match &self.place {
            Place::Folder(path) | Place::Archive { path, .. } if self.is_named || task.media_folder.is_some() => path,
            _ => return error("the source holds no pictures").advise("say where they are: --media DIR"),
        };
        error(&format!("the picture is not in {:?}", place.display().to_string()))
            .advise("give the folder that has it by --media, or leave it out by --on-error skip")
    }
}

impl Place {
    fn archive(path: &Path) -> Result<Self> {
        let zip = archive::open_zip(path)?;
        let mut members = HashMap::new();
        archive::each_entry(&zip, |name, record| {
            if !archive::is_json(name) && !record.is_dir() {
                members.insert(name.to_owned(), Entry::of(record));
            }
            Ok(())
        })?;
        Ok(Self::Archive { path: path.to_owned(), zip, members })
    }
}

/// A file that is there.
enum Found<'a> {
    File(File),
    Member(&'a Zip, &'a Entry),
}

impl Found<'_> {
    /// Its bytes. A file that is too large for memory is an error.
    fn whole(self, limits: &Limits) -> Result<Picture> {
        let size = match &self {
            Self::File(file) => file.metadata().map_err(|error| unreadable(&error))?.len(),
            Self::Member(_, entry) => entry.size(),
        };
        if size > MAX_IMAGE_BYTES {
            let message = format!("the file has {size} bytes; an image may have {MAX_IMAGE_BYTES}");
            return Err(Error::new(Code::TooLarge, message));
        }
        self.bytes(MAX_IMAGE_BYTES, limits)
    }

    /// Its first bytes, no more than `most`.
    fn bytes(self, most: u64, limits: &Limits) -> Result<Picture> {
        let mut bytes = Vec::new();
        match self {
            Self::File(file) => {
                file.take(most).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
                Ok(Picture { bytes, ..Picture::default() })
            }
            Self::Member(zip, entry) => {
                let reader = entry.reader(zip, limits)?;
                // One byte more than announced would be noticed.
                let most = most.min(entry.size().saturating_add(1));
                reader.take(most).read_to_end(&mut bytes).map_err(|error| damaged(&error.to_string()))?;
                if most <= entry.size() {
                    return Ok(Picture { bytes, ..Picture::default() });
                }
                let checksum = crc32fast::hash(&bytes);
                check(entry, bytes.len() as u64, checksum)?;
                Ok(Picture { bytes, checksum: Some(checksum), time: None })
            }
        }
    }

    fn pieces(self, limits: &Limits, piece: &mut impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        match self {
            Self::File(mut file) => pieces(&mut file, |error| unreadable(&error), piece),
            Self::Member(zip, entry) => {
                let (mut size, mut hasher) = (0, crc32fast::Hasher::new());
                let reader = entry.reader(zip, limits)?;
                let mut reader = reader.take(entry.size().saturating_add(1));
                pieces(&mut reader, |error| damaged(&error.to_string()), &mut |bytes: &[u8]| {
                    size += bytes.len() as u64;
                    hasher.update(bytes);
                    piece(bytes)
                })?;
                check(entry, size, hasher.finalize())
            }
        }
    }
}

/// Bytes of a piece of a file.
const PIECE: usize = 1 << 20;

fn pieces(
    reader: &mut dyn Read,
    failed: impl Fn(io::Error) -> Error,
    piece: &mut impl FnMut(&[u8]) -> Result<()>,
) -> Result<()> {
    let mut bytes = vec![0; PIECE];
    loop {
        match reader.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(count) => piece(&bytes[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
}

/// Refuses a member that is not what the directory says.
fn check(entry: &Entry, size: u64, checksum: u32) -> Result<()> {
    match (size == entry.size(), checksum == entry.crc) {
        (true, true) => Ok(()),
        (false, _) => Err(damaged("its size is not what the directory says")),
        (true, false) => Err(damaged("its checksum is not what the directory says")),
    }
}

fn damaged(what: &str) -> Error {
    Error::new(Code::BadPicture, format!("the file is damaged in the archive: {what}"))
}

fn unreadable(error: &io::Error) -> Error {
    Error::new(Code::Io, format!("the file cannot be read: {error}"))
}

/// Opens a file; `None` if there is none of this name. A FIFO is not opened: that waits for somebody to write to it.
fn open_file(path: &Path) -> Result<Option<File>> {
    match fs::metadata(path).and_then(|found| found.is_file().then(|| File::open(path)).transpose()) {
        Ok(file) => Ok(file),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(Error::io(path, &error)),
    }
}

/// Whether a relative path stays in its folder.
fn is_inside(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

impl Pictures for Files {
    fn open<'a>(&'a self, timeline: &'a Timeline<'a>, frames: &'a [u32]) -> Result<Stream<'a>> {
        let Media::Images { rows } = &timeline.task.media else { return Err(super::no_decoder()) };
        let images = &timeline.dataset.columns.images;
        Ok(Box::new(
            frames.iter().map(move |frame| self.read(timeline.task, images.name.value((rows.start + frame) as usize))),
        ))
    }
}
