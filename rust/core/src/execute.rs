//! Runs a plan: chunks are encoded and packed on all cores and written in order.
//!
//! Workers take chunks one after another and may run ahead of the writer only by a window, so that memory stays bounded
//! however slow the output is. The calling thread writes, reports progress and stops everything when asked to; what was
//! written then disappears with the sink.

mod gate;
mod ledger;
mod originals;
mod pictures;

use gate::{Gate, OpenGate};
use ledger::{Books, Notes};
pub use pictures::OnError;
use pictures::{Shelf, Shelved};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, Sender};

use crate::dataset::Dataset;
use crate::error::{Code, Error, Place, Result, catch_panic};
use crate::media::sizes::{self, ReadSize};
use crate::media::{Files, Library, Videos};
use crate::naming::collisions;
use crate::paths::{Named, check_apart};
use crate::plan::{self, Chunk, Encoder, Format, Output, Part, Plan, Relief};
use crate::report::{Outcome, Report, Tally};
use crate::sink::{self, Archive, Compression, Folder, Packer, Packing, Sink};
use crate::threads::{self, Pool};
use crate::timeline::{ImageFormat, Scene, Selection, Template, hash};

/// How to run exports.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Number of threads that encode; without one as many as the machine has cores. The bytes do not depend on it.
    pub threads: Option<usize>,
    /// How hard the archive is compressed.
    pub compression: Compression,
    /// What to take of the source.
    pub selection: Selection,
    /// Whether an output that exists may be replaced: only what framehaul wrote, see [`crate::paths`].
    pub overwrite: bool,
    /// Whether dropped annotations are an error.
    pub strict: bool,
    /// What the frames of videos are stored as, and what they are called after.
    pub image_format: ImageFormat,
    /// Where the files of pictures are, if not in the source.
    pub media: Option<PathBuf>,
    /// What frames are called, if not what CVAT calls them.
    pub name_template: Option<Template>,
    /// Whether a file tells of each picture where it comes from.
    pub provenance: bool,
    /// What happens when a picture cannot be had.
    pub on_error: OnError,
    /// What formats may vary in.
    pub format: plan::Options,
}

/// How far an export is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Pieces of work done.
    pub chunks: u64,
    /// All pieces of work.
    pub all_chunks: u64,
    /// Frames written.
    pub frames: u64,
    /// All frames.
    pub all_frames: u64,
    /// Annotations written.
    pub annotations: u64,
    /// Bytes of content encoded, before compression.
    pub bytes: u64,
}

/// Why a format was not written.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The error.
    pub error: Error,
    /// With `strict`, what would have become of the annotations.
    pub report: Option<Box<Report>>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, report: None }
    }
}

/// Told how far an export is, about twenty times a second; returns whether to go on.
pub type OnProgress<'a> = dyn FnMut(&Progress) -> bool + 'a;

/// How often the caller is told.
const TELL_EVERY: Duration = Duration::from_millis(50);

