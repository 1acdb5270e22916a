//! Images on their way from their source into the output.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::str::FromStr;

use super::Turns;
use super::notes::{FRAMES, Line, Notes, PROVENANCE, Sidecars};
use super::videos::{self, Originals};
use crate::dataset::Media;
use crate::error::{Code, Error, Result};
use crate::media::sizes::{ReadSize, Size, size_of};
use crate::media::{Library, Picture, Pictures, Stream};
use crate::naming::collisions::{self, describe_frame};
use crate::plan::{Chunk, Encoder, Output, Part, Plan, Request};
use crate::report::{LeftOut, Tally};
use crate::sink::Packer;
use crate::threads::{self, ParallelIterator};
use crate::timeline::{ImageFormat, Jobs, Scene, Timeline, hash};

/// What happens when an image is missing, or a shape is not sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// The export fails.
    #[default]
    Stop,
    /// The image or shape is left out, and the report lists it. The texts keep the frame of an image, so that no annotation
    /// is lost.
    Skip,
}

impl FromStr for OnError {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "stop" => Ok(Self::Stop),
            "skip" => Ok(Self::Skip),
            _ => Err(Error::new(Code::BadOption, format!("on error {text:?} is none of stop, skip"))),
        }
    }
}

/// What an export wants of images.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// What the frames of videos are stored as, and what they are called after.
    pub image_format: ImageFormat,
    /// What happens when an image is missing or unreadable.
    pub on_error: OnError,
    /// Whether `provenance.jsonl` says where each image comes from.
    pub provenance: bool,
}

/// Stores the images that chunks ask for.
pub struct Images<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) library: &'a Library<'a>,
    pub(super) options: Options,
    pub(super) originals: Originals,
    /// The jobs of each timeline.
    jobs: Vec<Jobs>,
    /// Timelines of which an image is written.
    timelines: BTreeSet<usize>,
    repeated: HashSet<Key>,
}

/// Where a chunk's images go, and what the sidecars say about them.
pub struct Stored<'a> {
    /// Packs the images.
    pub packer: &'a mut Packer,
    /// Counts images that are missing.
    pub tally: &'a mut Tally,
    /// Lines of the sidecars.
    pub notes: &'a mut Notes,
    /// Hashes of the names of what is stored.
    pub names: &'a mut Vec<u64>,
}

/// Hash of a name, and which picture it is.
type Key = (u64, usize, u32);

/// The pictures of one timeline that a chunk asks for.
struct Group<'a> {
    /// Place of the timeline in the scene.
    place: usize,
    timeline: &'a Timeline<'a>,
    frames: Vec<u32>,
    /// What each is stored as: one picture may have several names.
    requests: Vec<&'a [&'a Request]>,
}

impl<'a> Images<'a> {
    /// Reads the names of the images of a plan. Two images of one name are an error.
    pub fn new(
        scene: &'a Scene<'a>,
        (plan, encoder): (&Plan, &dyn Encoder),
        library: &'a Library<'a>,
        options: Options,
    ) -> Result<Self> {
        let originals = Originals::new(scene, options.image_format)?;
        let Names { timelines, repeated } = Names::of(scene, plan, encoder)?;
        Ok(Self { scene, library, options, originals, jobs: scene.jobs(), timelines, repeated })
    }

    /// The members behind the images, in order.
    pub fn parts(&self) -> Vec<Part> {
        let videos: Vec<&str> = self.timelines.iter().filter_map(|&place| self.originals.name(place)).collect();
        let table = (!videos.is_empty()).then_some(FRAMES);
        let names = videos.into_iter().chain(table).chain(self.options.provenance.then_some(PROVENANCE));
        names.map(|name| Part::Sidecar { name: name.to_owned() }).collect()
    }

    /// What the sidecars of this export start with.
    pub fn sidecars(&self) -> Sidecars {
        Sidecars::new(self.options.provenance)
    }

