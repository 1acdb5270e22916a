//! Tracks as an export sees them: keyframes on deleted frames gone, attributes carried over, jobs merged.

use std::borrow::Cow;
use std::ops::Range;

use crate::dataset::{Columns, Dataset, top_level};
use crate::error::{Code, Error, Result};
use crate::schema::ShapeKind;
use crate::threads::{self, IndexedParallelIterator, ParallelIterator};

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
        let load_all = |row: u32| {
            let elements = row - tracks.elements[row as usize]..row;
            load(row, elements.map(|element| load(element, Vec::new())).collect())
        };
        // CVAT leaves out tracks that have no shapes.
        let has_shapes = |track: &LooseTrack| !track.keyframes.is_empty();
        threads::over(top_level(&tracks.elements, rows), |rows| rows.map(load_all).filter(has_shapes).collect())
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
    pub fn new(dataset: &Dataset, loose: Vec<LooseTrack>, is_deleted: impl Fn(u32) -> bool + Sync) -> Result<Self> {
        // Each loose track goes as soon as it is laid out: together they are as large as what is made of them.
        let add = |made: Result<Self>, (place, loose): (usize, LooseTrack)| {
            let mut made = made?;
            made.add(dataset, &loose, &is_deleted).map_err(|error| error.in_track(place as u64))?;
            Ok(made)
        };
        let pieces: Vec<Result<Self>> =
            threads::over(loose, |loose| loose.enumerate().fold(|| Ok(Self::default()), add).collect());
        let mut this = Self::default();
        this.keyframes.reserve_exact(pieces.iter().flatten().map(|piece| piece.keyframes.len()).sum());
        // Of several errors the first.
        pieces.into_iter().try_for_each(|piece| this.append(piece?))?;
        Ok(this)
    }

    /// Adds a track and its elements.
    fn add(&mut self, dataset: &Dataset, loose: &LooseTrack, is_deleted: &impl Fn(u32) -> bool) -> Result<()> {
        let keyframes = self.lay(dataset, loose, is_deleted)?;
        let first = self.elements.len() as u32;
        for element in &loose.elements {
            let keyframes = self.lay(dataset, element, is_deleted)?;
            self.elements.push(track(dataset, element, keyframes, 0..0));
        }
        let elements = first..self.elements.len() as u32;
        self.tracks.push(track(dataset, loose, keyframes, elements));
        Ok(())
    }

    /// Adds the tracks that follow.
    fn append(&mut self, next: Self) -> Result<()> {
        let shifted = |range: Range<u32>, by: usize| range.start + by as u32..range.end + by as u32;
        let (keyframes, elements, carried) = (self.keyframes.len(), self.elements.len(), self.carried.len());
        u32::try_from(keyframes + next.keyframes.len()).map_err(|_| too_many())?;
        let track = |track: Track| Track {
            keyframes: shifted(track.keyframes, keyframes),
            elements: shifted(track.elements, elements),
            ..track
        };
        let keyframe = |keyframe: Keyframe| match keyframe.carried {
            OWN => keyframe,
            own => Keyframe { carried: own + carried as u32, ..keyframe },
        };
        self.tracks.extend(next.tracks.into_iter().map(track));
        self.elements.extend(next.elements.into_iter().map(track));
        self.keyframes.extend(next.keyframes.into_iter().map(keyframe));
        self.carried.extend(next.carried);
        Ok(())
    }

    /// Adds the keyframes that remain of a track; what a keyframe's attributes lack, it has from the one before.
    fn lay(&mut self, dataset: &Dataset, loose: &LooseTrack, is_deleted: &impl Fn(u32) -> bool) -> Result<Range<u32>> {
        let start = self.keyframes.len() as u32;
        self.keyframes.reserve(loose.keyframes.len());
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
            return Err(too_many());
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

fn too_many() -> Error {
    Error::new(Code::TooLarge, "more than 4294967295 keyframes in one task")
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

#[cfg(test)]
mod tests {
    use super::super::Scene;
    use super::super::testing::{self, *};
    use super::*;
    use crate::schema::InputType;

    const POINT: [f64; 2] = [0.0, 0.0];

    /// A skeleton of a label with a `color`, whose second keyframe takes that over, with an element of two keyframes.
    fn skeleton(color: &'static str, more: Vec<ShapeSketch>) -> TrackSketch {
        let first = ShapeSketch { values: vec![(0, color)], ..key(0, &[]) };
        let element = testing::track(ShapeKind::Points, 1, vec![key(0, &POINT), key(1, &POINT)]);
        let keyframes = [vec![first, key(2, &[])], more].concat();
        TrackSketch { elements: vec![element], ..testing::track(ShapeKind::Skeleton, 0, keyframes) }
    }

    fn dataset(tracks: Vec<TrackSketch>) -> Dataset {
        task(vec![label_with("car", &[("color", InputType::Text, "")]), sublabel("wheel", 0)], of_tracks(9, tracks))
    }

    #[test]
    fn tracks_laid_out_apart_keep_their_elements_keyframes_and_attributes() {
        let colors: Vec<&'static str> = (0..300).map(|number| &*format!("color {number}").leak()).collect();
        let dataset = dataset(colors.iter().map(|color| skeleton(color, Vec::new())).collect());
        let scene = Scene::new(&dataset).unwrap();
        let (timeline, tracks) = (&scene.timelines[0], &scene.timelines[0].tracks);
        assert_eq!(tracks.tracks.len(), colors.len());
        for (it, color) in tracks.tracks.iter().zip(colors) {
            for &keyframe in timeline.keyframes(it) {
                let values = tracks.values(&dataset.columns, keyframe).map(|(_, value)| dataset.columns.text(value));
                assert_eq!(values.collect::<Vec<_>>(), [color]);
            }
            let rows = |of: &Track| timeline.keyframes(of).iter().map(|keyframe| keyframe.row).collect::<Vec<_>>();
            let element = &tracks.elements[it.elements.start as usize];
            assert_eq!((it.elements.len(), element.row), (1, it.row - 1));
            assert!(rows(it).into_iter().eq(dataset.columns.tracks.keyframes(it.row)));
            assert!(rows(element).into_iter().eq(dataset.columns.tracks.keyframes(element.row)));
        }
    }

    #[test]
    fn of_several_tracks_that_contradict_themselves_the_first_is_told() {
        let wrong = |number: usize| matches!(number, 71 | 72 | 290);
        let more = |number| if wrong(number) { vec![ShapeSketch { z_order: 1, ..key(2, &[]) }] } else { Vec::new() };
        let dataset = dataset((0..300).map(|number| skeleton("red", more(number))).collect());
        let place = Scene::new(&dataset).map(|_| ()).map_err(|error| error.place().to_string());
        assert_eq!(place, Err("frame 2, track 71, label \"car\"".to_owned()));
    }
}
