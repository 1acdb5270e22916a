//! How a format is found by what people call it: its name, its slug, the names in CVAT's documentation, of older
//! versions of CVAT and of the tools that read it.

use super::ALL;
use crate::error::{Code, Error, Result};
use crate::plan::Format;

/// Other names of formats, without a version. Letter case, spaces, hyphens and underscores do not matter.
const ALIASES: &[(&str, &str)] = &[
    ("CVAT for videos", "cvat-video"),
    ("MS COCO", "coco"),
    ("Darknet", "yolo"),
    ("MOTChallenge", "mot"),
    ("MOTS", "mots"),
    ("Pascal", "voc"),
    ("VOC2012", "voc"),
    ("Open Images", "open-images"),
    ("OIDv6", "open-images"),
    ("WIDER", "widerface"),
    ("VGG Face 2", "vggface2"),
    ("Market", "market1501"),
    ("ICDAR Detection", "icdar-localization"),
    ("Segmentation masks", "segmentation-mask"),
];

/// Versions that CVAT's documentation gives to formats whose names now have another one.
const OLDER_VERSIONS: &[(&str, &str)] = &[
    ("CVAT for videos 1.1", "cvat-video"),
    ("MOT 1.0", "mot"),
    ("YOLO 1.0", "yolo"),
    ("PASCAL VOC 1.0", "voc"),
    ("Segmentation Mask 1.0", "segmentation-mask"),
    ("Open Images 1.0", "open-images"),
    ("ICDAR Detection 1.0", "icdar-localization"),
];

/// What the models of Ultralytics are called, alone or before a task: `yolo11-seg`, `YOLOv8 Detection 1.0`.
const ULTRALYTICS_MODELS: &[&str] = &[
    "ultralytics yolo",
    "ultralytics",
    "yolov5",
    "yolov8",
    "yolov9",
    "yolov10",
    "yolov11",
    "yolov12",
    "yolov26",
    "yolo5",
    "yolo8",
    "yolo9",
    "yolo10",
    "yolo11",
    "yolo12",
    "yolo26",
];

/// What the tasks of these models are called.
const ULTRALYTICS_TASKS: &[(&str, &str)] = &[
    ("detect", "yolo-detect"),
    ("detection", "yolo-detect"),
    ("track", "yolo-track"),
    ("detection track", "yolo-track"),
    ("seg", "yolo-seg"),
    ("segment", "yolo-seg"),
    ("segmentation", "yolo-seg"),
    ("pose", "yolo-pose"),
    ("obb", "yolo-obb"),
    ("oriented bounding boxes", "yolo-obb"),
    ("cls", "yolo-cls"),
    ("classify", "yolo-cls"),
    ("classification", "yolo-cls"),
];

/// The format with this name: its display name with or without its version, its slug or an alias.
pub fn find(name: &str) -> Result<&'static Format> {
    let wanted = key(name);
    if let Some(format) = ALL.iter().find(|format| names(format).any(|known| known == wanted)) {
        return Ok(format);
    }
    let ultralytics = ultralytics_slugs(wanted.strip_suffix("1.0").unwrap_or(&wanted));
    if let [slug] = ultralytics[..] {
        return find(slug);
    }
    let error = Error::new(Code::UnknownFormat, format!("no format is called {name:?}"));
    let begins = |format: &&Format| names(format).any(|known| known.starts_with(&wanted));
    let several: Vec<&str> = match &ultralytics[..] {
        [] if wanted.is_empty() => Vec::new(),
        [] => ALL.iter().filter(begins).map(|format| format.slug).collect(),
        slugs => slugs.to_vec(),
    };
    Err(match several[..] {
        [_, _, ..] => Error::new(Code::UnknownFormat, format!("several formats are called {name:?}"))
            .advise(format!("choose one of {}", several.join(", "))),
        [slug] => error.advise(did_you_mean(slug)),
        [] => match closest(&wanted) {
            Some(slug) => error.advise(did_you_mean(slug)),
            None => error.advise("`framehaul formats` lists them"),
        },
    })
}

fn did_you_mean(slug: &str) -> String {
    let name = ALL.iter().find(|format| format.slug == slug).map_or(slug, |format| format.name);
    format!("did you mean {name:?}?")
}

