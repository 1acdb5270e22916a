//! How much a source may hold. The defaults let through whatever CVAT makes.

use crate::dataset::{Dataset, Media, Task};
use crate::error::{Code, Error, Result};

/// The longest side of an image or video in pixels, whatever the limits: filling shapes takes memory for each row and
/// column.
const MAX_SIDE: u32 = 1 << 20;

/// What is refused rather than read: numbers that a source claims take neither memory nor time beyond these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many times its packed size a member of an archive may have.
    pub max_ratio: u64,
    /// Bytes that all JSON members of an archive may unpack to.
    pub max_total: u64,
    /// Pixels that an image, or a frame of a video, may have.
    pub max_pixels: u64,
    /// Frames that all tasks together may have.
    pub max_frames: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Deflate makes at most 1032 bytes of one; annotations of standing objects come near 100.
            max_ratio: 300,
            max_total: 64 << 30,
            // As many as a JPEG can have, and the most that masks are drawn in.
            max_pixels: u32::MAX as u64,
            // Three weeks of video at 50 frames a second.
            max_frames: 100_000_000,
        }
    }
}

impl Limits {
    /// Refuses a member that unpacks to suspiciously much.
    pub fn check_ratio(&self, packed: u64, size: u64, harmless: u64) -> Result<()> {
        let limit = self.max_ratio;
        if size <= harmless.max(packed.saturating_mul(limit)) {
            return Ok(());
        }
        let message = format!("the member unpacks from {packed} to {size} bytes, more than {limit} times as much");
        Err(Error::new(Code::ZipBomb, message).advise("raise max_ratio if you trust it"))
    }

    /// Refuses a dataset that claims more frames or pixels than allowed.
    pub fn check(&self, dataset: &Dataset) -> Result<()> {
        let frames: u64 = dataset.tasks.iter().map(|task| u64::from(task.size)).sum();
        if frames > self.max_frames {
            let message = format!("the source claims {frames} frames, more than the limit of {}", self.max_frames);
            return Err(Error::new(Code::TooLarge, message).advise("raise max_frames if that is right"));
        }
        dataset
            .tasks
            .iter()
            .try_for_each(|task| self.check_sizes(dataset, task).map_err(|error| error.in_task(task.name.as_str())))
    }

    fn check_sizes(&self, dataset: &Dataset, task: &Task) -> Result<()> {
        match &task.media {
            Media::Video { name, width, height } => {
                self.check_size(*width, *height).map_err(|error| error.in_file(name.as_str()))
            }
            Media::Images { rows } => {
                let images = &dataset.columns.images;
                rows.clone().zip(0_i64..).try_for_each(|(row, frame)| {
                    let row = row as usize;
                    self.check_size(images.width[row], images.height[row])
                        .map_err(|error| error.at_frame(frame).in_file(images.name.value(row)))
                })
            }
        }
    }

    fn check_size(&self, width: u32, height: u32) -> Result<()> {
        if width.max(height) > MAX_SIDE {
            let message = format!("a size of {width} x {height} pixels; a side may have {MAX_SIDE}");
            return Err(Error::new(Code::TooLarge, message));
        }
        if u64::from(width) * u64::from(height) > self.max_pixels {
            let message =
                format!("a size of {width} x {height} pixels, more than the limit of {} in all", self.max_pixels);
            return Err(Error::new(Code::TooLarge, message).advise("raise max_pixels if that is right"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::testing::*;

    #[test]
    fn a_size_is_limited_by_its_pixels_and_its_longer_side() {
        let limits = Limits { max_pixels: 1000, ..Limits::default() };
        for (width, height, fits) in
            [(0, 0, true), (1000, 1, true), (25, 41, false), (MAX_SIDE + 1, 0, false), (0, u32::MAX, false)]
        {
            assert_eq!(limits.check_size(width, height).is_ok(), fits, "{width} x {height}");
        }
        let default = Limits::default();
        assert!(default.check_size(65_535, 65_535).is_ok());
        assert!(default.check_size(65_536, 65_536).is_err());
    }

    #[test]
    fn the_frames_of_all_tasks_count_together() {
        let dataset = task(vec![label("car")], video(9, vec![job(0, 8)]));
        assert!(Limits { max_frames: 9, ..Limits::default() }.check(&dataset).is_ok());
        let error = Limits { max_frames: 8, ..Limits::default() }.check(&dataset).unwrap_err();
        assert_eq!(error.code(), Code::TooLarge);
    }

    #[test]
    fn an_image_that_is_too_large_is_named() {
        let dataset = task(vec![label("car")], pictures(&["a.jpg", "b.jpg"], vec![job(0, 1)]));
        let error = Limits { max_pixels: 1, ..Limits::default() }.check(&dataset).unwrap_err();
        assert_eq!((error.place().file.as_deref(), error.place().frame), (Some("a.jpg"), Some(0)));
    }
}
