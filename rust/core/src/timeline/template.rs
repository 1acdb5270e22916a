//! Names for frames that the user makes up: `{task}/{stem}` instead of what CVAT calls them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::str::FromStr;

use super::frames::split_extension;
use super::jobs::Jobs;
use super::repeats::hash;
use super::{Scene, Timeline};
use crate::error::{Code, Error, Result};
use crate::sink::check_name;

/// A name with fields in braces. Without `{ext}` the extension is added at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(Field),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Task,
    TaskId,
    Project,
    Job,
    Subset,
    Stem,
    Ext,
    Frame,
}

const FIELDS: [(&str, Field); 8] = [
    ("task", Field::Task),
    ("task_id", Field::TaskId),
    ("project", Field::Project),
    ("job", Field::Job),
    ("subset", Field::Subset),
    ("stem", Field::Stem),
    ("ext", Field::Ext),
    ("frame", Field::Frame),
];

impl FromStr for Template {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |what: String| {
            let known: Vec<String> = FIELDS.iter().map(|(name, _)| format!("{{{name}}}")).collect();
            Error::new(Code::BadOption, format!("the name template {text:?} {what}"))
                .advise(format!("the fields are {}", known.join(", ")))
        };
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) =
                after.split_once('}').ok_or_else(|| bad("has a brace that is not closed".to_owned()))?;
            let field = FIELDS.iter().find(|(known, _)| *known == name);
            let (_, field) = field.ok_or_else(|| bad(format!("has an unknown field {name:?}")))?;
            pieces.extend([Piece::Text(before.to_owned()), Piece::Field(*field)]);
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        if pieces.iter().any(|piece| matches!(piece, Piece::Text(text) if text.contains('}'))) {
            return Err(bad("has a brace that was never opened".to_owned()));
        }
        if !pieces.contains(&Piece::Field(Field::Ext)) {
            pieces.extend([Piece::Text(".".to_owned()), Piece::Field(Field::Ext)]);
        }
        Ok(Self(pieces))
    }
}

/// What a template is for the frames of one task: only what differs from frame to frame is left open.
#[derive(Clone, Debug)]
pub struct Pattern {
    pieces: Vec<Piece>,
    jobs: Jobs,
}

impl Pattern {
    fn new(template: &Template, timeline: &Timeline<'_>, jobs: Jobs) -> Result<Self> {
        let lacks = |what: &str, lacking: &str| {
            Error::new(Code::BadOption, format!("the name template has {{{what}}}, and {lacking}"))
        };
        let project = timeline.dataset.project.as_ref();
        let is_of_jobs = template.0.contains(&Piece::Field(Field::Job));
        if let Some(frame) = timeline.frames.iter().find(|&frame| is_of_jobs && jobs.of(frame).is_none()) {
            return Err(place(lacks("job", "a frame is in no job"), timeline, frame));
        }
        let fixed = |piece: &Piece| {
            let Piece::Field(field) = piece else { return Ok(piece.clone()) };
            Ok(Piece::Text(match field {
                Field::Task => folder_name(&timeline.task.name),
                Field::TaskId => timeline.task_id().to_string(),
                Field::Project => {
                    folder_name(&project.ok_or_else(|| lacks("project", "the export is of no project"))?.name)
                }
                Field::Subset => folder_name(&timeline.subset),
                Field::Job | Field::Stem | Field::Ext | Field::Frame => return Ok(piece.clone()),
            }))
        };
        Ok(Self { pieces: template.0.iter().map(fixed).collect::<Result<_>>()?, jobs })
    }

    /// Appends the name of a frame, given what it was called (with extension), its number in the task and its absolute
    /// one.
    pub fn write(&self, name: &str, frame: u32, number: u64, out: &mut String) {
        let (stem, dot_extension) = split_extension(name);
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Field(Field::Stem) => out.push_str(stem),
                Piece::Field(Field::Ext) => out.push_str(dot_extension.strip_prefix('.').unwrap_or_default()),
                // Writing to a string cannot fail. That the frame has a job was checked when the pattern was made.
                Piece::Field(Field::Job) => drop(write!(out, "{}", self.jobs.of(frame).unwrap_or_default())),
                Piece::Field(_) => drop(write!(out, "{number:06}")),
            }
        }
    }
}