/// A name without what people write differently.
fn key(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// All names of a format but those of models, as keys.
fn names(format: &Format) -> impl Iterator<Item = String> {
    let slug = format.slug;
    let version = format.name.rsplit_once(' ').map_or(format.name, |(name, _)| name);
    let others = ALIASES.iter().chain(OLDER_VERSIONS).filter(move |(_, of)| *of == slug).map(|(alias, _)| *alias);
    [format.name, slug, version].into_iter().chain(others).map(key)
}

/// The formats that a model of Ultralytics reads, those of one task if the name says which.
fn ultralytics_slugs(wanted: &str) -> Vec<&'static str> {
    let rest = ULTRALYTICS_MODELS.iter().find_map(|model| wanted.strip_prefix(&key(model)));
    let mut slugs: Vec<&str> = match rest {
        None => Vec::new(),
        Some("") => ULTRALYTICS_TASKS.iter().map(|(_, slug)| *slug).collect(),
        Some(task) => ULTRALYTICS_TASKS.iter().filter(|(known, _)| key(known) == task).map(|(_, slug)| *slug).collect(),
    };
    slugs.dedup();
    slugs
}

/// The format with the most similar name, if one is similar at all.
fn closest(wanted: &str) -> Option<&'static str> {
    const SIMILAR: f64 = 0.6;
    let names = ALL.iter().flat_map(|format| names(format).map(move |name| (name, format.slug)));
    let scored = names.map(|(name, slug)| (strsim::normalized_levenshtein(wanted, &name), slug));
    let best = scored.fold((0.0, ""), |best, next| if next.0 > best.0 { next } else { best });
    (best.0 >= SIMILAR).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slug(name: &str) -> &'static str {
        find(name).map_or("", |format| format.slug)
    }

    fn advice(name: &str) -> String {
        let error = find(name).map(|format| format.slug).unwrap_err();
        assert_eq!(error.code(), Code::UnknownFormat);
        error.to_string()
    }

    #[test]
    fn a_format_is_found_by_its_name_and_its_slug_in_any_letter_case() {
        for format in ALL {
            assert_eq!(slug(&format.name.to_uppercase()), format.slug);
            assert_eq!(slug(format.slug), format.slug);
            assert_eq!(slug(&format.slug.replace('-', "_")), format.slug);
            let (without_version, _) = format.name.rsplit_once(' ').unwrap();
            assert_eq!(slug(&format!(" {without_version} ")), format.slug);
        }
        assert_eq!(slug("COCO 9.9"), "");
    }

    #[test]
    fn no_two_formats_share_a_name() {
        let mut all: Vec<String> = ALL
            .iter()
            .flat_map(|format| names(format).map(|name| (name, format.slug)).collect::<std::collections::BTreeSet<_>>())
            .map(|(name, _)| name)
            .collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn the_names_in_the_documentation_of_cvat_are_accepted() {
        let documented = [
            ("CVAT for videos 1.1", "cvat-video"),
            ("MOT 1.0", "mot"),
            ("YOLO 1.0", "yolo"),
            ("PASCAL VOC 1.0", "voc"),
            ("Pascal VOC", "voc"),
            ("Open Images 1.0", "open-images"),
            ("Segmentation Mask 1.0", "segmentation-mask"),
            ("WIDER Face 1.0", "widerface"),
            ("ICDAR Detection 1.0", "icdar-localization"),
            ("YOLOv8 Detection 1.0", "yolo-detect"),
            ("YOLOv8 Oriented Bounding Boxes 1.0", "yolo-obb"),
            ("YOLOv8 Classification 1.0", "yolo-cls"),
        ];
        for (name, expected) in documented {
            assert_eq!(slug(name), expected, "{name}");
        }
    }

    #[test]
    fn a_model_of_ultralytics_and_a_task_are_a_format_and_the_model_alone_lists_them() {
        for (name, expected) in [("yolo11-seg", "yolo-seg"), ("YOLO26 pose", "yolo-pose"), ("yolov8_obb", "yolo-obb")] {
            assert_eq!(slug(name), expected, "{name}");
        }
        for name in ["YOLOv8", "yolo11", "yolo26", "Ultralytics"] {
            let expected = format!(
                "several formats are called {name:?}; choose one of yolo-detect, yolo-track, yolo-seg, yolo-pose, yolo-obb, \
                 yolo-cls"
            );
            assert_eq!(advice(name), expected);
        }
    }

    #[test]
    fn a_beginning_that_several_formats_share_lists_them() {
        let expected = "choose one of icdar-recognition, icdar-localization, icdar-segmentation";
        assert_eq!(advice("ICDAR"), format!("several formats are called \"ICDAR\"; {expected}"));
    }

    #[test]
    fn a_close_name_is_suggested() {
        assert_eq!(advice("coko 1.0"), "no format is called \"coko 1.0\"; did you mean \"COCO 1.0\"?");
        assert_eq!(advice("citiscapes"), "no format is called \"citiscapes\"; did you mean \"Cityscapes 1.0\"?");
        for name in ["", "  ", "zzzzzzzz", "📦"] {
            assert_eq!(advice(name), format!("no format is called {name:?}; `framehaul formats` lists them"));
        }
    }
}
