//! A folder with the members as files, built under a hidden name and moved into place at the end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use tempfile::TempDir;

use crate::error::{Code, Error, Result};
use crate::paths::{Place, exchange, fill, sync_folder, unwritable};

use super::pack::{Content, Packed, Packing};
use super::record::{self, Record};
use super::{Sink, Written, check_name, misuse};

/// A folder of files.
pub struct Folder {
    open: Option<Open>,
    record: Record,
    // Declared after the open files, which are closed before it is removed.
    hidden: TempDir,
    place: Place,
    written: Written,
}

struct Open {
    file: BufWriter<File>,
    name: String,
}

impl Folder {
    /// Begins a folder that will be at `path`. An empty folder may be there already, with `overwrite` also one in which
    /// framehaul wrote every file. Errors: `output-exists`, `not-writable`.
    pub fn create(path: &Path, overwrite: bool) -> Result<Self> {
        let place = Place::new(path, overwrite)?;
        let hidden = match occupant(&place)? {
            Occupant::Nothing => place.folder_in(&place.folder)?,
            // A folder that is empty or in use is filled, not replaced: it may be a mounted volume or somebody's current
            // folder. So the hidden one is made inside it, on the same file system.
            Occupant::Empty => place.folder_in(&place.path)?,
            Occupant::Ours if is_in_use(&place) => place.folder_in(&place.path)?,
            Occupant::Ours => place.folder_in(&place.folder).or_else(|_| place.folder_in(&place.path))?,
        };
        let record = Record::create(hidden.path()).map_err(|error| place.error(&error))?;
        Ok(Self { open: None, record, hidden, place, written: Written::default() })
    }

