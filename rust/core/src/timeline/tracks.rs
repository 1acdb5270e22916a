//! Tracks as an export sees them: keyframes on deleted frames gone, attributes carried over, jobs merged.

use std::borrow::Cow;
use std::ops::Range;

use crate::dataset::{Columns, Dataset, top_level};
use crate::error::{Code, Error, Result};
use crate::schema::ShapeKind;

/// A keyframe of a track: a row of the columns, seen at a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyframe {
    /// Frame, relative to the task.
    pub frame: u32,
    /// Row among the keyframes of the columns.
    pub row: u32,
    /// Where its attributes stand among the carried ones; [`OWN`] if the row has all of them itself.
    pub carried: u32,
    /// Whether the object is out of sight from here on.
    pub outside: bool,
}

/// [`Keyframe::carried`] of a keyframe whose row has all attributes itself.
pub const OWN: u32 = u32::MAX;

/// A track and its keyframes, while jobs are merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LooseTrack {
    /// Row among the tracks of the columns: label, group, source, immutable attributes.
    pub row: u32,
    /// First frame.
    pub frame: u32,
    /// Keyframes by frame; the end that a job's border makes is the last even where keyframes lie beyond it.
    pub keyframes: Vec<Keyframe>,
    /// The elements of a skeleton.
    pub elements: Vec<LooseTrack>,
}

impl LooseTrack {
    /// The tracks of a job, elements inside their skeletons.
    pub fn of_rows(columns: &Columns, rows: Range<u32>) -> Vec<LooseTrack> {
        let tracks = &columns.tracks;
        let load = |row: u32, elements: Vec<LooseTrack>| {
            let rows = tracks.keyframes(row);
            let keyframes = rows
                .map(|row| Keyframe {
                    frame: columns.keyframes.frame[row as usize],
                    row,
                    carried: OWN,
                    outside: columns.keyframes.outside.value(row as usize),
                })
                .collect();
            LooseTrack { row, frame: tracks.frame[row as usize], keyframes, elements }
        };
        top_level(&tracks.elements, rows)
            .into_iter()
            .map(|row| {
                let elements = row - tracks.elements[row as usize]..row;
                load(row, elements.map(|element| load(element, Vec::new())).collect())
            })
            // CVAT leaves out tracks that have no shapes.
            .filter(|track| !track.keyframes.is_empty())
            .collect()
    }

    /// Ends the track at a frame unless it is out of sight already; with it the elements of a skeleton.
    pub fn end_at(&mut self, frame: u32) {
        let Some(&last) = self.keyframes.last().filter(|last| !last.outside) else { return };
        self.keyframes.push(Keyframe { frame, outside: true, ..last });
        for element in &mut self.elements {
            element.end_at(frame);
        }
    }

    /// The keyframes in the order of their frames.
    pub fn by_frame(&self) -> Cow<'_, [Keyframe]> {
        if self.keyframes.is_sorted_by_key(|keyframe| keyframe.frame) {
            return Cow::Borrowed(&self.keyframes);
        }
        let mut keyframes = self.keyframes.clone();
        keyframes.sort_by_key(|keyframe| keyframe.frame);
        Cow::Owned(keyframes)
    }
}

/// A track of a timeline.
#[derive(Clone, Debug)]
pub struct Track {
    /// Row among the tracks of the columns.
    pub row: u32,
    /// Kind of its shapes.
    pub kind: ShapeKind,
    /// First frame.
    pub frame: u32,
    /// Its keyframes among those of the timeline.
    pub keyframes: Range<u32>,
    /// The elements of a skeleton, among those of the timeline.
    pub elements: Range<u32>,
    /// Whether a selection leaves it out: it then has no keyframes, and keeps its place for the sake of the others' ids.
    pub is_left_out: bool,
}

/// All tracks of a timeline, in CVAT's order: the place of a track is its `track_id`.
#[derive(Clone, Debug, Default)]
pub struct Tracks {
    /// Tracks that are no elements.
    pub tracks: Vec<Track>,
    /// Elements of skeletons.
    pub elements: Vec<Track>,
    /// Keyframes of tracks and elements.
    pub keyframes: Vec<Keyframe>,
    /// Attributes of keyframes that take some over from the keyframe before: `(attribute, value)` lists.
    carried: Vec<Vec<(u32, u32)>>,
}

