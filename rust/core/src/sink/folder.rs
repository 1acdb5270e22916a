//! A folder with the members as files, built under a hidden name and moved into place at the end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::{Code, Error, Result};

use super::pack::{Chunk, Content, Packing};
use super::place::{Place, unwritable};
use super::{Sink, Written, check_name, misuse};

/// A folder of files.
pub struct Folder {
    open: Option<Open>,
    // Declared after the open file, which is closed before it is removed.
    hidden: TempDir,
    place: Place,
    written: Written,
}

struct Open {
    file: BufWriter<File>,
    name: String,
}

impl Folder {
    /// Begins a folder that will be at `path`. An empty folder may be there already. Errors: `output-exists`,
    /// `not-writable`.
    pub fn create(path: &Path, overwrite: bool) -> Result<Self> {
        let place = Place::new(path, overwrite)?;
        // A folder that is there is filled, not replaced: it may be a mounted volume or somebody's current folder. So
        // the hidden one is made inside it, on the same file system.
        let parent = match occupant(&place)? {
            Occupant::Nothing => &place.folder,
            Occupant::Empty => &place.path,
            Occupant::Entries if !overwrite => return Err(place.taken()),
            Occupant::Entries if is_sheltered(&place.path) => {
                let message = "the folder holds the current or the home folder, and everything in it would be deleted";
                return Err(unwritable(path, message).advise("name a folder of its own for the output"));
            }
            Occupant::Entries => &place.path,
        };
        let hidden = place.folder_in(parent)?;
        Ok(Self { open: None, hidden, place, written: Written::default() })
    }

    /// What the operating system said about a member, under its final name.
    fn error(&self, name: &str, error: &io::Error) -> Error {
        Error::io(&self.place.path.join(name), error)
    }

    fn create_file(&self, name: &str) -> Result<File> {
        let path = self.hidden.path().join(name);
        let open = || OpenOptions::new().write(true).create_new(true).open(&path);
        let made = match (open(), path.parent()) {
            // The first file of its folder.
            (Err(error), Some(parent)) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(parent).and_then(|()| open())
            }
            (made, _) => made,
        };
        match made {
            Ok(file) => Ok(file),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Error::new(Code::NameCollision, "the file system takes two member names for one").in_file(name))
            }
            Err(error) => Err(self.error(name, &error)),
        }
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

    fn write(&mut self, chunk: Chunk) -> Result<()> {
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
        let Self { open, hidden, place, written } = *self;
        if open.is_some() {
            return Err(misuse("a folder ends inside a member"));
        }
        if hidden.path().parent() == Some(&place.path) {
            fill(&place, &hidden)?;
        } else {
            // Renaming a folder replaces nothing but an empty folder.
            fs::rename(hidden.path(), &place.path).map_err(|error| match error.kind() {
                io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotADirectory => place.taken(),
                _ => place.error(&error),
            })?;
            let _moved_away = hidden.keep();
        }
        Ok(written)
    }
}

enum Occupant {
    Nothing,
    Empty,
    Entries,
}

/// What there is at the place of a folder. Errors: something that is no folder.
fn occupant(place: &Place) -> Result<Occupant> {
    if place.path.symlink_metadata().is_err() {
        return Ok(Occupant::Nothing);
    }
    if !place.path.is_dir() {
        return Err(if place.overwrite {
            unwritable(&place.path, "the output exists and is no folder")
        } else {
            place.taken()
        });
    }
    let mut entries = fs::read_dir(&place.path).map_err(|error| place.error(&error))?;
    Ok(if entries.next().is_some() { Occupant::Entries } else { Occupant::Empty })
}

/// Whether the current or the home folder is in a folder, or is it.
fn is_sheltered(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return true };
    let places = [std::env::current_dir().ok(), std::env::home_dir()];
    places.into_iter().flatten().filter_map(|place| place.canonicalize().ok()).any(|place| place.starts_with(&path))
}

/// Moves what the hidden folder holds up into the folder around it, in place of what that one held. If that fails,
/// everything is moved back.
fn fill(place: &Place, hidden: &TempDir) -> Result<()> {
    let old = place.folder_in(&place.path)?;
    let keep = [hidden.path(), old.path()];
    let mut moved = Vec::new();
    let mut replace = || {
        if place.overwrite {
            move_entries(&place.path, old.path(), &keep, &mut moved)?;
        }
        move_entries(hidden.path(), &place.path, &[], &mut moved)
    };
    replace().map_err(|error| {
        for (from, to) in moved.iter().rev() {
            // Nothing more can be done about a second failure; the first is the one to report.
            let _ = fs::rename(to, from);
        }
        place.error(&error)
    })
}

/// Moves the entries of one folder into another, but not those of `keep`, and notes every move.
fn move_entries(from: &Path, to: &Path, keep: &[&Path], moved: &mut Vec<(PathBuf, PathBuf)>) -> io::Result<()> {
    // All are read before the first is moved: what a listing shows of a folder that changes is not defined.
    let entries = fs::read_dir(from)?.collect::<io::Result<Vec<_>>>()?;
    for entry in entries {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if keep.contains(&path.as_path()) {
            continue;
        }
        if target.symlink_metadata().is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(&path, &target)?;
        moved.push((path, target));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Packer;
    use super::*;

    /// All files below a folder, with their contents.
    fn files(folder: &Path) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
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
            assert_eq!(fs::read_dir(&path).unwrap().count(), 2);
        }
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_folder_that_holds_something_is_replaced_only_when_told_so_and_only_at_the_end() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("out");
        fs::create_dir_all(path.join("labels")).unwrap();
        fs::write(path.join("labels/old.txt"), "old").unwrap();
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
        for name in ["new", "old"] {
            fs::create_dir_all(root.path().join("old")).unwrap();
            fs::write(root.path().join("old/kept.txt"), "kept").unwrap();
            let mut sink = Folder::create(&root.path().join(name), true).unwrap();
            write_two(&mut sink);
            sink.begin("half").unwrap();
            assert_eq!(Box::new(sink).finish().unwrap_err().code(), Code::Internal);
            assert_eq!(files(root.path()), pairs(&[("old/kept.txt", "kept")]));
            assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        }
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
    fn a_folder_that_shelters_the_current_one_is_never_emptied() {
        let refused = Folder::create(Path::new("."), true).err().unwrap();
        assert_eq!(refused.code(), Code::NotWritable);
        let parent = std::env::current_dir().unwrap().parent().unwrap().to_owned();
        assert_eq!(Folder::create(&parent, true).err().unwrap().code(), Code::NotWritable);
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
