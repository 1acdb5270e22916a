//! Painting masks on a canvas. Of each mask only the places are looked at where a column differs from the one before:
//! there rows begin or cease to lie in the mask. Taken from left to right over all masks, these say for each row which
//! masks lie over each other, of which the last one is seen.

use crate::error::Result;

use super::{
    Rle,
    canvas::{Canvas, Change},
    rle::require_same_size,
};

/// Paints masks over each other; [`finish`](Self::finish) puts them on the canvas, which is blank before.
#[derive(Debug)]
#[must_use = "nothing is painted before `finish`"]
pub struct Painter<'a> {
    canvas: &'a mut Canvas,
}

/// Working memory of a [`Painter`], kept from image to image.
#[derive(Debug, Default)]
pub(super) struct Layers {
    /// The values of the masks in the order of their painting, behind that of no mask.
    values: Vec<u32>,
    outline: Outline,
    /// The strips from left to right, and where those of each column begin.
    sorted: Vec<Strip>,
    starts: Vec<usize>,
    rows: Vec<Row>,
    /// The masks of each row that are covered by others, the highest last.
    covered: Vec<Vec<u32>>,
}

/// From a column on, rows `from..to` lie in a mask if they did not before, and the other way round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Strip {
    column: u32,
    from: u32,
    to: u32,
    mask: u32,
}

/// A row whose changes are being found, from left to right.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    /// Where its changes begin, and where they end so far.
    start: usize,
    end: usize,
    /// What is seen before column `from`.
    value: u32,
    from: u32,
    /// The mask that is seen from there on, if no other one begins or ends there; 0 if there is none.
    top: u32,
    /// How many masks it covers.
    covered: u32,
}

impl<'a> Painter<'a> {
    /// Paints on a blank canvas.
    pub(super) fn new(canvas: &'a mut Canvas) -> Self {
        let Layers { values, outline, .. } = &mut canvas.layers;
        values.clear();
        values.push(0);
        outline.count = 0;
        Self { canvas }
    }

    /// Gives every set pixel of a mask `value`, whatever it had before; 0 erases.
    /// [`Code::BadMask`](crate::error::Code::BadMask) if the mask has another size than the canvas.
    pub fn paint(&mut self, mask: &Rle, value: u32) -> Result<()> {
        require_same_size((self.canvas.height(), self.canvas.width()), (mask.height, mask.width))?;
        let Layers { values, outline, .. } = &mut self.canvas.layers;
        outline.follow(mask, values.len() as u32);
        values.push(value);
        Ok(())
    }

    /// Ends the image.
    pub fn finish(self) {
        let (height, width) = (self.canvas.height(), self.canvas.width());
        let Canvas { layers, starts, changes, .. } = self.canvas;
        layers.sort(width);
        layers.divide(height, changes);
        layers.turn(changes);
        starts.clear();
        let mut end = 0;
        for row in &layers.rows {
            starts.push(end);
            changes.copy_within(row.start..row.end, end);
            end += row.end - row.start;
        }
        starts.push(end);
        changes.truncate(end);
    }
}

impl Layers {
    /// Sorts the strips by columns.
    fn sort(&mut self, width: u32) {
        let strips = &self.outline.strips[..self.outline.count];
        self.starts.clear();
        self.starts.resize(width as usize + 1, 0);
        strips.iter().for_each(|strip| self.starts[strip.column as usize] += 1);
        let mut total = 0;
        self.starts.iter_mut().for_each(|start| (*start, total) = (total, total + *start));
        self.sorted.resize(total, Strip::default());
        for &strip in strips {
            let next = &mut self.starts[strip.column as usize];
            self.sorted[*next] = strip;
            *next += 1;
        }
    }

