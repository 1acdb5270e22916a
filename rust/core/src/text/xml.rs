//! Escaping for XML, byte for byte as Python's `xml.sax.saxutils` does it, which wrote the files that CVAT's readers know.
//! Control characters are passed through, as there.

/// Appends the text of an element: `&`, `<` and `>` are escaped; quotes and line ends stay.
pub fn escape_text(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    for place in memchr::memchr3_iter(b'&', b'<', b'>', bytes) {
        out.extend_from_slice(&bytes[copied..place]);
        out.extend_from_slice(entity(bytes[place]));
        copied = place + 1;
    }
    out.extend_from_slice(&bytes[copied..]);
}

/// Appends an attribute value with its delimiters: `"`, or `'` where the value holds `"` but no `'`. Besides `&`, `<`
/// and `>`, line feed, carriage return and tab are escaped, and `"` where it is the delimiter.
pub fn attribute_value(out: &mut Vec<u8>, value: &str) {
    let bytes = value.as_bytes();
    // Names and labels are short and mostly clean: one walk over a table decides, and beats memchr below 64 bytes or so.
    if !bytes.iter().any(|&byte| ESCAPED_IN_ATTRIBUTE[usize::from(byte)]) {
        out.push(b'"');
        out.extend_from_slice(bytes);
        return out.push(b'"');
    }
    let single = memchr::memchr(b'"', bytes).is_some() && memchr::memchr(b'\'', bytes).is_none();
    let delimiter = if single { b'\'' } else { b'"' };
    out.push(delimiter);
    let mut copied = 0;
    for (place, &byte) in bytes.iter().enumerate() {
        if ESCAPED_IN_ATTRIBUTE[usize::from(byte)] && !(single && byte == b'"') {
            out.extend_from_slice(&bytes[copied..place]);
            out.extend_from_slice(entity(byte));
            copied = place + 1;
        }
    }
    out.extend_from_slice(&bytes[copied..]);
    out.push(delimiter);
}

const ESCAPED_IN_ATTRIBUTE: [bool; 256] = {
    let mut table = [false; 256];
    let escaped = b"&<>\"\n\r\t";
    let mut i = 0;
    while i < escaped.len() {
        table[escaped[i] as usize] = true;
        i += 1;
    }
    table
};

const fn entity(byte: u8) -> &'static [u8] {
    match byte {
        b'&' => b"&amp;",
        b'<' => b"&lt;",
        b'>' => b"&gt;",
        b'"' => b"&quot;",
        b'\n' => b"&#10;",
        b'\r' => b"&#13;",
        b'\t' => b"&#9;",
        _ => b"",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> String {
        let mut out = Vec::new();
        escape_text(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    fn attribute(value: &str) -> String {
        let mut out = Vec::new();
        attribute_value(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_escapes_markup_and_keeps_quotes_and_line_ends() {
        assert_eq!(text(""), "");
        assert_eq!(text("größer"), "größer");
        assert_eq!(text("<a & b>"), "&lt;a &amp; b&gt;");
        assert_eq!(text("'\"\r\n\t"), "'\"\r\n\t");
    }

    // Expected values printed by Python's xml.sax.saxutils.quoteattr.
    #[test]
    fn an_attribute_chooses_its_delimiter_as_quoteattr_does() {
        assert_eq!(attribute(""), r#""""#);
        assert_eq!(attribute("rot/grün"), r#""rot/grün""#);
        assert_eq!(attribute("a'b"), r#""a'b""#);
        assert_eq!(attribute("a\"b"), r#"'a"b'"#);
        assert_eq!(attribute("a\"b'\n\r\t&<>"), r#""a&quot;b'&#10;&#13;&#9;&amp;&lt;&gt;""#);
        assert_eq!(attribute("\"\t\""), "'\"&#9;\"'");
    }
}
