//! The mask itself: COCO's run lengths, with its area and box.

use crate::error::{Code, Error, Result};

use super::{Scratch, crossings::Crossings};

/// A mask of `height` x `width` pixels as COCO's uncompressed run lengths: down the columns, column after column, the
/// numbers of clear and set pixels in turn, beginning with clear ones (so the first may be 0).
///
/// The functions of this crate make canonical runs: none but the first is 0. Runs from elsewhere may hold zeros; use
/// [`Rle::new`] to have them checked. No method panics on unchecked runs, but their results mean nothing then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rle {
    /// Rows of the image.
    pub height: u32,
    /// Columns of the image.
    pub width: u32,
    /// Run lengths in pixels.
    pub counts: Vec<u32>,
}

/// The number of pixels of an image, if a run length can hold it.
pub(super) fn pixels(height: u32, width: u32) -> Result<u32> {
    u32::try_from(u64::from(height) * u64::from(width)).map_err(|_| {
        Error::new(Code::TooLarge, format!("a mask of {height} x {width} pixels has more than 2^32 - 1 of them"))
    })
}

/// Whether an array has one value for each pixel, else [`Code::BadShape`].
pub(super) fn require_length(length: usize, height: u32, width: u32) -> Result<()> {
    if length as u64 == u64::from(height) * u64::from(width) {
        return Ok(());
    }
    Err(Error::new(Code::BadShape, format!("{length} values cannot hold a mask of {height} x {width} pixels")))
}

impl Rle {
    /// A mask with the given runs. [`Code::BadMask`] if they do not fill the image, [`Code::TooLarge`] if it has more
    /// pixels than a run length can hold.
    pub fn new(height: u32, width: u32, counts: Vec<u32>) -> Result<Self> {
        let pixels = u64::from(pixels(height, width)?);
        let filled = counts.iter().map(|&c| u64::from(c)).sum::<u64>();
        if filled != pixels {
            let message = format!("the runs cover {filled} pixels, the image of {height} x {width} has {pixels}");
            return Err(Error::new(Code::BadMask, message));
        }
        Ok(Self { height, width, counts })
    }

    /// A mask with no pixel set.
    pub fn empty(height: u32, width: u32) -> Result<Self> {
        Ok(Self { height, width, counts: vec![pixels(height, width)?] })
    }

    /// The runs of set pixels in ascending order, as `(start, end)` in column-major pixel numbers, end excluded.
    pub fn runs(&self) -> impl Iterator<Item = (u64, u64)> {
        // Unchecked runs must not lead outside the image: callers index with these.
        let pixels = pixels(self.height, self.width).map_or(0, u64::from);
        let mut end = 0;
        self.counts.chunks(2).filter_map(move |pair| {
            let start = end + u64::from(pair[0]);
            end = start + pair.get(1).map_or(0, |&set| u64::from(set));
            (start < end.min(pixels)).then_some((start, end.min(pixels)))
        })
    }

    /// The runs of set pixels cut at the columns' ends, as `(column, first row, last row + 1)`.
    pub fn column_runs(&self) -> impl Iterator<Item = (u32, u32, u32)> {
        let height = u64::from(self.height);
        self.spans().flat_map(move |(start, end, first, last)| {
            // Every value is below the width or at most the height, since the runs lie in the image.
            (first..=last).map(move |x| {
                let top = start.max(x * height) - x * height;
                let bottom = end.min((x + 1) * height) - x * height;
                (x as u32, top as u32, bottom as u32)
            })
        })
    }

    /// The runs of set pixels with the columns of their first and last pixels.
    pub(super) fn spans(&self) -> impl Iterator<Item = (u64, u64, u64, u64)> {
        let height = u64::from(self.height.max(1));
        let (mut column, mut column_start) = (0, 0);
        let mut column_of = move |place: u64| {
            // Mostly it is this column or the next, and a division takes longer than all else here.
            if place - column_start >= height {
                (column, column_start) = (column + 1, column_start + height);
                if place - column_start >= height {
                    column = place / height;
                    column_start = column * height;
                }
            }
            column
        };
        self.runs().map(move |(start, end)| (start, end, column_of(start), column_of(end - 1)))
    }

    /// Number of set pixels.
    pub fn area(&self) -> u64 {
        self.counts.iter().skip(1).step_by(2).map(|&c| u64::from(c)).sum()
    }