/// Exports a dataset in several formats, one after another. A format that fails does not stop the others, but
/// `interrupted` does. The outer error is one that concerns all of them.
///
/// An output is a folder if its path ends in a separator, else an archive. `videos` decodes videos, and `read_size`
/// measures images of types that are not known here.
pub fn export(
    dataset: &Dataset,
    outputs: &[(&Format, &Path)],
    options: &Options,
    (videos, read_size): (Option<&dyn Videos>, &ReadSize<'_>),
    on_progress: &mut OnProgress<'_>,
) -> Result<Vec<std::result::Result<Report, Failure>>> {
    let named: Vec<Named<'_>> = outputs.iter().map(|(_, path)| ("output", *path)).collect();
    check_apart(&dataset.inputs(options.media.as_deref()), &named)?;
    let threads = match options.threads {
        Some(0) => return Err(Error::new(Code::BadOption, "the number of threads must be at least 1")),
        Some(threads) => threads,
        None => threads::processors(),
    };
    if options.provenance && !options.format.save_images {
        let error = Error::new(Code::BadOption, "provenance tells where pictures come from, and none are written");
        return Err(error.advise("add --save-images"));
    }
    // Merging jobs and counting are parallel too and keep to this number. They gain nothing from more threads than
    // there are processors, as reading images from a slow disk does.
    let pool = threads::of(threads.min(threads::processors()))?;
    let library = match options.format.save_images {
        true => Some(Library { files: Files::find(dataset, options.media.as_deref())?, videos, read_size }),
        false => None,
    };
    // With images and without, so that the labels are the same.
    let measured = options.media.as_deref().map(|media| pool.install(|| sizes::with_media(dataset, media, read_size)));
    let measured = measured.transpose()?.flatten();
    let dataset = measured.as_ref().unwrap_or(dataset);
    let scene = pool.install(|| {
        let mut scene = Scene::chosen(dataset, &options.selection.tasks, &options.selection.jobs)?;
        scene.set_image_format(options.image_format);
        scene.select(&options.selection)?;
        options.name_template.as_ref().map_or(Ok(()), |template| scene.rename(template))?;
        Ok(scene)
    })?;
    let mut reports = Vec::with_capacity(outputs.len());
    for (format, path) in outputs {
        let export = || export_scene(&scene, (format, path), (&pool, threads), options, library.as_ref(), on_progress);
        let report = catch_panic(export).unwrap_or_else(|error| Err(error.into()));
        if let Err(Failure { error, .. }) = &report
            && error.code() == Code::Interrupted
        {
            return Err(error.clone());
        }
        reports.push(report);
    }
    Ok(reports)
}

fn export_scene(
    scene: &Scene<'_>,
    (format, path): (&Format, &Path),
    (pool, threads): (&Pool, usize),
    options: &Options,
    library: Option<&Library<'_>>,
    on_progress: &mut OnProgress<'_>,
) -> std::result::Result<Report, Failure> {
    if !format.takes_3d {
        scene.refuse_3d()?;
    }
    let mut sink = open_sink(path, options)?;
    let encoder = pool.install(|| (format.encoder)(scene, &options.format))?;
    let encoder = encoder.as_ref();
    let plan = pool.install(|| Plan::new(format, encoder, &options.format))?;
    if collisions::subsets_nest(scene) {
        pool.install(|| collisions::refuse(scene, (&plan, encoder), None))?;
    }
    let shelf =
        library.map(|library| pool.install(|| Shelf::new(scene, (&plan, encoder), library, options))).transpose()?;
    let mut progress = Progress { all_frames: scene.frame_count(), ..Progress::default() };
    let workers = threads.min(plan.chunks().count());
    let larger = (workers > pool.len()).then(|| threads::of(workers)).transpose()?;
    let pool = larger.as_ref().unwrap_or(pool);
    let (mut tally, names) = run((&plan, encoder), sink.as_mut(), shelf.as_ref(), pool, &mut progress, on_progress)?;
    pool.install(|| collisions::refuse(scene, (&plan, encoder), Some(names)))?;
    count_losses(scene, &mut tally);
    let profile = options.format.profile.as_str();
    let selection = options.selection.to_string();
    let report =
        |members, bytes| Report::new(format.name, profile, selection.clone(), scene.dataset, &tally, members, bytes);
    let left_out: u64 = scene.dataset.notes.iter().map(|note| note.left_out).sum();
    if options.strict {
        let refused = report(0, 0);
        let dropped = refused.dropped + left_out;
        if dropped > 0 {
            let message = format!("{} would drop {dropped} annotations", format.name);
            let error = Error::new(Code::Dropped, message).advise("the report lists them");
            return Err(Failure { error, report: Some(Box::new(refused)) });
        }
    }
    let written = sink.finish()?;
    Ok(report(written.members, written.bytes))
}

fn open_sink(path: &Path, options: &Options) -> Result<Box<dyn Sink>> {
    if path.as_os_str().as_encoded_bytes().ends_with(std::path::MAIN_SEPARATOR_STR.as_bytes())
        || path.as_os_str().as_encoded_bytes().ends_with(b"/")
    {
        return Ok(Box::new(Folder::create(path, options.overwrite)?));
    }
    Ok(Box::new(Archive::create(path, options.compression, options.overwrite)?))
}

/// What the merging of jobs has dropped stands in the report of every format.
fn count_losses(scene: &Scene<'_>, tally: &mut Tally) {
    for timeline in &scene.timelines {
        for loss in &timeline.losses {
            tally.several(loss.label, loss.kind, Outcome::Dropped(loss.reason), loss.count);
            tally.note(loss.reason, || Place {
                task: Some(timeline.task.name.clone()),
                frame: Some(i64::from(loss.frame)),
                label: Some(scene.dataset.schema.path(loss.label)),
                ..Place::default()
            });
        }
    }
}

/// A chunk as a worker hands it to the writer.
struct Done {
    packed: sink::Chunk,
    tally: Tally,
    bytes: u64,
    notes: Notes,
    /// Hashes of the names of members that were packed.
    names: Vec<u64>,
}

/// What a worker sends about the chunk at a place.
enum Sent {
    /// What is to be written of it already, when all chunks before it are; and who is to be told when that is done.
    Early(Vec<Step>, Sender<()>),
    /// The rest or all of it.
    Done(Box<Result<Done>>),
}

/// What the writer does with a file that is larger than what a worker keeps, and with others beside it.
enum Step {
    Begin(String),
    /// Names of the whole files that follow, as hashes.
    Named(Vec<u64>),
    Write(sink::Chunk),
    End,
}

/// Encodes all chunks of a plan and writes them in order. Returns the hashes of the names of all members, too.
fn run(
    (plan, encoder): (&Plan, &dyn Encoder),
    sink: &mut dyn Sink,
    shelf: Option<&Shelf<'_>>,
    pool: &Pool,
    progress: &mut Progress,
    on_progress: &mut OnProgress<'_>,
) -> Result<(Tally, Vec<u64>)> {
    let chunks: Vec<(&Chunk, &Part)> = plan.chunks().collect();
    progress.all_chunks = chunks.len() as u64;
    let threads = pool.len().min(chunks.len());
    // Two chunks ahead for each worker keep all of them busy while one chunk is late.
    let gate = Arc::new(Gate::new(2 * threads + 2));
    let next = AtomicUsize::new(0);
    let (sender, receiver) = crossbeam_channel::unbounded();
    let worker = |sender: Sender<(usize, Sent)>| Worker {
        encoder,
        shelf,
        chunks: &chunks,
        next: &next,
        gate: gate.clone(),
        sender,
        packing: sink.packing(),
    };
    let workers: Vec<_> = (0..threads).map(|_| worker(sender.clone())).map(|worker| move || worker.work()).collect();
    drop(sender);
    // The threads of the pool become the workers: others would share the processors for a while with those that counted.
    pool.beside(workers, || {
        // Whatever happens here, the workers end, and this returns only after them.
        let _open = OpenGate(&gate);
        // Dropped with all that was sent when this ends: workers may wait for an answer.
        let receiver = receiver;
        let mut waiting: BTreeMap<usize, Result<Done>> = BTreeMap::new();
        let mut books = shelf.map(|shelf| Books::new(shelf.options.provenance));
        let mut writer =
            Writer { tally: Tally::default(), progress, on_progress, told: Instant::now(), sink, names: Vec::new() };
        let mut place = 0;
        for part in &plan.parts {
            if let Part::Member { name, .. } = part {
                writer.begin(name)?;
            }
            let end = place + part.chunks().len();
            while place < end {
                writer.tell()?;
                if let Some(done) = waiting.remove(&place) {
                    writer.write(done?, books.as_mut())?;
                    place += 1;
                    gate.advance();
                    continue;
                }
                match receiver.recv_timeout(TELL_EVERY) {
                    Ok((at, Sent::Done(done))) => drop(waiting.insert(at, *done)),
                    Ok((_, Sent::Early(steps, written))) => {
                        steps.into_iter().try_for_each(|step| writer.step(step))?;
                        // The worker waits for this, if nothing has happened to it.
                        let _ = written.send(());
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => {
                        return Err(Error::new(Code::Internal, "the workers ended before their work"));
                    }
                }
            }
            if matches!(part, Part::Member { .. }) {
                writer.sink.end()?;
            }
        }
        if let (Some(shelf), Some(books)) = (shelf, books) {
            shelf.close(books, &mut writer)?;
        }
        writer.tell_now()?;
        Ok((writer.tally, writer.names))
    })
}

struct Writer<'a, 'p> {
    tally: Tally,
    progress: &'a mut Progress,
    on_progress: &'a mut OnProgress<'p>,
    /// When that was called.
    told: Instant,
    sink: &'a mut dyn Sink,
    /// Hashes of the names of the members so far.
    names: Vec<u64>,
}

impl Writer<'_, '_> {
    /// Begins a member.
    fn begin(&mut self, name: &str) -> Result<()> {
        self.names.push(hash(name));
        self.sink.begin(name)
    }

    fn write(&mut self, done: Done, books: Option<&mut Books>) -> Result<()> {
        self.sink.write(done.packed)?;
        books.map_or(Ok(()), |books| books.add(&done.notes))?;
        self.names.extend(done.names);
        self.progress.chunks += 1;
        self.progress.frames += done.tally.frames;
        self.progress.annotations += done.tally.annotations();
        self.progress.bytes += done.bytes;
        self.tally.merge(done.tally);
        Ok(())
    }

    fn step(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Begin(name) => self.begin(&name),
            Step::Write(packed) => self.sink.write(packed),
            Step::Named(names) => {
                self.names.extend(names);
                Ok(())
            }
            Step::End => self.sink.end(),
        }
    }

    /// Tells how far it is, if it is time to; an error if all is to stop.
    fn tell(&mut self) -> Result<()> {
        if self.told.elapsed() < TELL_EVERY { Ok(()) } else { self.tell_now() }
    }

    fn tell_now(&mut self) -> Result<()> {
        self.told = Instant::now();
        match (self.on_progress)(self.progress) {
            true => Ok(()),
            false => Err(Error::new(Code::Interrupted, "stopped on request; nothing was left behind")),
        }
    }
}

struct Worker<'a> {
    encoder: &'a (dyn Encoder + 'a),
    shelf: Option<&'a Shelf<'a>>,
    /// Each with its part.
    chunks: &'a [(&'a Chunk, &'a Part)],
    next: &'a AtomicUsize,
    gate: Arc<Gate>,
    sender: Sender<(usize, Sent)>,
    packing: Packing,
}

