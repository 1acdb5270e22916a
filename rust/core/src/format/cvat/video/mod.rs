//! `CVAT for video 1.1`: one XML file, a `<track>` per object.
//!
//! ```text
//! annotations.xml
//! ```
//!
//! Tracks are printed on every frame where they are in sight, and at every keyframe. Shapes of single frames become
//! tracks that end on the next frame. Tags are dropped.

use crate::error::Result;
use crate::format::cvat::xml::{self as cvat, Texts};
use crate::plan::{
    Chunk, Encoder, Format, Options, Output, Part, Scratch, media_part, position_chunks, sections, single_chunk,
};
use crate::report::{Outcome, Tally};
use crate::schema::ShapeKind;
use crate::text::{number, xml};
use crate::timeline::{Item, Scene, SceneKind, Timeline, TrackView};

/// The format.
pub const FORMAT: Format = Format {
    name: "CVAT for video 1.1",
    slug: "cvat-video",
    summary: "XML by track; every shape, no tags",
    takes_3d: true,
    repeats_numbers: true,
    page: include_str!("page.md"),
    encoder,
};

sections! { Head, Tracks, Shapes, Foot, Media }

const SINGLE: Outcome = Outcome::Converted("a track that ends on the next frame");
const NO_TAGS: Outcome = Outcome::Dropped("CVAT for video holds no tags");

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    let mut next_id = 0;
    let mut numberings = Vec::with_capacity(scene.timelines.len());
    for timeline in &scene.timelines {
        numberings.push(Numbering::new(timeline, next_id));
        next_id += timeline.tracks.tracks.len() as u64;
    }
    // All tracks of a project come before the shapes that become tracks, task by task.
    for numbering in &mut numberings {
        numbering.first_shape_id = next_id;
        next_id += numbering.shapes.len() as u64;
    }
    let texts = Texts::new(&scene.dataset.schema);
    Ok(Box::new(CvatVideo { scene, texts, head: cvat::head(scene, options.dumped.as_deref()), numberings }))
}

/// A timeline, track after track.
struct Numbering {
    /// Position at which each track starts, and that behind the last: a track takes as many as it may have frames.
    starts: Vec<u64>,
    /// Rows of the shapes on frames that are not deleted.
    shapes: Vec<u32>,
    /// Id of the first track.
    first_track_id: u64,
    /// Id of the first track that is made of a shape.
    first_shape_id: u64,
}

impl Numbering {
    fn new(timeline: &Timeline<'_>, first_track_id: u64) -> Self {
        let mut starts = vec![0];
        let mut position = 0;
        for track in &timeline.tracks.tracks {
            // At least one, so that a track without frames is printed too; one that is left out is not.
            position += (timeline.track_frames(track).len() as u64).max(u64::from(!track.is_left_out));
            starts.push(position);
        }
        let frame = &timeline.dataset.columns.shapes.frame;
        let shown = |row: &u32| timeline.undeleted.contains(frame[*row as usize]);
        let shapes = timeline.shapes.iter().filter(shown).collect();
        Self { starts, shapes, first_track_id, first_shape_id: 0 }
    }
}

struct CvatVideo<'s> {
    scene: &'s Scene<'s>,
    texts: Texts,
    head: Vec<u8>,
    numberings: Vec<Numbering>,
}