    /// The tight box of the set pixels as x, y, width, height; all zero for a mask without any.
    pub fn bbox(&self) -> [u32; 4] {
        let height = u64::from(self.height);
        let (mut left, mut top, mut right, mut bottom) = (u64::MAX, u64::MAX, 0, 0);
        for (start, end, first, last) in self.spans() {
            left = left.min(first);
            right = last + 1;
            if first == last {
                top = top.min(start - first * height);
                bottom = bottom.max(end - first * height);
            } else {
                // The run passes a column's end, so it holds the last row and the first one.
                (top, bottom) = (0, height);
            }
        }
        if right == 0 {
            return [0; 4];
        }
        [left, top, right - left, bottom - top].map(|v| v as u32)
    }

    /// Writes the mask as bytes 0 and 1, down the columns. [`Code::BadShape`] if `bytes` does not have one byte for
    /// each pixel.
    pub fn decode(&self, bytes: &mut [u8]) -> Result<()> {
        bytes.fill(0);
        self.paint(bytes, 1)
    }

    /// Writes `value` for every set pixel into a column-major image and leaves the others alone. [`Code::BadShape`] if
    /// `image` does not have one value for each pixel.
    pub fn paint<T: Copy>(&self, image: &mut [T], value: T) -> Result<()> {
        require_length(image.len(), self.height, self.width)?;
        for (start, end) in self.runs() {
            if let Some(run) = image.get_mut(start as usize..end as usize) {
                run.fill(value);
            }
        }
        Ok(())
    }

    /// The same for a row-major image.
    pub fn paint_rows<T: Copy>(&self, image: &mut [T], value: T, scratch: &mut Scratch) -> Result<()> {
        require_length(image.len(), self.height, self.width)?;
        self.each_row_run(scratch, |y, from, to| {
            let row = y as usize * self.width as usize;
            if let Some(run) = image.get_mut(row + from as usize..row + to as usize) {
                run.fill(value);
            }
        });
        Ok(())
    }

    /// Calls `visit` with row, first column and last column + 1 for each run of set pixels along the rows, from top to
    /// bottom and left to right. The cost is that of the runs of both kinds.
    pub fn each_row_run(&self, scratch: &mut Scratch, mut visit: impl FnMut(u32, u32, u32)) {
        self.turn(scratch);
        scratch.crossings.each_line(|y, places| {
            let start = y * self.width;
            places.chunks_exact(2).for_each(|run| visit(y, run[0] - start, run[1] - start));
        });
    }

    /// Sorts the places at which the rows change into `scratch.crossings`.
    pub(super) fn turn(&self, scratch: &mut Scratch) {
        let Scratch { strips, crossings, .. } = scratch;
        strips.begin();
        for (x, from, to) in self.column_runs() {
            strips.run(x, from, to);
        }
        strips.turn(crossings, self.width);
    }

    /// Whether both masks are of one size, else [`Code::BadMask`].
    pub(super) fn require_size_of(&self, other: &Self) -> Result<()> {
        require_same_size((self.height, self.width), (other.height, other.width))
    }

    /// Builds runs from sorted crossings, column by column.
    pub(super) fn from_columns(height: u32, width: u32, pixels: u32, crossings: &mut Crossings) -> Self {
        let mut writer = RunWriter::with_capacity(crossings.total() as usize + 1);
        match crossings.sorted() {
            Some(places) => writer.change_all(places),
            None => crossings.each(|place| writer.change(place)),
        }
        let counts = writer.finish(pixels);
        Self { height, width, counts }
    }
}

/// Whether no two neighbours are equal; without a way out in between, so that it is done many at a time: with `all`
/// polygons take 3 to 7 % longer.
fn is_strict(places: &[u32]) -> bool {
    !places.windows(2).fold(false, |equal, pair| equal | (pair[0] == pair[1]))
}

/// Turns ascending places of change into run lengths.
#[derive(Debug)]
pub(super) struct RunWriter {
    counts: Vec<u32>,
    end: u32,
}

impl RunWriter {
    /// A writer with room for `runs` runs.
    pub fn with_capacity(runs: usize) -> Self {
        Self { counts: Vec::with_capacity(runs), end: 0 }
    }

    /// Changes between clear and set at `place`. A second change at one place takes the first one back: so does the
    /// end of a run at the bottom of a column cancel with the begin of one at the top of the next.
    #[inline]
    pub fn change(&mut self, place: u32) {
        if place == self.end
            && let Some(last) = self.counts.pop()
        {
            self.end -= last;
            return;
        }
        self.counts.push(place - self.end);
        self.end = place;
    }

    /// Changes at all of `places`.
    pub fn change_all(&mut self, places: &[u32]) {
        let (Some(&first), Some(&last)) = (places.first(), places.last()) else { return };
        if first > self.end && is_strict(places) {
            // The usual case, done many at a time: nothing cancels.
            self.counts.push(first - self.end);
            self.counts.extend(places.windows(2).map(|pair| pair[1] - pair[0]));
            self.end = last;
        } else {
            places.iter().for_each(|&place| self.change(place));
        }
    }

