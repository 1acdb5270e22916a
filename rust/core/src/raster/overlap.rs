//! Intersection over union of many masks with many others.

use std::sync::OnceLock;

use crate::error::Result;

use super::{Rle, rle::require_same_size};

/// Up to this many runs in a column, columns are compared side by side.
const MAX_LAYERS: usize = 4;

/// Up to this many masks, others are compared with them run by run.
const MAX_BY_RUNS: usize = 4;

/// A mask with its area, box and runs at hand, measured once for many comparisons.
#[derive(Clone, Debug)]
pub struct Measured {
    rle: Rle,
    area: u64,
    /// Left, top, and the first column and row beyond.
    bounds: [u32; 4],
    /// The runs' starts and ends, made when they are first needed.
    runs: OnceLock<Vec<(u32, u32)>>,
    /// The runs once more, for comparing many columns at once, made when they are first needed; empty if the mask is not
    /// made for that.
    layers: OnceLock<Vec<Layer>>,
}

/// The `n`-th runs of columns side by side: their first rows and the rows beyond, both 0 where a column has no such run.
/// In 16 bits eight columns are compared at once.
#[derive(Clone, Debug)]
struct Layer {
    first: u32,
    tops: Vec<i16>,
    bottoms: Vec<i16>,
}

impl Layer {
    fn new(first: u32, room: usize) -> Self {
        Self { first, tops: Vec::with_capacity(room), bottoms: Vec::with_capacity(room) }
    }

    /// Adds the run of a column to the right of all others.
    #[inline]
    fn push(&mut self, column: u32, top: i16, bottom: i16) {
        if self.end() < column {
            let columns = (column - self.first) as usize;
            self.tops.resize(columns, 0);
            self.bottoms.resize(columns, 0);
        }
        self.tops.push(top);
        self.bottoms.push(bottom);
    }

    /// The column beyond the last.
    fn end(&self) -> u32 {
        self.first + self.tops.len() as u32
    }

    /// Number of pixels that both set.
    fn common(&self, other: &Self) -> u64 {
        let (first, end) = (self.first.max(other.first), self.end().min(other.end()));
        if first >= end {
            return 0;
        }
        let [a, b] = [self, other].map(|layer| {
            let columns = (first - layer.first) as usize..(end - layer.first) as usize;
            layer.tops[columns.clone()].iter().zip(&layer.bottoms[columns])
        });
        let common = a.zip(b).map(|((a_top, a_bottom), (b_top, b_bottom))| {
            u32::from((a_bottom.min(b_bottom) - a_top.max(b_top)).max(0).cast_unsigned())
        });
        u64::from(common.sum::<u32>())
    }
}

/// Sorts a mask's runs into layers, unless its columns have many runs or mostly none: then it is quicker to go from run to
/// run.
fn layers(rle: &Rle, left: u32, width: u32) -> Vec<Layer> {
    let mut layers: Vec<Layer> = Vec::new();
    if rle.height > i16::MAX as u32 || width as usize > 2 * rle.counts.len() {
        return layers;
    }
    let height = u64::from(rle.height);
    let (mut column, mut number) = (u64::MAX, 0);
    for (start, end, first, last) in rle.spans() {
        for x in first..=last {
            number = if x == column { number + 1 } else { 0 };
            column = x;
            if number == layers.len() {
                if number == MAX_LAYERS {
                    return Vec::new();
                }
                layers.push(Layer::new(x as u32, (left + width) as usize - x as usize));
            }
            let rows = start.max(x * height) - x * height..end.min((x + 1) * height) - x * height;
            layers[number].push(x as u32, rows.start as i16, rows.end as i16);
        }
    }
    layers
}

impl Measured {
    /// Measures a mask.
    pub fn new(rle: Rle) -> Self {
        let [left, top, width, height] = rle.bbox();
        let bounds = [left, top, left + width, top + height];
        Self { area: rle.area(), bounds, rle, runs: OnceLock::new(), layers: OnceLock::new() }
    }

    fn size(&self) -> (u32, u32) {
        (self.rle.height, self.rle.width)
    }

    fn runs(&self) -> &[(u32, u32)] {
        // Runs lie in the image, whose pixels 32 bits can count.
        self.runs.get_or_init(|| self.rle.runs().map(|(start, end)| (start as u32, end as u32)).collect())
    }

