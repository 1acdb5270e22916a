//! Tags and shapes.

use super::Target;
use super::draft::{Draft, Key};
use crate::error::{Error, Result};
use crate::ingest::json::Reader;

pub(super) fn read_tags(reader: &mut Reader<'_>, target: &mut Target<'_>) -> Result<()> {
    let mut draft = Draft::default();
    let mut place = 0_u64;
    reader.begin_array()?;
    while reader.next_item()? {
        draft.clear();
        read_tag(reader, target, &mut draft).map_err(|error| located(error, &draft, place))?;
        place += 1;
    }
    Ok(())
}

fn read_tag(reader: &mut Reader<'_>, target: &mut Target<'_>, draft: &mut Draft) -> Result<()> {
    reader.begin_object()?;
    while let Some(key) = reader.next_key(Key::of)? {
        draft.field(key, reader, target)?;
    }
    let (frame, label) = (draft.frame_in(target.size)?, draft.resolve_label(None, target)?);
    draft.resolve(label, target)?;
    let common = draft.common(frame, label, target)?;
    target.builder.tag(common, &draft.values)
}

pub(super) fn read_shapes(reader: &mut Reader<'_>, target: &mut Target<'_>) -> Result<()> {
    let mut shape = Shape::default();
    let mut place = 0_u64;
    reader.begin_array()?;
    while reader.next_item()? {
        shape.draft.clear();
        shape.element_count = 0;
        shape
            .read(reader, target)
            .and_then(|()| shape.push(target))
            .map_err(|error| located(error, &shape.draft, place))?;
        place += 1;
    }
    Ok(())
}

/// A shape being read, and its elements. They wait, because what their labels mean depends on its label.
#[derive(Default)]
struct Shape {
    draft: Draft,
    elements: Vec<Draft>,
    /// How many of `elements` belong to this shape; the others are room for larger ones.
    element_count: usize,
}

impl Shape {
    fn read(&mut self, reader: &mut Reader<'_>, target: &mut Target<'_>) -> Result<()> {
        reader.begin_object()?;
        while let Some(key) = reader.next_key(Key::of)? {
            match key {
                Key::Elements if reader.null()? => {}
                Key::Elements => self.read_elements(reader, target)?,
                _ => self.draft.field(key, reader, target)?,
            }
        }
        Ok(())
    }

    fn read_elements(&mut self, reader: &mut Reader<'_>, target: &mut Target<'_>) -> Result<()> {
        self.element_count = 0;
        reader.begin_array()?;
        while reader.next_item()? {
            if self.element_count == self.elements.len() {
                self.elements.push(Draft::default());
            }
            let element = &mut self.elements[self.element_count];
            element.clear();
            reader.begin_object()?;
            while let Some(key) = reader.next_key(Key::of)? {
                element.field(key, reader, target)?;
            }
            self.element_count += 1;
        }
        Ok(())
    }

    fn push(&mut self, target: &mut Target<'_>) -> Result<()> {
        let draft = &mut self.draft;
        if let Some(word) = &draft.unknown_kind {
            target.leave_out("shapes", word, draft.frame, 1);
            return Ok(());
        }
        let (kind, frame) = (draft.kind()?, draft.frame_in(target.size)?);
        let label = draft.resolve_label(None, target)?;

        let elements = &mut self.elements[..self.element_count];
        let mut count = 0;
        for element in elements.iter_mut() {
            if let Some(word) = &element.unknown_kind {
                target.leave_out("elements of skeletons", word, Some(frame.into()), 0);
                continue;
            }
            count += 1;
            let label = element.resolve_label(Some(label), target)?;
            let kind = element.kind()?;
            element.resolve(label, target)?;
            let common = element.common(frame, label, target)?;
            target.builder.shape(kind, common, element.drawn(), &element.values, 0)?;
        }

        draft.resolve(label, target)?;
        let common = draft.common(frame, label, target)?;
        target.builder.shape(kind, common, draft.drawn(), &draft.values, count)
    }
}

/// Says which tag or shape of a list it was.
fn located(error: Error, draft: &Draft, place: u64) -> Error {
    let error = error.at_shape(place);
    match draft.frame {
        Some(frame) => error.at_frame(frame),
        None => error,
    }
}
