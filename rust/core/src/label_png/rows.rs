//! Rows of pixels as what repeats in them: runs of a pixel, and pieces of the row above. Both are known from the places
//! where the rows change, so nothing is searched for.

use crate::raster::{Canvas, Change, each_run};

use super::{
    adler::Adler,
    deflate::{Deflater, WINDOW},
};

/// PNG's filters None and Up.
const NONE: u8 = 0;
const UP: u8 = 2;
/// How far, in pixels, an edge may lie from one in the row above to be taken for the same.
const REACH: u32 = 16;
/// Runs of more bytes are cheaper as such, whatever is above them: a longer repetition takes several matches, and those
/// of a row above name their distance each time.
const LONG: u32 = 258;

/// Pixels that are alike, from column `from` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run<const N: usize> {
    from: u32,
    pixel: [u8; N],
}

/// Compresses the rows of a canvas. `pixel` gives the bytes of a value's pixel.
pub(super) fn deflate<const N: usize>(canvas: &Canvas, pixel: impl Fn(usize) -> [u8; N]) -> (Deflater, Adler) {
    let mut rows = Rows::new(canvas.width());
    let mut drawn: Option<&[Change]> = None;
    for changes in canvas.rows() {
        // Blank rows in a sequence are one run, filters and all.
        if drawn == Some(changes) && !changes.is_empty() {
            rows.add_same();
        } else {
            rows.add(|here| {
                each_run(changes, canvas.width(), |from, _, value| {
                    let pixel = pixel(value as usize);
                    if here.last().is_none_or(|last| last.pixel != pixel) {
                        here.push(Run { from, pixel });
                    }
                })
            });
        }
        drawn = Some(changes);
    }
    (rows.deflater, rows.adler)
}

/// Rows being compressed.
struct Rows<const N: usize> {
    width: u32,
    deflater: Deflater,
    adler: Adler,
    /// The runs of a row, and those of the last row before it without a filter. Another one, at the row's end, follows.
    here: Vec<Run<N>>,
    above: Vec<Run<N>>,
    /// How many bytes lie between a pixel of these and the one above; 0 if there is none above.
    distance: u64,
}

/// A piece of the row above that is found again.
#[derive(Debug)]
struct Piece {
    /// How many bytes lie between.
    distance: u32,
    /// The pixels of this row.
    start: u32,
    stop: u32,
    /// The first run of this row that begins at its end or behind, and the one above that may be the same.
    next: usize,
    next_above: usize,
}

impl<const N: usize> Rows<N> {
    fn new(width: u32) -> Self {
        let end = Run { from: width, pixel: [0; N] };
        Self {
            width,
            deflater: Deflater::default(),
            adler: Adler::new(width, N),
            here: vec![end],
            above: vec![end],
            distance: 0,
        }
    }

    fn row_bytes(&self) -> u64 {
        1 + N as u64 * u64::from(self.width)
    }

    /// Adds a row that equals the one above: no difference at all.
    fn add_same(&mut self) {
        self.deflater.literal(UP);
        self.deflater.pixels([0; N], UP, self.width);
        self.adler.row(UP, [(self.width, [0; N])]);
        self.distance += self.row_bytes();
    }

    /// Adds a row with the runs that `fill` puts in.
    fn add(&mut self, fill: impl FnOnce(&mut Vec<Run<N>>)) {
        std::mem::swap(&mut self.here, &mut self.above);
        self.here.clear();
        fill(&mut self.here);
        self.here.push(Run { from: self.width, pixel: [0; N] });
        self.adler.row(NONE, self.here.windows(2).map(|pair| (pair[1].from - pair[0].from, pair[0].pixel)));
        self.write_filter();
        self.write_runs();
        self.distance = self.row_bytes();
    }

