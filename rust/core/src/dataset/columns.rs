//! The columns: one struct per table, one typed buffer per column. Rows are read by index; nothing is ever changed.
//!
//! A shape's coordinates and an annotation's attributes are lists: an offset per row into one arena per table.

use arrow_array::{Array, LargeStringArray};
use arrow_buffer::{BooleanBuffer, OffsetBuffer, ScalarBuffer};

use crate::schema::ShapeKind;

/// All tables of a dataset.
#[derive(Clone, Debug)]
pub struct Columns {
    /// Texts that columns refer to by number: attribute values and sources.
    pub strings: LargeStringArray,
    /// The pictures of image tasks. Video tasks have none: their frames are numbers.
    pub images: Images,
    /// Labels on whole frames.
    pub tags: Tags,
    /// Shapes on single frames.
    pub shapes: Shapes,
    /// Objects that are followed through frames.
    pub tracks: Tracks,
    /// The frames where a person (or model) placed a track's shape.
    pub keyframes: Keyframes,
}

impl Columns {
    /// The text with this number.
    pub fn text(&self, number: u32) -> &str {
        self.strings.value(number as usize)
    }

    /// Memory held by the columns, in bytes.
    pub fn bytes(&self) -> usize {
        let lists = |list: &Coordinates| list.offsets.inner().inner().len() + list.values.inner().len();
        let values = |list: &AttributeValues| {
            list.offsets.inner().inner().len() + list.attribute.inner().len() + list.value.inner().len()
        };
        let (images, tags, shapes, tracks, keyframes) =
            (&self.images, &self.tags, &self.shapes, &self.tracks, &self.keyframes);
        self.strings.get_buffer_memory_size()
            + images.name.get_buffer_memory_size()
            + 8 * images.len()
            + 16 * tags.len()
            + values(&tags.attributes)
            + (1 + 5 * 4 + 8) * shapes.len()
            + shapes.len() / 4
            + lists(&shapes.points)
            + values(&shapes.attributes)
            + (1 + 7 * 4) * tracks.len()
            + values(&tracks.attributes)
            + (4 + 4 + 8) * keyframes.len()
            + keyframes.len() / 4
            + lists(&keyframes.points)
            + values(&keyframes.attributes)
    }
}

/// A list of coordinates per row.
#[derive(Clone, Debug)]
pub struct Coordinates {
    /// Row `i` has the values from `offsets[i]` to `offsets[i + 1]`.
    pub offsets: OffsetBuffer<i64>,
    /// All coordinates, row after row, in pixels (masks: run lengths and box).
    pub values: ScalarBuffer<f64>,
}

impl Coordinates {
    /// The coordinates of a row.
    pub fn get(&self, row: u32) -> &[f64] {
        let row = row as usize;
        &self.values[self.offsets[row] as usize..self.offsets[row + 1] as usize]
    }
}

/// A list of attribute values per row.
#[derive(Clone, Debug)]
pub struct AttributeValues {
    /// Row `i` has the values from `offsets[i]` to `offsets[i + 1]`.
    pub offsets: OffsetBuffer<i32>,
    /// Numbers of the attributes in the schema.
    pub attribute: ScalarBuffer<u32>,
    /// Numbers of their values among the strings.
    pub value: ScalarBuffer<u32>,
}

impl AttributeValues {
    /// Where the values of a row stand.
    pub fn range(&self, row: u32) -> std::ops::Range<usize> {
        let row = row as usize;
        self.offsets[row] as usize..self.offsets[row + 1] as usize
    }

    /// The attributes of a row, in stored order.
    pub fn of(&self, row: u32) -> &[u32] {
        &self.attribute[self.range(row)]
    }

    /// The `(attribute, value)` pairs of a row, in stored order.
    pub fn get(&self, row: u32) -> impl ExactSizeIterator<Item = (u32, u32)> + Clone + '_ {
        let range = self.range(row);
        self.attribute[range.clone()].iter().copied().zip(self.value[range].iter().copied())
    }
}

/// The pictures of all image tasks, task after task, in frame order.
#[derive(Clone, Debug)]
pub struct Images {
    /// Path with extension, `/` between folders.
    pub name: LargeStringArray,
    /// Width in pixels; 0 where the source does not tell.
    pub width: ScalarBuffer<u32>,
    /// Height in pixels; 0 where the source does not tell.
    pub height: ScalarBuffer<u32>,
}

/// Labels on whole frames.
#[derive(Clone, Debug)]
pub struct Tags {
    /// Frame, relative to the task.
    pub frame: ScalarBuffer<u32>,
    /// Index of the label.
    pub label: ScalarBuffer<u32>,
    /// Group number, 0 for none.
    pub group: ScalarBuffer<u32>,
    /// Number of the source (`manual`, `auto`, …) among the strings.
    pub source: ScalarBuffer<u32>,
    /// Values of the label's attributes.
    pub attributes: AttributeValues,
}

