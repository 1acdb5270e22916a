//! What the files of a frame are called below the folders of their kinds.

use std::collections::{HashMap, HashSet};

use crate::format::kit::ids::Ids;
use crate::format::kit::listing::{Picture, folder_of_task};
use crate::format::kit::splits::{groups, names_of_timelines};
use crate::plan::Profile;
use crate::timeline::{Scene, Timeline};

/// The names of all frames.
pub struct Names {
    /// The ids of the pictures.
    pub ids: Ids,
    /// The subset, or split, of each timeline.
    subset_of: Vec<String>,
    /// How the frames of each timeline are called.
    naming_of: Vec<Naming>,
}

/// How the frames of a task are called.
enum Naming {
    /// By their ids.
    Ids,
    /// By their own names, which are those of Cityscapes.
    Official,
    /// By their number, in the city that the task is.
    Numbers(String),
}

impl Names {
    /// Names the frames as a profile wants them.
    pub fn new(scene: &Scene<'_>, profile: Profile) -> Self {
        let subset_of = names_of_timelines(&groups(scene, profile), scene.timelines.len());
        match profile {
            Profile::Cvat => {
                let naming_of = scene.timelines.iter().map(|_| Naming::Ids).collect();
                Self { ids: Ids::new(scene), subset_of, naming_of }
            }
            Profile::Training => {
                let naming_of = cities(scene, &subset_of);
                Self { ids: Ids::default(), subset_of, naming_of }
            }
        }
    }

    /// What a frame's files are called, with their folders.
    pub fn of(&self, timeline: usize, frame: u32, picture: Picture<'_>) -> String {
        let subset = &self.subset_of[timeline];
        match &self.naming_of[timeline] {
            Naming::Ids => format!("{subset}/{}", picture.id),
            Naming::Official => {
                let (city, name) = official(picture.id).unwrap_or(("", picture.id));
                format!("{subset}/{city}/{name}")
            }
            Naming::Numbers(city) => format!("{subset}/{city}/{city}_000000_{frame:06}"),
        }
    }
}

/// Tasks whose pictures all have names of Cityscapes keep them, unless an earlier one of their split has one of these.
fn cities(scene: &Scene<'_>, subset_of: &[String]) -> Vec<Naming> {
    // By split.
    let mut taken: HashMap<&str, HashSet<String>> = HashMap::new();
    let mut cities = HashSet::new();
    let mut keeps = Vec::new();
    for (timeline, subset) in scene.timelines.iter().zip(subset_of) {
        let taken = taken.entry(subset).or_default();
        let names = own_names(timeline).filter(|names| {
            let mut new = HashSet::new();
            names.iter().all(|name| !taken.contains(name) && new.insert(name))
        });
        keeps.push(names.is_some());
        for name in names.into_iter().flatten() {
            cities.extend(name.split('_').next().map(str::to_owned));
            taken.insert(name);
        }
    }
    let naming = |(keeps, timeline): (bool, &Timeline<'_>)| match keeps {
        true => Naming::Official,
        false => Naming::Numbers(folder_of_task(&timeline.task.name, '-', &mut cities)),
    };
    keeps.into_iter().zip(&scene.timelines).map(naming).collect()
}

/// The names of a task's pictures, if they are all of Cityscapes.
fn own_names(timeline: &Timeline<'_>) -> Option<Vec<String>> {
    if !timeline.may_repeat_names() {
        return None;
    }
    let name = |frame| {
        let mut id = String::new();
        timeline.write_stem(frame, &mut id);
        official(&id).map(|(_, name)| name.to_owned())
    };
    timeline.frames.iter().map(name).collect()
}

/// City and name in the id of a picture that is called `FOLDER/CITY_SEQUENCE_FRAME_leftImg8bit`, or without the end.
fn official(id: &str) -> Option<(&str, &str)> {
    let base = id.rsplit('/').next().unwrap_or_default();
    let name = base.strip_suffix("_leftImg8bit").unwrap_or(base);
    let is_city = |part: &str| !part.is_empty() && part.chars().all(|symbol| symbol.is_alphanumeric() || symbol == '-');
    let is_number = |part: &str| part.len() == 6 && part.bytes().all(|digit| digit.is_ascii_digit());
    match name.split('_').collect::<Vec<_>>()[..] {
        [city, sequence, frame] if is_city(city) && is_number(sequence) && is_number(frame) => Some((city, name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::kit::listing::{LINE_BREAKS, Pictures};
    use crate::timeline::testing::{TaskSketch, job, label, pictures, project, video};

    fn names(tasks: Vec<TaskSketch>) -> Vec<String> {
        let data = project(vec![label("car")], tasks);
        let scene = Scene::new(&data).unwrap();
        let names = Names::new(&scene, Profile::Training);
        let mut all = Vec::new();
        for (place, timeline) in scene.timelines.iter().enumerate() {
            for frame in timeline.frames.iter() {
                let mut pictures = Pictures::new(timeline, &LINE_BREAKS);
                let picture = names.ids.read(place, frame, &mut pictures).unwrap();
                all.push(names.of(place, frame, picture));
            }
        }
        all
    }

    #[test]
    fn pictures_of_cityscapes_keep_their_names() {
        let own = ["val/bonn_000001_000019_leftImg8bit.png", "bonn_000002_000019.png"];
        assert_eq!(
            names(vec![pictures(&own, vec![job(0, 1)])]),
            ["train/bonn/bonn_000001_000019", "train/bonn/bonn_000002_000019"]
        );
    }

    #[test]
    fn other_tasks_are_cities_of_their_own() {
        let named = |name, task| TaskSketch { name, ..task };
        let bonn = pictures(&["bonn_000001_000019.png"], vec![job(0, 0)]);
        let tasks = vec![
            named("kept", bonn.clone()),
            named("bonn", video(1, vec![job(0, 0)])),
            // The same name twice, and one of nobody.
            named("a_b/c", bonn),
            named("", pictures(&["a.jpg", "a.png"], vec![job(0, 1)])),
        ];
        assert_eq!(
            names(tasks),
            [
                "train/bonn/bonn_000001_000019",
                "train/bonn-2/bonn-2_000000_000000",
                "train/a-b-c/a-b-c_000000_000000",
                "train/task/task_000000_000000",
                "train/task/task_000000_000001"
            ]
        );
    }

    #[test]
    fn names_of_cityscapes_have_a_city_and_two_numbers() {
        assert_eq!(official("a/bonn_000001_000019_leftImg8bit"), Some(("bonn", "bonn_000001_000019")));
        for id in ["bonn_1_2", "bonn_000001", "_000001_000019", "a_b_000001_000019", "bonn_000001_00001x", ""] {
            assert_eq!(official(id), None, "{id}");
        }
    }
}
