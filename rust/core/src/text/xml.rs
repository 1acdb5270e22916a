//! Escaping for XML, byte for byte as Python's `xml.sax.saxutils` does it, which wrote the files that CVAT's readers know.
//! Control characters are passed through, as there. [`Pretty`] writes whole elements as lxml does, which refuses them.

use crate::error::{Code, Error, Result};

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

const ESCAPED_IN_ATTRIBUTE: [bool; 256] = table_of(b"&<>\"\n\r\t");

/// The bytes that a text may not have as they are, or only in some characters: U+FFFE and U+FFFF begin with 0xef.
const SPECIAL_IN_TEXT: [bool; 256] = table_of(
    b"&<>\xef\0\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\r\x0e\x0f\
    \x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f",
);

/// For each byte, whether it is among these.
const fn table_of(bytes: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut i = 0;
    while i < bytes.len() {
        table[bytes[i] as usize] = true;
        i += 1;
    }
    table
}

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

/// Writes elements one below another as lxml's `pretty_print` does: two blanks a level, no declaration, and a pair of tags
/// also around an empty text.
pub struct Pretty<'o> {
    /// What is written so far.
    pub out: &'o mut Vec<u8>,
    depth: usize,
}

impl<'o> Pretty<'o> {
    /// Begins a document.
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out, depth: 0 }
    }

    /// Opens an element of elements.
    pub fn begin(&mut self, name: &str) {
        self.tag("<", name);
        self.out.push(b'\n');
        self.depth += 1;
    }

    /// Closes it.
    pub fn end(&mut self, name: &str) {
        self.depth -= 1;
        self.tag("</", name);
        self.out.push(b'\n');
    }

    /// Writes an element with a text. [`Code::Unsupported`] for a text with a character that XML does not have.
    pub fn text(&mut self, name: &str, text: &str) -> Result<()> {
        if !text.bytes().any(|byte| SPECIAL_IN_TEXT[usize::from(byte)]) {
            self.value(name, |out| out.extend_from_slice(text.as_bytes()));
            return Ok(());
        }
        let is_foreign =
            |c: char| matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}');
        if text.contains(is_foreign) {
            return Err(Error::new(Code::Unsupported, format!("XML cannot hold a control character as in {text:?}"))
                .advise("remove it in CVAT"));
        }
        self.value(name, |out| {
            let mut lines = text.split('\r');
            escape_text(out, lines.next().unwrap_or_default());
            for line in lines {
                out.extend_from_slice(entity(b'\r'));
                escape_text(out, line);
            }
        });
        Ok(())
    }

    /// Writes an element with what `write` appends, a number or the like.
    pub fn value(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.tag("<", name);
        write(self.out);
        for part in ["</", name, ">\n"] {
            self.out.extend_from_slice(part.as_bytes());
        }
    }

    fn tag(&mut self, bracket: &str, name: &str) {
        const BLANKS: &[u8; 32] = &[b' '; 32];
        match BLANKS.get(..2 * self.depth) {
            Some(blanks) => self.out.extend_from_slice(blanks),
            None => self.out.resize(self.out.len() + 2 * self.depth, b' '),
        }
        for part in [bracket, name, ">"] {
            self.out.extend_from_slice(part.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Expected value printed by lxml.etree.tostring(root, encoding="unicode", pretty_print=True).
    #[test]
    fn elements_are_indented_as_lxml_does_it() {
        let mut out = Vec::new();
        let mut xml = Pretty::new(&mut out);
        xml.begin("annotation");
        xml.text("folder", "").unwrap();
        xml.begin("size");
        xml.value("width", |out| out.extend_from_slice(b"8"));
        xml.end("size");
        xml.text("name", "a<b> & \"c\" größe\r\n\t'").unwrap();
        xml.end("annotation");
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "<annotation>\n  <folder></folder>\n  <size>\n    <width>8</width>\n  </size>\n  \
             <name>a&lt;b&gt; &amp; \"c\" größe&#13;\n\t'</name>\n</annotation>\n"
        );
    }

    #[test]
    fn a_control_character_is_refused() {
        for text in ["\0", "a\x1b", "\x0b", "\u{ffff}"] {
            let refused = Pretty::new(&mut Vec::new()).text("name", text);
            assert_eq!(refused.map_err(|error| error.code()), Err(Code::Unsupported), "{text:?}");
        }
        assert_eq!(Pretty::new(&mut Vec::new()).text("name", "\t\r\n\u{7f}\u{85}"), Ok(()));
    }

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
