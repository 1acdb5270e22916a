//! Ids of pictures that tell them apart by themselves: names without extension.
//!
//! Two pictures `a.jpg` and `a.png` of a subset have one id. CVAT then fails, or loses one of them; in the export of a
//! project it numbers them. These formats number them in every export.

use crate::plan::{Chunk, Output, Profile, places};
use std::collections::{HashMap, HashSet};

use super::listing::{LINE_BREAKS, Picture, Pictures, frame_place};
use super::splits::{Group, groups};
use crate::error::Result;
use crate::report::Tally;
use crate::timeline::{FrameView, Scene, Timeline, VisitScratch};

/// Place of a timeline, and a frame of it.
pub type Frame = (usize, u32);

/// The ids of all pictures of a scene.
#[derive(Default)]
pub struct Ids {
    renamed: HashMap<Frame, Renamed>,
    /// Frames whose images are another's: see [`Ids::overwritten`].
    pub without_images: HashSet<Frame>,
}

/// The id of a picture that does not have its own.
#[derive(Debug, PartialEq, Eq)]
struct Renamed {
    id: String,
    /// What reports say of it.
    why: &'static str,
}

const NUMBERED: &str = "another picture has the same name without extension, so that this one was numbered";

/// Changes the ids that a reader would not find again; reports say why.
pub struct Cleaning {
    /// The id to use instead, if a picture may not have this one.
    pub clean: fn(&str) -> Option<String>,
    /// What reports say of it.
    pub why: &'static str,
}

impl Ids {
    /// Numbers the pictures of each subset that share an id with an earlier one.
    pub fn new(scene: &Scene<'_>) -> Self {
        Self::of_groups(scene, &groups(scene, Profile::Cvat))
    }

    /// The same for groups of subsets whose files lie in one folder.
    pub fn of_groups(scene: &Scene<'_>, groups: &[Group]) -> Self {
        let mut renamed = HashMap::new();
        for (_, places) in groups {
            let is_mixed =
                places.windows(2).any(|pair| scene.timelines[pair[0]].subset != scene.timelines[pair[1]].subset);
            // Frames of a subset's videos differ among themselves, and are too many to remember.
            let may_repeat = is_mixed || places.iter().any(|&place| scene.timelines[place].may_repeat_names());
            if may_repeat && scene.may_share_ids(places) {
                number(&own_ids(scene, places), &mut renamed);
            }
        }
        Self { renamed, without_images: HashSet::new() }
    }

    /// The same, with ids that are cleaned first.
    pub fn cleaned(scene: &Scene<'_>, groups: &[Group], cleaning: &Cleaning) -> Self {
        let mut ids = Self::of_groups(scene, groups);
        for (_, places) in groups.iter().filter(|(_, places)| needs_cleaning(scene, places, cleaning)) {
            let mut cleaned = own_ids(scene, places);
            for (frame, id) in &mut cleaned {
                ids.renamed.remove(frame);
                if let Some(clean) = (cleaning.clean)(id) {
                    id.clone_from(&clean);
                    ids.renamed.insert(*frame, Renamed { id: clean, why: cleaning.why });
                }
            }
            number(&cleaned, &mut ids.renamed);
        }
        ids
    }

