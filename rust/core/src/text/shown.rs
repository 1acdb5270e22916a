//! Texts of the source in messages for people: one line, without anything that a terminal obeys, and not too long.

use std::borrow::Cow;

/// A text of which at most about `limit` characters are kept, those at its ends, and in which control characters and
/// those that turn the direction of writing are spelled out (`\u{1b}`).
pub fn shown(text: &str, limit: usize) -> Cow<'_, str> {
    let short = shortened(text, limit);
    if !short.contains(is_unsafe) {
        return short;
    }
    let mut out = String::with_capacity(2 * short.len());
    for symbol in short.chars() {
        if is_unsafe(symbol) {
            out.extend(symbol.escape_default());
        } else {
            out.push(symbol);
        }
    }
    Cow::Owned(out)
}

/// A text of which at most `limit` characters are kept, those at its ends.
pub fn shortened(text: &str, limit: usize) -> Cow<'_, str> {
    let count = if text.len() <= limit { 0 } else { text.chars().count() };
    if count <= limit {
        return Cow::Borrowed(text);
    }
    // What a message says about a name mostly stands behind it.
    let end = limit / 3;
    let (head, tail) = (text.chars().take(limit - end), text.chars().skip(count - end));
    Cow::Owned(head.chain(['…']).chain(tail).collect())
}

/// Whether a character moves the cursor, starts a command of a terminal, ends a line or turns the direction of writing.
fn is_unsafe(symbol: char) -> bool {
    symbol.is_control()
        || matches!(symbol, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_spelled_out() {
        let text = "a\u{1b}[2J\u{7}\r\n\t\u{85}\u{2028}\u{202e}b";
        assert_eq!(shown(text, 99), "a\\u{1b}[2J\\u{7}\\r\\n\\t\\u{85}\\u{2028}\\u{202e}b");
    }

    #[test]
    fn plain_texts_of_any_language_stay_as_they_are() {
        for text in ["", "Auto \"rot\"", "車", "नमस्ते", "🚗", "a\\b"] {
            assert!(matches!(shown(text, 80), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn of_a_long_text_the_ends_are_kept() {
        assert_eq!(shown(&"ä".repeat(9), 9), "ä".repeat(9));
        assert_eq!(shown("abcdefghij", 9), "abcdef…hij");
        assert_eq!(shown(&format!("{}\n", "x".repeat(70_000)), 9), "xxxxxx…xx\\n");
    }
}
