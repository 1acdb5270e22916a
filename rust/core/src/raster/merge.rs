//! Union and intersection of masks, run against run.

use crate::error::Result;

use super::{Rle, rle::pixels};

/// The pixels that any of the masks sets. No mask at all gives a mask of 0 x 0 pixels, as in pycocotools.
/// [`Code::BadMask`](crate::error::Code::BadMask) if the sizes differ.
pub fn union(masks: &[Rle]) -> Result<Rle> {
    merge(masks, |a, b| a | b)
}

/// The pixels that all of the masks set; otherwise like [`union`].
pub fn intersection(masks: &[Rle]) -> Result<Rle> {
    merge(masks, |a, b| a & b)
}

fn merge(masks: &[Rle], join: impl Fn(bool, bool) -> bool + Copy) -> Result<Rle> {
    let Some(first) = masks.first() else { return Ok(Rle::default()) };
    pixels(first.height, first.width)?;
    for mask in masks {
        first.require_size_of(mask)?;
    }
    Ok(Rle { counts: merge_all(masks, join), ..*first })
}

/// Halves first, so that joining many masks costs their runs times the logarithm of their number.
fn merge_all(masks: &[Rle], join: impl Fn(bool, bool) -> bool + Copy) -> Vec<u32> {
    match masks {
        [] => Vec::new(),
        [one] => one.counts.clone(),
        [a, b] => merge_two(&a.counts, &b.counts, join),
        _ => {
            let (a, b) = masks.split_at(masks.len() / 2);
            merge_two(&merge_all(a, join), &merge_all(b, join), join)
        }
    }
}

/// The rest of one mask's runs: those to come, the pixels left of the present one, and whether they are set.
struct Rest<'a> {
    counts: std::slice::Iter<'a, u32>,
    left: u32,
    set: bool,
}

impl<'a> Rest<'a> {
    fn new(counts: &'a [u32]) -> Self {
        // The first run is clear, and moving to it flips this.
        Self { counts: counts.iter(), left: 0, set: true }
    }

    /// Moves on to a run with pixels left; false at the end.
    #[inline]
    fn advance(&mut self) -> bool {
        while self.left == 0 {
            let Some(&count) = self.counts.next() else { return false };
            self.left = count;
            self.set = !self.set;
        }
        true
    }
}

fn merge_two(a: &[u32], b: &[u32], join: impl Fn(bool, bool) -> bool) -> Vec<u32> {
    let mut counts = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (Rest::new(a), Rest::new(b));
    let (mut run, mut set) = (0u32, false);
    while a.advance() && b.advance() {
        if join(a.set, b.set) != set {
            counts.push(run);
            (run, set) = (0, !set);
        }
        let step = a.left.min(b.left);
        a.left -= step;
        b.left -= step;
        run = run.saturating_add(step);
    }
    if run > 0 || counts.is_empty() {
        counts.push(run);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn rle(counts: &[u32]) -> Rle {
        Rle::new(4, 3, counts.to_vec()).unwrap()
    }

    #[test]
    fn union_and_intersection_join_pixel_by_pixel() {
        let masks = [rle(&[0, 4, 8]), rle(&[2, 4, 6]), rle(&[3, 2, 4, 3])];
        assert_eq!(union(&masks).unwrap(), rle(&[0, 6, 3, 3]));
        assert_eq!(intersection(&masks).unwrap(), rle(&[3, 1, 8]));
        assert_eq!(intersection(&[rle(&[0, 4, 8]), rle(&[4, 8])]).unwrap(), rle(&[12]));
    }

    #[test]
    fn touching_runs_become_one_and_empty_runs_vanish() {
        assert_eq!(union(&[rle(&[0, 4, 8]), rle(&[4, 8])]).unwrap(), rle(&[0, 12]));
        assert_eq!(union(&[rle(&[3, 0, 3, 2, 0, 0, 4]), rle(&[12])]).unwrap(), rle(&[6, 2, 4]));
    }

    #[test]
    fn no_mask_is_a_mask_of_no_size_and_one_stays_as_it_is() {
        assert_eq!(union(&[]).unwrap(), Rle::default());
        assert_eq!(intersection(&[rle(&[5, 7])]).unwrap(), rle(&[5, 7]));
    }

    #[test]
    fn masks_of_different_images_do_not_join() {
        let other = Rle::new(3, 4, vec![12]).unwrap();
        assert_eq!(union(&[rle(&[12]), other]).unwrap_err().code(), Code::BadMask);
    }
}
