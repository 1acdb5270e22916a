//! Where finished, ordered bytes go.
//!
//! A worker encodes a chunk and hands its bytes to a [`Packer`], which compresses them there and then, so that packing
//! runs on all cores. One writer passes what is [`Packed`], in order, to a [`Sink`], which has little left to do.
//!
//! There are two kinds of members:
//! * *streamed*: one big file out of many chunks, its size unknown at the start. [`Sink::begin`], [`Sink::write`] for
//!   each [`Packer::part`], [`Sink::end`]. Videos, which would not become smaller: [`Sink::begin_stored`] and
//!   [`Packer::stored_part`].
//! * *whole*: small files, many to a chunk. [`Packer::file`] for each, then [`Sink::write`] with [`Packer::take`],
//!   outside of any streamed member.
//!
//! Nothing appears under the final name before [`Sink::finish`], and a sink that is dropped without it, or whose
//! `finish` fails, leaves nothing behind.

mod compress;
mod folder;
mod header;
mod pack;
mod record;
#[cfg(test)]
mod unzip;
mod zip;

pub use compress::Compression;
pub use folder::Folder;
pub use pack::{Packed, Packer, Packing};
pub use zip::{Archive, Stream};

use std::io::Write;
use std::path::Path;

use crate::error::{Code, Error, Result};

/// Receives the packed chunks of an export in order. After an error nothing more can be done with it but drop it.
pub trait Sink: Send {
    /// How chunks must be packed for this sink: what [`Packer::new`] needs.
    fn packing(&self) -> Packing;

    /// Begins a streamed member. Errors: `unsafe-name`, and what writing gives.
    fn begin(&mut self, name: &str) -> Result<()>;

    /// The same for a member that is stored as it is.
    fn begin_stored(&mut self, name: &str) -> Result<()>;

    /// Writes the next part of the streamed member, or a chunk of whole members.
    fn write(&mut self, packed: Packed) -> Result<()>;

    /// Ends the streamed member.
    fn end(&mut self) -> Result<()>;

    /// Completes the output and puts it under its final name. Errors: `output-exists` when something appeared there
    /// since the start, and what writing gives.
    fn finish(self: Box<Self>) -> Result<Written>;
}

/// Where an export goes.
pub enum Target<'a> {
    /// An archive, or a folder if the path ends in a separator.
    Path(&'a Path),
    /// An archive into something that only takes bytes.
    Stream(&'a mut (dyn Write + Send)),
}

impl<'a> Target<'a> {
    /// The path, if it is one.
    pub fn path(&self) -> Option<&'a Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Stream(_) => None,
        }
    }

    /// Begins the output. Errors: `output-exists`, `not-writable`.
    pub fn open<'t>(&'t mut self, compression: Compression, overwrite: bool) -> Result<Box<dyn Sink + 't>> {
        match self {
            Self::Path(path) if is_folder(path) => Ok(Box::new(Folder::create(path, overwrite)?)),
            Self::Path(path) => Ok(Box::new(Archive::create(path, compression, overwrite)?)),
            Self::Stream(out) => Ok(Box::new(Stream::new(out, compression, |error| {
                Error::new(Code::Io, format!("the output takes no more bytes: {error}"))
            }))),
        }
    }
}

fn is_folder(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().last().is_some_and(|last| std::path::is_separator(char::from(*last)))
}

/// What a sink has written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Size of the archive, or of all files of a folder together.
    pub bytes: u64,
    /// Number of members.
    pub members: u64,
}

/// Checks that a member's name stays in its folder on every system: parts separated by `/`, none of them empty, `.` or
/// `..`, no backslash, no NUL, no drive letter, and no more than the 65,535 bytes that an archive can hold.
pub fn check_name(name: &str) -> Result<()> {
    let drive = matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    // There are millions of names, nearly all of them good: one pass finds what a look at the whole name may refuse.
    let is_plain = |(place, byte): (usize, &u8)| match byte {
        b'\0' | b'\\' => false,
        b'.' | b'/' => place > 0 && !matches!(name.as_bytes()[place - 1], b'.' | b'/'),
        _ => true,
    };
    if name.len() <= usize::from(u16::MAX)
        && !drive
        && name.bytes().next_back().is_some_and(|last| !matches!(last, b'.' | b'/'))
        && name.as_bytes().iter().enumerate().all(is_plain)
    {
        return Ok(());
    }
    let fault = if name.len() > usize::from(u16::MAX) {
        "is too long for an archive"
    } else if name.contains('\0') {
        "contains a zero byte"
    } else if drive || name.starts_with('/') {
        "is absolute"
    } else if name.contains('\\') {
        "contains a backslash"
    } else if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        "has an empty part or leaves its folder"
    } else {
        return Ok(());
    };
    Err(Error::new(Code::UnsafeName, format!("the member name {name:?} {fault}")))
}

/// A call that breaks the order which [`Sink`] asks for: a defect of the caller.
fn misuse(what: &str) -> Error {
    Error::new(Code::Internal, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_their_folder_are_refused() {
        for name in [
            "",
            "/a",
            "../a",
            "a/../b",
            "a/..",
            "./a",
            "a//b",
            "a/",
            "a\\b",
            "C:/a",
            "c:a",
            "a\0b",
            &"x".repeat(65_536),
        ] {
            assert_eq!(check_name(name).unwrap_err().code(), Code::UnsafeName, "{name:?}");
        }
    }

    #[test]
    fn ordinary_names_pass() {
        for name in ["a", "images/train/größe 1.jpg", "..a/b..", "10:30.txt", "-", &"x".repeat(65_535)] {
            assert_eq!(check_name(name), Ok(()), "{name:?}");
        }
    }
}
