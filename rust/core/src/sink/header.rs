//! The records of a ZIP archive, after PKWARE's APPNOTE 6.3. Everything that could differ from run to run is fixed: the
//! time is the earliest that ZIP knows, the attributes are those of a plain file with mode 0644.

use serde::{Deserialize, Serialize};

/// How the bytes of a member are packed; the number is the one in the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    Store = 0,
    Deflate = 8,
}

/// What the records say about a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Length of the name. Names stand together elsewhere: there are millions, and each by itself costs more than its header.
    pub name_len: usize,
    pub method: Method,
    /// Whether checksum and sizes follow the bytes, because the local header was written before they were known.
    pub is_described: bool,
    /// CRC-32 of the unpacked bytes.
    pub checksum: u32,
    pub size: u64,
    pub packed: u64,
    /// Where its local header stands: in the chunk, then in the archive. In a chunk for a folder, where its bytes stand.
    pub start: u64,
}

impl Entry {
    /// A stored member with nothing in it yet.
    pub fn new(name: &str, start: u64) -> Self {
        Self {
            name_len: name.len(),
            method: Method::Store,
            is_described: false,
            checksum: 0,
            size: 0,
            packed: 0,
            start,
        }
    }
}

/// The end of what the 32-bit fields can say; this value itself means "see the ZIP64 record".
const WIDE: u32 = u32::MAX;
/// Version 1.0 reads what is stored, 2.0 what is deflated, 4.5 ZIP64 records. Naming 2.0 throughout is common usage.
const VERSION: u16 = 20;
const VERSION_ZIP64: u16 = 45;
/// The high byte says that the attributes are those of Unix.
const MADE_BY: u16 = 3 << 8 | VERSION_ZIP64;
const NAME_IS_UTF8: u16 = 1 << 11;
const HAS_DESCRIPTOR: u16 = 1 << 3;
const MIDNIGHT: u16 = 0;
/// Year, counted from 1980, month and day.
const FIRST_OF_JANUARY_1980: u16 = 1 << 5 | 1;
const PLAIN_FILE: u32 = 0o100_644 << 16;
const ZIP64_EXTRA: u16 = 1;

/// Whether a length or position needs a ZIP64 record.
pub const fn is_wide(value: u64) -> bool {
    value >= WIDE as u64
}

/// Appends a local header. A `zip64` one has the same length whatever the sizes, so that it can be written over when
/// they are known.
pub fn local(entry: &Entry, name: &str, zip64: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(b"PK\x03\x04");
    u16s(out, &[version(zip64)]);
    common(entry, out);
    if zip64 {
        u32s(out, &[WIDE, WIDE]);
    } else {
        u32s(out, &[narrow(entry.packed), narrow(entry.size)]);
    }
    u16s(out, &[name.len() as u16, if zip64 { 20 } else { 0 }]);
    out.extend_from_slice(name.as_bytes());
    if zip64 {
        u16s(out, &[ZIP64_EXTRA, 16]);
        u64s(out, &[entry.size, entry.packed]);
    }
}

/// Appends the descriptor that follows the bytes of a described member with a ZIP64 local header.
pub fn descriptor(entry: &Entry, out: &mut Vec<u8>) {
    out.extend_from_slice(b"PK\x07\x08");
    u32s(out, &[entry.checksum]);
    u64s(out, &[entry.packed, entry.size]);
}

/// Appends a record of the central directory.
pub fn central(entry: &Entry, name: &str, out: &mut Vec<u8>) {
    let all = [entry.size, entry.packed, entry.start];
    let wide = all.iter().filter(|value| is_wide(**value)).count() as u16;
    out.extend_from_slice(b"PK\x01\x02");
    u16s(out, &[MADE_BY, version(wide > 0)]);
    common(entry, out);
    u32s(out, &[narrow(entry.packed), narrow(entry.size)]);
    // The zeros: length of the comment, number of the disk, and "not known to be text".
    u16s(out, &[name.len() as u16, if wide > 0 { 4 + 8 * wide } else { 0 }, 0, 0, 0]);
    u32s(out, &[PLAIN_FILE, narrow(entry.start)]);
    out.extend_from_slice(name.as_bytes());
    if wide > 0 {
        u16s(out, &[ZIP64_EXTRA, 8 * wide]);
        for value in all.into_iter().filter(|value| is_wide(*value)) {
            u64s(out, &[value]);
        }
    }
}