    fn layers(&self) -> &[Layer] {
        let [left, _, right, _] = self.bounds;
        self.layers.get_or_init(|| layers(&self.rle, left, right - left))
    }

    /// Number of pixels that both masks set, column by column if that is worth it: layers take longer to make than a few
    /// comparisons, run by run, take.
    fn common(&self, other: &Self, by_columns: bool) -> u64 {
        if by_columns && !self.layers().is_empty() && !other.layers().is_empty() {
            return self.layers().iter().flat_map(|a| other.layers().iter().map(|b| a.common(b))).sum();
        }
        common_area(self.runs(), other.runs())
    }

    /// Intersection over union with a mask of the same size whose box overlaps this one's.
    fn iou(&self, other: &Self, crowd: bool, by_columns: bool) -> f64 {
        let common = self.common(other, by_columns);
        if common == 0 {
            return 0.0;
        }
        let whole = if crowd { self.area } else { self.area + other.area - common };
        common as f64 / whole as f64
    }
}

/// Masks of one size that others are compared with.
#[derive(Clone, Debug)]
pub struct Compared {
    masks: Vec<Measured>,
    crowd: Vec<bool>,
    /// The masks' bounds from left to right, each with the mask's place.
    by_left: Vec<([u32; 4], usize)>,
    /// The columns of the widest mask.
    widest: u32,
}

impl Compared {
    /// Masks, each of which may be a crowd region. [`Code::BadMask`] if their sizes differ.
    pub fn new(masks: Vec<Measured>, crowd: Vec<bool>) -> Result<Self> {
        masks.windows(2).try_for_each(|pair| require_same_size(pair[0].size(), pair[1].size()))?;
        let mut by_left: Vec<_> = masks.iter().enumerate().map(|(i, mask)| (mask.bounds, i)).collect();
        by_left.sort_unstable();
        let widest = by_left.iter().map(|([left, _, right, _], _)| right - left).max().unwrap_or(0);
        Ok(Self { masks, crowd, by_left, widest })
    }

    /// How many masks there are.
    pub fn count(&self) -> usize {
        self.masks.len()
    }

    /// Writes the intersection over union, 0 to 1, of `found` with each of the masks into `values`, which hold 0. For a
    /// crowd region the divisor is the area of `found` alone, as in COCO's evaluation. [`Code::BadMask`] if the sizes
    /// differ.
    pub fn iou(&self, found: &Measured, values: &mut [f64]) -> Result<()> {
        self.masks.first().map_or(Ok(()), |mask| require_same_size(found.size(), mask.size()))?;
        let [left, top, right, bottom] = found.bounds;
        // Of most masks nothing is looked at: those that begin behind this one, and those that begin so far before it
        // that even the widest would have ended.
        let first = self.by_left.partition_point(|(bounds, _)| bounds[0].saturating_add(self.widest) <= left);
        for &(bounds, i) in self.by_left[first..].iter().take_while(|(bounds, _)| bounds[0] < right) {
            let meets = (left < bounds[2]) & (bounds[1] < bottom) & (top < bounds[3]);
            if meets && let Some(value) = values.get_mut(i) {
                let crowd = self.crowd.get(i).is_some_and(|&crowd| crowd);
                *value = found.iou(&self.masks[i], crowd, self.masks.len() > MAX_BY_RUNS);
            }
        }
        Ok(())
    }
}

