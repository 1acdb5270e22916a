//! Turning runs along the rows into runs along the columns, and the other way round, at the cost of the runs.

use super::crossings::Crossings;

/// Two neighbouring lines of a mask differ in the pixels `from..to`: there runs across the lines begin or end.
#[derive(Clone, Copy, Debug)]
struct Strip {
    from: u32,
    to: u32,
    line: u32,
}

/// Collects a mask run by run along its lines (rows or columns) and gives it back across. Where two neighbouring lines
/// are equal nothing is stored, so the cost is that of the runs along the lines and of the runs across them.
#[derive(Debug, Default)]
pub(super) struct Strips {
    strips: Vec<Strip>,
    /// The places where the line before `number` changes between clear and set.
    previous: Vec<u32>,
    /// The same for line `number`, as far as it is known.
    line: Vec<u32>,
    number: u32,
}

impl Strips {
    /// Starts a new mask.
    pub fn begin(&mut self) {
        self.strips.clear();
        self.previous.clear();
        self.line.clear();
        self.number = 0;
    }

    /// Adds the set pixels `from..to` of line `number`. Runs come in ascending order and do not overlap.
    pub fn run(&mut self, number: u32, from: u32, to: u32) {
        if number != self.number {
            self.end_line();
            if number > self.number + 1 {
                // The lines between are clear; from the second on they equal their neighbour.
                self.number += 1;
                self.end_line();
            }
            self.number = number;
        }
        if self.line.last() == Some(&from) {
            self.line.pop();
        } else {
            self.line.push(from);
        }
        self.line.push(to);
    }

    /// Ends the mask of `lines` lines and sorts it into `crossings`, which then has the changes across them.
    pub fn turn(&mut self, crossings: &mut Crossings, lines: u32) {
        self.end_line();
        self.number += 1;
        self.end_line();
        let from = self.strips.iter().map(|s| s.from).min().unwrap_or(0);
        let to = self.strips.iter().map(|s| s.to).max().unwrap_or(0);
        crossings.begin(from..to, lines);
        for strip in &self.strips {
            crossings.cover(strip.from..strip.to);
        }
        crossings.settle();
        for strip in &self.strips {
            for across in strip.from..strip.to {
                crossings.put(across, strip.line);
            }
        }
    }

    /// Stores where the present line differs from the one before, and makes it the one before.
    fn end_line(&mut self) {
        if self.line != self.previous {
            self.compare_lines();
        }
        std::mem::swap(&mut self.line, &mut self.previous);
        self.line.clear();
    }

    fn compare_lines(&mut self) {
        let place = |line: &[u32], i: usize| line.get(i).map_or(u64::MAX, |&place| u64::from(place));
        let (mut i, mut j) = (0, 0);
        let mut open = None;
        while i < self.previous.len() || j < self.line.len() {
            let (old, new) = (place(&self.previous, i), place(&self.line, j));
            i += usize::from(old <= new);
            j += usize::from(new <= old);
            if old != new {
                let place = old.min(new) as u32;
                match open.take() {
                    None => open = Some(place),
                    Some(from) => self.strips.push(Strip { from, to: place, line: self.number }),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_turn_into_columns() {
        // . # # .
        // # # . .
        // . . . .
        // . . . .
        // . . . #
        let (mut strips, mut crossings) = (Strips::default(), Crossings::default());
        strips.begin();
        for (row, from, to) in [(0, 1, 2), (0, 2, 3), (1, 0, 2), (4, 3, 4)] {
            strips.run(row, from, to);
        }
        strips.turn(&mut crossings, 5);
        let mut columns = Vec::new();
        crossings.each_line(|x, rows| columns.push((x, rows.iter().map(|place| place - x * 5).collect::<Vec<_>>())));
        assert_eq!(columns, [(0, vec![1, 2]), (1, vec![0, 2]), (2, vec![0, 1]), (3, vec![4, 5])]);
    }

    #[test]
    fn equal_neighbours_cost_nothing() {
        let mut strips = Strips::default();
        strips.begin();
        for row in 0..1000 {
            strips.run(row, 5, 9);
        }
        assert_eq!(strips.strips.len(), 1);
    }
}
