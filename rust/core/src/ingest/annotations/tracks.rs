//! Tracks. Keyframes go to their columns one by one, for a track may have millions of them; what their attributes mean
//! is mended when the label has come.

use std::ops::Range;

use super::Target;
use super::draft::{Draft, Key};
use crate::error::{Code, Error, Result};
use crate::ingest::json::Reader;
use crate::schema::ShapeKind;

pub(super) fn read_tracks(reader: &mut Reader<'_>, target: &mut Target<'_>) -> Result<()> {
    let mut keyframe = Draft::default();
    let mut place = 0_u64;
    reader.begin_array()?;
    while reader.next_item()? {
        Track::read(reader, target, &mut keyframe, false)
            .and_then(|track| track.push(target))
            .map_err(|error| error.in_track(place))?;
        place += 1;
    }
    Ok(())
}

/// A track whose keyframes have been read.
struct Track {
    draft: Draft,
    kind: Option<ShapeKind>,
    /// The type of its shapes, if it is not known, and how many there are.
    unknown_kind: Option<(String, u64)>,
    keyframes: Range<u32>,
    elements: Vec<Track>,
}

impl Track {
    fn read(reader: &mut Reader<'_>, target: &mut Target<'_>, keyframe: &mut Draft, is_element: bool) -> Result<Self> {
        let row = target.builder.keyframe_count();
        let mut track =
            Self { draft: Draft::default(), kind: None, unknown_kind: None, keyframes: row..row, elements: Vec::new() };
        reader.begin_object()?;
        while let Some(key) = reader.next_key(Key::of)? {
            match key {
                Key::Shapes => track.read_keyframes(reader, target, keyframe)?,
                Key::Elements if reader.null()? => {}
                Key::Elements if !is_element => {
                    reader.begin_array()?;
                    track.elements.clear();
                    while reader.next_item()? {
                        track.elements.push(Self::read(reader, target, keyframe, true)?);
                    }
                }
                _ => track.draft.field(key, reader, target)?,
            }
        }
        // The server drops tracks without shapes, and elements without.
        if track.keyframes.is_empty() || track.unknown_kind.is_some() {
            target.builder.rearrange_keyframes(row, &[]);
            track.keyframes = row..row;
        }
        Ok(track)
    }

    fn read_keyframes(&mut self, reader: &mut Reader<'_>, target: &mut Target<'_>, draft: &mut Draft) -> Result<()> {
        self.keyframes.start = target.builder.keyframe_count();
        let mut place = 0_u64;
        reader.begin_array()?;
        while reader.next_item()? {
            draft.clear();
            self.read_keyframe(reader, target, draft).map_err(|error| {
                let error = error.at_shape(place);
                if let Some(frame) = draft.frame { error.at_frame(frame) } else { error }
            })?;
            place += 1;
        }
        self.keyframes.end = target.builder.keyframe_count();
        self.sort_keyframes(target);
        Ok(())
    }

    fn read_keyframe(&mut self, reader: &mut Reader<'_>, target: &mut Target<'_>, draft: &mut Draft) -> Result<()> {
        reader.begin_object()?;
        while let Some(key) = reader.next_key(Key::of)? {
            draft.field(key, reader, target)?;
        }
        if let Some(word) = draft.unknown_kind.take() {
            self.unknown_kind.get_or_insert((word, 0)).1 += 1;
            return Ok(());
        }
        let kind = draft.kind()?;
        let first = *self.kind.get_or_insert(kind);
        if kind != first {
            let what = format!("a track of both {} and {}", first.as_str(), kind.as_str());
            return Err(Error::new(Code::BadTrack, what));
        }
        target.builder.keyframe(draft.keyframe_frame()?, draft.drawn(), &draft.values)
    }

    /// Puts keyframes into the order of their frames.
    fn sort_keyframes(&mut self, target: &mut Target<'_>) {
        let rows = self.keyframes.clone();
        let frames = target.builder.keyframe_frames(rows.clone());
        if !frames.is_sorted() {
            let mut order: Vec<u32> = rows.clone().collect();
            order.sort_by_key(|&row| frames[(row - rows.start) as usize]);
            target.builder.rearrange_keyframes(rows.start, &order);
        }
    }

    /// Adds the track, its elements before it.
    fn push(mut self, target: &mut Target<'_>) -> Result<()> {
        if let Some((word, count)) = &self.unknown_kind {
            target.leave_out("tracks", word, self.draft.frame, *count);
            return Ok(());
        }
        if self.keyframes.is_empty() {
            return Ok(());
        }
        let label = self.draft.resolve_label(None, target)?;
        let mut elements = std::mem::take(&mut self.elements);
        for (word, _) in elements.iter().filter_map(|element| element.unknown_kind.as_ref()) {
            target.leave_out("elements of skeletons", word, self.draft.frame, 0);
        }
        elements.retain(|element| !element.keyframes.is_empty());
        let count = elements.len() as u32;
        for element in elements {
            let label = element.draft.resolve_label(Some(label), target)?;
            element.push_alone(label, 0, target).map_err(|error| error.of_label(target.schema.path(label)))?;
        }
        self.push_alone(label, count, target).map_err(|error| error.of_label(target.schema.path(label)))
    }

    fn push_alone(mut self, label: u32, elements: u32, target: &mut Target<'_>) -> Result<()> {
        for attribute in target.builder.keyframe_attributes(self.keyframes.clone()) {
            *attribute = target.vocabulary.attribute(target.schema, label, *attribute)?;
        }
        self.draft.resolve(label, target)?;
        let first = target.builder.keyframe_frames(self.keyframes.clone())[0];
        let frame = if self.draft.frame.is_some() { self.draft.keyframe_frame()? } else { first };
        let common = self.draft.common(frame, label, target)?;
        let kind = self.kind.unwrap_or(ShapeKind::Skeleton);
        target.builder.track(kind, common, self.keyframes, &self.draft.values, elements)
    }
}
