//! A pull reader for JSON of any length: the caller asks for what must come next, and memory holds one buffer, whatever
//! the length of the document. The grammar is RFC 8259 to the letter.
//!
//! ```text
//! reader.begin_object()?;
//! while let Some(key) = reader.next_key(Key::of)? {
//!     match key {
//!         Key::Frame => frame = reader.i64()?,
//!         Key::Points => reader.numbers(&mut points)?,
//!         Key::Other => reader.skip()?,
//!     }
//! }
//! ```

mod number;
mod text;

#[cfg(test)]
mod tests;

use crate::error::{Code, Error, Result};

/// Where a reader gets its bytes from.
pub trait Input {
    /// Fills the front of `buffer` and says how many bytes came; 0 at the end only.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize>;
}

impl Input for &[u8] {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.len().min(buffer.len());
        let (now, later) = self.split_at(count);
        buffer[..count].copy_from_slice(now);
        *self = later;
        Ok(count)
    }
}

const BUFFER: usize = 256 * 1024;

/// The longest string or number; a document that has a longer one is not what CVAT writes, and would be held whole.
const MAX_TOKEN: usize = 64 * 1024 * 1024;

/// How deep objects and arrays may nest: as far as serde_json goes.
const MAX_DEPTH: u32 = 127;

/// Reads JSON piece by piece.
pub struct Reader<'a> {
    input: Box<dyn Input + 'a>,
    buffer: Vec<u8>,
    /// Place of the next byte in the buffer.
    at: usize,
    /// End of what the buffer holds.
    end: usize,
    /// Place of the buffer's first byte in the document.
    base: u64,
    /// Whether the input has ended.
    ended: bool,
    /// Whether an object or array was just begun, so that no comma may come.
    fresh: bool,
    depth: u32,
    /// The last string that had escapes.
    unescaped: Vec<u8>,
}

impl<'a> Reader<'a> {
    /// A reader at the start of a document.
    pub fn new(input: impl Input + 'a) -> Self {
        Self::with_buffer(input, BUFFER)
    }

    fn with_buffer(input: impl Input + 'a, size: usize) -> Self {
        Self {
            input: Box::new(input),
            buffer: vec![0; size],
            at: 0,
            end: 0,
            base: 0,
            ended: false,
            fresh: false,
            depth: 0,
            unescaped: Vec::new(),
        }
    }

    /// Enters an object.
    pub fn begin_object(&mut self) -> Result<()> {
        self.begin(b'{', "an object")
    }

    /// The next key of the object, as `name` tells it from its bytes; `None` at the end of the object.
    /// The value must be read before the next call.
    pub fn next_key<K>(&mut self, name: impl FnOnce(&[u8]) -> K) -> Result<Option<K>> {
        if !self.more(b'}')? {
            return Ok(None);
        }
        let key = self.scan_string("a key in quotes")?;
        let bytes = self.string_bytes(key);
        if !bytes.is_ascii() && std::str::from_utf8(bytes).is_err() {
            return Err(self.malformed("a key is not UTF-8"));
        }
        let key = name(bytes);
        if self.token()? != b':' {
            return Err(self.unexpected("a colon"));
        }
        self.at += 1;
        Ok(Some(key))
    }

    /// Enters an array.
    pub fn begin_array(&mut self) -> Result<()> {
        self.begin(b'[', "an array")
    }

    /// Whether the array has a next item; it must be read before the next call.
    pub fn next_item(&mut self) -> Result<bool> {
        self.more(b']')
    }

    /// Reads `null` if that is what comes, and says whether it was.
    pub fn null(&mut self) -> Result<bool> {
        if self.token()? != b'n' {
            return Ok(false);
        }
        self.word(b"null")?;
        Ok(true)
    }

    /// Reads `true` or `false`.
    pub fn bool(&mut self) -> Result<bool> {
        match self.token()? {
            b't' => self.word(b"true").map(|()| true),
            b'f' => self.word(b"false").map(|()| false),
            _ => Err(self.unexpected("true or false")),
        }
    }

    /// Reads any value and forgets it.
    pub fn skip(&mut self) -> Result<()> {
        match self.token()? {
            b'{' => {
                self.begin_object()?;
                while self.next_key(|_| ())?.is_some() {
                    self.skip()?;
                }
                Ok(())
            }
            b'[' => {
                self.begin_array()?;
                while self.next_item()? {
                    self.skip()?;
                }
                Ok(())
            }
            b'"' => self.text().map(|_| ()),
            b't' | b'f' => self.bool().map(|_| ()),
            b'n' => self.null().map(|_| ()),
            _ => self.f64().map(|_| ()),
        }
    }