    /// Stores the images that the chunk at `place` asks for; returns their bytes.
    pub fn store(&self, place: usize, requests: &[Request], turns: &dyn Turns, to: &mut Stored<'_>) -> Result<u64> {
        let requests: Vec<&Request> = requests.iter().filter(|it| !self.is_repeated(it)).collect();
        let groups: Vec<Group<'_>> =
            requests.chunk_by(|a, b| a.timeline == b.timeline).map(|requests| self.group(requests)).collect();
        if groups.iter().any(|group| matches!(group.timeline.task.media, Media::Video { .. }))
            && !turns.wait_for_turn(place)
        {
            return Err(Error::new(Code::Interrupted, "the export has ended"));
        }
        let mut streams = Vec::with_capacity(groups.len());
        for group in &groups {
            streams.push(self.open(group, to.tally)?);
        }
        turns.pass(place);
        let mut bytes = 0;
        for (group, stream) in groups.iter().zip(streams) {
            let Some(mut stream) = stream else { continue };
            for (&frame, requests) in group.frames.iter().zip(&group.requests) {
                let picture = stream.next().unwrap_or_else(|| {
                    Err(Error::new(Code::Internal, "the source gave fewer pictures than it was asked for"))
                });
                let picture = picture.and_then(|picture| {
                    check(group.timeline, frame, &picture, self.library.read_size).map(|()| picture)
                });
                let Some(picture) = self.or_skip(picture, group.timeline, frame, to.tally)? else { continue };
                for request in *requests {
                    self.put(group, request, &picture, to)?;
                    bytes += picture.bytes.len() as u64;
                }
            }
        }
        Ok(bytes)
    }

    /// Stores a picture, or notes which frame of the video it is if that is kept whole.
    fn put(&self, group: &Group<'_>, request: &Request, picture: &Picture, to: &mut Stored<'_>) -> Result<()> {
        if let Some(video) = self.originals.name(group.place) {
            videos::row(group.timeline, video, request, picture.time, &mut to.notes.frames);
            to.notes.videos.insert(group.place);
            return Ok(());
        }
        to.names.push(hash(&request.name));
        to.packer.stored_file(&request.name, &picture.bytes, picture.checksum)?;
        if !self.options.provenance {
            return Ok(());
        }
        let checksum = picture.checksum.unwrap_or_else(|| crc32fast::hash(&picture.bytes));
        let frame = Some((request.frame, picture.time));
        let content = (picture.bytes.len() as u64, checksum);
        self.line(group.place, &request.name, frame, content).write(&mut to.notes.provenance)
    }

    fn is_repeated(&self, request: &Request) -> bool {
        !self.repeated.is_empty() && self.repeated.contains(&key(request))
    }

    fn group<'r>(&'r self, requests: &'r [&'r Request]) -> Group<'r> {
        let requests: Vec<&[&Request]> = requests.chunk_by(|a, b| a.frame == b.frame).collect();
        let frames = requests.iter().map(|same| same[0].frame).collect();
        let place = requests[0][0].timeline;
        Group { place, timeline: &self.scene.timelines[place], frames, requests }
    }

    fn open<'g>(&'g self, group: &'g Group<'g>, tally: &mut Tally) -> Result<Option<Stream<'g>>> {
        let opened = self.library.open(group.timeline, &group.frames);
        match (opened, group.frames.as_slice()) {
            (Err(error), [first, rest @ ..]) => {
                for &frame in rest.iter().filter(|_| self.options.on_error == OnError::Skip) {
                    self.or_skip::<()>(Err(error.clone()), group.timeline, frame, tally)?;
                }
                self.or_skip(Err(error), group.timeline, *first, tally)
            }
            (opened, _) => opened.map(Some),
        }
    }

    /// The line of the provenance about a picture, or a video that is kept whole: its name, frame with time, and size
    /// with checksum.
    pub(super) fn line<'l>(
        &'l self,
        place: usize,
        name: &'l str,
        frame: Option<(u32, Option<f64>)>,
        (size, checksum): (u64, u32),
    ) -> Line<'l> {
        let timeline = &self.scene.timelines[place];
        Line {
            name,
            project: timeline.dataset.project.as_ref().map(|project| project.name.as_str()),
            task: &timeline.task.name,
            task_id: timeline.task.provenance.id,
            job: frame.map_or_else(|| self.scene.only_job(), |(frame, _)| self.jobs[place].of(frame)),
            file: timeline.file_name(frame.map_or(0, |(frame, _)| frame)),
            frame: frame.map(|(frame, _)| frame),
            number: frame.map(|(frame, _)| timeline.task.absolute(frame)),
            time: frame.and_then(|(_, time)| time),
            size,
            crc32: format!("{checksum:08x}"),
        }
    }

    /// The value, or `None` if there is none and that is no reason to stop.
    fn or_skip<T>(
        &self,
        value: Result<T>,
        timeline: &Timeline<'_>,
        frame: u32,
        tally: &mut Tally,
    ) -> Result<Option<T>> {
        let error = match value {
            Ok(value) => return Ok(Some(value)),
            Err(error) => error.in_task(&timeline.task.name).at_frame(frame),
        };
        if self.options.on_error == OnError::Stop || matches!(error.code(), Code::Interrupted | Code::Internal) {
            return Err(error);
        }
        let message = match error.code() {
            Code::MissingFile => "a picture is missing and left out",
            Code::BadPicture => "a file that is not the picture of its frame is left out",
            _ => "a picture that cannot be read is left out",
        };
        tally.note(message, || error.place().clone());
        tally.left_out.push(LeftOut {
            task: timeline.task.name.clone(),
            frame,
            file: timeline.file_name(frame).to_owned(),
            why: error.message().to_owned(),
        });
        Ok(None)
    }
}

