//! Sorting the places where a mask begins or ends on each line of pixels.

use std::ops::Range;

/// Up to this many crossings on a line are sorted by a fixed network: there is no branch in that which could be
/// mispredicted, and those cost more than the comparisons.
const FEW: usize = 8;

/// The places where a mask changes between set and clear, sorted along each line (a column or a row of the image).
///
/// Used in two passes over the same shapes: [`cover`](Self::cover) says which lines a piece of outline crosses, then
/// [`put`](Self::put) says where. Knowing the number per line beforehand makes the sort a counting sort over lines
/// with a tiny sort inside each. Places are numbered through: the pixels of line `n` begin at `n * stride`.
#[derive(Debug, Default)]
pub(super) struct Crossings {
    first: u32,
    stride: u32,
    /// During `cover`: the change of the number of crossings from line to line. Afterwards: where the next crossing of
    /// each line goes, and in the end where the line's crossings stop.
    lines: Vec<u64>,
    /// All crossings, grouped by line.
    places: Vec<u32>,
    /// One bit per place, instead of `places`, for outlines that cross themselves so often that bits need less memory.
    bits: Vec<u64>,
    words_per_line: usize,
    total: u64,
}

impl Crossings {
    /// Starts anew, for crossings on `lines` of `stride` pixels each.
    pub fn begin(&mut self, lines: Range<u32>, stride: u32) {
        (self.first, self.stride) = (lines.start, stride);
        self.lines.clear();
        self.lines.resize(lines.len() + 1, 0);
    }

    /// Announces one crossing on each of `lines`, which must lie within those given to `begin`.
    pub fn cover(&mut self, lines: Range<u32>) {
        if lines.start < lines.end {
            let (from, to) = ((lines.start - self.first) as usize, (lines.end - self.first) as usize);
            self.lines[from] = self.lines[from].wrapping_add(1);
            self.lines[to] = self.lines[to].wrapping_sub(1);
        }
    }

    /// Ends the announcements.
    pub fn settle(&mut self) {
        let (mut here, mut total) = (0u64, 0u64);
        for line in &mut self.lines {
            here = here.wrapping_add(*line);
            *line = total;
            total += here;
        }
        self.total = total;
        self.words_per_line = self.stride as usize / 64 + 1;
        self.places.clear();
        self.bits.clear();
        let words = (self.lines.len() - 1) * self.words_per_line;
        if total / 2 > words as u64 {
            self.bits.resize(words, 0);
        } else {
            self.places.resize(total as usize, 0);
        }
    }

    /// How many crossings were announced.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Adds an announced crossing before pixel `offset` of a line; the line's end counts as such, too.
    #[inline]
    pub fn put(&mut self, line: u32, offset: u32) {
        let index = (line - self.first) as usize;
        if self.places.is_empty() {
            self.bits[index * self.words_per_line + offset as usize / 64] ^= 1 << (offset % 64);
        } else {
            let next = &mut self.lines[index];
            self.places[*next as usize] = line * self.stride + offset;
            *next += 1;
        }
    }

    /// All places in ascending order, unless they are kept as bits.
    pub fn sorted(&mut self) -> Option<&[u32]> {
        if self.places.is_empty() {
            return None;
        }
        self.sort();
        Some(&self.places)
    }

    /// Calls `visit` with every place in ascending order. Two crossings at one place may be both there or both missing:
    /// they cancel.
    pub fn each(&mut self, mut visit: impl FnMut(u32)) {
        match self.sorted() {
            Some(places) => places.iter().copied().for_each(visit),
            None => self.each_line_of_bits(|_, places| places.iter().copied().for_each(&mut visit)),
        }
    }

    /// Calls `visit` for every line in order, with its places in ascending order; otherwise like [`each`](Self::each).
    pub fn each_line(&mut self, mut visit: impl FnMut(u32, &[u32])) {
        if self.places.is_empty() {
            return self.each_line_of_bits(visit);
        }
        self.sort();
        let mut start = 0;
        for (line, &end) in (self.first..).zip(&self.lines[..self.lines.len() - 1]) {
            visit(line, &self.places[start..end as usize]);
            start = end as usize;
        }
    }

