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
use crate::limits::Limits;

/// A member that unpacks to less than this is let through whatever its ratio: short texts of one letter are no bombs.
const HARMLESS: u64 = 16 * 1024 * 1024;

/// Room for the longest record that a directory can have: three fields of 64 KiB.
const DIRECTORY_BUFFER: usize = 4 * 65536;

/// An open archive, whatever is in it.
pub type Zip = ZipArchive<FileReader>;

/// An open archive and where its JSON members are.
pub struct Archive {
    zip: Zip,
    /// Pictures are left out: there may be millions, and nothing here reads them.
    members: BTreeMap<String, Entry>,
    /// Year, month, day, hour, minute and second of the newest member.
    newest: Option<[u16; 6]>,
}

/// Where a member is, and what the directory says about it.
#[derive(Clone, Copy)]
pub struct Entry {
    way: ZipArchiveEntryWayfinder,
    /// CRC-32 of the unpacked bytes.
    pub crc: u32,
    method: CompressionMethod,
    encrypted: bool,
}

impl Entry {
    /// The entry of a record.
    pub fn of(record: &rawzip::ZipFileHeaderRecord<'_>) -> Self {
        Self {
            way: record.wayfinder(),
            crc: record.crc32(),
            method: record.compression_method(),
            encrypted: record.flags().is_encrypted(),
        }
    }

    /// Number of unpacked bytes, as the directory says.
    pub fn size(&self) -> u64 {
        self.way.uncompressed_size_hint()
    }

    /// The unpacked bytes as a stream, not yet checked against size and checksum.
    pub fn reader<'a>(&self, zip: &'a Zip, limits: &Limits) -> Result<Box<dyn Read + 'a>> {
        limits.check_ratio(self.way.compressed_size_hint(), self.size(), HARMLESS)?;
        if self.encrypted {
            return Err(bad("the member is encrypted"));
        }
        let packed = zip.get_entry(self.way).map_err(|error| bad(error.to_string()))?.reader();
        match self.method {
            CompressionMethod::STORE => Ok(Box::new(packed)),
            CompressionMethod::DEFLATE => {
                Ok(Box::new(flate2::bufread::DeflateDecoder::new(BufReader::with_capacity(64 * 1024, packed))))
            }
            other => Err(bad(format!("packed by method {}, not deflate", other.as_u16()))),
        }
    }
}

impl Archive {
    /// Reads the directory. Names that climb out and JSON members of one name are errors.
    pub fn open(path: &Path) -> Result<Self> {
        let zip = open_zip(path)?;
        let mut members = BTreeMap::new();
        let mut newest = None;
        each_entry(&zip, |name, record| {
            newest = newest.max(Some(modified(record)));
            if !is_json(name) {
                return Ok(());
            }
            match members.insert(name.to_owned(), Entry::of(record)) {
                Some(_) => Err(bad("two members have this name").in_file(name)),
                None => Ok(()),
            }
        })?;
        Ok(Self { zip, members, newest })
    }

    /// The date of the newest member, as a server writes dates. Archives know no time zone; UTC is what CVAT writes.
    pub fn newest(&self) -> Option<String> {
        let [year, month, day, hour, minute, second] = self.newest?;
        Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
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
        self.members.values().fold(0, |sum, entry| sum.saturating_add(entry.size()))
    }

    /// Whether there is a JSON member of this name.
    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// The member as a stream; `None` if there is none of this name.
    pub fn member<'a>(&'a self, name: &'a str, watch: &'a Watch<'a>) -> Result<Option<Member<'a>>> {
        let Some(entry) = self.members.get(name) else { return Ok(None) };
        let bytes = entry.reader(&self.zip, watch.limits()).map_err(|error| error.in_file(name))?;
        let (size, wanted) = (entry.size(), entry.crc);
        Ok(Some(Member { bytes, crc: crc32fast::Hasher::new(), read: 0, size, wanted, watch }))
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

/// Opens any archive. A FIFO is not opened: that waits for somebody to write to it.
pub fn open_zip(path: &Path) -> Result<Zip> {
    let failed = |error: std::io::Error| Error::io(path, &error);
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(bad("no ZIP archive: neither a file nor a folder"));
    }
    let file = File::open(path).map_err(failed)?;
    ZipArchive::from_file(file, &mut vec![0; DIRECTORY_BUFFER])
        .map_err(|error| bad(format!("no ZIP archive, or one that is cut off: {error}")))
}

/// Calls `see` with each entry of the directory and its name. Names that climb out are errors.
pub fn each_entry(zip: &Zip, mut see: impl FnMut(&str, &rawzip::ZipFileHeaderRecord<'_>) -> Result<()>) -> Result<()> {
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

/// When a member was last changed.
fn modified(record: &rawzip::ZipFileHeaderRecord<'_>) -> [u16; 6] {
    let time = record.last_modified_dos();
    let [month, day, hour, minute, second] = [time.month(), time.day(), time.hour(), time.minute(), time.second()];
    [time.year(), month.into(), day.into(), hour.into(), minute.into(), second.into()]
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