    /// Takes the id of a frame. Control characters that the pictures refuse are an error.
    pub fn read<'p>(&'p self, place: usize, frame: u32, pictures: &'p mut Pictures<'_>) -> Result<Picture<'p>> {
        let picture = pictures.read(frame)?;
        Ok(self.renamed.get(&(place, frame)).map_or(picture, |renamed| Picture { id: &renamed.id, ..picture }))
    }

    /// Appends the id of a frame.
    pub fn write(&self, scene: &Scene<'_>, (place, frame): Frame, id: &mut String) {
        match self.renamed.get(&(place, frame)) {
            Some(renamed) => id.push_str(&renamed.id),
            None => scene.timelines[place].write_stem(frame, id),
        }
    }

    /// Notes that a frame does not have its own name.
    pub fn note(&self, place: usize, timeline: &Timeline<'_>, frame: u32, tally: &mut Tally) {
        if let Some(renamed) = self.renamed.get(&(place, frame)) {
            tally.note(renamed.why, || frame_place(timeline, frame));
        }
    }

    /// Frames whose file has the name of one in a later subset, in formats that keep the files of all subsets in one
    /// folder: the last one stands there, as in CVAT. `name` gives a frame's file, if it has one.
    pub fn overwritten(
        &self,
        scene: &Scene<'_>,
        name: impl Fn(&Timeline<'_>, &FrameView<'_>, Picture<'_>) -> Option<String>,
    ) -> Result<HashSet<Frame>> {
        let mut overwritten = HashSet::new();
        if scene.subsets().len() < 2 {
            return Ok(overwritten);
        }
        let mut taken = HashSet::new();
        let mut scratch = VisitScratch::default();
        for (place, timeline) in scene.timelines.iter().enumerate().rev() {
            let mut pictures = Pictures::new(timeline, &LINE_BREAKS);
            timeline.visit_frames(0..timeline.frames.len(), &mut scratch, |view| {
                let picture = self.read(place, view.frame, &mut pictures)?;
                if name(timeline, view, picture).is_some_and(|name| !taken.insert(name)) {
                    overwritten.insert((place, view.frame));
                }
                Ok(())
            })?;
        }
        Ok(overwritten)
    }

    /// Asks for the pictures of a chunk under their paths.
    pub fn request(
        &self,
        scene: &Scene<'_>,
        chunk: &Chunk,
        out: &mut Output,
        path: impl Fn(&Timeline<'_>, Picture<'_>) -> String,
    ) -> Result<()> {
        let timeline = &scene.timelines[chunk.timeline];
        let mut pictures = Pictures::new(timeline, &LINE_BREAKS);
        for frame in timeline.frames.slice(places(chunk)?) {
            let picture = self.read(chunk.timeline, frame, &mut pictures)?;
            out.picture(path(timeline, picture), chunk.timeline, frame);
        }
        Ok(())
    }
}

/// The frames of these timelines with the names that they have by themselves.
fn own_ids(scene: &Scene<'_>, places: &[usize]) -> Vec<(Frame, String)> {
    let mut ids = Vec::new();
    for &place in places {
        let timeline = &scene.timelines[place];
        for frame in timeline.frames.iter() {
            let mut id = String::new();
            timeline.write_stem(frame, &mut id);
            ids.push(((place, frame), id));
        }
    }
    ids
}

/// Whether an id of these timelines must be cleaned. The names of a video's frames are CVAT's own.
fn needs_cleaning(scene: &Scene<'_>, places: &[usize], cleaning: &Cleaning) -> bool {
    let timelines = places.iter().map(|&place| &scene.timelines[place]);
    let mut id = String::new();
    timelines.filter(|timeline| timeline.has_paths()).any(|timeline| {
        timeline.frames.iter().any(|frame| {
            id.clear();
            timeline.write_stem(frame, &mut id);
            (cleaning.clean)(&id).is_some()
        })
    })
}