/// Appends what follows the central directory of so many members, which stands at `start` and has `len` bytes.
pub fn end(members: u64, start: u64, len: u64, out: &mut Vec<u8>) {
    let few = u16::try_from(members).unwrap_or(u16::MAX);
    if few == u16::MAX || is_wide(start) || is_wide(len) {
        out.extend_from_slice(b"PK\x06\x06");
        // The length of the rest of this record.
        u64s(out, &[44]);
        u16s(out, &[MADE_BY, VERSION_ZIP64]);
        u32s(out, &[0, 0]);
        u64s(out, &[members, members, len, start]);
        out.extend_from_slice(b"PK\x06\x07");
        u32s(out, &[0]);
        u64s(out, &[start + len]);
        u32s(out, &[1]);
    }
    out.extend_from_slice(b"PK\x05\x06");
    u16s(out, &[0, 0, few, few]);
    u32s(out, &[narrow(len), narrow(start)]);
    u16s(out, &[0]);
}

/// What local header and central record share: flags, method, time, date, checksum.
fn common(entry: &Entry, out: &mut Vec<u8>) {
    let flags = if entry.is_described { NAME_IS_UTF8 | HAS_DESCRIPTOR } else { NAME_IS_UTF8 };
    u16s(out, &[flags, entry.method as u16, MIDNIGHT, FIRST_OF_JANUARY_1980]);
    u32s(out, &[entry.checksum]);
}

const fn version(zip64: bool) -> u16 {
    if zip64 { VERSION_ZIP64 } else { VERSION }
}

fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(WIDE)
}

fn u16s(out: &mut Vec<u8>, values: &[u16]) {
    values.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
}

fn u32s(out: &mut Vec<u8>, values: &[u32]) {
    values.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
}

fn u64s(out: &mut Vec<u8>, values: &[u64]) {
    values.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUR_GIB: u64 = 1 << 32;

    #[test]
    fn a_central_record_widens_exactly_the_fields_that_overflow() {
        let mut out = Vec::new();
        let entry =
            Entry { size: FOUR_GIB, packed: 9, checksum: 7, method: Method::Deflate, ..Entry::new("é", FOUR_GIB + 1) };
        central(&entry, "é", &mut out);
        assert_eq!(out.len(), 46 + 2 + 4 + 16);
        assert_eq!(out[6], 45, "version needed");
        assert_eq!(out[20..28], [9, 0, 0, 0, 255, 255, 255, 255], "packed and unpacked size");
        assert_eq!(out[28..32], [2, 0, 20, 0], "length of the name and of the extra field");
        assert_eq!(out[42..46], [255; 4], "start");
        assert_eq!(out[48..52], [1, 0, 16, 0]);
        assert_eq!(out[52..60], FOUR_GIB.to_le_bytes());
        assert_eq!(out[60..68], (FOUR_GIB + 1).to_le_bytes());
    }

    #[test]
    fn a_wide_local_header_keeps_its_length() {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let mut entry = Entry::new("a", 0);
        local(&entry, "a", true, &mut before);
        (entry.size, entry.packed, entry.checksum) = (u64::MAX, u64::MAX, u32::MAX);
        local(&entry, "a", true, &mut after);
        assert_eq!((before.len(), after.len()), (51, 51));
    }

    #[test]
    fn the_directory_of_an_archive_is_wide_from_65_535_members_or_4_gib_on() {
        for (members, start, len, expected) in [
            (65_534, 0, 0, 22),
            (65_535, 0, 0, 98),
            (1, u64::from(WIDE) - 1, 0, 22),
            (1, u64::from(WIDE), 0, 98),
            (1, 0, u64::from(WIDE), 98),
        ] {
            let mut out = Vec::new();
            end(members, start, len, &mut out);
            assert_eq!(out.len(), expected, "{members} {start} {len}");
        }
    }
}
