//! A label map as runs along its rows.

use crate::error::Result;

use super::{
    Rle, Scratch,
    rle::{pixels, require_length, require_same_size},
};

/// From column `from` on, a row of a [`Canvas`] has `value`, up to the next change or the row's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// First column that has the value.
    pub from: u32,
    /// The value.
    pub value: u32,
}

/// A label map of `height` x `width` values, on which masks are painted over each other. Only the places where a row
/// changes its value are stored, so it costs the runs of what is painted, however large the image. Hold one per worker:
/// its memory is reused from image to image.
#[derive(Debug, Default)]
pub struct Canvas {
    height: u32,
    width: u32,
    /// Those above `height` are kept for a larger image.
    rows: Vec<Vec<Change>>,
    scratch: Scratch,
}

impl Canvas {
    /// A canvas of no size; see [`reset`](Self::reset).
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins a new image, 0 everywhere. [`Code::TooLarge`](crate::error::Code::TooLarge) for more than 2^32 - 1 pixels.
    pub fn reset(&mut self, height: u32, width: u32) -> Result<()> {
        pixels(height, width)?;
        (self.height, self.width) = (height, width);
        self.rows.iter_mut().for_each(Vec::clear);
        if self.rows.len() < height as usize {
            self.rows.resize_with(height as usize, Vec::new);
        }
        Ok(())
    }

    /// Rows of the image.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Columns of the image.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// The rows, from top to bottom, as the places where they change, from left to right. A row begins with 0, and each
    /// change brings another value than the one before, so equal rows have equal changes.
    pub fn rows(&self) -> &[Vec<Change>] {
        &self.rows[..self.height as usize]
    }

    /// Gives every set pixel of a mask `value`, whatever it had before; 0 erases.
    /// [`Code::BadMask`](crate::error::Code::BadMask) if the mask has another size.
    pub fn paint(&mut self, mask: &Rle, value: u32) -> Result<()> {
        require_same_size((self.height, self.width), (mask.height, mask.width))?;
        let Self { rows, scratch, width, .. } = self;
        mask.each_row_run(scratch, |y, from, to| paint_run(&mut rows[y as usize], from, to, *width, value));
        Ok(())
    }

    /// Takes over an image that is stored along the rows. [`Code::BadShape`](crate::error::Code::BadShape) if `image`
    /// does not have one value for each pixel.
    pub fn read<T: Copy + Eq + From<u8> + Into<u32>>(&mut self, image: &[T], height: u32, width: u32) -> Result<()> {
        self.reset(height, width)?;
        require_length(image.len(), height, width)?;
        let mut above: Option<(&[T], &Vec<Change>)> = None;
        for (row, pixels) in self.rows.iter_mut().zip(image.chunks_exact(width.max(1) as usize)) {
            match above {
                Some((same, changes)) if same == pixels => row.extend_from_slice(changes),
                _ => read_row(row, pixels),
            }
            above = Some((pixels, row));
        }
        Ok(())
    }

    /// Writes the values into an image that is stored along the rows. `value` gives the pixel of a value.
    /// [`Code::BadShape`](crate::error::Code::BadShape) if `image` does not have one value for each pixel.
    pub fn write<T: Copy>(&self, image: &mut [T], value: impl Fn(u32) -> T) -> Result<()> {
        require_length(image.len(), self.height, self.width)?;
        for (row, pixels) in self.rows.iter().zip(image.chunks_exact_mut(self.width.max(1) as usize)) {
            each_run(row, self.width, |from, to, v| pixels[from as usize..to as usize].fill(value(v)));
        }
        Ok(())
    }
}

/// Calls `visit` with begin, end and value of every run of a row, the zeros included.
pub(super) fn each_run(row: &[Change], width: u32, mut visit: impl FnMut(u32, u32, u32)) {
    let (mut from, mut value) = (0, 0);
    for change in row {
        if from < change.from {
            visit(from, change.from, value);
        }
        (from, value) = (change.from, change.value);
    }
    if from < width {
        visit(from, width, value);
    }
}

fn paint_run(row: &mut Vec<Change>, from: u32, to: u32, width: u32, value: u32) {
    let value_before = |row: &[Change], place: usize| place.checked_sub(1).map_or(0, |last| row[last].value);
    // Mostly the run comes behind all others, or between two of them, and a search takes longer than all else here.
    let start = match row.last() {
        Some(last) if last.from >= from => row.partition_point(|change| change.from < from),
        _ => row.len(),
    };
    let end = match row.get(start) {
        Some(next) if next.from <= to => start + row[start..].partition_point(|change| change.from <= to),
        _ => start,
    };
    let (before, after) = (value_before(row, start), value_before(row, end));
    let changes = [Change { from, value }, Change { from: to, value: after }];
    match (before != value, after != value && to < width) {
        (true, true) => replace(row, start, end, &changes),
        (true, false) => replace(row, start, end, &changes[..1]),
        (false, true) => replace(row, start, end, &changes[1..]),
        (false, false) => replace(row, start, end, &[]),
    }
}

