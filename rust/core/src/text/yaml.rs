//! YAML mappings byte for byte as PyYAML's `yaml.dump` writes them with its defaults: block style, ASCII only, lines
//! folded at the first chance behind column 80.
//!
//! The rules are those of YAML 1.1 as PyYAML 5.1 and later apply them: which texts would be read as something else and
//! so need quotes, and where a line may be folded. Keys are folded only where they are too long for a simple key.

use std::fmt::Write as _;

/// A line is folded at the first chance once it is longer than this.
const WIDTH: usize = 80;
/// From here on a key is written behind `? `: 128 less the five letters of PyYAML's `!!str`.
const LONGEST_SIMPLE_KEY: usize = 122;

/// Appends the line `key: value` of a mapping at the top. PyYAML sorts keys by code point; that is up to the caller.
pub fn entry(out: &mut Vec<u8>, key: &str, value: &str) {
    let mut line = Line { start: out.len(), out, indent: 2 };
    let style = Style::of(key);
    let is_simple = !key.is_empty() && key.chars().nth(LONGEST_SIMPLE_KEY).is_none() && !key.contains(is_break);
    if is_simple {
        line.scalar(key, style, false);
        line.push(": ");
    } else {
        line.push("? ");
        line.scalar(key, style, true);
        line.push("\n");
        line.start = line.out.len();
        line.push(": ");
    }
    line.scalar(value, Style::of(value), true);
    line.push("\n");
}

/// Appends the line `  number: value` of a mapping inside another.
pub fn numbered(out: &mut Vec<u8>, number: u64, value: &str) {
    let mut line = Line { start: out.len(), out, indent: 4 };
    line.push(&format!("  {number}: "));
    line.scalar(value, Style::of(value), true);
    line.push("\n");
}

/// How a text is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
}