    /// Gives each row the room for as many changes as it can have.
    fn divide(&mut self, height: u32, changes: &mut Vec<Change>) {
        // First how much more each row needs than the one above.
        self.rows.clear();
        self.rows.resize(height as usize + 1, Row::default());
        for strip in &self.sorted {
            let (from, to) = (strip.from as usize, strip.to as usize);
            self.rows[from].start = self.rows[from].start.wrapping_add(1);
            self.rows[to].start = self.rows[to].start.wrapping_sub(1);
        }
        let (mut here, mut total) = (0usize, 0);
        for row in &mut self.rows {
            here = here.wrapping_add(row.start);
            (row.start, row.end) = (total, total);
            // One more for what is no change.
            total += here + 1;
        }
        self.rows.pop();
        changes.resize(total, Change { from: 0, value: 0 });
        if self.covered.len() < height as usize {
            self.covered.resize_with(height as usize, Vec::new);
        }
        self.covered.iter_mut().for_each(Vec::clear);
    }

    /// Finds the changes of the rows.
    fn turn(&mut self, changes: &mut [Change]) {
        for strip in &self.sorted {
            let (from, to) = (strip.from as usize, strip.to as usize);
            for (row, covered) in self.rows[from..to].iter_mut().zip(&mut self.covered[from..to]) {
                if row.from != strip.column {
                    row.settle(&self.values, changes);
                    row.from = strip.column;
                }
                row.toggle(strip.mask, covered);
            }
        }
        self.rows.iter_mut().for_each(|row| row.settle(&self.values, changes));
    }
}

impl Row {
    /// Enters or leaves a mask.
    #[inline]
    fn toggle(&mut self, mask: u32, covered: &mut Vec<u32>) {
        if self.covered == 0 && (self.top == 0 || self.top == mask) {
            // Mostly there is no other, and this is 0 and the mask in turn.
            self.top ^= mask;
            return;
        }
        if mask > self.top {
            covered.push(self.top);
            self.top = mask;
        } else if mask == self.top {
            self.top = covered.pop().unwrap_or(0);
        } else {
            match covered.binary_search(&mask) {
                Ok(place) => drop(covered.remove(place)),
                Err(place) => covered.insert(place, mask),
            }
        }
        self.covered = covered.len() as u32;
    }

    /// Writes the change at `from`, if it is one.
    #[inline]
    fn settle(&mut self, values: &[u32], changes: &mut [Change]) {
        let value = values[self.top as usize];
        // Written in any case, and written over if it is none: no branch that could be mispredicted.
        changes[self.end] = Change { from: self.from, value };
        self.end += usize::from(value != self.value);
        self.value = value;
    }
}

/// The strips of masks.
#[derive(Debug, Default)]
struct Outline {
    /// The first `count` ones are in use.
    strips: Vec<Strip>,
    count: usize,
    /// Where the runs of a column begin and end, and those of the column before.
    now: Vec<u32>,
    before: Vec<u32>,
}

impl Outline {
    /// Adds the strips of a mask.
    fn follow(&mut self, mask: &Rle, number: u32) {
        let mut column = 0;
        mask.column_runs().for_each(|(x, from, to)| {
            if x != column {
                self.end_column(column, number);
                if x > column + 1 {
                    self.end_column(column + 1, number);
                }
                column = x;
            }
            self.now.extend([from, to]);
        });
        self.end_column(column, number);
        if column + 1 < mask.width {
            self.end_column(column + 1, number);
        }
        self.before.clear();
    }

