//! Visiting frames in order, and tracks in order: the two ways in which exports read a timeline.

use std::ops::Range;

use super::moment::{Moment, PointScratch};
use super::scene::Timeline;
use super::tracks::{Keyframe, Track};
use crate::error::Result;
use crate::schema::ShapeKind;

/// Where an item comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A row of the shapes.
    Shape(u32),
    /// A track, or an element of one, at a moment.
    Track {
        /// Place among the timeline's tracks: CVAT's `track_id`. For an element its place in the skeleton.
        place: u32,
        /// Row among the tracks of the columns.
        row: u32,
        /// First of its elements among the timeline's.
        first_element: u32,
        /// Behind the last of its elements.
        last_element: u32,
        /// Where the frame stands among its keyframes.
        moment: Moment,
    },
}

/// One shape on one frame. Coordinates, rotation, attributes and elements are worked out when asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Kind of the shape.
    pub kind: ShapeKind,
    /// Index of the label.
    pub label: u32,
    /// Group number, 0 for none.
    pub group: u32,
    /// Number of the source among the strings.
    pub source: u32,
    /// Layer.
    pub z_order: i32,
    /// Whether something hides a part of it.
    pub occluded: bool,
    /// Whether it is out of sight. Only elements of skeletons and shapes of single frames can be.
    pub outside: bool,
    /// Frame, relative to the task.
    pub frame: u32,
    /// Where it comes from.
    pub origin: Origin,
}

impl Item {
    /// Place of its track, if it comes from one.
    pub fn track_id(&self) -> Option<u32> {
        match self.origin {
            Origin::Shape(_) => None,
            Origin::Track { place, .. } => Some(place),
        }
    }

    /// Whether a person (or model) placed it on this very frame. Shapes of single frames are no keyframes.
    pub fn is_keyframe(&self) -> bool {
        matches!(self.origin, Origin::Track { moment, .. } if moment.is_keyframe)
    }
}

/// A frame and what it shows.
#[derive(Clone, Copy, Debug)]
pub struct FrameView<'a> {
    /// Frame, relative to the task.
    pub frame: u32,
    /// Its place among the frames shown, from 0.
    pub place: u32,
    /// Rows of its tags.
    pub tags: &'a [u32],
    /// Its shapes: those of the frame, then those of tracks, by layer.
    pub items: &'a [Item],
}

/// One frame of a track as `CVAT for video` prints it: keyframes also where the object is out of sight.
#[derive(Clone, Copy, Debug)]
pub struct TrackView<'a> {
    /// The track at the frame.
    pub item: Item,
    /// The elements of a skeleton.
    pub elements: &'a [Item],
}

/// Memory for visiting, reused from chunk to chunk.
#[derive(Default)]
pub struct VisitScratch {
    live: Vec<Live>,
    pending: Vec<u32>,
    items: Vec<Item>,
}

/// A track that is in sight, and how far it has been read.
struct Live {
    track: u32,
    /// Number of its keyframes at or before the current frame.
    after: usize,
    /// What it showed on the frame before, if the frames up to `until` show the same but for its coordinates.
    lasting: Option<Item>,
    until: u32,
}