/// Refuses bytes that are not the image of a frame. An image of a type that nobody here knows is taken as it is.
fn check(timeline: &Timeline<'_>, frame: u32, picture: &Picture, read_size: &ReadSize<'_>) -> Result<()> {
    if timeline.task.is_3d || matches!(timeline.task.media, Media::Video { .. }) {
        return Ok(());
    }
    let bad = |what: String| Err(Error::new(Code::BadPicture, what).in_file(timeline.file_name(frame)));
    let (found, stated) = match size_of(&picture.bytes, timeline.file_name(frame), read_size) {
        Size::Pixels(width, height) => ((width, height), timeline.size(frame)),
        Size::NotAnImage => return bad("the file is not an image".to_owned()),
        Size::Unknown => return Ok(()),
    };
    // The source tells none, and the file has been asked in vain.
    if stated.0 == 0 || stated.1 == 0 {
        return Ok(());
    }
    // A photograph may be stored lying and say that it is to be turned; its stated size is that of the turned one.
    if stated == found || stated == (found.1, found.0) {
        return Ok(());
    }
    bad(format!("the picture is {} x {} pixels, and the source states {} x {}", found.0, found.1, stated.0, stated.1))
}

/// What the names of all images of a plan say.
struct Names {
    /// Timelines of which an image is written.
    timelines: BTreeSet<usize>,
    /// Where several frames show one file, it is stored once: all but the first.
    repeated: HashSet<Key>,
}

impl Names {
    /// Gathers the names. Different images of one name are an error.
    fn of(scene: &Scene<'_>, plan: &Plan, encoder: &dyn Encoder) -> Result<Self> {
        let mut keys = gather(plan, encoder, |request| Some(key(request)))?;
        keys.sort_unstable();
        Ok(Self {
            timelines: keys.iter().map(|key| key.1).collect(),
            repeated: repeated(scene, (plan, encoder), &keys)?,
        })
    }
}

fn repeated(scene: &Scene<'_>, (plan, encoder): (&Plan, &dyn Encoder), keys: &[Key]) -> Result<HashSet<Key>> {
    // Hashes are small; names are looked at only where two hashes are the same.
    let suspects: HashSet<u64> = keys.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[0].0).collect();
    let mut repeated = HashSet::new();
    if suspects.is_empty() {
        return Ok(repeated);
    }
    let mut first: HashMap<String, Request> = HashMap::new();
    for request in gather(plan, encoder, |request| suspects.contains(&key(request).0).then(|| request.clone()))? {
        let Some(earlier) = first.get(&request.name) else {
            first.insert(request.name.clone(), request);
            continue;
        };
        let (one, other) = (&scene.timelines[earlier.timeline], &scene.timelines[request.timeline]);
        let is_file = matches!(one.task.media, Media::Images { .. });
        if !is_file
            || earlier.timeline != request.timeline
            || one.file_name(earlier.frame) != other.file_name(request.frame)
        {
            let [one, other] = [(one, earlier.frame), (other, request.frame)].map(|(t, f)| describe_frame(t, f));
            return Err(collisions::error("pictures", &request.name, &one, &other));
        }
        repeated.insert(key(&request));
    }
    Ok(repeated)
}

fn key(request: &Request) -> Key {
    (hash(&request.name), request.timeline, request.frame)
}

/// What `take` makes of the requests of a plan, in order.
fn gather<T: Send>(plan: &Plan, encoder: &dyn Encoder, take: impl Fn(&Request) -> Option<T> + Sync) -> Result<Vec<T>> {
    let chunks = plan.parts.iter().flat_map(|part| match part {
        Part::Media(chunks) => chunks.as_slice(),
        _ => &[],
    });
    let chunks: Vec<_> = chunks.collect();
    let taken = |output: &mut Output, chunk: &Chunk| {
        output.clear();
        encoder.encode(chunk, output)?;
        Ok(output.images.iter().filter_map(&take).collect::<Vec<T>>())
    };
    let taken: Result<Vec<Vec<T>>> = threads::over(chunks, |chunks| chunks.map_init(Output::default, taken).collect());
    Ok(taken?.into_iter().flatten().collect())
}