impl Style {
    fn of(text: &str) -> Self {
        let is_printable = |c: char| matches!(c, ' '..='~' | '\n');
        // A space beside a line break would be lost when the lines are joined again.
        if !text.chars().all(is_printable) || text.contains(" \n") || text.contains("\n ") {
            return Style::Double;
        }
        if has_indicator(text) || text.contains('\n') || is_read_as_another_type(text) {
            return Style::Single;
        }
        Style::Plain
    }
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether a text of printable ASCII has characters at places where they mean something in YAML.
fn has_indicator(text: &str) -> bool {
    text.starts_with([' ', '#', ',', '[', ']', '{', '}', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`'])
        || text.ends_with([' ', ':'])
        || ["---", "...", "- ", "? ", ": "].iter().any(|mark| text.starts_with(mark))
        || matches!(text, "-" | "?")
        || text.contains(": ")
        || text.contains(" #")
}

/// Whether YAML 1.1 reads a plain text as anything but a text.
fn is_read_as_another_type(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL" | "=" | "<<")
        || is_truth(text)
        || is_int(text)
        || is_float(text)
        || is_time(text)
}

fn is_truth(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let is_word = matches!(lower.as_str(), "yes" | "no" | "true" | "false" | "on" | "off");
    let rest = text.get(1..).unwrap_or_default();
    let rest_is_lower = !rest.bytes().any(|byte| byte.is_ascii_uppercase());
    is_word && (rest_is_lower || !text.bytes().any(|byte| byte.is_ascii_lowercase()))
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

/// Whether there is at least one of these characters, and no other.
fn is_run(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(allowed)
}

fn is_digit_or_gap(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'_'
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// Groups behind colons, each below 60: `:5`, `:59:07`.
fn is_sixties(text: &str) -> bool {
    let is_group = |group: &str| match group.as_bytes() {
        [digit] => digit.is_ascii_digit(),
        [tens, digit] => (b'0'..=b'5').contains(tens) && digit.is_ascii_digit(),
        _ => false,
    };
    text.strip_prefix(':').is_some_and(|groups| groups.split(':').all(is_group))
}

fn is_int(text: &str) -> bool {
    let text = unsigned(text);
    if let Some(rest) = text.strip_prefix('0') {
        let is_gap = |byte| byte == b'_';
        return rest.is_empty()
            || is_run(rest, |byte| is_gap(byte) || (b'0'..=b'7').contains(&byte))
            || rest
                .strip_prefix('b')
                .is_some_and(|bits| is_run(bits, |byte| is_gap(byte) || matches!(byte, b'0' | b'1')))
            || rest.strip_prefix('x').is_some_and(|hex| is_run(hex, |byte| is_gap(byte) || byte.is_ascii_hexdigit()));
    }
    let (whole, sixties) = text.split_at(text.find(':').unwrap_or(text.len()));
    starts_with_digit(whole) && is_run(whole, is_digit_or_gap) && (sixties.is_empty() || is_sixties(sixties))
}

fn is_float(text: &str) -> bool {
    if matches!(text, ".nan" | ".NaN" | ".NAN") || matches!(unsigned(text), ".inf" | ".Inf" | ".INF") {
        return true;
    }
    let Some((whole, fraction)) = text.split_once('.') else { return false };
    let (fraction, exponent) = fraction.split_at(fraction.find(['e', 'E']).unwrap_or(fraction.len()));
    if !fraction.bytes().all(is_digit_or_gap) {
        return false;
    }
    // The sign of an exponent must not be missing.
    let has_exponent = exponent
        .get(1..)
        .and_then(|it| it.strip_prefix(['-', '+']))
        .is_some_and(|digits| is_run(digits, |byte| byte.is_ascii_digit()));
    let exponent_fits = exponent.is_empty() || has_exponent;
    if whole.is_empty() {
        return starts_with_digit(fraction) && exponent_fits;
    }
    let whole = unsigned(whole);
    let (whole, sixties) = whole.split_at(whole.find(':').unwrap_or(whole.len()));
    starts_with_digit(whole)
        && is_run(whole, is_digit_or_gap)
        && if sixties.is_empty() { exponent_fits } else { is_sixties(sixties) && exponent.is_empty() }
}

/// Takes `least..=most` digits from the front of a text.
fn skip_digits(text: &str, least: usize, most: usize) -> Option<&str> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    (count >= least).then(|| &text[count..])
}

/// Takes a part of a date or time: at least `least` digits and at most two.
fn part(text: &str, least: usize) -> Option<&str> {
    skip_digits(text, least, 2)
}

/// A date, or a date with a time.
fn is_time(text: &str) -> bool {
    let is_date = || part(part(skip_digits(text, 4, 4)?.strip_prefix('-')?, 2)?.strip_prefix('-')?, 2);
    if is_date() == Some("") {
        return true;
    }
    let time = || {
        let rest = part(part(skip_digits(text, 4, 4)?.strip_prefix('-')?, 1)?.strip_prefix('-')?, 1)?;
        let blanks = rest.trim_start_matches([' ', '\t']);
        let rest = rest.strip_prefix(['T', 't']).or_else(|| (blanks.len() < rest.len()).then_some(blanks))?;
        let rest = part(part(rest, 1)?.strip_prefix(':')?, 2)?.strip_prefix(':')?;
        let rest = part(rest, 2)?;
        Some(rest.strip_prefix('.').map_or(rest, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit())))
    };
    let is_zone = |zone: &str| {
        let hours = || part(zone.strip_prefix(['-', '+'])?, 1);
        let minutes = |rest: &str| rest.is_empty() || rest.strip_prefix(':').and_then(|rest| part(rest, 2)) == Some("");
        zone == "Z" || hours().is_some_and(minutes)
    };
    time().is_some_and(|zone| zone.is_empty() || is_zone(zone.trim_start_matches([' ', '\t'])))
}

/// The line that is being written. All output is ASCII: a byte is a column.
struct Line<'o> {
    out: &'o mut Vec<u8>,
    /// Where the line begins.
    start: usize,
    /// Spaces before a folded line.
    indent: usize,
}

impl Line<'_> {
    fn push(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn column(&self) -> usize {
        self.out.len() - self.start
    }

    fn fold(&mut self) {
        self.push("\n");
        self.start = self.out.len();
        self.out.resize(self.start + self.indent, b' ');
    }

    fn scalar(&mut self, text: &str, style: Style, may_fold: bool) {
        match style {
            Style::Plain => self.words(text, "'", may_fold),
            Style::Single => {
                self.push("'");
                self.words(text, "''", may_fold);
                self.push("'");
            }
            Style::Double => {
                self.push("\"");
                self.escaped(text, may_fold);
                self.push("\"");
            }
        }
    }

    /// Plain text or the inside of single quotes (where a quote is written twice), folded at single spaces. A line break
    /// in quotes is written once more than it counts.
    fn words(&mut self, text: &str, quote: &str, may_fold: bool) {
        let mut place = 0;
        while let Some(first) = text[place..].chars().next() {
            let is_same = |c: char| (c == ' ', c == '\n') == (first == ' ', first == '\n');
            let end = text[place..].find(|c| !is_same(c)).map_or(text.len(), |length| place + length);
            match &text[place..end] {
                " " if may_fold && place > 0 && end < text.len() && self.column() > WIDTH => self.fold(),
                breaks if first == '\n' => {
                    self.push(breaks);
                    self.fold();
                }
                word => self.push(&word.replace('\'', quote)),
            }
            place = end;
        }
    }

    /// The inside of double quotes. A folded line ends in a backslash; it may be folded at a space and behind an escape.
    fn escaped(&mut self, text: &str, may_fold: bool) {
        let last = text.chars().count().saturating_sub(1);
        let mut pending = 0..0;
        let mut escape = String::new();
        for (number, (place, symbol)) in text.char_indices().enumerate() {
            escape.clear();
            write_escape(&mut escape, symbol);
            if !escape.is_empty() {
                self.push(&text[pending.start..place]);
                self.push(&escape);
                pending = place + symbol.len_utf8()..place + symbol.len_utf8();
            }
            // The symbol itself is not yet part of what is pending.
            pending.end = pending.end.max(place);
            let is_chance = 0 < number && number < last && (symbol == ' ' || pending.is_empty());
            // PyYAML counts from behind the escape back to its character: one less.
            let width = self.column() + pending.len() - usize::from(!escape.is_empty());
            if may_fold && is_chance && width > WIDTH {
                self.push(&text[pending.clone()]);
                self.push("\\");
                pending.start = pending.end;
                self.fold();
                if text[pending.start..].starts_with(' ') {
                    self.push("\\");
                }
            }
        }
        self.push(&text[pending.start..]);
    }
}

/// Writes the escape of a character that needs one in double quotes.
fn write_escape(out: &mut String, symbol: char) {
    let letter = match symbol {
        '\0' => '0',
        '\x07' => 'a',
        '\x08' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\x0b' => 'v',
        '\x0c' => 'f',
        '\r' => 'r',
        '\x1b' => 'e',
        '"' | '\\' => symbol,
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        ' '..='~' => return,
        _ => {
            // Writing to a string cannot fail.
            let _ = match u32::from(symbol) {
                code @ ..=0xff => write!(out, "\\x{code:02X}"),
                code @ ..=0xffff => write!(out, "\\u{code:04X}"),
                code => write!(out, "\\U{code:08X}"),
            };
            return;
        }
    };
    out.push('\\');
    out.push(letter);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dumped(key: &str, value: &str) -> String {
        let mut out = Vec::new();
        entry(&mut out, key, value);
        String::from_utf8(out).unwrap()
    }

    // All expected values are printed by yaml.dump of PyYAML 6.0.3.
    #[test]
    fn a_text_that_yaml_would_read_as_something_else_is_quoted() {
        for text in [
            "",
            "yes",
            "Off",
            "TRUE",
            "~",
            "null",
            "12",
            "+1",
            "010",
            "1_000",
            "0x1F",
            "0b1",
            "1:30",
            "1.",
            ".5",
            "1.5e+3",
            "-.inf",
            ".nan",
            "190:20:30.15",
            "2020-01-01",
            "2020-1-1T1:00:00 +1:30",
            "=",
            "<<",
            "-",
            "- a",
            "? a",
            "---",
            "a: b",
            "a:",
            "a #b",
            "#a",
            " a",
            "a ",
            "@a",
            "%a",
        ] {
            assert_eq!(dumped("a", text), format!("a: '{text}'\n"));
        }
    }

    #[test]
    fn a_text_that_only_looks_like_something_else_is_plain() {
        for text in [
            "tRue",
            "y",
            "1e3",
            "1.5e3",
            "0o7",
            "089",
            "nan",
            "+.nan",
            "a:b",
            "a#b",
            "a, b",
            "a[x]",
            "-a",
            "x?",
            "a'b",
            "a\\b",
            "1:60",
            "2020-1-1",
            "0x",
            "1.5e+",
            "2020-01-01T1:0:00",
        ] {
            assert_eq!(dumped("a", text), format!("a: {text}\n"));
        }
    }

    #[test]
    fn characters_beyond_ascii_are_escaped() {
        assert_eq!(dumped("Ünï", "café: #1"), "\"\\xDCn\\xEF\": \"caf\\xE9: #1\"\n");
        assert_eq!(dumped("a", "\t\u{a0}\u{2028}\u{1F600}"), "a: \"\\t\\_\\L\\U0001F600\"\n");
        assert_eq!(dumped("a", "it's: b"), "a: 'it''s: b'\n");
        assert_eq!(dumped("a", "x\ny"), "a: 'x\n\n  y'\n");
    }

    #[test]
    fn long_lines_are_folded_at_the_first_chance_behind_column_80() {
        let (word, word_at_end) = ("w".repeat(90), "v");
        assert_eq!(dumped("a", &format!("{word} {word_at_end}")), format!("a: {word}\n  v\n"));
        let mut out = Vec::new();
        numbered(&mut out, 0, &"а".repeat(64));
        let folded = ["\\u0430".repeat(13), "\\u0430".repeat(13), "\\u0430".repeat(13), "\\u0430".repeat(13)];
        let last = "\\u0430".repeat(12);
        let expected = format!("  0: \"{}\\\n    {last}\"\n", folded.join("\\\n    "));
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_key_that_is_long_or_has_a_line_break_stands_behind_a_question_mark() {
        let key = "k".repeat(122);
        assert_eq!(dumped(&key, "v"), format!("{key}: v\n"));
        assert_eq!(dumped(&format!("{key}k"), "v"), format!("? {key}k\n: v\n"));
        assert_eq!(dumped("a\nb", "v"), "? 'a\n\n  b'\n: v\n");
    }
}
