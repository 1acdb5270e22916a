//! Whether two frames have one id. Formats that tell pictures apart by their ids must know, and nearly never have any.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use super::rows::first_not;
use super::scene::{Scene, Timeline};
use crate::threads::{self, ParallelIterator};

/// Frames whose ids one thread looks at.
const FRAMES_PER_PIECE: u32 = 4096;

impl Scene<'_> {
    /// Whether two frames of these timelines have one id, as [`Timeline::write_stem`] writes it.
    ///
    /// Ids that are not in order are known by their hashes, which takes a tenth of the memory and of the time that it takes
    /// to remember them. Two hashes may be equal by chance, so that a yes is a reason to look closer; a no is certain.
    pub fn may_share_ids(&self, places: &[usize]) -> bool {
        match places {
            [only] if self.timelines[*only].ids_ascend() => false,
            _ => self.may_share(places, |id| id),
        }
    }

    /// The same of a part of the ids.
    pub fn may_share(&self, places: &[usize], part: impl Fn(&str) -> &str + Sync) -> bool {
        let pieces = self.pieces(places);
        if places.len() == 1 && all_ascend(&pieces, &part) {
            return false;
        }
        let hashes = |(timeline, frames): &Piece<'_>| {
            let mut hashes = Vec::with_capacity(frames.len());
            for_each_id(timeline, frames, |id| hashes.push(hash(part(id))));
            hashes
        };
        let mut hashes: Vec<u64> = threads::over(&pieces, |pieces| pieces.flat_map_iter(hashes).collect());
        threads::sort(&mut hashes);
        hashes.windows(2).any(|pair| pair[0] == pair[1])
    }

    /// Whether an id begins with one of these.
    pub fn has_beginning(&self, places: &[usize], beginnings: &[&str]) -> bool {
        let begins = |id: &str| beginnings.iter().any(|beginning| id.starts_with(beginning));
        let (ascending, others): (Vec<_>, Vec<_>) =
            places.iter().partition(|&&place| self.timelines[place].ids_ascend());
        let found = |place: usize| beginnings.iter().any(|beginning| self.timelines[place].finds(beginning));
        ascending.into_iter().any(found)
            || threads::over(self.pieces(&others), |pieces| {
                pieces.any(|(timeline, frames)| {
                    let mut found = false;
                    for_each_id(timeline, &frames, |id| found |= begins(id));
                    found
                })
            })
    }

    /// The frames of these timelines in pieces.
    fn pieces(&self, places: &[usize]) -> Vec<Piece<'_>> {
        places.iter().flat_map(|&place| self.timelines[place].pieces()).collect()
    }
}

/// Frames for one thread, counted among the frames shown.
type Piece<'t> = (&'t Timeline<'t>, Range<u32>);

impl Timeline<'_> {
    /// Whether each id is greater than the one before, as mostly those of pictures are; found out once.
    fn ids_ascend(&self) -> bool {
        *self.ids_ascend.get_or_init(|| all_ascend(&self.pieces().collect::<Vec<_>>(), &|id| id))
    }

    /// Whether one of the ids, which ascend, begins like this.
    fn finds(&self, beginning: &str) -> bool {
        let id = |place: u32| self.frames.slice(place..place + 1).next().and_then(|frame| self.own_stem(frame));
        let first = first_not(0..self.frames.len(), |place| id(place) < Some(beginning));
        id(first).is_some_and(|id| id.starts_with(beginning))
    }

    fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        let starts = (0..self.frames.len()).step_by(FRAMES_PER_PIECE as usize);
        starts.map(move |start| (self, start..self.frames.len().min(start + FRAMES_PER_PIECE)))
    }
}

/// Whether this part of each id is greater than that of the one before.
fn all_ascend(pieces: &[Piece<'_>], part: &(impl Fn(&str) -> &str + Sync)) -> bool {
    threads::over(pieces, |pieces| pieces.all(|(timeline, frames)| ascend(timeline, frames, part)))
}

/// The same of one piece, and of the first id behind it.
fn ascend(timeline: &Timeline<'_>, frames: &Range<u32>, part: impl Fn(&str) -> &str) -> bool {
    let mut before = None;
    timeline.frames.slice(frames.start..timeline.frames.len().min(frames.end + 1)).all(|frame| {
        let id = timeline.own_stem(frame).map(&part);
        // Nothing is less than any id.
        std::mem::replace(&mut before, id) < id
    })
}

fn for_each_id(timeline: &Timeline<'_>, frames: &Range<u32>, mut each: impl FnMut(&str)) {
    let mut id = String::new();
    for frame in timeline.frames.slice(frames.clone()) {
        match timeline.own_stem(frame) {
            Some(id) => each(id),
            None => {
                id.clear();
                timeline.write_stem(frame, &mut id);
                each(&id);
            }
        }
    }
}

/// What stands for a name where millions are compared; the same in every run.
pub(crate) fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn pictures_that_differ_in_the_extension_only_share_an_id() {
        for (names, expected) in [
            (&["a/1.jpg", "a/2.jpg", "b/1.jpg"][..], false),
            (&["a/1.jpg", "a/2.jpg", "a/1.png"], true),
            (&["a/1.jpg", "a\\1.png"], true),
        ] {
            let size = names.len() as u32;
            let dataset = task(vec![label("car")], pictures(names, vec![job(0, size - 1)]));
            assert_eq!(Scene::new(&dataset).unwrap().may_share_ids(&[0]), expected, "{names:?}");
        }
    }

    #[test]
    fn beginnings_are_found_among_ids_in_order_and_in_disorder() {
        for names in [["a/1.jpg", "car_1.jpg", "car_2.jpg", "d.jpg"], ["d.jpg", "car_2.jpg", "a/1.jpg", "car_1.jpg"]] {
            let dataset = task(vec![label("car")], pictures(&names, vec![job(0, 3)]));
            let scene = Scene::new(&dataset).unwrap();
            for (beginnings, expected) in [
                (&["car"][..], true),
                (&["x", "d"], true),
                (&["a"], true),
                (&[""], true),
                (&["car_1.jpg"], false),
                (&["b", "e", "D"], false),
                (&[], false),
            ] {
                assert_eq!(scene.has_beginning(&[0], beginnings), expected, "{names:?} {beginnings:?}");
            }
            assert!(!scene.has_beginning(&[], &["car"]));
        }
    }

    #[test]
    fn names_in_order_are_compared_across_the_borders_of_pieces_too() {
        for (second, expected) in [("p04096", false), ("p04095", true)] {
            let mut names: Vec<&'static str> =
                (0..FRAMES_PER_PIECE + 2).map(|at| &*format!("p{at:05}").leak()).collect();
            names[FRAMES_PER_PIECE as usize] = second;
            let size = names.len() as u32;
            let dataset = task(vec![label("car")], pictures(&names, vec![job(0, size - 1)]));
            assert_eq!(Scene::new(&dataset).unwrap().may_share_ids(&[0]), expected, "{second}");
        }
    }

    #[test]
    fn frames_of_two_videos_share_ids_and_those_of_one_do_not() {
        let frames = FRAMES_PER_PIECE + 1;
        let of_subset = |subset| TaskSketch { subset, ..video(frames, vec![job(0, frames - 1)]) };
        let dataset = project(vec![label("car")], vec![of_subset("a"), of_subset("b")]);
        let scene = Scene::new(&dataset).unwrap();
        assert!(!scene.may_share_ids(&[0]));
        assert!(!scene.may_share_ids(&[]));
        assert!(scene.may_share_ids(&[0, 1]));
    }
}