    fn sort(&mut self) {
        let mut start = 0;
        for &end in &self.lines[..self.lines.len() - 1] {
            match &mut self.places[start..end as usize] {
                // Nearly every line of nearly every shape.
                [a, b] => (*a, *b) = ((*a).min(*b), (*a).max(*b)),
                few if few.len() <= FEW => sort_few(few),
                many => many.sort_unstable(),
            }
            start = end as usize;
        }
    }

    fn each_line_of_bits(&self, mut visit: impl FnMut(u32, &[u32])) {
        let mut places = Vec::new();
        for (line, words) in (self.first..).zip(self.bits.chunks_exact(self.words_per_line.max(1))) {
            places.clear();
            for (base, &word) in (line * self.stride..).step_by(64).zip(words) {
                let mut rest = word;
                while rest != 0 {
                    places.push(base + rest.trailing_zeros());
                    rest &= rest - 1;
                }
            }
            visit(line, &places);
        }
    }
}

/// Sorts up to [`FEW`] values by the network of 19 exchanges, the fewest that sort eight.
#[inline]
fn sort_few(values: &mut [u32]) {
    let mut v: [u32; FEW] = std::array::from_fn(|i| values.get(i).copied().unwrap_or(u32::MAX));
    let mut order = |a: usize, b: usize| (v[a], v[b]) = (v[a].min(v[b]), v[a].max(v[b]));
    #[rustfmt::skip]
    {
        order(0, 2); order(1, 3); order(4, 6); order(5, 7);
        order(0, 4); order(1, 5); order(2, 6); order(3, 7);
        order(0, 1); order(2, 3); order(4, 5); order(6, 7);
        order(2, 4); order(3, 5);
        order(1, 4); order(3, 6);
        order(1, 2); order(3, 4); order(5, 6);
    };
    values.iter_mut().zip(v).for_each(|(value, sorted)| *value = sorted);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts crossings `(line, offset)` and reads them back.
    fn sorted(crossings: &[(u32, u32)], stride: u32) -> Vec<(u32, Vec<u32>)> {
        let mut sorter = Crossings::default();
        sorter.begin(2..6, stride);
        for &(line, _) in crossings {
            sorter.cover(line..line + 1);
        }
        sorter.settle();
        for &(line, offset) in crossings {
            sorter.put(line, offset);
        }
        let (mut lines, mut all) = (Vec::new(), Vec::new());
        sorter.each_line(|line, places| lines.push((line, places.to_vec())));
        sorter.each(|place| all.push(place));
        assert_eq!(lines.iter().flat_map(|(_, places)| places.clone()).collect::<Vec<_>>(), all);
        lines
    }

    #[test]
    fn crossings_come_back_by_line_and_in_order() {
        let result = sorted(&[(5, 9), (2, 7), (5, 1), (2, 3), (2, 5), (2, 900)], 1000);
        assert_eq!(result, [(2, vec![2003, 2005, 2007, 2900]), (3, vec![]), (4, vec![]), (5, vec![5001, 5009])]);
    }

    #[test]
    fn any_number_of_crossings_is_sorted() {
        for number in 0..40 {
            let crossings: Vec<_> = (0..number).map(|i| (3, i * 7 % 41)).collect();
            let mut expected: Vec<_> = crossings.iter().map(|(_, offset)| 3 * 9000 + offset).collect();
            expected.sort_unstable();
            assert_eq!(sorted(&crossings, 9000).get(1), Some(&(3, expected)).filter(|_| number > 0));
        }
        assert_eq!(sorted(&[(3, 4), (3, 4), (3, 2)], 9000)[1], (3, vec![27_002, 27_004, 27_004]));
    }

    #[test]
    fn the_network_sorts_every_order() {
        // Zeros and ones are enough: a network that sorts all of those sorts everything.
        for bits in 0..256u32 {
            for count in 0..=FEW {
                let mut values: Vec<_> = (0..count).map(|i| bits >> i & 1).collect();
                let mut expected = values.clone();
                expected.sort_unstable();
                sort_few(&mut values);
                assert_eq!(values, expected);
            }
        }
    }

    #[test]
    fn many_crossings_become_bits_and_equal_ones_cancel() {
        let mut many: Vec<_> = (0..60).map(|i| (3, i)).collect();
        many.extend([(3, 7), (3, 63)]);
        let expected: Vec<u32> = (0..60).filter(|&i| i != 7).chain([63]).map(|i| i + 3 * 63).collect();
        assert_eq!(sorted(&many, 63)[1], (3, expected));
    }
}
