//! Border following after Suzuki and Abe on a bitmap of the mask's tight box.

use crate::error::{Code, Error, Result};

use super::{
    super::{Rle, crossings::Crossings},
    Pixel, dominant,
};

/// A bitmap takes 4 bytes for each pixel of the box; this keeps it to 1 GiB.
const MOST_PIXELS: u64 = 1 << 28;

/// The eight neighbours of a pixel as steps in x and y, counter-clockwise on the screen from the right one.
pub(super) const STEPS: [Pixel; 8] = [[1, 0], [1, -1], [0, -1], [-1, -1], [-1, 0], [-1, 1], [0, 1], [1, 1]];
const RIGHT: usize = 0;
const LEFT: usize = 4;

/// Mark of a set pixel on no border yet. Border `i` marks its pixels `i + FIRST_MARK`, or minus that where the pixel to
/// the right is clear and was seen to be outside.
const UNMARKED: i32 = 1;
const FIRST_MARK: i32 = 2;

/// A border as it was found.
#[derive(Clone, Debug)]
pub(super) struct Border {
    /// First pixel, in the image.
    start: Pixel,
    pub is_hole: bool,
    pub parent: Option<usize>,
    /// Its steps within `Bitmap::steps`.
    steps: (usize, usize),
}

/// The tight box of a mask with a clear border of one pixel, and the borders found in it.
#[derive(Debug, Default)]
pub(in super::super) struct Bitmap {
    marks: Vec<i32>,
    stride: usize,
    left: i32,
    top: i32,
    /// Index of the first pixel and the one behind the last for each run of the rows, in reading order, with the row.
    runs: Vec<(usize, usize, u32)>,
    /// The steps along all borders, as indices into `STEPS`.
    steps: Vec<u8>,
    pub(super) borders: Vec<Border>,
    dominant: dominant::Scratch,
}

impl Bitmap {
    /// Draws a mask, whose rows are in `crossings`.
    pub fn load(&mut self, rle: &Rle, crossings: &mut Crossings) -> Result<()> {
        let [left, top, width, height] = rle.bbox();
        if u64::from(width) * u64::from(height) > MOST_PIXELS || left.max(top) > i32::MAX as u32 / 2 {
            let message =
                format!("a mask with a box of {height} x {width} pixels at {left}, {top} is too large to trace");
            return Err(Error::new(Code::TooLarge, message));
        }
        (self.left, self.top, self.stride) = (left as i32, top as i32, width as usize + 2);
        let Self { marks, runs, stride, .. } = self;
        marks.clear();
        marks.resize(*stride * (height as usize + 2), 0);
        runs.clear();
        crossings.each_line(|y, places| {
            let (row, left) = ((y - top + 1) as usize * *stride + 1, y * rle.width + left);
            for run in places.chunks_exact(2) {
                let (from, to) = (row + (run[0] - left) as usize, row + (run[1] - left) as usize);
                marks[from..to].fill(UNMARKED);
                runs.push((from, to, y));
            }
        });
        Ok(())
    }

    /// Finds all borders, in reading order of their first pixels. Borders begin only where a run of a row begins (around
    /// a group) or ends (around a hole), so the pixels between are not looked at.
    pub fn follow_borders(&mut self) {
        self.borders.clear();
        self.steps.clear();
        let runs = std::mem::take(&mut self.runs);
        let (mut row, mut last) = (u32::MAX, None);
        for &(from, to, y) in &runs {
            if y != row {
                (row, last) = (y, None);
            }
            if self.marks[from] == UNMARKED {
                self.add_border(from, false, last);
            }
            if self.marks[to - 1] > 0 {
                // The last border seen in this run; its first pixel is on one.
                let seen = (from..to).rev().map(|i| self.border_at(i)).find(Option::is_some).flatten();
                self.add_border(to - 1, true, seen);
            }
            last = self.border_at(to - 1);
        }
        self.runs = runs;
    }

    fn border_at(&self, index: usize) -> Option<usize> {
        usize::try_from(self.marks[index].abs() - FIRST_MARK).ok()
    }

    /// Follows the border that begins at a pixel; `last` is the border passed last in that row.
    fn add_border(&mut self, start: usize, is_hole: bool, last: Option<usize>) {
        // A border of the same kind is a brother, one of the other kind the parent. The frame counts as a hole.
        let parent = last.and_then(|i| if self.borders[i].is_hole == is_hole { self.borders[i].parent } else { last });
        let mark = self.borders.len() as i32 + FIRST_MARK;
        let begin = self.steps.len();
        self.follow(start, if is_hole { RIGHT } else { LEFT }, mark);
        let (x, y) = ((start % self.stride) as i32 - 1, (start / self.stride) as i32 - 1);
        let start = [x + self.left, y + self.top];
        self.borders.push(Border { start, is_hole, parent, steps: (begin, self.steps.len()) });
    }

    /// Walks along a border and back to its start, keeping the clear side, which lies towards `outside` at first, on the
    /// same hand; marks its pixels and notes the steps.
    fn follow(&mut self, start: usize, outside: usize, mark: i32) {
        let stride = self.stride as isize;
        let offsets = STEPS.map(|[x, y]| y as isize * stride + x as isize);
        let neighbour = |pixel: usize, direction: usize| pixel.wrapping_add_signed(offsets[direction % 8]);

        // The last pixel of the border: the first set neighbour, clockwise from the outside.
        let Some(back) = (1..8).map(|i| (outside + 8 - i) % 8).find(|&d| self.marks[neighbour(start, d)] != 0) else {
            self.marks[start] = -mark;
            return;
        };
        let last = neighbour(start, back);
        let (mut here, mut came_from) = (start, back);
        loop {
            // The next pixel: the first set neighbour, counter-clockwise from the one before. There is one, the latter.
            let mut turn = 1;
            while turn < 8 && self.marks[neighbour(here, came_from + turn)] == 0 {
                turn += 1;
            }
            let to = (came_from + turn) % 8;
            let right_is_outside = came_from + turn > 8;
            if right_is_outside {
                self.marks[here] = -mark;
            } else if self.marks[here] == UNMARKED {
                self.marks[here] = mark;
            }
            self.steps.push(to as u8);
            let next = neighbour(here, to);
            if next == start && here == last {
                return;
            }
            (here, came_from) = (next, (to + 4) % 8);
        }
    }

    /// The dominant points of a border.
    pub(super) fn dominant_points(&mut self, border: &Border) -> Vec<Pixel> {
        let (begin, end) = border.steps;
        self.dominant.choose(border.start, &self.steps[begin..end])
    }
}
