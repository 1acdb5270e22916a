//! A reader of ZIP archives for the tests, written from APPNOTE apart from the writer: it checks every record against
//! every other and panics at the first that does not agree.

use flate2::{Decompress, FlushDecompress, Status};

/// A member as found: name, method, unpacked bytes.
pub type Member = (String, u16, Vec<u8>);

fn number(bytes: &[u8], at: usize, len: usize) -> u64 {
    bytes[at..at + len].iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// The members of an archive without a comment.
pub fn read(archive: &[u8]) -> Vec<Member> {
    let end = archive.len() - 22;
    assert_eq!(&archive[end..end + 4], b"PK\x05\x06");
    assert_eq!(number(archive, end + 20, 2), 0, "comment");
    let (mut count, mut len, mut start) =
        (number(archive, end + 10, 2), number(archive, end + 12, 4), number(archive, end + 16, 4));
    let mut directory_end = end as u64;
    if count == 0xffff {
        let locator = end - 20;
        assert_eq!(&archive[locator..locator + 4], b"PK\x06\x07");
        directory_end = number(archive, locator + 8, 8);
        let record = directory_end as usize;
        assert_eq!(&archive[record..record + 4], b"PK\x06\x06");
        assert_eq!(number(archive, record + 4, 8) + 12, (locator - record) as u64);
        (count, len, start) =
            (number(archive, record + 32, 8), number(archive, record + 40, 8), number(archive, record + 48, 8));
    }
    assert_eq!(start + len, directory_end, "the directory ends where the end begins");
    let (mut members, mut at, mut expected) = (Vec::new(), start as usize, 0);
    for _ in 0..count {
        let (member, next, after) = member(archive, at);
        assert_eq!(number(archive, at + 42, 4), expected, "members follow each other without a gap");
        members.push(member);
        (at, expected) = (next, after);
    }
    assert_eq!((at as u64, expected), (directory_end, start));
    members
}

/// A member by its central record: itself, the place of the next record, and of the first byte after its own.
fn member(archive: &[u8], at: usize) -> (Member, usize, u64) {
    assert_eq!(&archive[at..at + 4], b"PK\x01\x02");
    let (packed, size) = (number(archive, at + 20, 4), number(archive, at + 24, 4));
    let name = &archive[at + 46..at + 46 + number(archive, at + 28, 2) as usize];
    assert_eq!(number(archive, at + 30, 2), 0, "no member of the tests needs an extra field here");
    let local = number(archive, at + 42, 4) as usize;
    assert_eq!(&archive[local..local + 4], b"PK\x03\x04");
    let is_described = number(archive, at + 8, 2) & 8 != 0;
    let same = if is_described { 8 } else { 12 };
    assert_eq!(archive[local + 6..][..same], archive[at + 8..][..same], "flags, method, time; checksum if it is there");
    let extra = number(archive, local + 28, 2) as usize;
    let content = local + 30 + name.len() + extra;
    assert_eq!(&archive[local + 30..content - extra], name);
    let end = content + packed as usize;
    let sizes = if is_described {
        assert_eq!(&archive[end..end + 4], b"PK\x07\x08");
        assert_eq!(archive[end + 4..end + 8], archive[at + 16..at + 20], "checksum");
        (number(archive, end + 8, 8), number(archive, end + 16, 8))
    } else if extra == 20 {
        assert_eq!(number(archive, content - 20, 4), 0x0010_0001);
        assert_eq!(number(archive, local + 18, 8), u64::MAX);
        (number(archive, content - 8, 8), number(archive, content - 16, 8))
    } else {
        (number(archive, local + 18, 4), number(archive, local + 22, 4))
    };
    assert_eq!(sizes, (packed, size));
    let method = number(archive, at + 10, 2) as u16;
    let bytes = unpack(&archive[content..end], method, size as usize);
    assert_eq!(u64::from(crc32fast::hash(&bytes)), number(archive, at + 16, 4), "checksum");
    let name = String::from_utf8(name.to_vec()).unwrap();
    let next = at + 46 + name.len();
    ((name, method, bytes), next, (end + if is_described { 24 } else { 0 }) as u64)
}

fn unpack(packed: &[u8], method: u16, size: usize) -> Vec<u8> {
    if method == 0 {
        return packed.to_vec();
    }
    let mut state = Decompress::new(false);
    let mut out = Vec::with_capacity(size + 1);
    let status = state.decompress_vec(packed, &mut out, FlushDecompress::Finish).unwrap();
    assert_eq!((status, state.total_in()), (Status::StreamEnd, packed.len() as u64));
    out
}
