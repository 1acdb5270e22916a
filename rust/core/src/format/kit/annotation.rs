//! Annotations as the formats of training tools see them: coordinates rounded to two digits, attributes typed, and the
//! flags of CVAT among the attributes.
//!
//! CVAT writes these formats through a library of dataset formats; the rules here are what that conversion does. CVAT's
//! own XML formats do not pass through it.

use crate::error::{Code, Error, Place, Result};
use crate::schema::{Attribute, InputType, Schema, ShapeKind};
use crate::text::number::{self, round2_numpy};
use crate::timeline::{Item, Timeline};

/// The value of an attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Select, radio and text attributes.
    Text(&'a str),
    /// Number attributes, and the rotation.
    Number(f64),
    /// Checkboxes, and flags.
    Flag(bool),
    /// Track ids.
    Count(u32),
}

/// Attributes with their names, in order. Filled anew for each shape, so that one serves for all.
pub type Values<'a> = Vec<(&'a str, Value<'a>)>;

/// Names that CVAT adds to the attributes; a label's own attribute of that name loses its value.
const OCCLUDED: &str = "occluded";
const ROTATION: &str = "rotation";
/// The attribute that tells of which track a shape is.
pub const TRACK_ID: &str = "track_id";
const KEYFRAME: &str = "keyframe";

/// The corners `x0, y0, x1, y1` of a rectangle without its rotation.
///
/// Each is rounded to two digits; the second pair is made from the first and the size, as CVAT does.
pub fn corners(points: &[f64]) -> Option<[f64; 4]> {
    let &[x0, y0, x1, y1] = points else { return None };
    Some([x0, y0, x0 + (x1 - x0), y0 + (y1 - y0)].map(round2_numpy))
}

/// The [`corners`] of a rectangle, which must have them. Errors: `bad-shape`, without a place.
pub fn required_corners(points: &[f64]) -> Result<[f64; 4]> {
    corners(points).ok_or_else(|| Error::new(Code::BadShape, "a rectangle needs four coordinates"))
}

/// Fills `values` with the attributes of a shape, in the order of the label's declaration and then CVAT's own.
pub fn attributes<'a>(timeline: &Timeline<'a>, item: &Item, values: &mut Values<'a>) -> Result<()> {
    declared(timeline, item, values)?;
    set(values, OCCLUDED, Value::Flag(item.occluded));
    if matches!(item.kind, ShapeKind::Rectangle | ShapeKind::Ellipse) {
        set(values, ROTATION, Value::Number(timeline.rotation(item)));
    }
    tracked(item, values);
    Ok(())
}

/// Fills `values` with the attributes of an element of a skeleton.
pub fn element_attributes<'a>(timeline: &Timeline<'a>, element: &Item, values: &mut Values<'a>) -> Result<()> {
    declared(timeline, element, values)?;
    tracked(element, values);
    Ok(())
}

/// Sets what a shape has from its track.
fn tracked<'a>(item: &Item, values: &mut Values<'a>) {
    if let Some(track) = item.track_id() {
        set(values, TRACK_ID, Value::Count(track));
        set(values, KEYFRAME, Value::Flag(item.is_keyframe()));
    }
}

/// Fills `values` with the attributes of a skeleton: as of any shape, and whether one of its elements is a keyframe.
pub fn skeleton_attributes<'a>(
    timeline: &Timeline<'a>,
    item: &Item,
    elements: &[Item],
    values: &mut Values<'a>,
) -> Result<()> {
    attributes(timeline, item, values)?;
    set(values, KEYFRAME, Value::Flag(elements.iter().any(Item::is_keyframe)));
    Ok(())
}

/// Sets an attribute; one of that name keeps its place.
fn set<'a>(values: &mut Values<'a>, name: &'static str, value: Value<'a>) {
    match values.iter_mut().find(|(known, _)| *known == name) {
        Some((_, old)) => *old = value,
        None => values.push((name, value)),
    }
}

/// Fills `values` with the attributes that the label of a shape declares; one that the shape lacks has its default.
fn declared<'a>(timeline: &Timeline<'a>, item: &Item, values: &mut Values<'a>) -> Result<()> {
    fill(&timeline.dataset.schema, item.label, |set| timeline.for_each_value(item, set), values)
        .map_err(|error| located(error, timeline, item))
}

