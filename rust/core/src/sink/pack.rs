//! What a worker does with encoded bytes: checksum, compression, and the headers of small members.

use serde::{Deserialize, Serialize};

use crate::error::Result;

use super::check_name;
use super::compress::{Compression, Deflate};
use super::header::{self, Entry, Method};

/// How the chunks of a sink must be packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Packing {
    /// Bytes as they are, for files in a folder.
    Plain,
    /// Compressed, with the local headers of whole members in place, for a ZIP archive.
    Zip(Compression),
}

/// The packed bytes of a chunk: a part of a streamed member, or any number of whole members. They belong to no process.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed {
    pub(super) packing: Packing,
    pub(super) bytes: Vec<u8>,
    pub(super) content: Content,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Content {
    /// A part of the streamed member.
    Part(Method, Sum),
    /// Whole members, one after the other.
    Files(Files),
}

/// CRC-32 and length of unpacked bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sum {
    pub checksum: u32,
    pub size: u64,
}

/// Whole members, their names one behind another.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Files {
    entries: Vec<Entry>,
    names: String,
}

impl Files {
    fn push(&mut self, name: &str, entry: Entry) {
        self.names.push_str(name);
        self.entries.push(entry);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Names and entries, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().scan(self.names.as_str(), |rest, entry| {
            let (name, others) = rest.split_at(entry.name_len);
            *rest = others;
            Some((name, entry))
        })
    }
}

impl Packed {
    /// Number of bytes that it occupies in memory and adds to the output.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

/// Packs the chunks of one worker.
pub struct Packer {
    packing: Packing,
    deflate: Option<Deflate>,
    bytes: Vec<u8>,
    files: Files,
}

impl Packer {
    /// A packer for a sink with this packing.
    pub fn new(packing: Packing) -> Self {
        let deflate = match packing {
            Packing::Plain => None,
            Packing::Zip(compression) => Deflate::new(compression),
        };
        Self { packing, deflate, bytes: Vec::new(), files: Files::default() }
    }

    /// How the chunks are packed.
    pub fn packing(&self) -> Packing {
        self.packing
    }

    /// Packs the next part of a streamed member.
    pub fn part(&mut self, data: &[u8]) -> Result<Packed> {
        let Some(deflate) = &mut self.deflate else { return Ok(self.stored_part(data)) };
        let mut bytes = Vec::new();
        deflate.piece(data, &mut bytes)?;
        Ok(Packed { packing: self.packing, bytes, content: Content::Part(Method::Deflate, Sum::of(data)) })
    }

    /// Packs the next part of a streamed member that is stored as it is.
    pub fn stored_part(&self, data: &[u8]) -> Packed {
        let content = Content::Part(Method::Store, Sum::of(data));
        Packed { packing: self.packing, bytes: data.to_vec(), content }
    }

    /// Adds a whole member to the chunk under way; label images are compressed already. Errors: `unsafe-name`.
    pub fn file(&mut self, name: &str, data: &[u8]) -> Result<()> {
        self.add(name, data, None, !name.ends_with(".png"))
    }

    /// Adds a whole member that would not become smaller, such as a picture: it is not tried. `checksum` is its CRC-32 if
    /// that is known.
    pub fn stored_file(&mut self, name: &str, data: &[u8], checksum: Option<u32>) -> Result<()> {
        self.add(name, data, checksum, false)
    }

    /// The chunk of all whole members added since the last one.
    pub fn take(&mut self) -> Packed {
        let files = std::mem::take(&mut self.files);
        let bytes = std::mem::take(&mut self.bytes);
        Packed { packing: self.packing, bytes, content: Content::Files(files) }
    }

    fn add(&mut self, name: &str, data: &[u8], checksum: Option<u32>, compress: bool) -> Result<()> {
        check_name(name)?;
        let mut entry = Entry::new(name, self.bytes.len() as u64);
        entry.size = data.len() as u64;
        let stream = match &mut self.deflate {
            Some(deflate) if compress => deflate.whole(data)?,
            _ => None,
        };
        if stream.is_some() {
            entry.method = Method::Deflate;
        }
        let packed = stream.unwrap_or(data);
        entry.packed = packed.len() as u64;
        if self.packing != Packing::Plain {
            entry.checksum = checksum.unwrap_or_else(|| crc32fast::hash(data));
            header::local(&entry, name, header::is_wide(entry.size), &mut self.bytes);
        }
        self.bytes.extend_from_slice(packed);
        self.files.push(name, entry);
        Ok(())
    }
}

impl Sum {
    fn of(data: &[u8]) -> Self {
        Self { checksum: crc32fast::hash(data), size: data.len() as u64 }
    }
}
