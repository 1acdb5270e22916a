//! Dominant points of a closed border after Teh and Chin, with k-cosine curvature.

use super::{Pixel, follow::STEPS};

/// Working memory, kept from border to border.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    points: Vec<Pixel>,
    /// Indices of the points that are still candidates, in order.
    candidates: Vec<usize>,
    /// For every point: how far to each side its region of support goes.
    reach: Vec<usize>,
    /// For every point: cosine of the angle over its region of support plus 1.1, 0 for points that are no candidates.
    cosine: Vec<f32>,
}

impl Scratch {
    /// Chooses the dominant points of the border that begins at `start` and takes `steps`.
    pub fn choose(&mut self, start: Pixel, steps: &[u8]) -> Vec<Pixel> {
        if steps.is_empty() {
            return vec![start];
        }
        self.walk(start, steps);
        for i in 0..self.candidates.len() {
            let index = self.candidates[i];
            self.reach[index] = support(&self.points, index);
            self.cosine[index] = cosine(&self.points, index, self.reach[index]);
        }
        self.keep_maxima();
        self.drop_weak();
        self.candidates.iter().map(|&i| self.points[i]).collect()
    }

    /// Lists the points. Those at which the border does not turn are no candidates.
    fn walk(&mut self, start: Pixel, steps: &[u8]) {
        self.points.clear();
        self.candidates.clear();
        let mut here = start;
        let mut before = steps[steps.len() - 1];
        for (i, &step) in steps.iter().enumerate() {
            if step != before {
                self.candidates.push(i);
            }
            self.points.push(here);
            let [x, y] = STEPS[usize::from(step)];
            here = [here[0] + x, here[1] + y];
            before = step;
        }
        self.reach.clear();
        self.reach.resize(steps.len(), 0);
        self.cosine.clear();
        self.cosine.resize(steps.len(), 0.0);
    }

    /// Drops candidates with a sharper point within half their reach. Dropped ones no longer count against those after.
    fn keep_maxima(&mut self) {
        let Self { candidates, reach, cosine, .. } = self;
        candidates.retain(|&i| {
            let (count, own) = (cosine.len(), cosine[i]);
            let sharper =
                (1..=reach[i] / 2).any(|k| cosine[before(i, k, count)] > own || cosine[after(i, k, count)] > own);
            if sharper {
                cosine[i] = 0.0;
            }
            !sharper
        });
    }

    /// Drops candidates that reach only to their neighbours and are not sharper than both.
    fn drop_weak(&mut self) {
        let Self { candidates, reach, cosine, .. } = self;
        candidates.retain(|&i| {
            let (count, own) = (cosine.len(), cosine[i]);
            let weak = reach[i] == 1 && (own <= cosine[before(i, 1, count)] || own <= cosine[after(i, 1, count)]);
            if weak {
                cosine[i] = 0.0;
            }
            !weak
        });
    }
}

fn before(index: usize, steps: usize, count: usize) -> usize {
    if index >= steps { index - steps } else { index + count - steps }
}

fn after(index: usize, steps: usize, count: usize) -> usize {
    if index + steps < count { index + steps } else { index + steps - count }
}

/// How many points to each side support a point: as long as the chord between the outermost two grows, and the point's
/// distance from it in relation to its length does too.
fn support(points: &[Pixel], index: usize) -> usize {
    let here = points[index];
    let (mut chord, mut distance) = (0i64, 0i64);
    for k in 1..=points.len() {
        let (a, b) = (points[before(index, k, points.len())], points[after(index, k, points.len())]);
        let (dx, dy) = (i64::from(b[0] - a[0]), i64::from(b[1] - a[1]));
        let next_chord = dx * dx + dy * dy;
        let next_distance = i64::from(here[0] - a[0]) * dy - i64::from(here[1] - a[1]) * dx;
        if k > 1 {
            let growth = (distance as f64 * next_chord as f64 - next_distance as f64 * chord as f64) as f32;
            let shrinks = distance > 0 && growth <= 0.0 || distance < 0 && growth >= 0.0;
            if chord >= next_chord || shrinks {
                return k - 1;
            }
        }
        (chord, distance) = (next_chord, next_distance);
    }
    points.len()
}

/// The largest cosine of the angle at a point, from its outermost supporters inwards up to the first that is not larger,
/// plus 1.1.
fn cosine(points: &[Pixel], index: usize, reach: usize) -> f32 {
    let here = points[index];
    let mut best = 0f32;
    for k in (1..=reach).rev() {
        let [a, b] = [before(index, k, points.len()), after(index, k, points.len())]
            .map(|i| [i64::from(points[i][0] - here[0]), i64::from(points[i][1] - here[1])]);
        if a == [0, 0] || b == [0, 0] {
            break;
        }
        let square = |v: [i64; 2]| (v[0] * v[0] + v[1] * v[1]) as f64;
        let cosine = ((a[0] * b[0] + a[1] * b[1]) as f64 / (square(a) * square(b)).sqrt()) as f32;
        let raised = (f64::from(cosine) + 1.1) as f32;
        if k < reach && raised <= best {
            break;
        }
        best = raised;
    }
    best
}