/// What `Vec::splice` does, several times as fast.
fn replace(row: &mut Vec<Change>, start: usize, end: usize, changes: &[Change]) {
    let (length, stop) = (row.len(), start + changes.len());
    if stop > end {
        row.resize(length + stop - end, Change { from: 0, value: 0 });
    }
    row.copy_within(end..length, stop);
    row.truncate(length + stop - end);
    row[start..stop].copy_from_slice(changes);
}

/// Pixels that are looked at in one go, so that the comparison is done many at a time; and fewer, where those differ.
const MANY: usize = 64;
const FEW: usize = 8;

fn read_row<T: Copy + Eq + From<u8> + Into<u32>>(row: &mut Vec<Change>, pixels: &[T]) {
    let is_all = |pixels: &[T], value: T| !pixels.iter().fold(false, |other, &pixel| other | (pixel != value));
    let mut value = T::from(0);
    for (start, many) in (0..).step_by(MANY).zip(pixels.chunks(MANY)) {
        if is_all(many, value) {
            continue;
        }
        for (start, few) in (start..).step_by(FEW).zip(many.chunks(FEW)) {
            if is_all(few, value) {
                continue;
            }
            for (from, &pixel) in (start..).zip(few) {
                if pixel != value {
                    value = pixel;
                    row.push(Change { from, value: value.into() });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn canvas(height: u32, width: u32, masks: &[(&[u32], u32)]) -> Canvas {
        let mut canvas = Canvas::new();
        canvas.reset(height, width).unwrap();
        for (counts, value) in masks {
            canvas.paint(&Rle::new(height, width, counts.to_vec()).unwrap(), *value).unwrap();
        }
        canvas
    }

    fn values(canvas: &Canvas) -> Vec<u32> {
        let mut image = vec![9; (canvas.height() * canvas.width()) as usize];
        canvas.write(&mut image, |value| value).unwrap();
        image
    }

    #[test]
    fn what_is_painted_later_lies_above_and_0_erases() {
        // Columns 0-2 in both rows, then column 1-3 of the lower row, then column 1 of both.
        let canvas = canvas(2, 5, &[(&[0, 6, 4], 1), (&[3, 1, 1, 1, 1, 1, 2], 2), (&[2, 2, 6], 0)]);
        assert_eq!(values(&canvas), [1, 0, 1, 0, 0, 1, 0, 2, 2, 0]);
    }

    #[test]
    fn rows_that_look_alike_are_alike_however_they_were_painted() {
        let whole = canvas(1, 6, &[(&[0, 6], 3)]);
        let parts = canvas(1, 6, &[(&[4, 2], 3), (&[0, 1, 5], 3), (&[1, 3, 2], 7), (&[1, 3, 2], 3)]);
        assert_eq!(whole.rows(), parts.rows());
        let gone = canvas(1, 6, &[(&[1, 3, 2], 7), (&[0, 6], 0)]);
        assert_eq!(gone.rows(), canvas(1, 6, &[]).rows());
    }

    #[test]
    fn a_new_image_has_nothing_of_the_last_one() {
        let mut canvas = canvas(2, 3, &[(&[0, 6], 3)]);
        canvas.reset(3, 2).unwrap();
        assert_eq!(values(&canvas), [0; 6]);
        canvas.reset(1, 1).unwrap();
        canvas.reset(2, 3).unwrap();
        assert_eq!(values(&canvas), [0; 6]);
    }

    #[test]
    fn an_image_is_read_as_it_was_written() {
        let mut image = vec![0u16; 3 * 200];
        image[60..70].fill(5);
        image[199] = 400;
        image[399] = 400;
        image[400..600].fill(1);
        let mut canvas = Canvas::new();
        canvas.read(&image, 3, 200).unwrap();
        assert_eq!(values(&canvas), image.iter().map(|&v| u32::from(v)).collect::<Vec<_>>());
        let change = |from, value| Change { from, value };
        let first = vec![change(60, 5), change(70, 0), change(199, 400)];
        assert_eq!(canvas.rows(), [first, vec![change(199, 400)], vec![change(0, 1)]]);
    }

    #[test]
    fn a_mask_of_another_size_and_an_image_too_large_are_errors() {
        let mut canvas = canvas(2, 3, &[]);
        assert_eq!(canvas.paint(&Rle::empty(3, 2).unwrap(), 1).unwrap_err().code(), Code::BadMask);
        assert_eq!(canvas.reset(70_000, 70_000).unwrap_err().code(), Code::TooLarge);
        assert_eq!(canvas.read(&[0u8; 5], 2, 3).unwrap_err().code(), Code::BadShape);
    }
}
