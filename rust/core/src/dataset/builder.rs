//! Fills the columns, row by row, as a source is read. What it takes has been checked by the source; what it cannot
//! count is an error.

mod rearrange;

use std::collections::HashMap;
use std::ops::Range;

use arrow_array::LargeStringArray;
use arrow_buffer::{BooleanBufferBuilder, Buffer, OffsetBuffer, ScalarBuffer};

use super::columns::{AttributeValues, Columns, Coordinates, Images, Keyframes, Shapes, Tags, Tracks};
use super::facts::Facts;
use super::notes::Notes;
use super::{Dataset, Project, Task};
use crate::error::{Code, Error, Place, Result};
use crate::limits::Limits;
use crate::schema::{Schema, ShapeKind};

/// What every annotation has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Common {
    /// Frame, relative to the task.
    pub frame: u32,
    /// Index of the label.
    pub label: u32,
    /// Group number, 0 for none.
    pub group: u32,
    /// Number of the source among the texts.
    pub source: u32,
}

/// What every drawn shape has, on its own or as a keyframe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawn<'a> {
    /// Whether something hides a part of it.
    pub occluded: bool,
    /// Whether it is out of sight.
    pub outside: bool,
    /// Layer.
    pub z_order: i32,
    /// Degrees, clockwise on the screen.
    pub rotation: f64,
    /// Coordinates as the kind lays them out.
    pub points: &'a [f64],
}

/// An attribute's number in the schema and its value's number among the texts.
pub type Value = (u32, u32);

/// Builds a [`Dataset`].
#[derive(Default)]
pub struct Builder {
    numbers: HashMap<Box<str>, u32>,
    texts: Texts,
    images: ImageRows,
    tags: (CommonRows, ValueRows),
    shapes: ShapeRows,
    tracks: TrackRows,
    keyframes: KeyframeRows,
    notes: Notes,
}

impl Builder {
    /// Notes what was not taken as it stands in the source, and how many annotations that leaves out.
    pub fn note(&mut self, message: String, place: &Place, left_out: u64) {
        self.notes.add(message, place, left_out);
    }

    /// The number of a text; equal texts have one number.
    pub fn text(&mut self, text: &str) -> Result<u32> {
        if let Some(&number) = self.numbers.get(text) {
            return Ok(number);
        }
        let number = count(self.texts.len())?;
        self.texts.push(text);
        self.numbers.insert(text.into(), number);
        Ok(number)
    }

    /// The text with this number.
    pub fn text_of(&self, number: u32) -> &str {
        self.texts.get(number as usize)
    }

    /// Adds a picture of an image task; `width` and `height` are in pixels, 0 if unknown.
    pub fn image(&mut self, name: &str, width: u32, height: u32) -> Result<()> {
        count(self.images.names.len() + 1)?;
        self.images.names.push(name);
        self.images.width.push(width);
        self.images.height.push(height);
        Ok(())
    }

    /// Adds a tag.
    pub fn tag(&mut self, common: Common, values: &[Value]) -> Result<()> {
        self.tags.0.push(common);
        self.tags.1.push(values)
    }

    /// Adds a shape; the last `elements` shapes are its elements.
    pub fn shape(
        &mut self,
        kind: ShapeKind,
        common: Common,
        drawn: Drawn<'_>,
        values: &[Value],
        elements: u32,
    ) -> Result<()> {
        let rows = &mut self.shapes;
        rows.kind.push(kind as u8);
        rows.common.push(common);
        rows.drawn.push(drawn);
        rows.elements.push(elements);
        rows.values.push(values)
    }

    /// Adds a keyframe. Its track comes later and names its keyframes by their rows.
    ///
    /// In a backup the label of a track stands behind its keyframes, so that the attributes in `values` may have other
    /// numbers at first; [`Builder::keyframe_attributes`] gives access to correct them.
    pub fn keyframe(&mut self, frame: u32, drawn: Drawn<'_>, values: &[Value]) -> Result<()> {
        let rows = &mut self.keyframes;
        rows.frame.push(frame);
        rows.drawn.push(drawn);
        rows.values.push(values)
    }

    /// Numbers of the attributes of these keyframes, for correction.
    pub fn keyframe_attributes(&mut self, rows: Range<u32>) -> &mut [u32] {
        let values = &mut self.keyframes.values;
        let range = values.offsets[rows.start as usize] as usize..values.offsets[rows.end as usize] as usize;
        &mut values.attribute[range]
    }

