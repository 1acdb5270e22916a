//! What the formats share that are lists: a line per picture, without a way to quote what would break a line.

use std::collections::HashSet;

use super::splits::Group;
use crate::error::{Code, Error, Place, Result};
use crate::schema::{Schema, ShapeKind};
use crate::timeline::{MadeId, Scene, Timeline};

/// What ends a line for one reader or another.
pub const LINE_BREAKS: [char; 2] = ['\n', '\r'];

/// Refuses labels whose names would break the lines of a list.
pub fn check_labels(schema: &Schema, breaks: &[char]) -> Result<()> {
    match schema.labels().iter().position(|label| label.name.contains(breaks)) {
        None => Ok(()),
        Some(place) => {
            let message = "the name of a label has a character in it that the format's lists cannot hold";
            Err(Error::new(Code::Unsupported, message)
                .of_label(schema.path(place as u32))
                .advise("give the label a name of one line"))
        }
    }
}

/// Whether a text has one of these characters, which are of ASCII. There is a name for each of millions of frames, and
/// most are short: that no byte is as small as these characters is seen without a branch.
pub fn has_any(text: impl AsRef<[u8]>, breaks: &[char]) -> bool {
    let bytes = text.as_ref();
    let greatest = breaks.iter().max().map_or(0, |&symbol| symbol as u8);
    bytes.iter().fold(false, |found, &byte| found | (byte <= greatest))
        && bytes.iter().any(|&byte| breaks.contains(&char::from(byte)))
}

/// What Python takes for a blank: the four separators of ASCII too.
pub fn is_blank(symbol: char) -> bool {
    symbol.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&symbol)
}

/// A field of a table, in quotes where it needs them.
pub fn write_field(text: &str, bytes: &mut Vec<u8>) {
    let start = bytes.len();
    bytes.extend_from_slice(text.as_bytes());
    quote(bytes, start);
}

/// Puts the field of a table that begins at `start` in quotes if it needs them.
pub fn quote(bytes: &mut Vec<u8>, start: usize) {
    if !has_any(&bytes[start..], &[',', '"', '\r', '\n']) {
        return;
    }
    let field = bytes.split_off(start);
    bytes.push(b'"');
    for byte in field {
        bytes.extend_from_slice(if byte == b'"' { b"\"\"" } else { std::slice::from_ref(&byte) });
    }
    bytes.push(b'"');
}

/// The names of all labels, sublabels too.
pub fn label_names(schema: &Schema) -> Vec<&str> {
    schema.labels().iter().map(|label| label.name.as_str()).collect()
}

/// An id of a picture and its extension.
#[derive(Clone, Copy)]
pub struct Picture<'p> {
    /// Name with its folders, without extension.
    pub id: &'p str,
    /// Extension with its dot.
    pub extension: &'p str,
}

/// Reads the ids of a timeline's pictures, one after another.
pub struct Pictures<'t> {
    timeline: &'t Timeline<'t>,
    breaks: &'static [char],
    made: MadeId,
}

impl<'t> Pictures<'t> {
    /// Refuses names with one of these control characters, which would break a line.
    pub fn new(timeline: &'t Timeline<'t>, breaks: &'static [char]) -> Self {
        Self { timeline, breaks, made: MadeId::default() }
    }

    /// The id of a frame.
    pub fn read(&mut self, frame: u32) -> Result<Picture<'_>> {
        let (id, extension) = self.timeline.id(frame, &mut self.made);
        let picture = Picture { id, extension };
        picture.check(self.timeline, frame, self.breaks)?;
        Ok(picture)
    }
}

impl Picture<'_> {
    /// Refuses a name with one of these control characters, which would break a line.
    pub fn check(&self, timeline: &Timeline<'_>, frame: u32, breaks: &[char]) -> Result<()> {
        let has_break = || has_any(self.id, breaks) || has_any(self.extension, breaks);
        if !timeline.has_plain_names() && has_break() {
            let message = "the name of an image has a character in it that the format's lists cannot hold";
            return Err(at_frame(Error::new(Code::Unsupported, message), timeline, frame));
        }
        Ok(())
    }
}

/// An error with its place.
pub fn at_frame(error: Error, timeline: &Timeline<'_>, frame: u32) -> Error {
    error.in_task(&timeline.task.name).at_frame(frame)
}

/// The place of a frame, for notes.
pub fn frame_place(timeline: &Timeline<'_>, frame: u32) -> Place {
    Place { task: Some(timeline.task.name.clone()), frame: Some(i64::from(frame)), ..Place::default() }
}

