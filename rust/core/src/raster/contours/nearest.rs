//! The nearest of many points, some of which count only later.

use super::Pixel;

/// A k-d tree: the middle of a range of `order` is the root of the tree of that range, and those before and behind it lie
/// on its two sides in x or y, by turns.
#[derive(Debug)]
pub(super) struct Nearest {
    points: Vec<Pixel>,
    order: Vec<u32>,
    /// For every point: where it is in `order`.
    places: Vec<u32>,
    /// For every place in `order`: whether a point of the tree with this root counts.
    counts: Vec<bool>,
}

impl Nearest {
    /// Prepares points, none of which counts.
    pub fn new(points: Vec<Pixel>) -> Self {
        let mut order: Vec<_> = (0..points.len() as u32).collect();
        sort(&mut order, &points, 0);
        let mut places = vec![0; order.len()];
        (0..).zip(&order).for_each(|(place, &point)| places[point as usize] = place);
        Self { counts: vec![false; order.len()], points, order, places }
    }

    /// The points.
    pub fn points(&self) -> &[Pixel] {
        &self.points
    }

    /// Lets a point count from now on.
    pub fn count(&mut self, point: u32) {
        let place = self.places[point as usize] as usize;
        let (mut from, mut to) = (0usize, self.order.len());
        loop {
            let root = from.midpoint(to);
            self.counts[root] = true;
            match place.cmp(&root) {
                std::cmp::Ordering::Less => to = root,
                std::cmp::Ordering::Equal => return,
                std::cmp::Ordering::Greater => from = root + 1,
            }
        }
    }

    /// Calls `visit` with points and their squared distances from `here`: all points that count and are not further than
    /// the least number that `visit` has returned, and maybe others.
    pub fn visit(&self, here: Pixel, within: i64, mut visit: impl FnMut(u32, i64) -> i64) {
        self.visit_tree(here, (0, self.order.len()), 0, within, &mut visit);
    }

    fn visit_tree(
        &self,
        here: Pixel,
        (from, to): (usize, usize),
        axis: usize,
        mut within: i64,
        visit: &mut impl FnMut(u32, i64) -> i64,
    ) -> i64 {
        let root = from.midpoint(to);
        if from == to || !self.counts[root] {
            return within;
        }
        let there = self.points[self.order[root] as usize];
        let square = |axis: usize| i64::from(here[axis] - there[axis]).pow(2);
        within = visit(self.order[root], square(0) + square(1));
        let (before, behind) = ((from, root), (root + 1, to));
        let (near, far) = if here[axis] < there[axis] { (before, behind) } else { (behind, before) };
        within = self.visit_tree(here, near, 1 - axis, within, visit);
        if square(axis) <= within {
            within = self.visit_tree(here, far, 1 - axis, within, visit);
        }
        within
    }
}

fn sort(order: &mut [u32], points: &[Pixel], axis: usize) {
    let middle = order.len() / 2;
    if order.len() > 1 {
        order.select_nth_unstable_by_key(middle, |&point| points[point as usize][axis]);
        let (before, behind) = order.split_at_mut(middle);
        sort(before, points, 1 - axis);
        sort(&mut behind[1..], points, 1 - axis);
    }
}