    /// Frames of these keyframes.
    pub fn keyframe_frames(&self, rows: Range<u32>) -> &[u32] {
        &self.keyframes.frame[rows.start as usize..rows.end as usize]
    }

    /// Adds a track with its keyframes' rows; the last `elements` tracks are its elements.
    pub fn track(
        &mut self,
        kind: ShapeKind,
        common: Common,
        keyframes: Range<u32>,
        values: &[Value],
        elements: u32,
    ) -> Result<()> {
        let rows = &mut self.tracks;
        rows.kind.push(kind as u8);
        rows.common.push(common);
        rows.first_keyframe.push(keyframes.start);
        rows.keyframe_count.push(keyframes.end - keyframes.start);
        rows.elements.push(elements);
        rows.values.push(values)
    }

    /// Number of pictures so far.
    pub fn image_count(&self) -> u32 {
        self.images.width.len() as u32
    }

    /// Number of tags so far.
    pub fn tag_count(&self) -> u32 {
        self.tags.0.frame.len() as u32
    }

    /// Number of shapes so far, elements included.
    pub fn shape_count(&self) -> u32 {
        self.shapes.kind.len() as u32
    }

    /// Number of tracks so far, elements included.
    pub fn track_count(&self) -> u32 {
        self.tracks.kind.len() as u32
    }

    /// Number of keyframes so far.
    pub fn keyframe_count(&self) -> u32 {
        self.keyframes.frame.len() as u32
    }

    /// The finished dataset. `tasks` say which rows are whose.
    pub fn finish(self, schema: Schema, project: Option<Project>, tasks: Vec<Task>) -> Dataset {
        let (tags, shapes, tracks, keyframes) = (self.tags, self.shapes, self.tracks, self.keyframes);
        let columns = Columns {
            strings: self.texts.finish(),
            images: Images {
                name: self.images.names.finish(),
                width: frozen(self.images.width),
                height: frozen(self.images.height),
            },
            tags: Tags {
                frame: frozen(tags.0.frame),
                label: frozen(tags.0.label),
                group: frozen(tags.0.group),
                source: frozen(tags.0.source),
                attributes: tags.1.finish(),
            },
            shapes: Shapes {
                kind: frozen(shapes.kind),
                label: frozen(shapes.common.label),
                frame: frozen(shapes.common.frame),
                group: frozen(shapes.common.group),
                source: frozen(shapes.common.source),
                occluded: shapes.drawn.occluded.build(),
                outside: shapes.drawn.outside.build(),
                z_order: frozen(shapes.drawn.z_order),
                rotation: frozen(shapes.drawn.rotation),
                elements: frozen(shapes.elements),
                points: shapes.drawn.points.finish(),
                attributes: shapes.values.finish(),
            },
            tracks: Tracks {
                kind: frozen(tracks.kind),
                label: frozen(tracks.common.label),
                frame: frozen(tracks.common.frame),
                group: frozen(tracks.common.group),
                source: frozen(tracks.common.source),
                elements: frozen(tracks.elements),
                first_keyframe: frozen(tracks.first_keyframe),
                keyframe_count: frozen(tracks.keyframe_count),
                attributes: tracks.values.finish(),
            },
            keyframes: Keyframes {
                frame: frozen(keyframes.frame),
                occluded: keyframes.drawn.occluded.build(),
                outside: keyframes.drawn.outside.build(),
                z_order: frozen(keyframes.drawn.z_order),
                rotation: frozen(keyframes.drawn.rotation),
                points: keyframes.drawn.points.finish(),
                attributes: keyframes.values.finish(),
            },
        };
        Dataset {
            schema,
            project,
            tasks,
            columns,
            source: None,
            opened: None,
            dated: None,
            notes: self.notes.finish(),
            limits: Limits::default(),
            facts: Facts::default(),
        }
    }
}

fn count(number: usize) -> Result<u32> {
    // Offsets of lists are signed in Arrow, so that a table ends at half of what a row number could count.
    i32::try_from(number)
        .map(|number| number as u32)
        .map_err(|_| Error::new(Code::TooLarge, "more than 2147483647 rows in one table").advise("split the project"))
}