/// Fills `values` with the attributes of a tag: those that its label declares.
pub fn tag_attributes<'a>(timeline: &Timeline<'a>, row: u32, values: &mut Values<'a>) -> Result<()> {
    let columns = &timeline.dataset.columns;
    let stored = |set: &mut dyn FnMut(u32, &'a str)| {
        columns.tags.attributes.get(row).for_each(|(attribute, value)| set(attribute, columns.text(value)));
    };
    fill(&timeline.dataset.schema, columns.tags.label[row as usize], stored, values)
        .map_err(|error| tag_located(error, timeline, row))
}

/// Fills `values` with the attributes that a label declares; `stored` hands over those that there are.
fn fill<'a>(
    schema: &'a Schema,
    label: u32,
    stored: impl FnOnce(&mut dyn FnMut(u32, &'a str)),
    values: &mut Values<'a>,
) -> Result<()> {
    values.clear();
    let first = schema.first_attribute(label);
    let specs = &schema.label(label).attributes;
    if specs.is_empty() {
        return Ok(());
    }
    values.extend(specs.iter().map(|spec| (spec.name.as_str(), Value::Text(&spec.default_value))));
    stored(&mut |attribute, text| {
        if let Some((_, value)) = attribute.checked_sub(first).and_then(|place| values.get_mut(place as usize)) {
            *value = Value::Text(text);
        }
    });
    for (spec, (_, value)) in specs.iter().zip(values) {
        if let Value::Text(text) = *value {
            *value = typed(spec, text)?;
        }
    }
    Ok(())
}

/// The value of the attribute called `name` of a tag: its default where the tag lacks it, none if the label has no such
/// attribute.
pub fn tag_value<'a>(timeline: &Timeline<'a>, row: u32, name: &str) -> Result<Option<Value<'a>>> {
    let columns = &timeline.dataset.columns;
    let schema = &timeline.dataset.schema;
    let Some(number) = schema.find_attribute(columns.tags.label[row as usize], name) else { return Ok(None) };
    let spec = schema.attribute(number);
    // As with shapes, the last of several values counts.
    let stored = columns.tags.attributes.get(row).filter(|(attribute, _)| *attribute == number).last();
    let text = stored.map_or(spec.default_value.as_str(), |(_, value)| columns.text(value));
    typed(spec, text).map(Some).map_err(|error| tag_located(error, timeline, row))
}

/// An error with the place of a tag.
pub fn tag_located(error: Error, timeline: &Timeline<'_>, row: u32) -> Error {
    let (dataset, at) = (timeline.dataset, row as usize);
    let label = dataset.schema.path(dataset.columns.tags.label[at]);
    error.in_task(&timeline.task.name).at_frame(dataset.columns.tags.frame[at]).of_label(label)
}

fn typed<'a>(spec: &Attribute, text: &'a str) -> Result<Value<'a>> {
    Ok(match spec.input_type {
        InputType::Number => Value::Number(python_float(text).ok_or_else(|| {
            Error::new(
                Code::BadAttributeValue,
                format!("attribute {:?} is a number, but its value is {text:?}", spec.name),
            )
            .advise("correct the value in CVAT")
        })?),
        InputType::Checkbox => Value::Flag(text.eq_ignore_ascii_case("true")),
        InputType::Select | InputType::Radio | InputType::Text => Value::Text(text),
    })
}

/// Appends a value as Python's `str()` prints it.
pub fn python_str(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Text(text) => out.extend_from_slice(text.as_bytes()),
        Value::Number(number) => number::repr(out, number),
        Value::Flag(flag) => out.extend_from_slice(if flag { b"True" } else { b"False" }),
        Value::Count(count) => number::uint(out, u64::from(count)),
    }
}

/// A value as Python's `str()` gives it.
pub fn text_of(value: Value<'_>) -> String {
    let mut out = Vec::new();
    python_str(&mut out, value);
    String::from_utf8_lossy(&out).into_owned()
}

/// Reads a number as Python's `float()` does: spaces around it, `_` between digits, `inf` and `nan` are allowed.
pub fn python_float(text: &str) -> Option<f64> {
    let text = text.trim();
    if !text.contains('_') {
        return text.parse().ok();
    }
    let bytes = text.as_bytes();
    let digit = |place: Option<usize>| place.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let between_digits = |at: usize| bytes[at] != b'_' || (digit(at.checked_sub(1)) && digit(Some(at + 1)));
    (0..bytes.len()).all(between_digits).then(|| text.replace('_', "").parse().ok()).flatten()
}