/// Shapes on single frames. The rows of a skeleton's elements stand before its own.
#[derive(Clone, Debug)]
pub struct Shapes {
    /// Number of the [`ShapeKind`].
    pub kind: ScalarBuffer<u8>,
    /// Index of the label.
    pub label: ScalarBuffer<u32>,
    /// Frame, relative to the task.
    pub frame: ScalarBuffer<u32>,
    /// Group number, 0 for none.
    pub group: ScalarBuffer<u32>,
    /// Number of the source among the strings.
    pub source: ScalarBuffer<u32>,
    /// Whether something hides a part of it.
    pub occluded: BooleanBuffer,
    /// Whether it is out of sight (elements of skeletons only).
    pub outside: BooleanBuffer,
    /// Layer: higher ones are in front.
    pub z_order: ScalarBuffer<i32>,
    /// Degrees, clockwise on the screen.
    pub rotation: ScalarBuffer<f64>,
    /// Number of rows before this one that are its elements.
    pub elements: ScalarBuffer<u32>,
    /// Coordinates as the kind lays them out.
    pub points: Coordinates,
    /// Values of the label's attributes.
    pub attributes: AttributeValues,
}

/// Tracks. The rows of a skeleton's elements stand before its own.
#[derive(Clone, Debug)]
pub struct Tracks {
    /// Number of the [`ShapeKind`] of all its shapes.
    pub kind: ScalarBuffer<u8>,
    /// Index of the label.
    pub label: ScalarBuffer<u32>,
    /// First frame, relative to the task.
    pub frame: ScalarBuffer<u32>,
    /// Group number, 0 for none.
    pub group: ScalarBuffer<u32>,
    /// Number of the source among the strings.
    pub source: ScalarBuffer<u32>,
    /// Number of rows before this one that are its elements.
    pub elements: ScalarBuffer<u32>,
    /// Row of its first keyframe; the others follow, by frame.
    pub first_keyframe: ScalarBuffer<u32>,
    /// Number of its keyframes.
    pub keyframe_count: ScalarBuffer<u32>,
    /// Values of the label's immutable attributes.
    pub attributes: AttributeValues,
}

/// The keyframes of all tracks, track after track.
#[derive(Clone, Debug)]
pub struct Keyframes {
    /// Frame, relative to the task.
    pub frame: ScalarBuffer<u32>,
    /// Whether something hides a part of it, from this frame on.
    pub occluded: BooleanBuffer,
    /// Whether it is out of sight, from this frame on.
    pub outside: BooleanBuffer,
    /// Layer: higher ones are in front.
    pub z_order: ScalarBuffer<i32>,
    /// Degrees, clockwise on the screen.
    pub rotation: ScalarBuffer<f64>,
    /// Coordinates as the track's kind lays them out.
    pub points: Coordinates,
    /// Values of the label's mutable attributes, as stored: what is missing carries over from the keyframe before.
    pub attributes: AttributeValues,
}

macro_rules! row_count {
    ($($table:ident by $column:ident),*) => {
        $(impl $table {
            /// Number of rows.
            pub fn len(&self) -> usize {
                self.$column.len()
            }

            /// Whether there are no rows.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }
        })*
    };
}

row_count!(Images by name, Tags by frame, Shapes by frame, Tracks by frame, Keyframes by frame);

/// The rows of `rows` that are no elements, in order. Elements stand before the row that counts them.
pub fn top_level(elements: &[u32], rows: std::ops::Range<u32>) -> Vec<u32> {
    let mut top = Vec::new();
    let mut end = rows.end;
    while end > rows.start {
        let row = end - 1;
        top.push(row);
        end = row.saturating_sub(elements[row as usize]);
    }
    top.reverse();
    top
}

impl Shapes {
    /// The kind of a shape.
    pub fn kind(&self, row: u32) -> ShapeKind {
        kind(self.kind[row as usize])
    }

    /// The kinds of the shapes in these rows.
    pub fn kinds(&self, rows: std::ops::Range<usize>) -> impl Iterator<Item = ShapeKind> {
        self.kind[rows].iter().map(|&number| kind(number))
    }
}

impl Tracks {
    /// The kind of a track's shapes.
    pub fn kind(&self, row: u32) -> ShapeKind {
        kind(self.kind[row as usize])
    }

    /// Rows of a track's keyframes.
    pub fn keyframes(&self, row: u32) -> std::ops::Range<u32> {
        let first = self.first_keyframe[row as usize];
        first..first + self.keyframe_count[row as usize]
    }
}

/// Numbers are checked when a dataset is built or opened; a stray one reads as the kind without coordinates.
fn kind(number: u8) -> ShapeKind {
    ShapeKind::from_number(number).unwrap_or(ShapeKind::Skeleton)
}