    /// What the operating system said about a member, under its final name.
    fn error(&self, name: &str, error: &io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::NotFound => self.place.changed(),
            io::ErrorKind::AlreadyExists => {
                Error::new(Code::NameCollision, "the file system takes two member names for one").in_file(name)
            }
            _ => Error::io(&self.place.path.join(name), error),
        }
    }

    fn create_file(&mut self, name: &str) -> Result<File> {
        let path = self.hidden.path().join(name);
        let open = || OpenOptions::new().write(true).create_new(true).open(&path);
        let made = match open() {
            // The first file of its folder.
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.create_folders(name).and_then(|()| open()),
            made => made,
        };
        let listed = made.and_then(|file| self.record.add(name).map(|()| file));
        listed.map_err(|error| self.error(name, &error))
    }

    /// Makes the folders of a member, but never the hidden one again: if something removed that, files are missing.
    fn create_folders(&self, name: &str) -> io::Result<()> {
        for (end, _) in name.match_indices('/') {
            match fs::create_dir(self.hidden.path().join(&name[..end])) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Sink for Folder {
    fn packing(&self) -> Packing {
        Packing::Plain
    }

    fn begin(&mut self, name: &str) -> Result<()> {
        check_name(name)?;
        if self.open.is_some() {
            return Err(misuse("a member begins inside another"));
        }
        let file = BufWriter::new(self.create_file(name)?);
        self.open = Some(Open { file, name: name.to_owned() });
        Ok(())
    }

    fn begin_stored(&mut self, name: &str) -> Result<()> {
        self.begin(name)
    }

    fn write(&mut self, chunk: Packed) -> Result<()> {
        if chunk.packing != Packing::Plain {
            return Err(misuse("a chunk was packed for another sink"));
        }
        match (chunk.content, &mut self.open) {
            (Content::Part(..), Some(open)) => {
                open.file
                    .write_all(&chunk.bytes)
                    .map_err(|error| Error::io(&self.place.path.join(&open.name), &error))?;
            }
            (Content::Files(files), None) => {
                let mut rest = chunk.bytes.as_slice();
                for (name, entry) in files.iter() {
                    let (content, after) = rest.split_at(entry.packed as usize);
                    rest = after;
                    let written = self.create_file(name)?.write_all(content);
                    written.map_err(|error| self.error(name, &error))?;
                }
                self.written.members += files.len() as u64;
            }
            _ => return Err(misuse("a chunk came at the wrong time")),
        }
        self.written.bytes += chunk.bytes.len() as u64;
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        let mut open = self.open.take().ok_or_else(|| misuse("a member ends that never began"))?;
        open.file.flush().map_err(|error| self.error(&open.name, &error))?;
        self.written.members += 1;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Written> {
        let Self { open, record, hidden, place, written } = *self;
        if open.is_some() {
            return Err(misuse("a folder ends inside a member"));
        }
        let error = |error: io::Error| place.error(&error);
        record.finish().map_err(error)?;
        // Something else may have removed files, and the folder must be whole before it gets its name.
        let count = record::count(hidden.path()).map_err(error)?;
        if count != written.members + 1 {
            return Err(place.changed());
        }
        sync_folder(hidden.path()).map_err(error)?;
        let is_inside = hidden.path().parent() == Some(&place.path);
        match occupant(&place)? {
            Occupant::Nothing if is_inside => return Err(place.changed()),
            _ if is_inside => fill(&place, hidden.path())?,
            Occupant::Ours => exchange(&place, &hidden)?,
            // Renaming a folder replaces nothing but an empty folder.
            Occupant::Nothing | Occupant::Empty => {
                fs::rename(hidden.path(), &place.path).map_err(|error| match error.kind() {
                    io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotADirectory => place.taken(),
                    _ => place.error(&error),
                })?;
                let _moved_away = hidden.keep();
            }
        }
        Ok(written)
    }
}

enum Occupant {
    Nothing,
    Empty,
    /// A folder that may be replaced: framehaul wrote every file in it.
    Ours,
}

/// What there is at the place of a folder. Errors: something that must not be replaced.
fn occupant(place: &Place) -> Result<Occupant> {
    if place.path.symlink_metadata().is_err() {
        return Ok(Occupant::Nothing);
    }
    if !place.path.is_dir() {
        return Err(if place.overwrite {
            unwritable(&place.path, "the output exists and is not a folder")
        } else {
            place.taken()
        });
    }
    match record::content(place).map_err(|error| place.error(&error))? {
        record::Content::Nothing => Ok(Occupant::Empty),
        _ if !place.overwrite => Err(place.taken()),
        record::Content::Ours => Ok(Occupant::Ours),
        record::Content::Foreign(file) => {
            let message = "the output folder holds a file that framehaul did not write, so it is not replaced";
            Err(Error::new(Code::OutputExists, message)
                .in_file(place.path.join(file).display().to_string())
                .advise("move the file away or choose another folder"))
        }
    }
}

/// Whether a folder must stay the same one: the current folder is in it, or it is a mounted file system.
fn is_in_use(place: &Place) -> bool {
    let current = std::env::current_dir().and_then(|folder| folder.canonicalize());
    current.map_or(true, |current| current.starts_with(&place.path)) || is_mounted(place)
}

#[cfg(unix)]
fn is_mounted(place: &Place) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| path.metadata().map(|found| found.dev()).ok();
    device(&place.path) != device(&place.folder)
}

#[cfg(not(unix))]
fn is_mounted(_: &Place) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::super::Packer;
    use super::*;

    /// All files below a folder, with their contents, but not the record.
    fn files(folder: &Path) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.file_name().unwrap() != record::RECORD {
                    let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                    found.push((name, fs::read_to_string(path).unwrap()));
                }
            }
        }
        found.sort();
        found
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, content)| ((*name).to_owned(), (*content).to_owned())).collect()
    }

    fn write_two(sink: &mut Folder) {
        let mut packer = Packer::new(sink.packing());
        sink.begin("a.txt").unwrap();
        for part in ["one ", "two"] {
            sink.write(packer.part(part.as_bytes()).unwrap()).unwrap();
        }
        sink.end().unwrap();
        packer.file("labels/ä/1.txt", b"x").unwrap();
        packer.stored_file("labels/2.txt", b"", None).unwrap();
        sink.write(packer.take()).unwrap();
    }

    const TWO: [(&str, &str); 3] = [("a.txt", "one two"), ("labels/2.txt", ""), ("labels/ä/1.txt", "x")];

    #[test]
    fn members_become_files_in_a_new_or_an_empty_folder() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("empty")).unwrap();
        for name in ["new", "empty", "slash/"] {
            let path = root.path().join(name);
            let mut sink = Folder::create(&path, false).unwrap();
            write_two(&mut sink);
            assert!(!path.join("a.txt").exists());
            assert_eq!(Box::new(sink).finish().unwrap(), Written { bytes: 8, members: 3 });
            assert_eq!(files(&path), pairs(&TWO));
            assert_eq!(fs::read_dir(&path).unwrap().count(), 3);
        }
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_folder_that_holds_something_is_replaced_only_when_told_so_and_only_at_the_end() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("out");
        let mut old = Folder::create(&path, false).unwrap();
        old.begin("labels/old.txt").unwrap();
        old.write(Packer::new(Packing::Plain).part(b"old").unwrap()).unwrap();
        old.end().unwrap();
        Box::new(old).finish().unwrap();
        assert_eq!(Folder::create(&path, false).err().unwrap().code(), Code::OutputExists);
        let mut sink = Folder::create(&path, true).unwrap();
        write_two(&mut sink);
        assert_eq!(fs::read_to_string(path.join("labels/old.txt")).unwrap(), "old");
        Box::new(sink).finish().unwrap();
        assert_eq!(files(root.path()).len(), 3);
        assert_eq!(files(&path), pairs(&TWO));
    }

    #[test]
    fn a_folder_that_is_given_up_leaves_all_as_it_was() {
        let root = tempfile::tempdir().unwrap();
        let old = root.path().join("old");
        let mut sink = Folder::create(&old, false).unwrap();
        write_two(&mut sink);
        Box::new(sink).finish().unwrap();
        for name in ["new", "old"] {
            let mut sink = Folder::create(&root.path().join(name), true).unwrap();
            write_two(&mut sink);
            sink.begin("half").unwrap();
            assert_eq!(Box::new(sink).finish().unwrap_err().code(), Code::Internal);
            assert_eq!(files(&old), pairs(&TWO));
            assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_file_of_others_protects_a_folder_from_the_start_and_until_the_end() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("out");
        let mut sink = Folder::create(&path, false).unwrap();
        write_two(&mut sink);
        Box::new(sink).finish().unwrap();
        let mut sink = Folder::create(&path, true).unwrap();
        sink.begin("b.txt").unwrap();
        sink.end().unwrap();
        fs::write(path.join("labels/mine.txt"), "mine").unwrap();
        for refused in [Box::new(sink).finish().unwrap_err(), Folder::create(&path, true).err().unwrap()] {
            assert_eq!(refused.code(), Code::OutputExists);
            assert!(refused.place().file.as_ref().unwrap().ends_with("mine.txt"));
        }
        assert_eq!(fs::read_to_string(path.join("a.txt")).unwrap(), "one two");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_hidden_folder_that_is_removed_is_not_made_again() {
        let root = tempfile::tempdir().unwrap();
        let mut sink = Folder::create(&root.path().join("out"), false).unwrap();
        write_two(&mut sink);
        fs::remove_dir_all(sink.hidden.path()).unwrap();
        assert_eq!(sink.begin("labels/3.txt").unwrap_err().code(), Code::Io);
        assert_eq!(Box::new(sink).finish().unwrap_err().code(), Code::Io);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_appears_during_the_work_is_not_replaced() {
        let root = tempfile::tempdir().unwrap();
        let (new, empty) = (root.path().join("new"), root.path().join("empty"));
        fs::create_dir(&empty).unwrap();
        let mut sinks = [Folder::create(&new, false).unwrap(), Folder::create(&empty, false).unwrap()];
        sinks.iter_mut().for_each(write_two);
        fs::create_dir_all(&new).unwrap();
        for path in [&new, &empty] {
            fs::write(path.join("labels"), "somebody else's").unwrap();
        }
        for sink in sinks {
            assert_eq!(Box::new(sink).finish().unwrap_err().code(), Code::OutputExists);
        }
        let foreign = "somebody else's";
        assert_eq!(files(root.path()), pairs(&[("empty/labels", foreign), ("new/labels", foreign)]));
    }

    #[test]
    fn a_file_in_place_of_the_folder_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("file");
        fs::write(&path, "kept").unwrap();
        assert_eq!(Folder::create(&path, false).err().unwrap().code(), Code::OutputExists);
        assert_eq!(Folder::create(&path, true).err().unwrap().code(), Code::NotWritable);
        assert_eq!(files(root.path()), pairs(&[("file", "kept")]));
    }

    #[test]
    fn two_members_of_one_name_collide() {
        let root = tempfile::tempdir().unwrap();
        let mut sink = Folder::create(&root.path().join("out"), false).unwrap();
        write_two(&mut sink);
        assert_eq!(sink.begin("a.txt").unwrap_err().code(), Code::NameCollision);
    }
}
