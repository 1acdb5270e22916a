//! Sorting the places where a mask begins or ends on each line of pixels.

use std::ops::Range;

/// The places where a mask changes between set and clear, sorted along each line (a column or a row of the image).
///
/// Used in two passes over the same shapes: [`cover`](Self::cover) says which lines a piece of outline crosses, then
/// [`put`](Self::put) says where. Knowing the number per line beforehand makes the sort a counting sort over lines
/// with a tiny sort inside each.
#[derive(Debug, Default)]
pub(super) struct Crossings {
    first: u32,
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
    /// Starts anew, for crossings on `lines`.
    pub fn begin(&mut self, lines: Range<u32>) {
        self.first = lines.start;
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

    /// Ends the announcements. Places will lie in `0..=longest`.
    pub fn settle(&mut self, longest: u32) {
        let (mut here, mut total) = (0u64, 0u64);
        for line in &mut self.lines {
            here = here.wrapping_add(*line);
            *line = total;
            total += here;
        }
        self.total = total;
        self.words_per_line = longest as usize / 64 + 1;
        self.places.clear();
        self.bits.clear();
        if self.is_dense() {
            self.bits.resize(self.line_count() * self.words_per_line, 0);
        } else {
            self.places.resize(total as usize, 0);
        }
    }

    /// How many crossings were announced.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Whether one bit for every place takes less memory than a list of the crossings.
    fn is_dense(&self) -> bool {
        self.total / 2 > (self.line_count() * self.words_per_line) as u64
    }

    fn line_count(&self) -> usize {
        self.lines.len().saturating_sub(1)
    }

    /// Adds an announced crossing.
    #[inline]
    pub fn put(&mut self, line: u32, place: u32) {
        let line = (line - self.first) as usize;
        if self.places.is_empty() {
            self.bits[line * self.words_per_line + place as usize / 64] ^= 1 << (place % 64);
        } else {
            let next = &mut self.lines[line];
            self.places[*next as usize] = place;
            *next += 1;
        }
    }

    /// Calls `visit` for every line in order, with its crossings in ascending order. Two crossings at one place may be
    /// both there or both missing: they cancel.
    pub fn each(&mut self, mut visit: impl FnMut(u32, &[u32])) {
        if self.places.is_empty() {
            return self.each_of_bits(visit);
        }
        let mut start = 0;
        for (line, &end) in (self.first..).zip(&self.lines[..self.lines.len() - 1]) {
            let places = &mut self.places[start..end as usize];
            match places {
                // Nearly every line of nearly every shape; without branches that could go either way.
                [a, b] => order(a, b),
                [a, b, c, d] => {
                    order(a, b);
                    order(c, d);
                    order(a, c);
                    order(b, d);
                    order(b, c);
                }
                _ if places.len() <= 16 => insertion_sort(places),
                _ => places.sort_unstable(),
            }
            visit(line, places);
            start = end as usize;
        }
    }

    fn each_of_bits(&mut self, mut visit: impl FnMut(u32, &[u32])) {
        let mut places = std::mem::take(&mut self.places);
        for (line, words) in (self.first..).zip(self.bits.chunks_exact(self.words_per_line)) {
            places.clear();
            for (base, &word) in (0..).step_by(64).zip(words) {
                let mut rest = word;
                while rest != 0 {
                    places.push(base + rest.trailing_zeros());
                    rest &= rest - 1;
                }
            }
            visit(line, &places);
        }
        self.places = places;
        self.places.clear();
    }
}

#[inline]
fn order(a: &mut u32, b: &mut u32) {
    (*a, *b) = ((*a).min(*b), (*a).max(*b));
}

/// Sorts a handful of numbers faster than the general sort, whose call takes longer than the work.
#[inline]
fn insertion_sort(values: &mut [u32]) {
    for end in 1..values.len() {
        let value = values[end];
        let mut place = end;
        while place > 0 && values[place - 1] > value {
            values[place] = values[place - 1];
            place -= 1;
        }
        values[place] = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts crossings `(line, place)` and reads them back.
    fn sorted(crossings: &[(u32, u32)], longest: u32) -> Vec<(u32, Vec<u32>)> {
        let mut sorter = Crossings::default();
        sorter.begin(2..6);
        for &(line, _) in crossings {
            sorter.cover(line..line + 1);
        }
        sorter.settle(longest);
        for &(line, place) in crossings {
            sorter.put(line, place);
        }
        let mut result = Vec::new();
        sorter.each(|line, places| result.push((line, places.to_vec())));
        result
    }

    #[test]
    fn crossings_come_back_by_line_and_in_order() {
        let result = sorted(&[(5, 9), (2, 7), (5, 1), (2, 3), (2, 5), (2, 900)], 1000);
        assert_eq!(result, [(2, vec![3, 5, 7, 900]), (3, vec![]), (4, vec![]), (5, vec![1, 9])]);
    }

    #[test]
    fn many_crossings_become_bits_and_equal_ones_cancel() {
        let mut many: Vec<_> = (0..60).map(|i| (3, i)).collect();
        many.extend([(3, 7), (3, 63)]);
        let expected: Vec<u32> = (0..60).filter(|&i| i != 7).chain([63]).collect();
        assert_eq!(sorted(&many, 63)[1], (3, expected));
    }
}