    /// Writes the filter None, as a part of what repeats up to the end of the row above, if that can be.
    fn write_filter(&mut self) {
        let row_bytes = self.row_bytes();
        // The row before was written without a filter then.
        let continues = self.distance == row_bytes && row_bytes <= WINDOW && self.deflater.repeats(row_bytes as u32);
        if continues {
            self.deflater.repeat(row_bytes as u32, 1);
        } else {
            let last = self.above.iter().rev().nth(1).map(|run| run.pixel[N - 1]);
            let last = if self.distance > row_bytes { Some(0) } else { last };
            self.deflater.pixels([NONE], last.unwrap_or(u8::MAX), 1);
        }
    }

    fn write_runs(&mut self) {
        let Self { here, deflater, .. } = self;
        let reachable = self.distance > 0 && self.distance + u64::from(REACH) * N as u64 <= WINDOW;
        let above = if reachable { &self.above[..] } else { &self.above[self.above.len() - 1..] };
        let pieces = Pieces { here, above, distance: self.distance as u32 };
        // What is before `done` has been written; the runs from `next` on begin there or behind.
        let (mut done, mut next, mut next_above) = (0, 0, 0);
        while next + 1 < here.len() {
            let from = here[next].from;
            let before = next.checked_sub(1).map(|last| here[last].pixel);
            if let Some(piece) = pieces.find(next, next_above, done)
                && ((piece.stop - piece.start) * N as u32 >= 3
                    || piece.start == done && deflater.repeats(piece.distance))
            {
                if let Some(pixel) = before
                    && done < piece.start
                {
                    deflater.more(pixel, piece.start - done);
                }
                deflater.repeat(piece.distance, N as u64 * u64::from(piece.stop - piece.start));
                (done, next, next_above) = (piece.stop, piece.next, piece.next_above);
                continue;
            }
            if let Some(pixel) = before
                && done < from
            {
                deflater.more(pixel, from - done);
            }
            next += 1;
            done = here[next].from;
            deflater.pixels(here[next - 1].pixel, before.map_or(NONE, |pixel| pixel[N - 1]), done - from);
            while above[next_above].from + REACH < done && next_above + 1 < above.len() {
                next_above += 1;
            }
        }
        if done < self.width {
            deflater.more(here[next - 1].pixel, self.width - done);
        }
    }
}

/// Finds pieces of the row above. The last run of both rows is their end.
struct Pieces<'a, const N: usize> {
    here: &'a [Run<N>],
    above: &'a [Run<N>],
    distance: u32,
}

