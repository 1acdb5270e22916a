//! JSON strings in two styles. Both have the short escapes where there is one and `\u00xx` in lower case for the other
//! control characters; DEL is no control character of JSON and stays. orjson leaves UTF-8 as it is ([`string`]); Python's
//! own module escapes everything else too ([`ascii`]), and has words for numbers that JSON lacks ([`python_float`]).

use super::number;

/// Appends a string with its quotes.
pub fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escaped(out, text);
    out.push(b'"');
}

/// Appends a part of a string.
pub fn escaped(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    // Mostly there is nothing to escape, which takes no branches to see.
    let is_plain = bytes.iter().fold(true, |plain, &byte| plain & !matches!(byte, ..0x20 | b'"' | b'\\'));
    if is_plain {
        return out.extend_from_slice(bytes);
    }
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
}

/// Appends a string with its quotes as Python's `json.dumps` prints it: ASCII only, other characters in UTF-16 units.
pub fn ascii(out: &mut Vec<u8>, text: &str) {
    if text.is_ascii() {
        return string(out, text);
    }
    let start = out.len();
    string(out, text);
    let quoted = String::from_utf8_lossy(&out[start..]).into_owned();
    out.truncate(start);
    for symbol in quoted.chars() {
        if symbol.is_ascii() {
            out.push(symbol as u8);
            continue;
        }
        for unit in symbol.encode_utf16(&mut [0; 2]) {
            out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
        }
    }
}

/// Appends a number as Python's `json.dumps` prints it.
pub fn python_float(out: &mut Vec<u8>, value: f64) {
    match value {
        value if value.is_nan() => out.extend_from_slice(b"NaN"),
        f64::INFINITY => out.extend_from_slice(b"Infinity"),
        f64::NEG_INFINITY => out.extend_from_slice(b"-Infinity"),
        value => number::repr(out, value),
    }
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

    // Expected values printed by Python's json.dumps.
    #[test]
    fn python_escapes_what_is_not_ascii() {
        for (text, expected) in [
            ("a\"b/\\\n", r#""a\"b/\\\n""#),
            ("\u{1}\u{7f}", "\"\\u0001\u{7f}\""),
            ("größe \u{2028}😀", r#""gr\u00f6\u00dfe \u2028\ud83d\ude00""#),
        ] {
            let mut out = Vec::new();
            ascii(&mut out, text);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn python_has_words_for_numbers_that_json_lacks() {
        for (number, expected) in
            [(5.0, "5.0"), (1e-5, "1e-05"), (1e16, "1e+16"), (f64::NAN, "NaN"), (-f64::INFINITY, "-Infinity")]
        {
            let mut out = Vec::new();
            python_float(&mut out, number);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn every_character_reads_back() {
        let all: String = (0..=0x2ff).filter_map(char::from_u32).collect();
        assert_eq!(serde_json::from_str::<String>(&quoted(&all)).unwrap(), all);
    }
}