/// The column of a vector, without the room that the vector kept for growth.
fn frozen<T: arrow_buffer::ArrowNativeType>(mut rows: Vec<T>) -> ScalarBuffer<T> {
    rows.shrink_to_fit();
    rows.into()
}

struct Texts {
    offsets: Vec<i64>,
    bytes: Vec<u8>,
}

impl Default for Texts {
    fn default() -> Self {
        Self { offsets: vec![0], bytes: Vec::new() }
    }
}

impl Texts {
    fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
        self.offsets.push(self.bytes.len() as i64);
    }

    fn get(&self, number: usize) -> &str {
        let bytes = &self.bytes[self.offsets[number] as usize..self.offsets[number + 1] as usize];
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    fn finish(mut self) -> LargeStringArray {
        self.bytes.shrink_to_fit();
        LargeStringArray::new(OffsetBuffer::new(frozen(self.offsets)), Buffer::from_vec(self.bytes), None)
    }
}

#[derive(Default)]
struct ImageRows {
    names: Texts,
    width: Vec<u32>,
    height: Vec<u32>,
}

#[derive(Default)]
struct CommonRows {
    frame: Vec<u32>,
    label: Vec<u32>,
    group: Vec<u32>,
    source: Vec<u32>,
}

impl CommonRows {
    fn push(&mut self, common: Common) {
        self.frame.push(common.frame);
        self.label.push(common.label);
        self.group.push(common.group);
        self.source.push(common.source);
    }
}

struct DrawnRows {
    occluded: BooleanBufferBuilder,
    outside: BooleanBufferBuilder,
    z_order: Vec<i32>,
    rotation: Vec<f64>,
    points: PointRows,
}

impl Default for DrawnRows {
    fn default() -> Self {
        Self {
            occluded: BooleanBufferBuilder::new(0),
            outside: BooleanBufferBuilder::new(0),
            z_order: Vec::new(),
            rotation: Vec::new(),
            points: PointRows::default(),
        }
    }
}

impl DrawnRows {
    fn push(&mut self, drawn: Drawn<'_>) {
        self.occluded.append(drawn.occluded);
        self.outside.append(drawn.outside);
        self.z_order.push(drawn.z_order);
        self.rotation.push(drawn.rotation);
        self.points.values.extend_from_slice(drawn.points);
        self.points.offsets.push(self.points.values.len() as i64);
    }
}

struct PointRows {
    offsets: Vec<i64>,
    values: Vec<f64>,
}

impl Default for PointRows {
    fn default() -> Self {
        Self { offsets: vec![0], values: Vec::new() }
    }
}

impl PointRows {
    fn finish(self) -> Coordinates {
        Coordinates { offsets: OffsetBuffer::new(frozen(self.offsets)), values: frozen(self.values) }
    }
}

struct ValueRows {
    offsets: Vec<i32>,
    attribute: Vec<u32>,
    value: Vec<u32>,
}

impl Default for ValueRows {
    fn default() -> Self {
        Self { offsets: vec![0], attribute: Vec::new(), value: Vec::new() }
    }
}

impl ValueRows {
    /// Ends a row. Every row of every table but the keyframes' frames passes here, so that the rows are counted too.
    fn push(&mut self, values: &[Value]) -> Result<()> {
        self.attribute.extend(values.iter().map(|&(attribute, _)| attribute));
        self.value.extend(values.iter().map(|&(_, value)| value));
        count(self.offsets.len())?;
        self.offsets.push(count(self.value.len())? as i32);
        Ok(())
    }

    fn finish(self) -> AttributeValues {
        AttributeValues {
            offsets: OffsetBuffer::new(frozen(self.offsets)),
            attribute: frozen(self.attribute),
            value: frozen(self.value),
        }
    }
}

#[derive(Default)]
struct ShapeRows {
    kind: Vec<u8>,
    common: CommonRows,
    drawn: DrawnRows,
    elements: Vec<u32>,
    values: ValueRows,
}

#[derive(Default)]
struct TrackRows {
    kind: Vec<u8>,
    common: CommonRows,
    elements: Vec<u32>,
    first_keyframe: Vec<u32>,
    keyframe_count: Vec<u32>,
    values: ValueRows,
}

#[derive(Default)]
struct KeyframeRows {
    frame: Vec<u32>,
    drawn: DrawnRows,
    values: ValueRows,
}
