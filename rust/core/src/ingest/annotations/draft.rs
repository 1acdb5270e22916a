//! What is known of an annotation while it is being read.

use super::Target;
use crate::dataset::{Common, Drawn, FRAME_LIMIT, Value};
use crate::error::{Code, Error, Result};
use crate::ingest::json::Reader;
use crate::ingest::vocabulary::Word;
use crate::schema::ShapeKind;

/// The keys that annotations have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Label,
    LabelId,
    Type,
    Frame,
    Group,
    Source,
    Occluded,
    Outside,
    ZOrder,
    Rotation,
    Points,
    Attributes,
    Elements,
    Tags,
    Shapes,
    Tracks,
    Intervals,
    /// Anything else, such as `version` and `keyframe`.
    Other,
}

impl Key {
    pub fn of(name: &[u8]) -> Self {
        match name {
            b"label" => Self::Label,
            b"label_id" => Self::LabelId,
            b"type" => Self::Type,
            b"frame" => Self::Frame,
            b"group" => Self::Group,
            b"source" => Self::Source,
            b"occluded" => Self::Occluded,
            b"outside" => Self::Outside,
            b"z_order" => Self::ZOrder,
            b"rotation" => Self::Rotation,
            b"points" => Self::Points,
            b"attributes" => Self::Attributes,
            b"elements" => Self::Elements,
            b"tags" => Self::Tags,
            b"shapes" => Self::Shapes,
            b"tracks" => Self::Tracks,
            b"intervals" => Self::Intervals,
            _ => Self::Other,
        }
    }
}

enum AttributeKey {
    Name,
    SpecId,
    Value,
    Other,
}

impl AttributeKey {
    fn of(name: &[u8]) -> Self {
        match name {
            b"name" => Self::Name,
            b"spec_id" => Self::SpecId,
            b"value" => Self::Value,
            _ => Self::Other,
        }
    }
}

/// A tag, shape, track or keyframe being read. Vectors are used again for the next one.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub kind: Option<ShapeKind>,
    /// The type, if it is not known.
    pub unknown_kind: Option<String>,
    pub label: Option<Word>,
    pub frame: Option<i64>,
    group: u32,
    source: Option<u32>,
    occluded: bool,
    outside: bool,
    z_order: i32,
    rotation: f64,
    pub points: Vec<f64>,
    /// Attributes as words at first, then by their numbers in the schema.
    pub values: Vec<Value>,
}

impl Draft {
    /// Forgets all but the room of the vectors.
    pub fn clear(&mut self) {
        let (mut points, mut values) = (std::mem::take(&mut self.points), std::mem::take(&mut self.values));
        points.clear();
        values.clear();
        *self = Self { points, values, ..Self::default() };
    }

    /// Reads the value of a key. Keys that only some annotations have are skipped, as are unknown ones.
    pub fn field(&mut self, key: Key, reader: &mut Reader<'_>, target: &mut Target<'_>) -> Result<()> {
        // Null stands for what is missing, whatever the key.
        if reader.null()? {
            return Ok(());
        }
        match key {
            Key::Label => self.label = Some(target.vocabulary.label_name(reader.text()?)?),
            Key::LabelId => self.label = Some(target.vocabulary.label_id(reader.i64()?)?),
            Key::Type => {
                let name = reader.text()?;
                let kind = ShapeKind::from_name(name);
                self.unknown_kind = kind.is_none().then(|| name.to_owned());
                self.kind = kind;
            }
            Key::Frame => self.frame = Some(reader.i64()?),
            Key::Group => self.group = small(reader, "a group")?,
            Key::Source => self.source = Some(target.builder.text(reader.text()?)?),
            Key::Occluded => self.occluded = reader.bool()?,
            Key::Outside => self.outside = reader.bool()?,
            Key::ZOrder => self.z_order = small(reader, "a z_order")?,
            Key::Rotation => self.rotation = reader.f64()?,
            Key::Points => reader.numbers(&mut self.points)?,
            Key::Attributes => self.read_values(reader, target)?,
            Key::Elements | Key::Tags | Key::Shapes | Key::Tracks | Key::Intervals | Key::Other => reader.skip()?,
        }
        Ok(())
    }