/// Gives the second of an id `_1`, the third `_2`, as CVAT does in projects, unless a picture is called so already.
fn number(ids: &[(Frame, String)], renamed: &mut HashMap<Frame, Renamed>) {
    let own: HashSet<&str> = ids.iter().map(|(_, id)| id.as_str()).collect();
    let mut counts: HashMap<&str, u32> = HashMap::new();
    for (frame, id) in ids {
        let count = counts.entry(id).or_default();
        if *count > 0 {
            let mut name = format!("{id}_{count}");
            while own.contains(name.as_str()) {
                *count += 1;
                name = format!("{id}_{count}");
            }
            renamed.insert(*frame, Renamed { id: name, why: NUMBERED });
        }
        *count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::testing::{TaskSketch, job, label, pictures, project, task, video};

    fn ids(scene: &Scene<'_>) -> Vec<String> {
        let ids = Ids::new(scene);
        let mut all = Vec::new();
        for (place, timeline) in scene.timelines.iter().enumerate() {
            for frame in timeline.frames.iter() {
                let mut pictures = Pictures::new(timeline, &LINE_BREAKS);
                let picture = ids.read(place, frame, &mut pictures).unwrap();
                all.push(format!("{}{}", picture.id, picture.extension));
            }
        }
        all
    }

    #[test]
    fn pictures_that_differ_in_their_extension_only_are_numbered() {
        let names = ["a.jpg", "a.png", "a_1.jpg", "b/a.jpg", "a.bmp"];
        let data = task(vec![label("car")], pictures(&names, vec![job(0, 4)]));
        assert_eq!(ids(&Scene::new(&data).unwrap()), ["a.jpg", "a_2.png", "a_1.jpg", "b/a.jpg", "a_3.bmp"]);
    }

    #[test]
    fn a_picture_called_like_a_frame_of_a_video_is_numbered() {
        let clip = video(2, vec![job(0, 1)]);
        let images = pictures(&["frame_000001.jpg"], vec![job(0, 0)]);
        let data = project(vec![label("car")], vec![clip, images]);
        assert_eq!(ids(&Scene::new(&data).unwrap()), ["frame_000000.png", "frame_000001.png", "frame_000001_1.jpg"]);
    }

    #[test]
    fn frames_of_subsets_that_share_a_folder_are_numbered() {
        let subset = |subset| TaskSketch { subset, ..video(1, vec![job(0, 0)]) };
        let data = project(vec![label("car")], vec![subset("a"), subset("b"), subset("val")]);
        let scene = Scene::new(&data).unwrap();
        let ids = Ids::of_groups(&scene, &groups(&scene, Profile::Training));
        let renamed: Vec<_> = ids.renamed.into_iter().map(|(frame, renamed)| (frame, renamed.id)).collect();
        assert_eq!(renamed, [((1, 0), "frame_000000_1".to_owned())]);
    }

    #[test]
    fn ids_are_cleaned_before_they_are_told_apart() {
        let names = ["raw/a.jpg", "Raw/a.jpg", "b.jpg", "b.png"];
        let data = task(vec![label("car")], pictures(&names, vec![job(0, 3)]));
        let scene = Scene::new(&data).unwrap();
        let clean = |id: &str| id.contains("raw").then(|| id.replace("raw", "Raw"));
        let ids = Ids::cleaned(&scene, &groups(&scene, Profile::Cvat), &Cleaning { clean, why: "cleaned" });
        let mut renamed: Vec<_> = ids.renamed.into_iter().map(|(frame, it)| (frame.1, it.id, it.why)).collect();
        renamed.sort_unstable();
        let expected = [(0, "Raw/a", "cleaned"), (1, "Raw/a_1", NUMBERED), (3, "b_1", NUMBERED)];
        assert_eq!(renamed, expected.map(|(frame, id, why)| (frame, id.to_owned(), why)));
    }

    #[test]
    fn in_one_folder_the_last_subset_keeps_an_id() {
        let subset = |subset| TaskSketch { subset, ..video(2, vec![job(0, 1)]) };
        let data = project(vec![label("car")], vec![subset("train"), subset("val")]);
        let scene = Scene::new(&data).unwrap();
        let of_frame = |frame: u32| {
            let overwritten = Ids::new(&scene)
                .overwritten(&scene, |_, view, picture| (view.frame <= frame).then(|| picture.id.to_owned()));
            let mut places: Vec<_> = overwritten.unwrap().into_iter().collect();
            places.sort_unstable();
            places
        };
        assert_eq!((of_frame(0), of_frame(1)), (vec![(0, 0)], vec![(0, 0), (0, 1)]));
    }
}
