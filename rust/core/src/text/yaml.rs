//! The lines of a YAML mapping. Simple words stand plain; every other text stands in double quotes, with escapes for
//! all that is not printable ASCII, so that YAML 1.1 and 1.2 read the same text.

use std::fmt::Write as _;

/// A reader may refuse a key of more than 1024 characters that has no `? ` before it.
const MAX_SIMPLE_KEY: usize = 1000;

/// Appends the line `key: value` of a mapping at the top.
pub fn entry(out: &mut Vec<u8>, key: &str, value: &str) {
    let key = scalar(key);
    let line = match key.len() > MAX_SIMPLE_KEY {
        true => format!("? {key}\n: {}\n", scalar(value)),
        false => format!("{key}: {}\n", scalar(value)),
    };
    out.extend_from_slice(line.as_bytes());
}

/// Appends the line `  number: value` of a mapping inside another.
pub fn numbered(out: &mut Vec<u8>, number: u64, value: &str) {
    out.extend_from_slice(format!("  {number}: {}\n", scalar(value)).as_bytes());
}

fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// Whether a text needs no quotes: a word, a name or a path that no reader takes for a number, a date or a truth value.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "true", "false", "on", "off", "null"];
    let is_letter_first = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_simple = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/' | b'.' | b'-');
    is_letter_first && text.bytes().all(is_simple) && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match (c, u32::from(c)) {
            ('"' | '\\', _) => out.extend(['\\', c]),
            (' '..='~', _) => out.push(c),
            // Writing to a string cannot fail.
            (_, code @ ..=0xFF) => drop(write!(out, "\\x{code:02X}")),
            (_, code @ ..=0xFFFF) => drop(write!(out, "\\u{code:04X}")),
            (_, code) => drop(write!(out, "\\U{code:08X}")),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(key: &str, value: &str) -> String {
        let mut out = Vec::new();
        entry(&mut out, key, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn words_and_paths_stand_plain() {
        assert_eq!(line("train", "images/train-1.v2/a_b.txt"), "train: images/train-1.v2/a_b.txt\n");
    }

    #[test]
    fn whatever_could_be_read_as_something_else_is_quoted() {
        for text in
            ["", "yes", "Off", "NULL", "n", "12", "0x1F", "1:30", ".5", "~", "2020-01-01", "<<", "- a", "a: b", "a b"]
        {
            assert_eq!(line("a", text), format!("a: \"{text}\"\n"));
        }
    }

    #[test]
    fn all_that_is_not_printable_ascii_is_escaped() {
        assert_eq!(line("\"\\\n", "é\u{2028}\u{1F600}"), "\"\\\"\\\\\\x0A\": \"\\xE9\\u2028\\U0001F600\"\n");
    }

    #[test]
    fn a_key_too_long_for_its_line_is_marked() {
        let key = "k".repeat(1001);
        assert_eq!(line(&key, "v"), format!("? {key}\n: v\n"));
    }
}
