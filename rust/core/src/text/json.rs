//! JSON strings in the style of orjson: UTF-8 as it is, the short escapes where there is one, `\u00xx` in lower case for
//! the other control characters. DEL and U+2028 are no control characters of JSON and stay.

/// Appends a string with its quotes.
pub fn string(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    out.push(b'"');
    let mut copied = 0;
    for (place, &byte) in bytes.iter().enumerate() {
        if !ESCAPED[usize::from(byte)] {
            continue;
        }
        out.extend_from_slice(&bytes[copied..place]);
        match short(byte) {
            Some(letter) => out.extend_from_slice(&[b'\\', letter]),
            None => {
                let digits = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
            }
        }
        copied = place + 1;
    }
    out.extend_from_slice(&bytes[copied..]);
    out.push(b'"');
}

const ESCAPED: [bool; 256] = {
    let mut table = [false; 256];
    let mut i = 0;
    while i < 0x20 {
        table[i] = true;
        i += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

/// The letter after the backslash.
const fn short(byte: u8) -> Option<u8> {
    match byte {
        b'"' | b'\\' => Some(byte),
        b'\x08' => Some(b'b'),
        b'\t' => Some(b't'),
        b'\n' => Some(b'n'),
        b'\x0c' => Some(b'f'),
        b'\r' => Some(b'r'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str) -> String {
        let mut out = Vec::new();
        string(&mut out, text);
        String::from_utf8(out).unwrap()
    }

    // Expected values printed by orjson.dumps.
    #[test]
    fn a_string_is_escaped_as_orjson_does_it() {
        assert_eq!(quoted(""), r#""""#);
        assert_eq!(quoted("Straße/\u{7f}\u{2028}😀"), "\"Straße/\u{7f}\u{2028}😀\"");
        assert_eq!(quoted("a\"b\\c"), r#""a\"b\\c""#);
        assert_eq!(quoted("\x08\t\n\x0c\r"), r#""\b\t\n\f\r""#);
        assert_eq!(quoted("\0\x01\x0b\x1f"), r#""\u0000\u0001\u000b\u001f""#);
    }

    #[test]
    fn every_character_reads_back() {
        let all: String = (0..=0x2ff).filter_map(char::from_u32).collect();
        assert_eq!(serde_json::from_str::<String>(&quoted(&all)).unwrap(), all);
    }
}