/// Number of pixels that both lists of runs set.
fn common_area(a: &[(u32, u32)], b: &[(u32, u32)]) -> u64 {
    // Begin where both have begun: one mask may lie far to the right.
    let after = |runs: &[(u32, u32)], start| runs.partition_point(|&(_, end)| end <= start);
    let (Some(&(a_start, _)), Some(&(b_start, _))) = (a.first(), b.first()) else { return 0 };
    let (mut i, mut j) = (after(a, b_start), after(b, a_start));
    let mut common = 0;
    while let (Some(&(a_start, a_end)), Some(&(b_start, b_end))) = (a.get(i), b.get(j)) {
        common += u64::from(a_end.min(b_end).saturating_sub(a_start.max(b_start)));
        i += usize::from(a_end <= b_end);
        j += usize::from(b_end <= a_end);
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Code, Error};
    use crate::raster::encode;

    fn rle(height: u32, width: u32, counts: &[u32]) -> Rle {
        Rle::new(height, width, counts.to_vec()).unwrap()
    }

    #[test]
    fn overlap_is_counted_once_and_divided_by_the_union_or_the_first_area() {
        let (a, b) = (rle(4, 4, &[0, 8, 8]), rle(4, 4, &[4, 8, 4]));
        let iou = |a: &Rle, b: &Rle, crowd| {
            let mut value = [0.0];
            Compared::new(vec![Measured::new(b.clone())], vec![crowd])
                .unwrap()
                .iou(&Measured::new(a.clone()), &mut value)?;
            Ok::<_, Error>(value[0])
        };
        assert_eq!(iou(&a, &b, false).unwrap(), 4.0 / 12.0);
        assert_eq!(iou(&a, &b, true).unwrap(), 0.5);
        let none = rle(4, 4, &[16]);
        assert_eq!((iou(&none, &none, false).unwrap(), iou(&none, &a, true).unwrap()), (0.0, 0.0));
        assert_eq!(iou(&a, &rle(2, 8, &[16]), false).unwrap_err().code(), Code::BadMask);
    }

    #[test]
    fn masks_of_every_make_have_the_pixels_in_common_that_both_set() {
        // Columns with one run, two and five, with none between, and runs that pass the columns' ends; and an image too
        // high for layers.
        let noise = |seed: u32, density: u32| {
            move |place: u32| place.wrapping_add(seed).wrapping_mul(2_654_435_761).rotate_left(9) % 8 < density
        };
        let masks: [(&str, &dyn Fn(u32) -> bool); 7] = [
            ("block", &|place| (3..17).contains(&(place % 20)) && (100..500).contains(&place)),
            ("two to a column", &|place| place % 20 < 4 || place % 20 > 13),
            ("columns apart", &|place| (5..9).contains(&(place % 20)) && place / 20 % 3 == 1),
            ("comb", &|place| place % 4 == 1),
            ("noise", &noise(7, 4)),
            ("thin noise", &noise(1, 1)),
            ("all", &|_| true),
        ];
        for (height, width) in [(20, 40), (80_000, 1)] {
            let pixels = height * width;
            let bytes = |set: &dyn Fn(u32) -> bool| (0..pixels).map(|place| u8::from(set(place))).collect::<Vec<_>>();
            for (a_name, a) in &masks {
                for (b_name, b) in &masks {
                    let [a, b] = [a, b].map(|set| bytes(set));
                    let common = a.iter().zip(&b).filter(|(a, b)| **a & **b == 1).count() as u64;
                    let [a, b] =
                        [a, b].map(|bytes| Measured::new(encode::columns([bytes.as_slice()], height, width).unwrap()));
                    for by_columns in [false, true] {
                        assert_eq!(a.common(&b, by_columns), common, "{a_name} and {b_name}, {by_columns}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_wide_mask_of_few_runs_needs_little_memory() {
        let mask = Measured::new(rle(1, u32::MAX, &[0, 1, u32::MAX - 2, 1]));
        assert!(mask.layers().is_empty());
        assert_eq!(mask.common(&mask, true), 2);
    }

    #[test]
    fn each_mask_is_found_wherever_it_lies() {
        // Boxes of all widths, in no order: every pair is held against the plain formula.
        let boxes: Vec<[u32; 4]> = (0..40).map(|i| [i * 37 % 50, i * 11 % 20, 1 + i * i % 13, 1 + i % 7]).collect();
        let fill = |[x, y, w, h]: [u32; 4]| {
            let set = |place: u32| (x..x + w).contains(&(place / 30)) && (y..y + h).contains(&(place % 30));
            let bytes: Vec<u8> = (0..30 * 70).map(|place| u8::from(set(place))).collect();
            Measured::new(encode::columns([bytes.as_slice()], 30, 70).unwrap())
        };
        let truth = Compared::new(boxes.iter().map(|&b| fill(b)).collect(), vec![false; 40]).unwrap();
        for a in &boxes {
            let mut values = [0.0; 40];
            truth.iou(&fill(*a), &mut values).unwrap();
            for (b, value) in boxes.iter().zip(values) {
                let side = |i: usize| (a[i] + a[i + 2]).min(b[i] + b[i + 2]).saturating_sub(a[i].max(b[i]));
                let common = side(0) * side(1);
                assert_eq!(value, f64::from(common) / f64::from(a[2] * a[3] + b[2] * b[3] - common), "{a:?} {b:?}");
            }
        }
    }
}
