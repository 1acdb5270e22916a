use super::*;
use crate::ingest::testing::{file, zip};
use crate::limits::Limits;

fn read(bytes: &[u8], name: &str, limits: &Limits) -> Result<Vec<u8>> {
    let (_folder, path) = file(bytes);
    let archive = Archive::open(&path)?;
    let watch = Watch::new(limits, &|_| true, archive.size());
    let mut member = archive.member(name, &watch)?.unwrap();
    let (mut content, mut buffer) = (Vec::new(), [0; 100]);
    loop {
        match member.read(&mut buffer)? {
            0 => return Ok(content),
            count => content.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Bytes that deflate cannot make fewer.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(&mut next).take(count).collect()
}

fn code(bytes: &[u8]) -> Option<Code> {
    read(bytes, "a.json", &Limits::default()).err().map(|error| error.code())
}

#[test]
fn stored_and_deflated_members_are_read_whole() {
    let long = noise(100_000);
    for deflate in [false, true] {
        let bytes = zip(&[("x.png", b"p"), ("a.json", &long), ("d/b.json", b"")], deflate);
        assert_eq!(read(&bytes, "a.json", &Limits::default()).unwrap(), long);
        assert_eq!(read(&bytes, "d/b.json", &Limits::default()).unwrap(), b"");
    }
}

#[test]
fn only_json_is_listed_but_pictures_are_found_when_asked_for() {
    let (_folder, path) = file(&zip(&[("data/x.png", b"p"), ("data/s/y.png", b"q"), ("a.json", b"{}")], false));
    let archive = Archive::open(&path).unwrap();
    assert_eq!(archive.names().collect::<Vec<_>>(), ["a.json"]);
    assert_eq!(archive.names_below("data/").unwrap(), ["x.png", "s/y.png"]);
    assert_eq!(archive.size(), 2);
}

#[test]
fn a_changed_byte_of_a_member_is_noticed() {
    for deflate in [false, true] {
        let whole = zip(&[("a.json", &noise(2000))], deflate);
        for at in (50..1500).step_by(7) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            assert_eq!(code(&bytes), Some(Code::BadZip), "byte {at}, deflated: {deflate}");
        }
    }
}

#[test]
fn an_archive_that_is_cut_off_is_refused_wherever_that_is() {
    let whole = zip(&[("a.json", b"[1,2,3]"), ("b.json", b"[4]")], true);
    for end in 0..whole.len() {
        assert_eq!(code(&whole[..end]), Some(Code::BadZip), "{end}");
    }
}

#[test]
fn names_that_leave_their_folder_are_refused() {
    for name in ["../a.json", "x/../../a.png", "/etc/a.json", "..\\a.json", "\\a.png", "x/.."] {
        assert_eq!(code(&zip(&[("a.json", b"1"), (name, b"1")], false)), Some(Code::UnsafeName), "{name}");
    }
    assert_eq!(code(&zip(&[("a.json", b"1"), ("x..y/..z.png", b"1")], false)), None);
}

#[test]
fn two_members_of_one_name_are_refused() {
    assert_eq!(code(&zip(&[("a.json", b"1"), ("a.json", b"2")], false)), Some(Code::BadZip));
}

#[test]
fn a_member_that_unpacks_to_suspiciously_much_is_refused_with_the_limit_and_the_way_out() {
    let zeros = vec![b'0'; HARMLESS as usize + 1];
    let bomb = zip(&[("a.json", &zeros)], true);
    let error = read(&bomb, "a.json", &Limits::default()).unwrap_err();
    assert_eq!(error.code(), Code::ZipBomb);
    assert!(error.to_string().contains("more than 300 times"), "{error}");
    assert!(error.advice().unwrap().contains("max_ratio"));
    let generous = Limits { max_ratio: 2000, ..Limits::default() };
    assert_eq!(read(&bomb, "a.json", &generous).unwrap().len(), zeros.len());

    let small = Limits { max_ratio: 2000, max_total: 1_000_000, ..Limits::default() };
    let error = read(&bomb, "a.json", &small).unwrap_err();
    assert_eq!(error.code(), Code::ZipBomb);
    assert!(error.to_string().contains("1000000 bytes"), "{error}");
    assert!(error.advice().unwrap().contains("max_total"));
}

#[test]
fn a_directory_that_lies_about_a_size_is_not_believed() {
    // The uncompressed size stands 24 bytes into an entry of the directory.
    let mut bytes = zip(&[("a.json", &[b'0'; 1000])], true);
    let entry = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    for lie in [0_u32, 999, 1001] {
        bytes[entry + 24..entry + 28].copy_from_slice(&lie.to_le_bytes());
        assert_eq!(code(&bytes), Some(Code::BadZip), "{lie}");
    }
}

#[test]
fn an_unknown_packing_and_a_password_are_named() {
    let whole = zip(&[("a.json", b"1")], false);
    let entry = whole.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    let mut bytes = whole.clone();
    bytes[entry + 10] = 93;
    let error = read(&bytes, "a.json", &Limits::default()).unwrap_err();
    assert_eq!(error.message(), "packed by method 93, not deflate");
    let mut bytes = whole;
    bytes[entry + 8] |= 1;
    let error = read(&bytes, "a.json", &Limits::default()).unwrap_err();
    assert_eq!(error.message(), "the member is encrypted");
}