impl<const N: usize> Pieces<'_, N> {
    /// The piece with the edge at which run `next` begins, if the row above has the same edge, probably that of run
    /// `next_above`. It begins at pixel `done` if the edge above has as much before it, else at the edge.
    #[inline]
    fn find(&self, next: usize, next_above: usize, done: u32) -> Option<Piece> {
        if self.is_long(next) {
            return None;
        }
        let edge = self.same_edge(next, next_above)?;
        let (from, from_above) = (self.here[next].from, self.above[edge].from);
        // Wraps around if the edge has moved to the left; so do the sums.
        let shift = from.wrapping_sub(from_above);
        let (before, before_above) = (self.here[next.saturating_sub(1)], self.above[edge.saturating_sub(1)]);
        let same_before = before.pixel == before_above.pixel;
        let least = if same_before { before_above.from.wrapping_add(shift) } else { from };
        let start = if done as i32 >= least as i32 { done } else { from };
        let (next, next_above, stop) = self.follow(next, edge);
        Some(Piece {
            distance: self.distance.wrapping_add(shift.wrapping_mul(N as u32)),
            start,
            stop,
            next,
            next_above,
        })
    }

    #[inline]
    fn is_long(&self, run: usize) -> bool {
        self.here[run + 1].from - self.here[run].from > LONG / N as u32
    }

    /// A run of the row above that is the same as run `run` and begins near by; `guess` may be it.
    #[inline]
    fn same_edge(&self, run: usize, guess: usize) -> Option<usize> {
        let run = self.here[run];
        let is_same = |other: &Run<N>| run.pixel == other.pixel && run.from.abs_diff(other.from) <= REACH;
        let above = &self.above[..self.above.len() - 1];
        if above.get(guess).is_some_and(is_same) {
            return Some(guess);
        }
        let first = guess.saturating_sub(1);
        above.iter().skip(first).take(5).position(is_same).map(|place| first + place)
    }

    /// Goes along both rows from where runs `here` and `above` begin, as far as they are the same. Returns the next runs
    /// and the end.
    #[inline]
    fn follow(&self, mut here: usize, mut above: usize) -> (usize, usize, u32) {
        loop {
            let [length, length_above] =
                [(self.here, here), (self.above, above)].map(|(runs, run)| runs[run + 1].from - runs[run].from);
            (here, above) = (here + 1, above + 1);
            if length != length_above {
                return (here, above, self.here[here - 1].from + length.min(length_above));
            }
            let ends = here + 1 == self.here.len() || above + 1 == self.above.len();
            if ends || self.here[here].pixel != self.above[above].pixel || self.is_long(here) {
                return (here, above, self.here[here].from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use crate::label_png::{Pixels, encode};
    use crate::raster::ellipse::Ellipse;
    use crate::raster::{Canvas, Scratch};

    const COLOURS: [[u8; 3]; 6] = [[0, 0, 0], [7, 7, 7], [1, 2, 3], [200, 0, 0], [1, 2, 3], [0, 0, 9]];

    /// Asserts that a decoder sees the pixels of a canvas, whatever they are; returns the sizes of the files.
    fn assert_decodes(image: &[u8], height: u32, width: u32) -> [usize; 4] {
        let words: [u16; 6] = [0, 0x0101, 300, 65_535, 256, 1];
        let rgba = COLOURS.map(|[r, g, b]| [r, g, b, r ^ 255]);
        let mut canvas = Canvas::new();
        canvas.read(image, height, width).unwrap();
        [
            (Pixels::Grey8(&[0, 9, 2, 255, 2, 1]), image.iter().map(|&v| [0, 9, 2, 255, 2, 1][v as usize]).collect()),
            (Pixels::Grey16(&words), image.iter().flat_map(|&v| words[v as usize].to_be_bytes()).collect()),
            (Pixels::Rgb8(&COLOURS), image.iter().flat_map(|&v| COLOURS[v as usize]).collect()),
            (Pixels::Rgba8(&rgba), image.iter().flat_map(|&v| rgba[v as usize]).collect::<Vec<u8>>()),
        ]
        .map(|(pixels, expected)| {
            let mut file = Vec::new();
            encode(&canvas, &pixels, &mut file).unwrap();
            let mut reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
            let mut decoded = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut decoded).unwrap();
            assert!(decoded == expected, "{pixels:?} {height} x {width}: {image:?}");
            file.len()
        })
    }

    /// Numbers that look random.
    fn chance() -> impl FnMut(u32) -> u32 {
        let mut state = 1u32;
        move |below| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        }
    }

    /// Rows whose edges move, come and go from row to row, or stay.
    fn shapes(height: u32, width: u32, chance: &mut impl FnMut(u32) -> u32) -> Vec<u8> {
        let mut edges: Vec<(i64, u8)> = Vec::new();
        let mut image = Vec::new();
        for _ in 0..height {
            match chance(8) {
                0..3 => (),
                3 => edges.clear(),
                4 | 5 => edges.push((chance(width).into(), chance(6) as u8)),
                _ => edges.iter_mut().for_each(|edge| edge.0 += i64::from(chance(9)) - 4),
            }
            edges.sort_unstable();
            let mut row = vec![0; width as usize];
            for &(from, value) in &edges {
                row[from.clamp(0, width.into()) as usize..].fill(value);
            }
            image.extend(row);
        }
        image
    }

    #[test]
    fn rows_of_any_runs_are_decoded_as_they_were() {
        let mut chance = chance();
        for width in (1..40).chain([85, 86, 87, 257, 258, 259, 260, 600]) {
            for _ in 0..4 {
                let height = 1 + chance(40);
                assert_decodes(&shapes(height, width, &mut chance), height, width);
                let noise: Vec<u8> = (0..8 * width).map(|_| chance(6) as u8).collect();
                assert_decodes(&noise, 8, width);
            }
        }
    }

    #[test]
    fn rows_that_no_repetition_can_reach_are_decoded_too() {
        let mut chance = chance();
        // 32 KiB are 2 rows of 16383 bytes, or one row of 32767 and its filter.
        for width in [8175, 8190, 8191, 10_922, 16_383, 16_384, 32_766, 32_767, 32_768] {
            assert_decodes(&shapes(12, width, &mut chance), 12, width);
        }
    }

    #[test]
    fn rows_that_stay_the_same_cost_next_to_nothing() {
        let row: Vec<u8> = (0..1000).map(|x| (x / 9 % 5) as u8).collect();
        let [one, ..] = assert_decodes(&row, 1, 1000);
        let [many, ..] = assert_decodes(&row.repeat(1000), 1000, 1000);
        assert!(many < one + 3500, "{one} {many}");
    }

    #[test]
    fn an_edge_that_moves_is_found_in_the_row_above() {
        // Stripes of 20 pixels that lean: one match for each, of about 18 bits, and no colours.
        let image: Vec<u8> = (0..200u32).flat_map(|y| (0..1000).map(move |x| ((x + y) / 20 % 6) as u8)).collect();
        let [_, _, rgb, _] = assert_decodes(&image, 200, 1000);
        assert!(rgb < 200 * 50 * 3, "{rgb}");
    }

    /// Objects one over the other, and the number of each.
    fn objects(number: u32, radius: u32) -> (u32, u32, Vec<u16>) {
        let (height, width, mut chance) = (540, 960, chance());
        let mut image = vec![0; 540 * 960];
        for value in 1..=number {
            let mut axis = || i64::from(radius / 2 + chance(radius / 2 + 1));
            let radii = (axis(), axis());
            let center = (chance(width).into(), chance(height).into());
            let ellipse = Ellipse { center, radii, angle_degrees: chance(180).into() };
            ellipse.paint(&mut image, value as u16, height, width, &mut Scratch::new()).unwrap();
        }
        (height, width, image)
    }

    #[test]
    fn files_are_hardly_larger_than_zlib_makes_them() {
        let colours: Vec<[u8; 3]> = (0..2001u32)
            .map(|value| value.wrapping_mul(0x9E37_79B9).to_le_bytes())
            .map(|[a, b, c, _]| [a, b, c])
            .collect();
        let words: Vec<u16> = (0..=2000).collect();
        let bytes: Vec<u8> = words.iter().map(|&word| word as u8).collect();
        for (number, radius) in [(20, 90), (200, 30), (2000, 9)] {
            let (height, width, image) = objects(number, radius);
            let mut canvas = Canvas::new();
            canvas.read(&image, height, width).unwrap();
            let samples: [(Pixels<'_>, usize, Vec<u8>); 3] = [
                (Pixels::Grey8(&bytes), 1, image.iter().map(|&v| v as u8).collect()),
                (Pixels::Grey16(&words), 2, image.iter().flat_map(|v| v.to_be_bytes()).collect()),
                (Pixels::Rgb8(&colours), 3, image.iter().flat_map(|&v| colours[usize::from(v)]).collect()),
            ];
            for (pixels, size, samples) in samples {
                let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
                samples.chunks(width as usize * size).for_each(|row| zlib.write_all(&[&[0], row].concat()).unwrap());
                let (zlib, mut file) = (zlib.finish().unwrap(), Vec::new());
                encode(&canvas, &pixels, &mut file).unwrap();
                let ratio = file.len() as f64 / zlib.len() as f64;
                assert!(ratio < 1.3, "{number} objects, {size} bytes a pixel: {ratio}");
            }
        }
    }
}