/// A name of one part, whatever somebody has called a task.
pub fn folder_name(name: &str) -> String {
    name.chars().map(|symbol| if matches!(symbol, '/' | '\\' | '\0') { '_' } else { symbol }).collect()
}

impl Scene<'_> {
    /// Gives the frames of all timelines names by a template. No two frames may get one name, be it with different
    /// extensions: many formats could not tell them apart.
    pub fn rename(&mut self, template: &Template) -> Result<()> {
        let jobs = self.jobs();
        for (timeline, jobs) in self.timelines.iter_mut().zip(jobs) {
            timeline.names.pattern = Some(Pattern::new(template, timeline, jobs)?);
        }
        let mut hashes = Vec::new();
        self.each_id(|id, timeline, frame| {
            check_name(id).map_err(|error| place(error, timeline, frame))?;
            hashes.push(hash(id));
            Ok(())
        })?;
        hashes.sort_unstable();
        // Hashes are small; names are kept only where two hashes are the same.
        let same = hashes.windows(2).filter(|pair| pair[0] == pair[1]);
        let suspects: Vec<u64> = same.map(|pair| pair[0]).collect();
        let mut known: HashMap<String, String> = HashMap::new();
        self.each_id(|id, timeline, frame| {
            if suspects.binary_search(&hash(id)).is_err() {
                return Ok(());
            }
            let source = format!("{:?} (task {:?}, frame {frame})", timeline.file_name(frame), timeline.task.name);
            match known.insert(id.to_owned(), source.clone()) {
                None => Ok(()),
                Some(earlier) => {
                    let message = format!("the name template calls two frames {id:?}: {earlier} and {source}");
                    Err(Error::new(Code::NameCollision, message)
                        .advise("add {task}, {task_id}, {stem} or {frame} to the template"))
                }
            }
        })
    }

    fn each_id(&self, mut see: impl FnMut(&str, &Timeline<'_>, u32) -> Result<()>) -> Result<()> {
        let mut id = String::new();
        for timeline in &self.timelines {
            for frame in timeline.frames.iter() {
                id.clear();
                timeline.write_stem(frame, &mut id);
                see(&id, timeline, frame)?;
            }
        }
        Ok(())
    }
}

fn place(error: Error, timeline: &Timeline<'_>, frame: u32) -> Error {
    error.in_task(timeline.task.name.clone()).at_frame(frame)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{job, label, task, video};
    use super::*;

    #[test]
    fn a_template_is_read_and_its_extension_added() {
        let pieces = |text: &str| text.parse::<Template>().unwrap().0;
        let pattern = |text: &str| Pattern { pieces: pieces(text), jobs: Jobs::default() };
        for (template, expected) in [
            ("{stem}", "a/b.c.JPG"),
            ("x_{frame}.{ext}", "x_000042.JPG"),
            ("{frame}", "000042.JPG"),
            ("{ext}/{stem}", "JPG/a/b.c"),
        ] {
            let mut name = String::new();
            pattern(template).write("a/b.c.JPG", 40, 42, &mut name);
            assert_eq!(name, expected, "{template}");
        }
    }

    #[test]
    fn a_template_that_cannot_be_read_is_refused() {
        for text in ["{", "{stem", "stem}", "{name}", "{}", "{{stem}}"] {
            assert_eq!(text.parse::<Template>().map_err(|error| error.code()), Err(Code::BadOption), "{text}");
        }
    }

    #[test]
    fn a_template_with_jobs_is_refused_where_a_frame_is_in_none() {
        let dataset = task(vec![label("car")], video(5, vec![job(0, 1), job(2, 3)]));
        let template = "{job}/{stem}".parse().unwrap();
        let refused =
            Scene::new(&dataset).unwrap().rename(&template).map_err(|error| (error.code(), error.place().frame));
        assert_eq!(refused, Err((Code::BadOption, Some(4))));
        assert_eq!(Scene::of_job(&dataset, 0, 1).unwrap().rename(&template), Ok(()));
    }

    #[test]
    fn the_name_of_a_task_is_no_path() {
        assert_eq!(folder_name("day 1/night\\2"), "day 1_night_2");
    }
}