impl Encoder for CvatVideo<'_> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        let mut chunks = vec![single_chunk(Section::Head, 0)];
        for (place, numbering) in self.numberings.iter().enumerate() {
            chunks.extend(position_chunks(
                place,
                numbering.starts.last().copied().unwrap_or_default(),
                Section::Tracks,
            ));
        }
        for (place, numbering) in self.numberings.iter().enumerate() {
            chunks.extend(position_chunks(place, numbering.shapes.len() as u64, Section::Shapes));
        }
        chunks.push(single_chunk(Section::Foot, 0));
        let mut parts = vec![Part::Member { name: "annotations.xml".into(), chunks }];
        parts.extend(media_part(scene, 0..scene.timelines.len(), Section::Media, options));
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match Section::of(chunk)? {
            Section::Head => {
                out.bytes.extend_from_slice(&self.head);
                for timeline in &self.scene.timelines {
                    out.tally.frames += u64::from(timeline.frames.len());
                    for &row in &timeline.tags {
                        out.tally.tag(timeline.dataset.columns.tags.label[row as usize], NO_TAGS);
                    }
                }
            }
            Section::Tracks => self.tracks(chunk, out)?,
            Section::Shapes => self.shapes(chunk, out),
            Section::Media => cvat::request_pictures(self.scene, chunk, out)?,
            Section::Foot => out.bytes.extend_from_slice(cvat::FOOT),
        }
        Ok(())
    }
}

