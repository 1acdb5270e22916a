//! A ring of points that grows in the middle and can say which of two points comes first.

/// No node.
const NONE: u32 = u32::MAX;

/// Labels of the nodes are below 2^`BITS`.
const BITS: u32 = 63;

/// How much denser than the next larger range a range of labels may be. All of them must hold more points than there can
/// be: (2 / `SPREAD`)^`BITS` is far above 2^32.
const SPREAD: f64 = 1.25;

/// One point in the ring. A point may come several times.
#[derive(Clone, Copy, Debug)]
struct Node {
    point: u32,
    previous: u32,
    next: u32,
    /// Ascends along the ring.
    label: u64,
}

/// Points in order, given as numbers: a linked list whose nodes have ascending labels with gaps, so that a point is put in
/// by a number between its neighbours'. Where there is no gap left, the smallest range of labels around that is not too
/// dense is spread evenly (Bender, Cole, Demaine, Farach-Colton and Zito, "Two simplified algorithms for maintaining order
/// in a list", 2002), which costs the logarithm of the ring's length for each point.
#[derive(Debug)]
pub(super) struct Ring {
    nodes: Vec<Node>,
    /// First node of each point.
    firsts: Vec<u32>,
    head: u32,
}

impl Ring {
    /// A ring of some of `points` points, each for the first time or again.
    pub fn new(points: usize, order: &[u32]) -> Self {
        let count = order.len() as u32;
        let gap = (1 << BITS) / (u64::from(count) + 1);
        let nodes = (0..count).zip(order).map(|(i, &point)| Node {
            point,
            previous: i.checked_sub(1).unwrap_or(NONE),
            next: if i + 1 < count { i + 1 } else { NONE },
            label: u64::from(i) * gap,
        });
        let mut ring = Self { nodes: nodes.collect(), firsts: vec![NONE; points], head: 0 };
        for (i, &point) in (0..count).zip(order).rev() {
            ring.firsts[point as usize] = i;
        }
        ring
    }

    /// The points in order.
    pub fn order(&self) -> Vec<u32> {
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut next = self.head;
        while let Some(node) = self.nodes.get(next as usize) {
            order.push(node.point);
            next = node.next;
        }
        order
    }

    /// Where a point comes first: a number that ascends along the ring, until the ring grows. None if it is not in the ring.
    pub fn place(&self, point: u32) -> Option<u64> {
        self.nodes.get(self.firsts[point as usize] as usize).map(|node| node.label)
    }

    /// Puts points in behind the place where `point` comes first.
    pub fn insert(&mut self, point: u32, points: impl Iterator<Item = u32>) {
        let mut last = self.firsts[point as usize];
        for point in points {
            last = self.insert_after(last, point);
        }
    }

    fn insert_after(&mut self, previous: u32, point: u32) -> u32 {
        if self.gap_after(previous) < 2 {
            self.spread(previous);
        }
        let (node, Node { next, label, .. }) = (self.nodes.len() as u32, self.nodes[previous as usize]);
        let label = label + self.gap_after(previous) / 2;
        self.nodes.push(Node { point, previous, next, label });
        self.nodes[previous as usize].next = node;
        if let Some(next) = self.nodes.get_mut(next as usize) {
            next.previous = node;
        }
        let first = &mut self.firsts[point as usize];
        if *first == NONE {
            *first = node;
        }
        node
    }

    fn gap_after(&self, node: u32) -> u64 {
        let Node { next, label, .. } = self.nodes[node as usize];
        self.nodes.get(next as usize).map_or(1 << BITS, |next| next.label) - label
    }

    /// Makes room behind a node.
    fn spread(&mut self, node: u32) {
        let label = self.nodes[node as usize].label;
        let (mut first, mut last, mut count, mut most) = (node, node, 1u64, 1.0);
        for bits in 1..=BITS {
            most *= 2.0 / SPREAD;
            let base = label >> bits << bits;
            let inside = |i: u32| self.nodes.get(i as usize).filter(|node| node.label >> bits << bits == base);
            while inside(self.nodes[first as usize].previous).is_some() {
                (first, count) = (self.nodes[first as usize].previous, count + 1);
            }
            while inside(self.nodes[last as usize].next).is_some() {
                (last, count) = (self.nodes[last as usize].next, count + 1);
            }
            let gap = (1 << bits) / count;
            if count as f64 <= most && gap > 1 {
                let mut node = first;
                for i in 0..count {
                    self.nodes[node as usize].label = base + i * gap;
                    node = self.nodes[node as usize].next;
                }
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_put_in_anywhere_keep_their_order() {
        let mut ring = Ring::new(10_000, &[0, 1, 2]);
        let mut expected = vec![0, 1, 2];
        for point in 3..3000 {
            // Often behind one and the same, which leaves no gaps there; else somewhere.
            let behind = if point % 3 == 0 { expected[point as usize * 7 % expected.len()] } else { 1 };
            let place = expected.iter().position(|&p| p == behind).unwrap() + 1;
            expected.splice(place..place, [point, point + 3000]);
            ring.insert(behind, [point, point + 3000].into_iter());
        }
        assert_eq!(ring.order(), expected);
        let places: Vec<_> = expected.iter().map(|&point| ring.place(point).unwrap()).collect();
        assert!(places.is_sorted_by(|a, b| a < b));
        assert_eq!(ring.place(9999), None);
    }

    #[test]
    fn a_point_that_comes_again_is_where_it_came_first() {
        let mut ring = Ring::new(4, &[2, 0, 2]);
        ring.insert(0, [1, 3, 1, 0].into_iter());
        assert_eq!(ring.order(), [2, 0, 1, 3, 1, 0, 2]);
        let place = |point| ring.place(point).unwrap();
        assert!(place(2) < place(0) && place(0) < place(1) && place(1) < place(3));
    }
}