/// A value as Python's `int()` reads it; a fraction is cut off.
pub fn int_of(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Text(text) => python_int(text)?.parse().ok(),
        Value::Number(number) => number.is_finite().then_some(number as i64),
        Value::Flag(flag) => Some(i64::from(flag)),
        Value::Count(count) => Some(i64::from(count)),
    }
}

/// The number that Python's `int()` reads in a text, in its shortest form: spaces around it, a sign, leading zeros,
/// `_` between digits and decimal digits of any script are allowed.
pub fn python_int(text: &str) -> Option<String> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut out = String::new();
    let mut after_digit = false;
    for symbol in digits.chars() {
        if symbol == '_' && after_digit {
            after_digit = false;
            continue;
        }
        let digit = decimal_digit(symbol)?;
        if !(out.is_empty() && digit == 0) {
            out.push(char::from(b'0' + digit));
        }
        after_digit = true;
    }
    if !after_digit {
        return None;
    }
    Some(match (out.is_empty(), negative) {
        (true, _) => "0".to_owned(),
        (false, true) => format!("-{out}"),
        (false, false) => out,
    })
}

/// The value of a decimal digit of any script.
///
/// Unicode lays out the ten digits of a script (general category Nd) without gap, so that the zeros tell all of them.
pub fn decimal_digit(symbol: char) -> Option<u8> {
    if symbol.is_ascii() {
        return symbol.to_digit(10).map(|digit| digit as u8);
    }
    let code = symbol as u32;
    ZEROS.iter().find(|&&zero| (zero..zero + 10).contains(&code)).map(|zero| (code - zero) as u8)
}

/// The zeros of the scripts of Unicode 14.
const ZEROS: [u32; 66] = [
    0x0030, 0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0de6,
    0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
    0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0,
    0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50,
    0x11da0, 0x16a60, 0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950,
    0x1fbf0,
];

/// The place of an item, for notes and errors.
pub fn place(timeline: &Timeline<'_>, item: &Item) -> Place {
    Place {
        task: Some(timeline.task.name.clone()),
        frame: Some(i64::from(item.frame)),
        track: item.track_id().map(u64::from),
        label: Some(timeline.dataset.schema.path(item.label)),
        ..Place::default()
    }
}

/// An error with the place of an item.
pub fn located(error: Error, timeline: &Timeline<'_>, item: &Item) -> Error {
    let error = match item.track_id() {
        Some(track) => error.in_track(u64::from(track)),
        None => error,
    };
    error.in_task(&timeline.task.name).at_frame(item.frame).of_label(timeline.dataset.schema.path(item.label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        for (text, expected) in [
            ("5", Some(5.0)),
            (" -1.5e3\n", Some(-1500.0)),
            ("1_000.5", Some(1000.5)),
            ("1__0", None),
            ("_1", None),
            ("1_", None),
            ("1_.5", None),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("", None),
            ("red", None),
            ("Infinity", Some(f64::INFINITY)),
            ("0x10", None),
        ] {
            assert_eq!(python_float(text), expected, "{text:?}");
        }
        assert!(python_float("nan").is_some_and(f64::is_nan));
    }

    #[test]
    fn corners_are_rounded_as_numpy_rounds() {
        assert_eq!(corners(&[0.125, 2.675, 10.3, 1.005]), Some([0.12, 2.68, 10.3, 1.0]));
        assert_eq!(corners(&[1.0, 2.0]), None);
    }

    #[test]
    fn names_that_python_reads_as_numbers_are_numbers() {
        for (text, expected) in [
            ("000005", Some("5")),
            ("-3", Some("-3")),
            ("+07", Some("7")),
            ("2024_01_05", Some("20240105")),
            (" 12 ", Some("12")),
            ("0", Some("0")),
            ("-0", Some("0")),
            ("\u{0661}\u{0662}", Some("12")),
            ("1__2", None),
            ("_1", None),
            ("1_", None),
            ("frame_000001", None),
            ("cam1/000001", None),
            ("", None),
            ("-", None),
            ("1.5", None),
        ] {
            assert_eq!(python_int(text).as_deref(), expected, "{text:?}");
        }
    }
}
