//! Members of a ZIP archive as streams: stored or deflated, checked against the sizes and checksums of the directory,
//! and never more of them than the limits allow.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use rawzip::{CompressionMethod, FileReader, ZipArchive, ZipArchiveEntryWayfinder};

use super::json::Input;
use super::watch::Watch;
use crate::error::{Code, Error, Result};

/// A member that unpacks to less than this is let through whatever its ratio: short texts of one letter are no bombs.
const HARMLESS: u64 = 16 * 1024 * 1024;

/// Room for the longest record that a directory can have: three fields of 64 KiB.
const DIRECTORY_BUFFER: usize = 4 * 65536;

/// An open archive and where its JSON members are.
pub struct Archive {
    zip: ZipArchive<FileReader>,
    /// Pictures are left out: there may be millions, and nothing here reads them.
    members: BTreeMap<String, Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    way: ZipArchiveEntryWayfinder,
    crc: u32,
    method: CompressionMethod,
    encrypted: bool,
}

impl Archive {
    /// Reads the directory. Names that climb out and JSON members of one name are errors.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| Error::io(path, &error))?;
        let zip = ZipArchive::from_file(file, &mut vec![0; DIRECTORY_BUFFER])
            .map_err(|error| bad(format!("no ZIP archive, or one that is cut off: {error}")))?;
        let mut members = BTreeMap::new();
        each_entry(&zip, |name, record| {
            if !is_json(name) {
                return Ok(());
            }
            let entry = Entry {
                way: record.wayfinder(),
                crc: record.crc32(),
                method: record.compression_method(),
                encrypted: record.flags().is_encrypted(),
            };
            match members.insert(name.to_owned(), entry) {
                Some(_) => Err(bad("two members have this name").in_file(name)),
                None => Ok(()),
            }
        })?;
        Ok(Self { zip, members })
    }

    /// Names of the JSON members, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// Names of the members, JSON or not, below a folder (which ends in `/`), without it.
    pub fn names_below(&self, folder: &str) -> Result<Vec<String>> {
        let mut names = Vec::new();
        each_entry(&self.zip, |name, record| {
            if !record.is_dir() {
                names.extend(name.strip_prefix(folder).map(str::to_owned));
            }
            Ok(())
        })?;
        Ok(names)
    }

    /// Bytes that all JSON members unpack to, as the directory says.
    pub fn size(&self) -> u64 {
        self.members.values().fold(0, |sum, entry| sum.saturating_add(entry.way.uncompressed_size_hint()))
    }

    /// Whether there is a JSON member of this name.
    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// The member as a stream; `None` if there is none of this name.
    pub fn member<'a>(&'a self, name: &'a str, watch: &'a Watch<'a>) -> Result<Option<Member<'a>>> {
        let Some(entry) = self.members.get(name) else { return Ok(None) };
        let (packed, size) = (entry.way.compressed_size_hint(), entry.way.uncompressed_size_hint());
        watch.check_ratio(packed, size, HARMLESS).map_err(|error| error.in_file(name))?;
        if entry.encrypted {
            return Err(bad("the member is encrypted").in_file(name));
        }
        let opened = self.zip.get_entry(entry.way).map_err(|error| bad(error.to_string()).in_file(name))?;
        let packed = opened.reader();
        let bytes: Box<dyn Read + 'a> = match entry.method {
            CompressionMethod::STORE => Box::new(packed),
            CompressionMethod::DEFLATE => {
                Box::new(flate2::bufread::DeflateDecoder::new(BufReader::with_capacity(64 * 1024, packed)))
            }
            other => return Err(bad(format!("packed by method {}, not deflate", other.as_u16())).in_file(name)),
        };
        Ok(Some(Member { bytes, crc: crc32fast::Hasher::new(), read: 0, size, wanted: entry.crc, watch }))
    }
}

/// A member being read. Its end is reported only if size and checksum are right.
pub struct Member<'a> {
    bytes: Box<dyn Read + 'a>,
    crc: crc32fast::Hasher,
    read: u64,
    size: u64,
    wanted: u32,
    watch: &'a Watch<'a>,
}

impl Input for Member<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.bytes.read(buffer).map_err(|error| bad(format!("the member cannot be unpacked: {error}")))?;
        self.crc.update(&buffer[..count]);
        self.read += count as u64;
        self.watch.unpacked(count as u64)?;
        let ended = count == 0 && !buffer.is_empty();
        let damaged = |this: &Self| this.read < this.size || this.crc.clone().finalize() != this.wanted;
        if self.read > self.size || (ended && damaged(self)) {
            return Err(bad("the member is damaged: its size or checksum is not what the directory says"));
        }
        Ok(count)
    }
}

/// Calls `see` with each entry of the directory and its name.
fn each_entry(
    zip: &ZipArchive<FileReader>,
    mut see: impl FnMut(&str, &rawzip::ZipFileHeaderRecord<'_>) -> Result<()>,
) -> Result<()> {
    let mut buffer = vec![0; DIRECTORY_BUFFER];
    let mut entries = zip.entries(&mut buffer);
    while let Some(record) = entries.next_entry().map_err(|error| bad(format!("its directory is damaged: {error}")))? {
        let name = String::from_utf8_lossy(record.file_path().as_bytes()).into_owned();
        if name.starts_with(['/', '\\']) || name.split(['/', '\\']).any(|part| part == "..") {
            return Err(Error::new(Code::UnsafeName, "a member's name would leave its folder").in_file(name));
        }
        see(&name, &record)?;
    }
    Ok(())
}

/// Whether a name ends like a file that this module reads.
pub fn is_json(name: &str) -> bool {
    name.ends_with(".json") || name.ends_with(".jsonl")
}

fn bad(what: impl Into<String>) -> Error {
    Error::new(Code::BadZip, what)
}

#[cfg(test)]
mod tests;