    /// Whether another document follows: for files that hold one per line.
    pub fn another(&mut self) -> Result<bool> {
        self.skip_space()?;
        Ok(self.at < self.end)
    }

    /// Makes sure that nothing follows the document. Reads the input to its end, so that checksums are compared.
    pub fn finish(&mut self) -> Result<()> {
        match self.another()? {
            true => Err(self.unexpected("the end of the document")),
            false => Ok(()),
        }
    }

    /// Why a document could not be read: if the rest of its input turns out to be damaged, that is why.
    pub fn explain(&mut self, error: Error) -> Error {
        loop {
            match self.input.read(&mut self.buffer) {
                Ok(0) => return error,
                Ok(_) => {}
                Err(damage) => return damage,
            }
        }
    }

    /// Place of the next byte in the document.
    pub fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// An error here: JSON of the wrong shape.
    pub fn malformed(&self, what: &str) -> Error {
        Error::new(Code::MalformedJson, format!("{what} at byte {}", self.offset()))
    }

    fn begin(&mut self, open: u8, what: &str) -> Result<()> {
        if self.token()? != open {
            return Err(self.unexpected(what));
        }
        if self.depth == MAX_DEPTH {
            return Err(self.malformed("objects and arrays nest too deep"));
        }
        self.at += 1;
        self.depth += 1;
        self.fresh = true;
        Ok(())
    }

    /// Whether a next item comes before `close`.
    #[inline]
    fn more(&mut self, close: u8) -> Result<bool> {
        let fresh = std::mem::take(&mut self.fresh);
        let byte = self.token()?;
        if byte == close {
            self.at += 1;
            self.depth = self.depth.saturating_sub(1);
            return Ok(false);
        }
        if !fresh {
            if byte != b',' {
                return Err(self.unexpected(if close == b'}' { "a comma or }" } else { "a comma or ]" }));
            }
            self.at += 1;
        }
        Ok(true)
    }

    fn word(&mut self, word: &[u8]) -> Result<()> {
        while self.end - self.at < word.len() && self.refill()? {}
        let here = &self.buffer[self.at..self.end];
        if here.starts_with(word) {
            self.at += word.len();
            Ok(())
        } else if word.starts_with(here) {
            Err(self.truncated())
        } else {
            Err(self.unexpected("true, false or null"))
        }
    }

    /// The next byte that is no white space; it stays to be read.
    #[inline(always)]
    fn token(&mut self) -> Result<u8> {
        // Compact JSON, the rule in backups, has no space to skip.
        match self.buffer[..self.end].get(self.at) {
            Some(&byte) if byte > b' ' => Ok(byte),
            _ => self.token_behind_space(),
        }
    }

    #[inline(never)]
    fn token_behind_space(&mut self) -> Result<u8> {
        self.skip_space()?;
        if self.at < self.end { Ok(self.buffer[self.at]) } else { Err(self.truncated()) }
    }

    fn skip_space(&mut self) -> Result<()> {
        loop {
            let space = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
            match self.buffer[self.at..self.end].iter().position(|byte| !space(byte)) {
                Some(count) => {
                    self.at += count;
                    return Ok(());
                }
                None => self.at = self.end,
            }
            if !self.refill()? {
                return Ok(());
            }
        }
    }

    /// Gets more bytes behind those that are not read yet, which move to the front. False at the end of the input.
    #[cold]
    fn refill(&mut self) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        self.buffer.copy_within(self.at..self.end, 0);
        self.base += self.at as u64;
        self.end -= self.at;
        self.at = 0;
        if self.end == self.buffer.len() {
            if self.end >= MAX_TOKEN {
                return Err(self.malformed("a string or number of more than 64 MiB"));
            }
            self.buffer.resize(self.end * 2, 0);
        }
        let count = self.input.read(&mut self.buffer[self.end..])?;
        self.end += count;
        self.ended = count == 0;
        Ok(count > 0)
    }

    #[cold]
    fn truncated(&self) -> Error {
        Error::new(
            Code::TruncatedJson,
            format!("the JSON ends in the middle, after {} bytes", self.base + self.end as u64),
        )
    }

    #[cold]
    fn unexpected(&self, wanted: &str) -> Error {
        let found = match self.buffer[..self.end].get(self.at) {
            Some(byte) if byte.is_ascii_graphic() => format!("'{}'", char::from(*byte)),
            Some(byte) => format!("byte {byte:#04x}"),
            None => return self.truncated(),
        };
        self.malformed(&format!("expected {wanted}, found {found}"))
    }
}
