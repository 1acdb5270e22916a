//! Whether two frames have one id. Formats that tell pictures apart by their ids must know, and nearly never have any.

use std::hash::{DefaultHasher, Hash, Hasher};

use rayon::prelude::*;

use super::scene::{Scene, Timeline};

/// Frames whose ids one thread looks at.
const FRAMES_PER_PIECE: u32 = 4096;

impl Scene<'_> {
    /// Whether two frames of these timelines have one id, as [`Timeline::write_stem`] writes it.
    ///
    /// Ids are known by their hashes, which takes a tenth of the memory and of the time that it takes to remember them.
    /// Two hashes may be equal by chance, so that a yes is a reason to look closer; a no is certain.
    pub fn may_share_ids(&self, places: &[usize]) -> bool {
        let pieces = places.iter().flat_map(|&place| {
            let starts = (0..self.timelines[place].frames.len()).step_by(FRAMES_PER_PIECE as usize);
            starts.map(move |start| (place, start))
        });
        let pieces: Vec<(usize, u32)> = pieces.collect();
        let hashes = pieces.par_iter().flat_map_iter(|&(place, start)| hashes(&self.timelines[place], start));
        let mut hashes: Vec<u64> = hashes.collect();
        hashes.par_sort_unstable();
        hashes.windows(2).any(|pair| pair[0] == pair[1])
    }
}

fn hashes<'t>(timeline: &'t Timeline<'_>, start: u32) -> impl Iterator<Item = u64> + 't {
    let end = timeline.frames.len().min(start.saturating_add(FRAMES_PER_PIECE));
    let mut id = String::new();
    timeline.frames.slice(start..end).map(move |frame| {
        id.clear();
        timeline.write_stem(frame, &mut id);
        hash(&id)
    })
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