impl<'d> Timeline<'d> {
    /// These frames, counted among the frames shown, with their tags and without their shapes.
    pub fn tagged_frames(&self, places: Range<u32>) -> impl Iterator<Item = FrameView<'_>> {
        let tag_frame = &self.dataset.columns.tags.frame;
        let first = self.frames_at(&places).start;
        let mut tag = self.tags.partition_point(|&row| tag_frame[row as usize] < first);
        places.clone().zip(self.frames.slice(places)).map(move |(place, frame)| {
            while self.tags.get(tag).is_some_and(|&row| tag_frame[row as usize] < frame) {
                tag += 1;
            }
            let first_tag = tag;
            while self.tags.get(tag).is_some_and(|&row| tag_frame[row as usize] == frame) {
                tag += 1;
            }
            FrameView { frame, place, tags: &self.tags[first_tag..tag], items: &[] }
        })
    }

    /// Calls `view` for each of these frames, counted among the frames shown.
    pub fn visit_frames(
        &self,
        places: Range<u32>,
        scratch: &mut VisitScratch,
        view: impl FnMut(&FrameView<'_>) -> Result<()>,
    ) -> Result<()> {
        self.visit_some(places, |_, _| true, scratch, view)
    }

    /// The same with shapes of some labels and kinds only.
    pub fn visit_some(
        &self,
        places: Range<u32>,
        is_wanted: impl Fn(u32, ShapeKind) -> bool,
        scratch: &mut VisitScratch,
        mut view: impl FnMut(&FrameView<'_>) -> Result<()>,
    ) -> Result<()> {
        let frames = self.frames_at(&places);
        let columns = &self.dataset.columns;
        let VisitScratch { live, pending, items } = scratch;
        live.clear();
        pending.clear();
        // Behind each other in the order of their first frames; taken from the end.
        self.alive.query(&frames, &mut |place| {
            let track = &self.tracks.tracks[place as usize];
            if is_wanted(columns.tracks.label[track.row as usize], track.kind) {
                pending.push(place);
            }
        });
        pending.reverse();
        let shapes = self.shapes_in(&frames);
        let mut shapes = shapes.iter().peekable();
        for tagged in self.tagged_frames(places) {
            items.clear();
            while let Some(row) = shapes.next_if(|&row| columns.shapes.frame[row as usize] <= tagged.frame) {
                let at = row as usize;
                let is_shown = columns.shapes.frame[at] == tagged.frame;
                if is_shown && is_wanted(columns.shapes.label[at], columns.shapes.kind(row)) {
                    items.push(self.shape_item(row));
                }
            }
            self.wake(tagged.frame, live, pending);
            live.retain_mut(|live| self.push_track(tagged.frame, live, items));
            // Mostly all on one layer.
            if !items.is_sorted_by_key(|item| item.z_order) {
                items.sort_by_key(|item| item.z_order);
            }
            view(&FrameView { items, ..tagged })?;
        }
        Ok(())
    }

    /// Moves tracks that start at or before `frame` from the pending to the living, which are by place.
    fn wake(&self, frame: u32, live: &mut Vec<Live>, pending: &mut Vec<u32>) {
        while let Some(&track) = pending.last() {
            let it = &self.tracks.tracks[track as usize];
            let keyframes = self.keyframes(it);
            if keyframes.first().is_none_or(|first| first.frame.max(it.frame) > frame) {
                break;
            }
            pending.pop();
            let after = keyframes.partition_point(|keyframe| keyframe.frame <= frame);
            let place = live.partition_point(|live| live.track < track);
            live.insert(place, Live { track, after, lasting: None, until: 0 });
        }
    }

    /// Adds what a living track shows on the frame; returns whether it may show something later.
    fn push_track(&self, frame: u32, live: &mut Live, items: &mut Vec<Item>) -> bool {
        if let Some(item) = live.lasting.filter(|_| frame < live.until) {
            items.push(Item { frame, ..item });
            return true;
        }
        let track = &self.tracks.tracks[live.track as usize];
        let keyframes = self.keyframes(track);
        while keyframes.get(live.after).is_some_and(|keyframe| keyframe.frame <= frame) {
            live.after += 1;
        }
        let Some(moment) = Moment::new(keyframes, live.after, frame) else {
            return true;
        };
        if moment.left.outside {
            return live.after < keyframes.len();
        }
        let item = self.track_item(track, live.track, moment, frame);
        if item.kind == ShapeKind::Skeleton {
            items.extend((!self.is_out_of_sight(track, frame)).then_some(item));
            return true;
        }
        items.push(item);
        live.lasting = (!moment.is_keyframe).then_some(item);
        live.until = moment.right.map_or(u32::MAX, |right| right.frame);
        true
    }

    /// Whether all elements that a skeleton track has on a frame are outside (and it has any).
    pub(super) fn is_out_of_sight(&self, track: &Track, frame: u32) -> bool {
        let mut moments =
            self.elements_of(track).iter().filter_map(|it| self.moment_of(it, frame)).map(|moment| moment.left.outside);
        match moments.next() {
            Some(first) => first && moments.all(|outside| outside),
            None => false,
        }
    }

    fn moment_of(&self, track: &Track, frame: u32) -> Option<Moment> {
        Moment::at(self.keyframes(track), frame).filter(|_| frame >= track.frame)
    }

    pub(super) fn elements_of(&self, track: &Track) -> &[Track] {
        &self.tracks.elements[track.elements.start as usize..track.elements.end as usize]
    }

    /// The keyframes of a track or element.
    pub fn keyframes(&self, track: &Track) -> &[Keyframe] {
        &self.tracks.keyframes[track.keyframes.start as usize..track.keyframes.end as usize]
    }

    /// A shape of a single frame, or an element of one.
    pub fn shape_item(&self, row: u32) -> Item {
        let shapes = &self.dataset.columns.shapes;
        let at = row as usize;
        Item {
            kind: shapes.kind(row),
            label: shapes.label[at],
            group: shapes.group[at],
            source: shapes.source[at],
            z_order: shapes.z_order[at],
            occluded: shapes.occluded.value(at),
            outside: shapes.outside.value(at),
            frame: shapes.frame[at],
            origin: Origin::Shape(row),
        }
    }

    fn track_item(&self, track: &Track, place: u32, moment: Moment, frame: u32) -> Item {
        let (tracks, keyframes) = (&self.dataset.columns.tracks, &self.dataset.columns.keyframes);
        let (at, left) = (track.row as usize, moment.left.row as usize);
        Item {
            kind: track.kind,
            label: tracks.label[at],
            group: tracks.group[at],
            source: tracks.source[at],
            z_order: keyframes.z_order[left],
            occluded: keyframes.occluded.value(left),
            outside: moment.left.outside,
            frame,
            origin: Origin::Track {
                place,
                row: track.row,
                first_element: track.elements.start,
                last_element: track.elements.end,
                moment,
            },
        }
    }

    /// Coordinates of an item, as its kind lays them out.
    pub fn points<'a>(&'a self, item: &Item, scratch: &'a mut PointScratch) -> &'a [f64] {
        match item.origin {
            Origin::Shape(row) => self.dataset.columns.shapes.points.get(row),
            Origin::Track { moment, .. } => moment.points(&self.dataset.columns, item.kind, item.frame, scratch),
        }
    }

    /// Rotation of an item in degrees, clockwise on the screen.
    pub fn rotation(&self, item: &Item) -> f64 {
        match item.origin {
            Origin::Shape(row) => self.dataset.columns.shapes.rotation[row as usize],
            Origin::Track { moment, .. } => moment.rotation(&self.dataset.columns, item.kind, item.frame),
        }
    }

    /// Calls `each` with the attributes of an item and their values, in stored order: a track's mutable ones first.
    pub fn for_each_value(&self, item: &Item, mut each: impl FnMut(u32, &'d str)) {
        let columns = &self.dataset.columns;
        match item.origin {
            Origin::Shape(row) => {
                columns.shapes.attributes.get(row).for_each(|(attribute, value)| each(attribute, columns.text(value)));
            }
            Origin::Track { row, moment, .. } => {
                let mutable = self.tracks.values(columns, moment.left);
                let all = mutable.chain(columns.tracks.attributes.get(row));
                all.for_each(|(attribute, value)| each(attribute, columns.text(value)));
            }
        }
    }

    /// Adds the elements that a skeleton has on its frame; those out of sight too.
    pub fn push_elements(&self, item: &Item, elements: &mut Vec<Item>) {
        match item.origin {
            Origin::Shape(row) => {
                let count = self.dataset.columns.shapes.elements[row as usize];
                elements.extend((row - count..row).map(|row| self.shape_item(row)));
            }
            Origin::Track { first_element, last_element, .. } => {
                let tracks = &self.tracks.elements[first_element as usize..last_element as usize];
                elements.extend(tracks.iter().zip(0..).filter_map(|(track, place)| {
                    let moment = self.moment_of(track, item.frame)?;
                    Some(self.track_item(track, place, moment, item.frame))
                }));
            }
        }
    }

    /// The frames on which `CVAT for video` may print a track, exclusive end: from its first keyframe to the end.
    pub fn track_frames(&self, track: &Track) -> Range<u32> {
        let first = self.keyframes(track).first().map_or(self.range.end, |first| first.frame.max(track.frame));
        first.min(self.range.end)..self.range.end
    }

    /// Calls `view` for each frame in `frames` on which `CVAT for video` prints the track: its keyframes and the frames
    /// where it is in sight, without deleted ones. An end that falls on a frame left out is told on the next one.
    pub fn visit_track(
        &self,
        place: u32,
        frames: Range<u32>,
        elements: &mut Vec<Item>,
        mut view: impl FnMut(&TrackView<'_>) -> Result<()>,
    ) -> Result<()> {
        let track = &self.tracks.tracks[place as usize];
        let keyframes = self.keyframes(track);
        let places = self.undeleted.rank(frames.start)..self.undeleted.rank(frames.end);
        let mut after = keyframes.partition_point(|keyframe| keyframe.frame < frames.start);
        let mut previous = places.start.checked_sub(1).and_then(|last| self.undeleted.slice(last..last + 1).next());
        for frame in self.undeleted.slice(places) {
            let before = previous.replace(frame);
            while keyframes.get(after).is_some_and(|keyframe| keyframe.frame <= frame) {
                after += 1;
            }
            let Some(moment) = Moment::new(keyframes, after, frame) else {
                continue;
            };
            // Out of sight since a frame that a selection leaves out.
            let is_gone = moment.left.outside && !moment.is_keyframe;
            let is_late = is_gone && before.is_some_and(|before| before < moment.left.frame);
            if is_gone && !is_late {
                if after == keyframes.len() {
                    break;
                }
                continue;
            }
            let item = self.track_item(track, place, moment, frame);
            elements.clear();
            if item.kind == ShapeKind::Skeleton {
                self.push_elements(&item, elements);
                // An element out of sight is printed at its keyframes only.
                elements.retain(|element| element.is_keyframe() || !element.outside || is_late);
                if elements.is_empty() {
                    continue;
                }
            }
            view(&TrackView { item, elements })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