impl Worker<'_> {
    fn work(self) {
        let mut output = Output::default();
        let mut packer = Packer::new(self.packing);
        loop {
            let place = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(&(chunk, part)) = self.chunks.get(place) else { return };
            if !self.gate.wait(place) {
                return;
            }
            let done = catch_panic(|| self.encode(place, chunk, part, &mut output, &mut packer)).unwrap_or_else(Err);
            let failed = done.is_err();
            if self.sender.send((place, Sent::Done(Box::new(done)))).is_err() || failed {
                return;
            }
        }
    }

    fn encode(
        &self,
        place: usize,
        chunk: &Chunk,
        part: &Part,
        output: &mut Output,
        packer: &mut Packer,
    ) -> Result<Done> {
        if !matches!(part, Part::Pictures(_)) {
            // It opens no video, so that nobody need wait for it.
            self.gate.pass(place);
        }
        output.clear();
        output.relief = matches!(part, Part::Files(_)).then(|| self.relief(place));
        self.encoder.encode(chunk, output)?;
        let mut bytes = output.finish()?;
        let mut notes = Notes::default();
        let mut names = Vec::new();
        let packed = match (part, self.shelf) {
            (Part::Member { .. }, _) => packer.part(&output.bytes)?,
            (Part::Files(_), _) => {
                output.files().try_for_each(|(name, content)| packer.file(name, content))?;
                names.extend(output.files().map(|(name, _)| hash(name)));
                packer.take()
            }
            (Part::Pictures(_), Some(shelf)) => {
                let mut to = Shelved { packer, tally: &mut output.tally, notes: &mut notes, names: &mut names };
                bytes = shelf.store(place, &output.pictures, &self.gate, &mut to)?;
                packer.take()
            }
            (Part::Pictures(_), None) => return Err(Error::new(Code::Internal, "pictures without a source of them")),
        };
        Ok(Done { packed, tally: std::mem::take(&mut output.tally), bytes, notes, names })
    }

    /// Has files of the chunk at a place written before its end, when it is its turn.
    fn relief(&self, place: usize) -> Relief {
        let (gate, sender, packing) = (self.gate.clone(), self.sender.clone(), self.packing);
        Box::new(move |output, goes_on| {
            let ended = || Error::new(Code::Interrupted, "the run has ended");
            if !gate.wait_to_write(place) {
                return Err(ended());
            }
            let steps = steps(output, goes_on, &mut Packer::new(packing))?;
            let (written, wait) = crossbeam_channel::bounded(1);
            sender.send((place, Sent::Early(steps, written))).map_err(|_| ended())?;
            wait.recv().map_err(|_| ended())
        })
    }
}

/// More of the file that went on, whole files, and the beginning of the one that goes on.
fn steps(output: &Output, goes_on: bool, packer: &mut Packer) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    let mut files: Vec<(&str, &[u8])> = output.files().collect();
    if let Some(more) = output.continued() {
        steps.push(Step::Write(packer.part(more)?));
        if !goes_on || !files.is_empty() {
            steps.push(Step::End);
        }
    }
    let last = if goes_on { files.pop() } else { None };
    if !files.is_empty() {
        files.iter().try_for_each(|(name, content)| packer.file(name, content))?;
        steps.push(Step::Named(files.iter().map(|(name, _)| hash(name)).collect()));
        steps.push(Step::Write(packer.take()));
    }
    if let Some((name, beginning)) = last {
        steps.push(Step::Begin(name.to_owned()));
        steps.push(Step::Write(packer.part(beginning)?));
    }
    Ok(steps)
}
