//! What accompanies the reading of a source: how far it is, and whether to go on.

use std::cell::Cell;

use crate::error::{Code, Error, Result};
use crate::limits::Limits;

/// How far the reading of a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of JSON read so far, unpacked.
    pub read: u64,
    /// Bytes of JSON in the source, unpacked; not all of them need be read.
    pub total: u64,
}

/// Counts what is read, against the limits and for the caller.
pub struct Watch<'a> {
    limits: &'a Limits,
    go_on: &'a dyn Fn(Progress) -> bool,
    read: Cell<u64>,
    total: u64,
}

impl<'a> Watch<'a> {
    /// A watch over a source with `total` bytes of JSON. Reading stops when `go_on` says so.
    pub fn new(limits: &'a Limits, go_on: &'a dyn Fn(Progress) -> bool, total: u64) -> Self {
        Self { limits, go_on, read: Cell::new(0), total }
    }

    /// Counts bytes that were read from a file.
    pub fn read(&self, count: u64) -> Result<()> {
        self.read.set(self.read.get().saturating_add(count));
        match (self.go_on)(Progress { read: self.read.get(), total: self.total }) {
            true => Ok(()),
            false => Err(Error::new(Code::Interrupted, "reading was stopped")),
        }
    }

    /// Counts bytes that were unpacked from an archive.
    pub fn unpacked(&self, count: u64) -> Result<()> {
        self.read(count)?;
        if self.read.get() > self.limits.max_total {
            let limit = self.limits.max_total;
            return Err(Error::new(
                Code::ZipBomb,
                format!("the JSON of the archive unpacks to more than {limit} bytes"),
            )
            .advise("raise max_total if you trust it"));
        }
        Ok(())
    }

    /// What is allowed.
    pub fn limits(&self) -> &'a Limits {
        self.limits
    }
}