impl CvatVideo<'_> {
    /// The piece of each track that lies in the chunk; its start and end tags where it begins and ends there.
    fn tracks(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[chunk.timeline];
        let numbering = &self.numberings[chunk.timeline];
        let starts = &numbering.starts;
        let mut elements = std::mem::take(&mut out.scratch.elements);
        let mut place = starts.partition_point(|&start| start <= chunk.range.start) - 1;
        let Output { bytes, tally, scratch, .. } = out;
        while starts[place] < chunk.range.end {
            let positions = chunk.range.start.max(starts[place])..chunk.range.end.min(starts[place + 1]);
            let track = &timeline.tracks.tracks[place];
            let tracks = &timeline.dataset.columns.tracks;
            if positions.start == starts[place] && !track.is_left_out {
                let (label, source, group) = (
                    tracks.label[track.row as usize],
                    tracks.source[track.row as usize],
                    tracks.group[track.row as usize],
                );
                self.open(timeline, numbering.first_track_id + place as u64, label, source, group, bytes);
            }
            let first = timeline.track_frames(track);
            let frame = |position: u64| first.start + (position - starts[place]) as u32;
            let frames = frame(positions.start)..frame(positions.end).min(first.end);
            timeline.visit_track(place as u32, frames, &mut elements, |view| {
                self.track_frame(timeline, view, bytes, scratch, tally);
                Ok(())
            })?;
            if positions.end == starts[place + 1] && !track.is_left_out {
                cvat::end(bytes, 1, b"track");
            }
            place += 1;
            if place + 1 == starts.len() {
                break;
            }
        }
        out.scratch.elements = elements;
        Ok(())
    }

    fn open(&self, timeline: &Timeline<'_>, id: u64, label: u32, source: u32, group: u32, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(b"\n  <track id=\"");
        number::uint(bytes, id);
        bytes.extend_from_slice(b"\" ");
        bytes.extend_from_slice(&self.texts.labels[label as usize]);
        cvat::source(bytes, timeline, source);
        if self.scene.kind == SceneKind::Project {
            bytes.extend_from_slice(b" task_id=\"");
            number::uint(bytes, timeline.task_id());
            bytes.extend_from_slice(b"\" subset=");
            xml::attribute_value(bytes, &timeline.subset);
        }
        cvat::group(bytes, group);
        bytes.push(b'>');
    }

    fn track_frame(
        &self,
        timeline: &Timeline<'_>,
        view: &TrackView<'_>,
        bytes: &mut Vec<u8>,
        scratch: &mut Scratch,
        tally: &mut Tally,
    ) {
        let frame = timeline.number(view.item.frame);
        let state = |item: &Item| State { keyframe: item.is_keyframe(), outside: item.outside };
        self.shape(timeline, &view.item, Some(frame), state(&view.item), bytes, scratch, |bytes, scratch| {
            for element in view.elements {
                self.shape(timeline, element, None, state(element), bytes, scratch, |_, _| {});
            }
        });
        if !view.item.outside {
            tally.shape(&view.item, Outcome::Written);
        }
    }

    /// Shapes of single frames, as tracks of two keyframes: the shape, and its end on the next frame.
    fn shapes(&self, chunk: &Chunk, out: &mut Output) {
        let timeline = &self.scene.timelines[chunk.timeline];
        let numbering = &self.numberings[chunk.timeline];
        let Output { bytes, tally, scratch, .. } = out;
        for place in chunk.range.clone() {
            let item = timeline.shape_item(numbering.shapes[place as usize]);
            self.open(timeline, numbering.first_shape_id + place, item.label, item.source, item.group, bytes);
            let frame = timeline.number(item.frame);
            self.single(timeline, &item, frame, false, bytes, scratch);
            // CVAT compares with the last frame as the meta block prints it, without a project's offset.
            let next = frame + timeline.task.step;
            if next < self.stop_frame(timeline) {
                self.single(timeline, &item, next, true, bytes, scratch);
            }
            cvat::end(bytes, 1, b"track");
            tally.shape(&item, SINGLE);
        }
    }

    fn stop_frame(&self, timeline: &Timeline<'_>) -> u64 {
        match self.scene.kind {
            SceneKind::Job { .. } => timeline.task.absolute(timeline.range.end.saturating_sub(1)),
            SceneKind::Project | SceneKind::Task => timeline.task.stop_frame,
        }
    }

    fn single(
        &self,
        timeline: &Timeline<'_>,
        item: &Item,
        frame: u64,
        closing: bool,
        bytes: &mut Vec<u8>,
        scratch: &mut Scratch,
    ) {
        let state = State { keyframe: true, outside: closing };
        self.shape(timeline, item, Some(frame), state, bytes, scratch, |bytes, scratch| {
            let mut elements = std::mem::take(&mut scratch.elements);
            elements.clear();
            timeline.push_elements(item, &mut elements);
            for element in &elements {
                let state = State { keyframe: true, outside: closing || element.outside };
                self.shape(timeline, element, None, state, bytes, scratch, |_, _| {});
            }
            scratch.elements = elements;
        });
    }

    /// One element of the XML. `frame` is `None` for the elements of a skeleton, which `inside` writes.
    #[expect(clippy::too_many_arguments, reason = "the parts of one XML element; a struct would only rename them")]
    fn shape(
        &self,
        timeline: &Timeline<'_>,
        item: &Item,
        frame: Option<u64>,
        state: State,
        bytes: &mut Vec<u8>,
        scratch: &mut Scratch,
        inside: impl FnOnce(&mut Vec<u8>, &mut Scratch),
    ) {
        let level = if frame.is_some() { 2 } else { 3 };
        let name = cvat::element_name(item.kind);
        cvat::line(bytes, level);
        bytes.push(b'<');
        bytes.extend_from_slice(name);
        match frame {
            Some(frame) => cvat::int(bytes, b"frame", frame as i64),
            None => {
                bytes.push(b' ');
                bytes.extend_from_slice(&self.texts.labels[item.label as usize]);
            }
        }
        cvat::flag(bytes, b"keyframe", state.keyframe);
        if item.kind != ShapeKind::Skeleton {
            cvat::flag(bytes, b"outside", state.outside);
            cvat::flag(bytes, b"occluded", item.occluded);
            cvat::geometry(bytes, item.kind, timeline.points(item, &mut scratch.points));
            cvat::rotation(bytes, timeline, item);
        }
        if frame.is_some() {
            cvat::int(bytes, b"z_order", i64::from(item.z_order));
        }
        bytes.push(b'>');
        inside(bytes, scratch);
        timeline.for_each_value(item, |attribute, value| {
            cvat::value(bytes, &self.texts, level + 1, attribute, value);
        });
        cvat::end(bytes, level, name);
    }
}

/// How a shape stands on a frame.
#[derive(Clone, Copy)]
struct State {
    keyframe: bool,
    outside: bool,
}

#[cfg(test)]
mod tests;
