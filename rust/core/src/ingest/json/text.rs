//! Strings and their escapes.

use std::ops::Range;

use super::Reader;
use crate::error::{Code, Error, Result};

/// Where the content of a string is.
pub(super) enum Place {
    /// In the buffer, as it stood in the document.
    Buffer(Range<usize>),
    /// In `unescaped`.
    Unescaped,
}

/// Bytes at which the plain part of a string ends: quotes, backslashes and control characters.
const ENDS: [bool; 256] = {
    let mut ends = [false; 256];
    let mut byte = 0;
    while byte < b' ' as usize {
        ends[byte] = true;
        byte += 1;
    }
    ends[b'"' as usize] = true;
    ends[b'\\' as usize] = true;
    ends
};

impl Reader<'_> {
    /// Reads a string.
    pub fn text(&mut self) -> Result<&str> {
        let place = self.scan_string("a string")?;
        let end = self.offset();
        std::str::from_utf8(self.string_bytes(place))
            .map_err(|_| Error::new(Code::MalformedJson, format!("the string before byte {end} is not UTF-8")))
    }

    pub(super) fn string_bytes(&self, place: Place) -> &[u8] {
        match place {
            Place::Buffer(range) => &self.buffer[range],
            Place::Unescaped => &self.unescaped,
        }
    }

    /// Reads past the string at the next token. Its bytes are to be fetched before anything else is read.
    #[inline]
    pub(super) fn scan_string(&mut self, wanted: &str) -> Result<Place> {
        if self.token()? != b'"' {
            return Err(self.unexpected(wanted));
        }
        let mut length = 1;
        loop {
            let here = &self.buffer[self.at..self.end];
            match here[length..].iter().position(|&byte| ENDS[usize::from(byte)]) {
                Some(count) => length += count,
                None => {
                    length = here.len();
                    if !self.refill()? {
                        return Err(self.truncated());
                    }
                    continue;
                }
            }
            match here[length] {
                b'"' => {
                    let from = self.at + 1;
                    self.at += length + 1;
                    return Ok(Place::Buffer(from..from + length - 1));
                }
                b'\\' => return self.unescape(length),
                _ => {
                    self.at += length;
                    return Err(self.unexpected("an escaped control character"));
                }
            }
        }
    }

    /// Reads the string at `at` whose first `length` bytes, the quote among them, have no escape.
    #[cold]
    fn unescape(&mut self, length: usize) -> Result<Place> {
        self.unescaped.clear();
        self.unescaped.extend_from_slice(&self.buffer[self.at + 1..self.at + length]);
        self.at += length;
        loop {
            match self.byte()? {
                b'"' => return Ok(Place::Unescaped),
                b'\\' => self.escape()?,
                byte if byte < b' ' => {
                    self.at -= 1;
                    return Err(self.unexpected("an escaped control character"));
                }
                byte => self.unescaped.push(byte),
            }
            if self.unescaped.len() > super::MAX_TOKEN {
                return Err(self.malformed("a string of more than 64 MiB"));
            }
        }
    }

    fn escape(&mut self) -> Result<()> {
        let plain = match self.byte()? {
            byte @ (b'"' | b'\\' | b'/') => byte,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let code = self.code_point()?;
                self.unescaped.extend_from_slice(code.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            _ => {
                self.at -= 1;
                return Err(self.unexpected("an escape that JSON knows"));
            }
        };
        self.unescaped.push(plain);
        Ok(())
    }

    /// The character behind `\u`, which may take a second escape (a surrogate pair).
    fn code_point(&mut self) -> Result<char> {
        let first = self.hex()?;
        let code = match first {
            0xd800..=0xdbff => {
                if self.byte()? != b'\\' || self.byte()? != b'u' {
                    return Err(self.malformed("half a surrogate pair"));
                }
                match self.hex()? {
                    second @ 0xdc00..=0xdfff => 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00),
                    _ => return Err(self.malformed("half a surrogate pair")),
                }
            }
            _ => first,
        };
        char::from_u32(code).ok_or_else(|| self.malformed("half a surrogate pair"))
    }

    fn hex(&mut self) -> Result<u32> {
        let mut code = 0;
        for _ in 0..4 {
            let byte = self.byte()?;
            match char::from(byte).to_digit(16) {
                Some(digit) => code = code * 16 + digit,
                None => {
                    self.at -= 1;
                    return Err(self.unexpected("a hexadecimal digit"));
                }
            }
        }
        Ok(code)
    }

    fn byte(&mut self) -> Result<u8> {
        if self.at == self.end && !self.refill()? {
            return Err(self.truncated());
        }
        self.at += 1;
        Ok(self.buffer[self.at - 1])
    }
}
