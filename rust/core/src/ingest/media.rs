//! Which frames the task of a backup has, and which pictures they are.

use std::collections::HashMap;

use super::backup::{RawData, RawJob};
use super::json::Reader;
use super::manifest::{self, Picture};
use super::store::Store;
use super::watch::Watch;
use super::words;
use crate::dataset::{ABSOLUTE_LIMIT, Builder, FRAME_LIMIT, Media, step_of_filter};
use crate::error::{Code, Error, Result};

/// The frames of a task.
pub struct Frames {
    /// Number of frames.
    pub size: u32,
    /// Absolute number of the first one.
    pub start: u64,
    /// Absolute number of the last one, as stated.
    pub stop: u64,
    /// Frames of the media per frame of the task.
    pub step: u64,
    /// The filter that the step was read from.
    pub filter: String,
    /// Whether they are point clouds.
    pub is_3d: bool,
    /// Where they come from.
    pub media: Media,
}

/// Finds the frames of the task in `folder` (empty, or ending in `/`); its pictures go to the builder. A task without a
/// manifest whose labels are of intervals is one of sound.
pub fn read(
    store: &Store,
    watch: &Watch<'_>,
    folder: &str,
    data: &RawData,
    jobs: &[RawJob],
    has_intervals: bool,
    builder: &mut Builder,
) -> Result<Frames> {
    let name = format!("{folder}data/manifest.jsonl");
    if !store.has(&name) {
        if has_intervals {
            return Err(words::audio());
        }
        return without_manifest(store, folder, data, jobs, builder).map_err(|error| error.in_file(name));
    }
    let mut reader = store.reader(&name, watch)?;
    let result = match jobs.iter().any(|job| job.files.is_some()) {
        true => custom(jobs, |known| manifest::read(&mut reader, known).map(|_| ()), builder),
        false => regular(data, &mut reader, builder),
    };
    result.map_err(|error| reader.explain(error).in_file(name.as_str()))
}

/// The frames that `start_frame`, `stop_frame` and the filter take of a manifest.
fn regular(data: &RawData, reader: &mut Reader<'_>, builder: &mut Builder) -> Result<Frames> {
    let (start, step) = (data.start_frame.unwrap_or(0), step_of_filter(&data.frame_filter));
    let last = data.stop_frame.unwrap_or(u64::MAX);
    let mut pictures = Pictures::new(builder);
    let mut number = 0_u64;
    let video = manifest::read(reader, |picture| {
        if (start..=last).contains(&number) && (number - start).is_multiple_of(step) {
            pictures.add(&picture)?;
        }
        number += 1;
        Ok(())
    })?;
    let length = video.as_ref().map_or(number, |video| video.length);
    let stop = data.stop_frame.unwrap_or(length.saturating_sub(1));
    let size = size(start, stop, step)?;
    let is_3d = pictures.is_3d;
    let media = match video {
        Some(video) => Media::Video { name: video.file.name, width: video.file.width, height: video.file.height },
        None => pictures.media(size)?,
    };
    Ok(Frames { size, start, stop, step, filter: data.frame_filter.clone(), is_3d, media })
}

/// The frames of a task whose jobs list their files, as those with honeypots do; one file may be several frames.
/// `manifest` gives the pictures that are known.
fn custom(
    jobs: &[RawJob],
    manifest: impl FnOnce(&mut dyn FnMut(Picture) -> Result<()>) -> Result<()>,
    builder: &mut Builder,
) -> Result<Frames> {
    let mut sizes: HashMap<String, (u32, u32)> = HashMap::new();
    manifest(&mut |picture| {
        sizes.insert(picture.name, (picture.width, picture.height));
        Ok(())
    })?;
    let mut files: Vec<Option<&str>> = Vec::new();
    for (place, job) in jobs.iter().enumerate() {
        let names = job.files.as_deref().unwrap_or_default();
        let first = usize::try_from(job.start_frame).unwrap_or(usize::MAX);
        if names.len() as i64 != job.stop_frame.saturating_add(1).saturating_sub(job.start_frame) {
            return Err(bad("the files of a job are not as many as its frames").in_job(place as u64));
        }
        // Jobs follow each other, so that a gap is an error and no reason to make room.
        if first > files.len() {
            return Err(bad(&format!("no job lists the file of frame {}", files.len())));
        }
        files.resize(files.len().max(first + names.len()), None);
        files[first..first + names.len()].iter_mut().zip(names).for_each(|(file, name)| *file = Some(name));
    }
    let mut pictures = Pictures::new(builder);
    for name in files.iter().flatten() {
        let (width, height) = sizes.get(*name).copied().unwrap_or_default();
        pictures.add(&Picture { name: (*name).to_owned(), width, height })?;
    }
    let stop = (files.len() as u64).saturating_sub(1);
    let size = size(0, stop, 1)?;
    let is_3d = pictures.is_3d;
    Ok(Frames { size, start: 0, stop, step: 1, filter: String::new(), is_3d, media: pictures.media(size)? })
}

