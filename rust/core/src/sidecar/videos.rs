//! Videos that are kept whole: each once, and a table that says which of its frames has which name and time.

use std::collections::HashSet;

use super::Append;
use super::images::{Images, OnError};
use super::notes::Sidecars;
use crate::dataset::Media;
use crate::error::{Code, Result};
use crate::format::write_field;
use crate::plan::Request;
use crate::sink::{Packer, check_name};
use crate::text::number::{repr, uint};
use crate::timeline::{ImageFormat, Scene, Timeline, folder_name};

/// The names in the output of videos that are kept whole, timeline by timeline.
pub struct Originals(Vec<Option<String>>);

impl Originals {
    /// Names each video of the scene by its task, if they are to be kept. Of tasks of one name, those that follow have a
    /// number behind theirs.
    pub fn new(scene: &Scene<'_>, image_format: ImageFormat) -> Result<Self> {
        let mut used = HashSet::new();
        let mut name = |timeline: &Timeline<'_>| {
            let Media::Video { name, .. } = &timeline.task.media else { return Ok(None) };
            if image_format != ImageFormat::Source {
                return Ok(None);
            }
            let folder = folder_name(&timeline.task.name);
            let numbers = std::iter::once(String::new()).chain((1..).map(|number| format!("_{number}")));
            let mut names = numbers.map(|number| format!("videos/{folder}{number}/{name}"));
            let name = names.find(|name| used.insert(name.clone())).unwrap_or_default();
            check_name(&name).map_err(|error| error.in_task(&timeline.task.name))?;
            Ok(Some(name))
        };
        scene.timelines.iter().map(&mut name).collect::<Result<_>>().map(Self)
    }

    /// The name of the video at this place, if it is kept whole.
    pub fn name(&self, timeline: usize) -> Option<&str> {
        self.0.get(timeline)?.as_deref()
    }
}

/// Appends the row of a frame; `time` is in seconds, where the video tells.
pub fn row(timeline: &Timeline<'_>, video: &str, request: &Request, time: Option<f64>, out: &mut Vec<u8>) {
    for field in [&request.name, &timeline.task.name, video] {
        write_field(field, out);
        out.push(b',');
    }
    uint(out, timeline.task.absolute(request.frame));
    out.push(b',');
    if let Some(time) = time {
        repr(out, time);
    }
    out.push(b'\n');
}

impl Images<'_> {
    /// Writes what stands behind the images: the videos, and the files about both.
    pub fn close(&self, mut sidecars: Sidecars, to: &mut dyn Append) -> Result<()> {
        for &place in &sidecars.videos {
            let timeline = &self.scene.timelines[place];
            let line = self.copy(place, timeline, to).map_err(|error| error.in_task(&timeline.task.name))?;
            sidecars.provenance.as_mut().map_or(Ok(()), |spool| spool.add(&line))?;
        }
        if !sidecars.videos.is_empty() {
            sidecars.frames.write(to)?;
        }
        sidecars.provenance.map_or(Ok(()), |spool| spool.write(to))
    }

    /// Copies a video; returns its line of the provenance.
    fn copy(&self, place: usize, timeline: &Timeline<'_>, to: &mut dyn Append) -> Result<Vec<u8>> {
        let (name, file) = (self.originals.name(place).unwrap_or_default(), timeline.file_name(0));
        let packer = Packer::new(to.packing());
        let mut hasher = crc32fast::Hasher::new();
        to.begin(name, true)?;
        let copied = self.library.files.copy(timeline.task, file, |piece| {
            hasher.update(piece);
            to.write(packer.stored_part(piece), piece.len())
        });
        match copied {
            // It shows at the end, when there is no way back. Its frames could be listed, so it is of some use.
            Err(error) if self.options.on_error == OnError::Skip && error.code() == Code::BadPicture => {
                to.tally().note("a video is damaged and copied as it is", || error.place().clone());
            }
            copied => copied?,
        }
        to.end()?;
        let mut line = Vec::new();
        let size = hasher.total_len();
        self.line(place, name, None, (size, hasher.finalize())).write(&mut line)?;
        Ok(line)
    }
}
