//! `data_meta.json`: the frames of a task, or of a job. It lists every picture, so that it is streamed.

use super::json::Reader;
use super::manifest::Picture;
use super::media::Pictures;
use super::store::Store;
use super::watch::Watch;
use crate::dataset::{Builder, Media};
use crate::error::{Code, Error, Result};

/// What is known of the frames of a task or job.
#[derive(Default)]
pub struct Meta {
    /// Absolute number of the first frame.
    pub start: u64,
    /// Absolute number of the last frame.
    pub stop: u64,
    /// The frame filter.
    pub filter: String,
    /// Deleted frames, relative to the task.
    pub deleted: Vec<u32>,
    /// Absolute numbers of the frames of a job that has not all between its first and last.
    pub included: Option<Vec<u64>>,
}

enum Key {
    StartFrame,
    StopFrame,
    FrameFilter,
    Frames,
    DeletedFrames,
    IncludedFrames,
    Name,
    Width,
    Height,
    Other,
}

impl Key {
    fn of(name: &[u8]) -> Self {
        match name {
            b"start_frame" => Self::StartFrame,
            b"stop_frame" => Self::StopFrame,
            b"frame_filter" => Self::FrameFilter,
            b"frames" => Self::Frames,
            b"deleted_frames" => Self::DeletedFrames,
            b"included_frames" => Self::IncludedFrames,
            b"name" => Self::Name,
            b"width" => Self::Width,
            b"height" => Self::Height,
            _ => Self::Other,
        }
    }
}

/// Reads the frames of a task of `size` frames; its pictures go to the builder.
pub fn read_task(
    store: &Store,
    watch: &Watch<'_>,
    name: &str,
    is_video: bool,
    size: u32,
    builder: &mut Builder,
) -> Result<(Meta, Media)> {
    if is_video {
        let mut files = Vec::new();
        let meta = read(store, watch, name, |file| {
            files.push(file);
            Ok(())
        })?;
        return match <[Picture; 1]>::try_from(files) {
            Ok([Picture { name, width, height }]) => Ok((meta, Media::Video { name, width, height })),
            Err(files) => {
                Err(Error::new(Code::BadMetadata, format!("{} files for one video", files.len())).in_file(name))
            }
        };
    }
    let mut pictures = Pictures::new(builder);
    let meta = read(store, watch, name, |picture| pictures.add(&picture))?;
    let media = pictures.media(size).map_err(|error| error.in_file(name))?;
    Ok((meta, media))
}

/// Reads the frames of a job.
pub fn read_job(store: &Store, watch: &Watch<'_>, name: &str) -> Result<Meta> {
    read(store, watch, name, |_| Ok(()))
}

fn read(store: &Store, watch: &Watch<'_>, name: &str, frame: impl FnMut(Picture) -> Result<()>) -> Result<Meta> {
    let mut reader = store.reader(name, watch)?;
    let result = read_meta(&mut reader, frame);
    result.map_err(|error| reader.explain(error).in_file(name))
}

fn read_meta(reader: &mut Reader<'_>, mut frame: impl FnMut(Picture) -> Result<()>) -> Result<Meta> {
    let mut meta = Meta::default();
    reader.begin_object()?;
    while let Some(key) = reader.next_key(Key::of)? {
        if reader.null()? {
            continue;
        }
        match key {
            Key::StartFrame => meta.start = number(reader)?,
            Key::StopFrame => meta.stop = number(reader)?,
            Key::FrameFilter => meta.filter = reader.text()?.to_owned(),
            Key::Frames => {
                reader.begin_array()?;
                while reader.next_item()? {
                    frame(read_frame(reader)?)?;
                }
            }
            Key::DeletedFrames => meta.deleted = numbers(reader)?,
            Key::IncludedFrames => meta.included = Some(numbers(reader)?),
            Key::Name | Key::Width | Key::Height | Key::Other => reader.skip()?,
        }
    }
    reader.finish()?;
    Ok(meta)
}

fn read_frame(reader: &mut Reader<'_>) -> Result<Picture> {
    let mut picture = Picture::default();
    reader.begin_object()?;
    while let Some(key) = reader.next_key(Key::of)? {
        if reader.null()? {
            continue;
        }
        match key {
            Key::Name => picture.name = reader.text()?.to_owned(),
            Key::Width => picture.width = number(reader)?,
            Key::Height => picture.height = number(reader)?,
            _ => reader.skip()?,
        }
    }
    Ok(picture)
}

fn numbers<T: TryFrom<i64>>(reader: &mut Reader<'_>) -> Result<Vec<T>> {
    let mut numbers = Vec::new();
    reader.begin_array()?;
    while reader.next_item()? {
        numbers.push(number(reader)?);
    }
    Ok(numbers)
}

fn number<T: TryFrom<i64>>(reader: &mut Reader<'_>) -> Result<T> {
    let number = reader.i64()?;
    T::try_from(number).map_err(|_| reader.malformed(&format!("{number} is no frame and no size")))
}