    fn end_column(&mut self, column: u32, mask: u32) {
        if self.strips.len() < self.count + 2 + self.now.len() + self.before.len() {
            self.strips.resize(2 * self.strips.len() + 64 + self.now.len() + self.before.len(), Strip::default());
        }
        let mut strip = |from: u32, to: u32| {
            self.strips[self.count] = Strip { column, from, to, mask };
            self.count += usize::from(from < to);
        };
        match (&self.before[..], &self.now[..]) {
            (&[a, b], &[c, d]) => {
                // The same as below.
                let (second, third) = (a.max(c), b.min(d));
                strip(a.min(c), second.min(third));
                strip(second.max(third), b.max(d));
            }
            (before, now) => {
                // Pixels that differ begin at the first of all places, end at the second, begin at the third...
                let (mut i, mut j) = (0, 0);
                let mut next = || {
                    let earlier = before.get(i).is_some_and(|place| now.get(j).is_none_or(|other| place < other));
                    let (line, at) = if earlier { (before, &mut i) } else { (now, &mut j) };
                    *at += 1;
                    line.get(*at - 1).copied()
                };
                while let (Some(from), Some(to)) = (next(), next()) {
                    strip(from, to);
                }
            }
        }
        std::mem::swap(&mut self.before, &mut self.now);
        self.now.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn canvas(height: u32, width: u32, masks: &[(&[u32], u32)]) -> Canvas {
        let mut canvas = Canvas::new();
        let mut painter = canvas.begin(height, width).unwrap();
        for (counts, value) in masks {
            painter.paint(&Rle::new(height, width, counts.to_vec()).unwrap(), *value).unwrap();
        }
        painter.finish();
        canvas
    }

    fn values(canvas: &Canvas) -> Vec<u32> {
        let mut image = vec![9; (canvas.height() * canvas.width()) as usize];
        canvas.write(&mut image, |value| value).unwrap();
        image
    }

    fn rows(canvas: &Canvas) -> Vec<&[Change]> {
        canvas.rows().collect()
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
        assert_eq!(rows(&whole), rows(&parts));
        let gone = canvas(1, 6, &[(&[1, 3, 2], 7), (&[0, 6], 0)]);
        assert_eq!(rows(&gone), rows(&canvas(1, 6, &[])));
    }

    #[test]
    fn masks_one_over_the_other_are_uncovered_again() {
        // Each one column shorter on both sides than the one before, and painted in different orders.
        let counts: Vec<[u32; 3]> = (0..4).map(|i| [i, 9 - 2 * i, i]).collect();
        let painted = |order: [usize; 4]| {
            let masks: Vec<(&[u32], u32)> = order.iter().map(|&i| (&counts[i][..], i as u32 + 1)).collect();
            values(&canvas(1, 9, &masks))
        };
        assert_eq!(painted([0, 1, 2, 3]), [1, 2, 3, 4, 4, 4, 3, 2, 1]);
        assert_eq!(painted([3, 2, 1, 0]), [1; 9]);
        assert_eq!(painted([2, 0, 3, 1]), [1, 2, 2, 2, 2, 2, 2, 2, 1]);
        assert_eq!(painted([1, 3, 0, 2]), [1, 1, 3, 3, 3, 3, 3, 1, 1]);
    }

    #[test]
    fn any_masks_are_painted_as_pixel_by_pixel() {
        let mut state = 1u32;
        let mut random = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        for _ in 0..300 {
            let (height, width) = (1 + random(9), 1 + random(9));
            let mut expected = vec![0; (height * width) as usize];
            let (mut canvas, mut scratch) = (Canvas::new(), crate::raster::Scratch::new());
            let mut painter = canvas.begin(height, width).unwrap();
            for _ in 0..random(6) {
                let (mut counts, mut left) = (Vec::new(), height * width);
                while left > 0 {
                    counts.push(random(left.min(12) + 1));
                    left -= counts[counts.len() - 1];
                }
                let (mask, value) = (Rle::new(height, width, counts).unwrap(), random(4));
                mask.paint_rows(&mut expected, value, &mut scratch).unwrap();
                painter.paint(&mask, value).unwrap();
            }
            painter.finish();
            assert_eq!(values(&canvas), expected);
            let mut read = Canvas::new();
            read.read(&expected, height, width).unwrap();
            assert_eq!(rows(&canvas), rows(&read));
        }
    }

    #[test]
    fn a_mask_of_another_size_is_an_error() {
        let mut canvas = Canvas::new();
        let error = canvas.begin(2, 3).unwrap().paint(&Rle::empty(3, 2).unwrap(), 1).unwrap_err();
        assert_eq!(error.code(), Code::BadMask);
    }
}