/// A name that lists, INI files and file systems hold, made from that of a task; `taken` has those that others have. What
/// they may not hold becomes `filler`.
pub fn folder_of_task(task: &str, filler: char, taken: &mut HashSet<String>) -> String {
    const LONGEST: usize = 60;
    let is_kept = |symbol: char| symbol.is_alphanumeric() || symbol == '-';
    let base: String = task.chars().take(LONGEST).map(|symbol| if is_kept(symbol) { symbol } else { filler }).collect();
    let base = if base.is_empty() { "task" } else { &base };
    let mut name = base.to_owned();
    let mut number = 1;
    while !taken.insert(name.clone()) {
        number += 1;
        name = format!("{base}{filler}{number}");
    }
    name
}

/// Rows of the tags on a frame, in order.
pub fn tags<'t>(timeline: &'t Timeline<'_>, frame: u32) -> &'t [u32] {
    let frames = &timeline.dataset.columns.tags.frame;
    let start = timeline.tags.partition_point(|&row| frames[row as usize] < frame);
    let count = timeline.tags[start..].partition_point(|&row| frames[row as usize] == frame);
    &timeline.tags[start..start + count]
}

/// Whether any frame of a timeline shows a shape of this kind.
pub fn shows(timeline: &Timeline<'_>, kind: ShapeKind) -> bool {
    let shapes = &timeline.dataset.columns.shapes;
    let shown = |row: u32| shapes.kind(row) == kind && timeline.frames.contains(shapes.frame[row as usize]);
    timeline.dataset.has_kind(kind)
        && (timeline.shapes.iter().any(shown) || !timeline.first_places(|track| track.kind == kind).is_empty())
}

/// Refuses two pictures of a subset that a format without extensions could not tell apart, as CVAT does.
///
/// Only names of pictures are remembered, not those of a video's frames, which are many and differ.
pub fn refuse_repeats(scene: &Scene<'_>, subsets: &[Group]) -> Result<()> {
    for (_, places) in subsets {
        let timelines = places.iter().map(|&place| &scene.timelines[place]);
        if timelines.clone().all(Timeline::may_repeat_names) && !scene.may_share_ids(places) {
            continue;
        }
        let mut known = HashSet::new();
        let (pictures, videos): (Vec<_>, Vec<_>) = timelines.partition(|timeline| timeline.may_repeat_names());
        for timeline in &pictures {
            for frame in timeline.frames.iter() {
                let mut id = String::new();
                timeline.write_stem(frame, &mut id);
                if let Some(id) = known.replace(id) {
                    return Err(repeated(&id, timeline, frame));
                }
            }
        }
        for timeline in videos.iter().filter(|_| !known.is_empty()) {
            for frame in timeline.frames.iter() {
                let mut id = String::new();
                timeline.write_stem(frame, &mut id);
                if known.contains(&id) {
                    return Err(repeated(&id, timeline, frame));
                }
            }
        }
    }
    Ok(())
}

fn repeated(id: &str, timeline: &Timeline<'_>, frame: u32) -> Error {
    let message = format!("two pictures of the subset {:?} are called {id:?} without extension", timeline.subset);
    at_frame(Error::new(Code::NameCollision, message), timeline, frame)
        .advise("the format tells pictures apart by that name only; rename one, or export its task by itself")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Label;

    #[test]
    fn a_label_whose_name_has_two_lines_is_refused() {
        let schema = |name: &str| {
            let label = |name: &str| Label {
                name: name.into(),
                color: "#000000".into(),
                kind: "any".into(),
                attributes: Vec::new(),
                parent: None,
                svg: None,
            };
            Schema::from(vec![label("car"), label(name)])
        };
        assert_eq!(check_labels(&schema("red bus"), &LINE_BREAKS), Ok(()));
        let refused = check_labels(&schema("a\nb"), &LINE_BREAKS).map_err(|error| error.place().label.clone());
        assert_eq!(refused, Err(Some("a\nb".to_owned())));
    }

    #[test]
    fn fields_are_quoted_only_where_a_table_needs_it() {
        for (text, expected) in [
            ("car/a b", "car/a b"),
            ("no_label/a,b \"q\"", "\"no_label/a,b \"\"q\"\"\""),
            ("a\nb", "\"a\nb\""),
            ("it's", "it's"),
        ] {
            let mut bytes = Vec::new();
            bytes.extend_from_slice(b"1,");
            write_field(text, &mut bytes);
            assert_eq!(String::from_utf8(bytes), Ok(format!("1,{expected}")));
        }
    }
}