    fn read_values(&mut self, reader: &mut Reader<'_>, target: &mut Target<'_>) -> Result<()> {
        self.values.clear();
        reader.begin_array()?;
        while reader.next_item()? {
            let (mut word, mut value) = (None, None);
            reader.begin_object()?;
            while let Some(key) = reader.next_key(AttributeKey::of)? {
                match key {
                    AttributeKey::Name => word = Some(target.vocabulary.attribute_name(reader.text()?)?),
                    AttributeKey::SpecId => word = Some(target.vocabulary.attribute_id(reader.i64()?)?),
                    AttributeKey::Value => value = Some(target.builder.text(reader.text()?)?),
                    AttributeKey::Other => reader.skip()?,
                }
            }
            let (Some(word), Some(value)) = (word, value) else {
                return Err(reader.malformed("an attribute without its name or value"));
            };
            self.values.push((word, value));
        }
        Ok(())
    }

    /// Gives attributes their numbers in the label.
    pub fn resolve(&mut self, label: u32, target: &Target<'_>) -> Result<()> {
        for (attribute, _) in &mut self.values {
            *attribute = target.vocabulary.attribute(target.schema, label, *attribute)?;
        }
        Ok(())
    }

    /// The label that the annotation names, at the top or below a skeleton's.
    pub fn resolve_label(&self, parent: Option<u32>, target: &Target<'_>) -> Result<u32> {
        let word = self.label.ok_or_else(|| lacks("label"))?;
        target.vocabulary.label(parent, word)
    }

    /// The frame of a tag or shape.
    pub fn frame_in(&self, size: u32) -> Result<u32> {
        let frame = self.frame.ok_or_else(|| lacks("frame"))?;
        u32::try_from(frame).ok().filter(|&frame| frame < size).ok_or_else(|| {
            Error::new(Code::FrameOutOfRange, format!("frame {frame} of a task of {size} frames")).at_frame(frame)
        })
    }

    /// The frame of a keyframe. It may lie behind the end, where it says how the track moves on up to the end.
    pub fn keyframe_frame(&self) -> Result<u32> {
        let frame = self.frame.ok_or_else(|| lacks("frame"))?;
        u32::try_from(frame)
            .ok()
            .filter(|&frame| frame < FRAME_LIMIT)
            .ok_or_else(|| Error::new(Code::FrameOutOfRange, format!("a keyframe on frame {frame}")))
    }

    /// The shape's kind.
    pub fn kind(&self) -> Result<ShapeKind> {
        self.kind.ok_or_else(|| lacks("type"))
    }

    /// The part that every annotation has. What names no source was drawn by hand.
    pub fn common(&self, frame: u32, label: u32, target: &mut Target<'_>) -> Result<Common> {
        let source = self.source.map_or_else(|| target.builder.text("manual"), Ok)?;
        Ok(Common { frame, label, group: self.group, source })
    }

    /// The part that drawn shapes have.
    pub fn drawn(&self) -> Drawn<'_> {
        Drawn {
            occluded: self.occluded,
            outside: self.outside,
            z_order: self.z_order,
            rotation: self.rotation,
            // A skeleton is where its elements are; what else it may have is no one's.
            points: if self.kind == Some(ShapeKind::Skeleton) { &[] } else { &self.points },
        }
    }
}

fn small<T: TryFrom<i64>>(reader: &mut Reader<'_>, what: &str) -> Result<T> {
    let number = reader.i64()?;
    T::try_from(number).map_err(|_| reader.malformed(&format!("{what} of {number}")))
}

fn lacks(key: &str) -> Error {
    Error::new(Code::MalformedJson, format!("an annotation without its {key}"))
}