    /// The runs over `pixels` pixels in all.
    pub fn finish(mut self, pixels: u32) -> Vec<u32> {
        if self.end < pixels || self.counts.is_empty() {
            self.counts.push(pixels - self.end);
        }
        self.counts
    }
}

/// Whether two sizes (height, width) are the same, else [`Code::BadMask`].
pub(super) fn require_same_size(a: (u32, u32), b: (u32, u32)) -> Result<()> {
    if a == b {
        return Ok(());
    }
    let message = format!("masks of {} x {} and {} x {} pixels cannot be compared or joined", a.0, a.1, b.0, b.1);
    Err(Error::new(Code::BadMask, message))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Compared, Measured, contours, cvat},
        *,
    };

    fn rle(height: u32, width: u32, counts: &[u32]) -> Rle {
        Rle::new(height, width, counts.to_vec()).unwrap()
    }

    #[test]
    fn runs_must_fill_the_image() {
        assert_eq!(Rle::new(2, 3, vec![1, 4]).unwrap_err().code(), Code::BadMask);
        assert_eq!(Rle::new(2, 3, vec![1, 6]).unwrap_err().code(), Code::BadMask);
        assert_eq!(Rle::new(70_000, 70_000, vec![0]).unwrap_err().code(), Code::TooLarge);
        assert!(Rle::new(2, 3, vec![1, 5]).is_ok());
        assert!(Rle::new(0, 3, vec![]).is_ok());
    }

    #[test]
    fn area_and_box_are_those_of_the_set_pixels() {
        // Rows 1-3 of columns 1-4 in 6 x 8, the example of the COCO format page.
        let mask = rle(6, 8, &[7, 3, 3, 3, 3, 3, 3, 3, 20]);
        assert_eq!((mask.area(), mask.bbox()), (12, [1, 1, 4, 3]));
        assert_eq!((rle(6, 8, &[48]).area(), rle(6, 8, &[48]).bbox()), (0, [0; 4]));
        assert_eq!(rle(6, 8, &[0, 48]).bbox(), [0, 0, 8, 6]);
        // One run over the end of a column spans all rows of both.
        assert_eq!(rle(6, 8, &[10, 4, 34]).bbox(), [1, 0, 2, 6]);
        // A run of no pixels is none.
        assert_eq!(rle(6, 8, &[10, 0, 10, 2, 26]).bbox(), [3, 2, 1, 2]);
    }

    #[test]
    fn decoding_writes_every_pixel_down_the_columns() {
        let mut bytes = [9; 6];
        rle(3, 2, &[1, 3, 2]).decode(&mut bytes).unwrap();
        assert_eq!(bytes, [0, 1, 1, 1, 0, 0]);
        assert_eq!(rle(3, 2, &[6]).decode(&mut [0; 5]).unwrap_err().code(), Code::BadShape);
    }

    #[test]
    fn painting_along_the_rows_sets_the_same_pixels() {
        let mut image = [7; 6];
        rle(3, 2, &[1, 3, 2]).paint_rows(&mut image, 9, &mut Scratch::new()).unwrap();
        assert_eq!(image, [7, 9, 9, 7, 9, 7]);
    }

    #[test]
    fn column_runs_are_cut_at_the_columns_ends() {
        let runs: Vec<_> = rle(3, 4, &[1, 6, 3, 2]).column_runs().collect();
        assert_eq!(runs, [(0, 1, 3), (1, 0, 3), (2, 0, 1), (3, 1, 3)]);
    }

    #[test]
    fn hostile_runs_neither_panic_nor_write_outside() {
        let hostile = |height, width, counts| Rle { height, width, counts };
        let mut bytes = [0; 4];
        hostile(2, 2, vec![3, u32::MAX, u32::MAX, u32::MAX]).decode(&mut bytes).unwrap();
        assert_eq!(bytes, [0, 0, 0, 1]);
        for mask in [
            hostile(2, 2, vec![u32::MAX, u32::MAX, 3, 1]),
            hostile(2, 2, vec![1, 9, 1, 9]),
            hostile(0, 0, vec![1, 5]),
            hostile(u32::MAX, u32::MAX, vec![1, u32::MAX]),
        ] {
            let mut scratch = Scratch::new();
            let measured = Measured::new(mask.clone());
            let _ = (mask.area(), mask.bbox(), mask.to_compressed());
            Compared::new(vec![measured.clone()], vec![false]).unwrap().iou(&measured, &mut [0.0]).unwrap();
            let _ = (cvat::from_rle(&mask, &mut scratch), contours::trace(&mask, &mut scratch));
        }
    }
}