impl Tracks {
    /// Lays out merged tracks. `is_deleted` says on which frames keyframes do not exist.
    pub fn new(dataset: &Dataset, loose: Vec<LooseTrack>, is_deleted: impl Fn(u32) -> bool) -> Result<Self> {
        let count = |track: &LooseTrack| track.keyframes.len();
        let all = loose.iter().map(|track| count(track) + track.elements.iter().map(count).sum::<usize>()).sum();
        let mut this = Self { keyframes: Vec::with_capacity(all), ..Self::default() };
        for (place, loose) in loose.into_iter().enumerate() {
            let context = |error: Error| error.in_track(place as u64);
            let keyframes = this.lay(dataset, &loose, &is_deleted).map_err(context)?;
            let first = this.elements.len() as u32;
            for element in &loose.elements {
                let keyframes = this.lay(dataset, element, &is_deleted).map_err(context)?;
                let track = track(dataset, element, keyframes, 0..0);
                this.elements.push(track);
            }
            let elements = first..this.elements.len() as u32;
            this.tracks.push(track(dataset, &loose, keyframes, elements));
        }
        this.keyframes.shrink_to_fit();
        Ok(this)
    }

    /// Adds the keyframes that remain of a track; what a keyframe's attributes lack, it has from the one before.
    fn lay(&mut self, dataset: &Dataset, loose: &LooseTrack, is_deleted: &impl Fn(u32) -> bool) -> Result<Range<u32>> {
        let start = self.keyframes.len() as u32;
        let mut previous: Option<Keyframe> = None;
        for &keyframe in loose.by_frame().iter().filter(|keyframe| !is_deleted(keyframe.frame)) {
            let mut keyframe = keyframe;
            if let Some(previous) = previous {
                if previous.frame == keyframe.frame {
                    if same(&dataset.columns, previous, keyframe) {
                        continue;
                    }
                    let message = "the track has two different keyframes on one frame";
                    return Err(Error::new(Code::BadTrack, message)
                        .at_frame(keyframe.frame)
                        .of_label(dataset.schema.path(dataset.columns.tracks.label[loose.row as usize]))
                        .advise("remove one of them in CVAT"));
                }
                self.carry(&dataset.columns, previous, &mut keyframe);
            }
            self.keyframes.push(keyframe);
            previous = Some(keyframe);
        }
        if u32::try_from(self.keyframes.len()).is_err() {
            return Err(Error::new(Code::TooLarge, "more than 4294967295 keyframes in one task"));
        }
        Ok(start..self.keyframes.len() as u32)
    }

    fn carry(&mut self, columns: &Columns, previous: Keyframe, keyframe: &mut Keyframe) {
        let attributes = &columns.keyframes.attributes;
        // Mostly both have the same.
        if previous.carried == OWN && attributes.of(previous.row) == attributes.of(keyframe.row) {
            return;
        }
        let own = attributes.get(keyframe.row);
        let has = |attribute: u32| own.clone().any(|(number, _)| number == attribute);
        if self.values(columns, previous).all(|(attribute, _)| has(attribute)) {
            return;
        }
        let missing: Vec<_> = self.values(columns, previous).filter(|&(attribute, _)| !has(attribute)).collect();
        keyframe.carried = self.carried.len() as u32;
        self.carried.push(own.clone().chain(missing).collect());
    }

    /// The attributes of a keyframe.
    pub fn values<'a>(&'a self, columns: &'a Columns, keyframe: Keyframe) -> impl Iterator<Item = (u32, u32)> + 'a {
        let carried = self.carried.get(keyframe.carried as usize).map(Vec::as_slice).unwrap_or_default();
        let own = (keyframe.carried == OWN).then(|| columns.keyframes.attributes.get(keyframe.row));
        carried.iter().copied().chain(own.into_iter().flatten())
    }
}

fn track(dataset: &Dataset, loose: &LooseTrack, keyframes: Range<u32>, elements: Range<u32>) -> Track {
    let kind = dataset.columns.tracks.kind(loose.row);
    Track { row: loose.row, kind, frame: loose.frame, keyframes, elements, is_left_out: false }
}

/// Whether two keyframes say the same.
fn same(columns: &Columns, a: Keyframe, b: Keyframe) -> bool {
    let rows = &columns.keyframes;
    let (i, j) = (a.row as usize, b.row as usize);
    a.outside == b.outside
        && rows.occluded.value(i) == rows.occluded.value(j)
        && rows.z_order[i] == rows.z_order[j]
        && rows.rotation[i] == rows.rotation[j]
        && rows.points.get(a.row) == rows.points.get(b.row)
        && rows.attributes.get(a.row).eq(rows.attributes.get(b.row))
}