/// The frames of a backup that has lost its manifest: the files themselves, if their order is known. Their sizes are not.
fn without_manifest(
    store: &Store,
    folder: &str,
    data: &RawData,
    jobs: &[RawJob],
    builder: &mut Builder,
) -> Result<Frames> {
    let lost = |what: &str| Err(Error::new(Code::MissingFile, format!("the manifest is missing, and {what}")));
    if jobs.iter().any(|job| job.files.is_some()) {
        return custom(jobs, |_| Ok(()), builder);
    }
    let mut names = store.names_below(&format!("{folder}data/"))?;
    if names.iter().any(|name| has_extension(name, &["pcd", "bin"])) {
        names.retain(|name| has_extension(name, &["pcd", "bin"]));
    } else {
        names.retain(|name| has_extension(name, PICTURES));
    }
    if names.is_empty() {
        return lost("there are no pictures; a video's size stands nowhere else");
    }
    if data.sorting_method.as_deref() != Some("lexicographical") {
        return lost("the order of the pictures stands nowhere else");
    }
    names.sort_unstable();
    let (start, step) = (data.start_frame.unwrap_or(0), step_of_filter(&data.frame_filter));
    let stop = data.stop_frame.unwrap_or(names.len() as u64 - 1);
    let size = size(start, stop, step)?;
    let mut pictures = Pictures::new(builder);
    for name in names.into_iter().skip(start as usize).step_by(step as usize).take(size as usize) {
        pictures.add(&Picture { name, ..Picture::default() })?;
    }
    let is_3d = pictures.is_3d;
    let filter = data.frame_filter.clone();
    Ok(Frames { size, start, stop, step, filter, is_3d, media: pictures.media(size)? })
}

const PICTURES: &[&str] = &["jpg", "jpeg", "png", "bmp", "webp", "gif", "tif", "tiff", "ppm", "pgm"];

fn has_extension(name: &str, extensions: &[&str]) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    extensions.iter().any(|known| known.eq_ignore_ascii_case(extension))
}

/// Number of frames from `start` to `stop`, inclusive, at this step.
pub fn size(start: u64, stop: u64, step: u64) -> Result<u32> {
    let Some(span) = stop.checked_sub(start) else {
        return Err(bad(&format!("frames from {start} to {stop}")));
    };
    // All numbers are kept far from overflow, so that nobody has to check sums of them; a saved dataset has the same
    // limits.
    let size = u32::try_from(span / step).ok().map(|steps| steps.saturating_add(1)).filter(|&size| size < FRAME_LIMIT);
    let end = size.and_then(|size| step.checked_mul(u64::from(size))?.checked_add(start));
    match (size, end) {
        (Some(size), Some(end)) if end.max(stop) < ABSOLUTE_LIMIT => Ok(size),
        _ => {
            Err(Error::new(Code::TooLarge, format!("frames from {start} to {stop} are more than a task can have here")))
        }
    }
}

/// The pictures of a task on their way to the builder.
pub struct Pictures<'a> {
    builder: &'a mut Builder,
    first: u32,
    /// Whether one of them is a point cloud.
    pub is_3d: bool,
}

impl<'a> Pictures<'a> {
    /// None yet.
    pub fn new(builder: &'a mut Builder) -> Self {
        let first = builder.image_count();
        Self { builder, first, is_3d: false }
    }

    /// Adds the picture of the next frame.
    pub fn add(&mut self, picture: &Picture) -> Result<()> {
        self.is_3d |= has_extension(&picture.name, &["pcd", "bin"]);
        self.builder.image(&picture.name, picture.width, picture.height)
    }

    /// The media of a task that must have `size` pictures.
    pub fn media(self, size: u32) -> Result<Media> {
        let rows = self.first..self.builder.image_count();
        if rows.len() != size as usize {
            return Err(bad(&format!("{} pictures are listed, and the task has {size} frames", rows.len())));
        }
        Ok(Media::Images { rows })
    }
}

fn bad(what: &str) -> Error {
    Error::new(Code::BadMetadata, what)
}
