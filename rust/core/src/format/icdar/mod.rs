//! What the ICDAR formats share: the attribute `text`.

pub mod localization;
pub mod recognition;
pub mod segmentation;

use crate::error::{Code, Error, Result};
use crate::format::kit::annotation::{Value, Values, attributes, located, python_str, text_of};
use crate::format::kit::listing::{LINE_BREAKS, has_any};
use crate::schema::{InputType, Schema};
use crate::timeline::{Item, Timeline};

/// Name of the attribute.
const TEXT: &str = "text";

/// Whether the attributes of a label are read. Few have a text; of the others only numbers are read, which may be none and
/// so an error.
pub fn is_read(schema: &Schema, label: u32) -> bool {
    schema.label(label).attributes.iter().any(|spec| spec.name == TEXT || spec.input_type == InputType::Number)
}

/// The text of a shape.
pub fn text_of_shape<'a>(timeline: &Timeline<'a>, item: &Item, values: &mut Values<'a>) -> Result<Option<Value<'a>>> {
    if !is_read(&timeline.dataset.schema, item.label) {
        return Ok(None);
    }
    attributes(timeline, item, values)?;
    transcription(values).map_err(|error| located(error, timeline, item))
}

/// The attribute called `text`; one that would break its line is an error.
pub fn transcription<'a>(values: &[(&str, Value<'a>)]) -> Result<Option<Value<'a>>> {
    let text = values.iter().find(|(name, _)| *name == TEXT).map(|(_, value)| *value);
    match text {
        Some(Value::Text(text)) if has_any(text, &LINE_BREAKS) => {
            Err(Error::new(Code::BadAttributeValue, "ICDAR cannot hold a line break in the attribute \"text\"")
                .advise("make the text one line in CVAT"))
        }
        other => Ok(other),
    }
}

/// Appends a text in quotes. Nothing in it is escaped, as in CVAT.
pub fn write_quoted(out: &mut Vec<u8>, text: Value<'_>) {
    out.push(b'"');
    python_str(out, text);
    out.push(b'"');
}

/// The same as the data sets have it: `\` stands before quotes and before itself.
pub fn write_escaped(out: &mut Vec<u8>, text: Value<'_>) {
    let text = text_of(text).replace('\\', "\\\\").replace('"', "\\\"");
    write_quoted(out, Value::Text(&text));
}

#[cfg(test)]
mod tests;
