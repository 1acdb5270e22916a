//! CVAT's masks: run lengths along the rows of a box, followed by the box.

use crate::error::{Code, Error, Result};

use super::{
    Rle, Scratch,
    rle::{RunWriter, pixels},
};

/// Bounds outside this are no place in any image; within it the pixels of a box can be counted in 64 bits.
const FARTHEST: f64 = (1u64 << 30) as f64;

/// A mask taken from CVAT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// The mask over the whole image.
    pub rle: Rle,
    /// Whether the mask's box leaves the image, so that pixels may have been cut off. CVAT itself cannot export such
    /// a mask; whoever converts it should say that it was cut.
    pub clipped: bool,
}

/// The box of a CVAT mask.
#[derive(Clone, Copy, Debug)]
struct Crop {
    left: i64,
    top: i64,
    width: i64,
    height: i64,
}

/// Converts CVAT's points (counts of clear and set pixels in turn along the rows of the box, then its left, top, right
/// and bottom, the last two included) to a mask over an image. The cost is that of the runs, however large the image.
///
/// Numbers are cut to integers toward zero. [`Code::BadMask`] for fewer than 5 numbers, a box or count that is no number
/// or out of range, and counts that do not fill the box; [`Code::TooLarge`] for an image of more than 2^32 - 1 pixels.
pub fn to_rle(points: &[f64], height: u32, width: u32, scratch: &mut Scratch) -> Result<Converted> {
    let pixels = pixels(height, width)?;
    let (counts, crop) = read(points)?;
    let (right, bottom) = (crop.left + crop.width, crop.top + crop.height);
    let clipped = crop.left < 0 || crop.top < 0 || right > i64::from(width) || bottom > i64::from(height);
    let columns = crop.left.max(0)..right.min(i64::from(width));
    // The pixels of the box, counted along its rows, that lie in rows of the image.
    let seen = (crop.top.max(0) - crop.top) * crop.width..(bottom.min(i64::from(height)) - crop.top) * crop.width;

    let Scratch { strips, crossings, .. } = scratch;
    strips.begin();
    let mut end = 0;
    for pair in counts.chunks(2) {
        let start = end + pair[0] as i64;
        end = start + pair.get(1).map_or(0, |&set| set as i64);
        let (mut start, end) = (start.max(seen.start), end.min(seen.end));
        while start < end {
            let row = start / crop.width;
            let stop = end.min((row + 1) * crop.width);
            let offset = crop.left - row * crop.width;
            let (from, to) = ((start + offset).max(columns.start), (stop + offset).min(columns.end));
            if from < to {
                strips.run((row + crop.top) as u32, from as u32, to as u32);
            }
            start = stop;
        }
    }
    strips.turn(crossings, height);
    Ok(Converted { rle: Rle::from_columns(height, width, pixels, crossings), clipped })
}

/// Converts a mask to CVAT's points over its tight box; none for a mask without a pixel, which CVAT cannot hold.
/// The cost is that of the runs.
pub fn from_rle(rle: &Rle, scratch: &mut Scratch) -> Option<Vec<f64>> {
    let [left, top, width, height] = rle.bbox();
    if width == 0 {
        return None;
    }
    rle.turn(scratch);
    let mut writer = RunWriter::with_capacity(scratch.crossings.total() as usize + 1);
    scratch.crossings.each_line(|y, places| {
        let (start, left) = ((y - top) * width, y * rle.width + left);
        places.iter().for_each(|&place| writer.change(start + (place - left)));
    });
    let bounds = [left, top, left + width - 1, top + height - 1];
    Some(writer.finish(width * height).into_iter().chain(bounds).map(f64::from).collect())
}

/// Splits points into counts and box, and checks that the counts fill the box.
fn read(points: &[f64]) -> Result<(&[f64], Crop)> {
    let bad = |message: String| Error::new(Code::BadMask, message);
    let Some((counts, bounds)) = points.split_last_chunk::<4>().filter(|(counts, _)| !counts.is_empty()) else {
        return Err(bad(format!("a mask of {} numbers, where runs and four bounds are needed", points.len())));
    };
    if let Some(bound) = bounds.iter().find(|v| v.is_nan() || v.abs() > FARTHEST) {
        return Err(bad(format!("a mask whose box has the bound {bound}")));
    }
    let [left, top, right, bottom] = bounds.map(|v| v as i64);
    if right < left || bottom < top {
        return Err(bad(format!("a mask whose box ends before it begins: {left}, {top}, {right}, {bottom}")));
    }
    let crop = Crop { left, top, width: right - left + 1, height: bottom - top + 1 };
    let mut filled = 0i64;
    for &count in counts {
        if !(0.0..=FARTHEST * FARTHEST).contains(&count) {
            return Err(bad(format!("a mask with a run of {count} pixels")));
        }
        filled = filled.saturating_add(count as i64);
    }
    if filled != crop.width * crop.height {
        let Crop { width, height, .. } = crop;
        return Err(bad(format!("the runs cover {filled} pixels, the mask's box of {width} x {height} has others")));
    }
    Ok((counts, crop))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convert(points: &[f64], height: u32, width: u32) -> Result<Converted> {
        to_rle(points, height, width, &mut Scratch::new())
    }

    #[test]
    fn runs_along_rows_become_runs_down_columns() {
        // . # # / # # . at (1, 1) of 4 x 5: column 1 has row 2, column 2 rows 1-2, column 3 row 1.
        let converted = convert(&[1.0, 4.0, 1.0, 1.0, 1.0, 3.0, 2.0], 4, 5).unwrap();
        assert_eq!(converted.rle.counts, [6, 1, 2, 2, 2, 1, 6]);
        assert!(!converted.clipped);
        let back = from_rle(&converted.rle, &mut Scratch::new()).unwrap();
        assert_eq!(back, [1.0, 4.0, 1.0, 1.0, 1.0, 3.0, 2.0]);
    }

    #[test]
    fn a_full_mask_is_one_run_across_the_columns_ends() {
        let converted = convert(&[0.0, 6.0, 0.0, 0.0, 2.0, 1.0], 2, 3).unwrap();
        assert_eq!(converted.rle.counts, [0, 6]);
    }

    #[test]
    fn the_format_page_s_example_of_coco_holds() {
        let converted = convert(&[0.0, 12.0, 1.0, 1.0, 4.0, 3.0], 6, 8).unwrap();
        assert_eq!(converted.rle.counts, [7, 3, 3, 3, 3, 3, 3, 3, 20]);
    }

    #[test]
    fn a_box_that_leaves_the_image_is_cut_and_said_to_be() {
        // 4 x 4 set pixels from (-2, -1), of which 2 x 3 lie in the image.
        let converted = convert(&[0.0, 16.0, -2.0, -1.0, 1.0, 2.0], 5, 5).unwrap();
        assert_eq!(converted.rle.counts, [0, 3, 2, 3, 17]);
        assert!(converted.clipped);
        let beyond = convert(&[0.0, 4.0, 7.0, 0.0, 8.0, 1.0], 5, 5).unwrap();
        assert_eq!((beyond.rle.counts, beyond.clipped), (vec![25], true));
    }

    #[test]
    fn a_huge_box_costs_only_what_is_seen_of_it() {
        let side = f64::from(1 << 29);
        let converted = convert(&[0.0, side * side, -1.0, -1.0, side - 2.0, side - 2.0], 3, 3).unwrap();
        assert_eq!(converted.rle.counts, [0, 9]);
    }

    #[test]
    fn runs_that_do_not_fill_the_box_are_an_error() {
        let bad: [&[f64]; 11] = [
            &[],
            &[0.0, 0.0, 0.0, 0.0],
            &[0.0, 3.0, 0.0, 0.0, 1.0, 1.0],
            &[0.0, 5.0, 0.0, 0.0, 1.0, 1.0],
            &[-1.0, 5.0, 0.0, 0.0, 1.0, 1.0],
            &[f64::NAN, 4.0, 0.0, 0.0, 1.0, 1.0],
            &[0.0, f64::INFINITY, 0.0, 0.0, 1.0, 1.0],
            &[0.0, 4.0, 1.0, 1.0, 0.0, 2.0],
            &[0.0, 4.0, f64::NAN, 0.0, 1.0, 1.0],
            &[0.0, 4.0, -1e300, 0.0, 1.0, 1.0],
            &[1e18, 1e18, 1e18, 1e18, 1e18, 1e18, 1e18, 1e18, 1e18, 0.0, 0.0, 1.0, 1.0],
        ];
        for points in bad {
            assert_eq!(convert(points, 9, 9).unwrap_err().code(), Code::BadMask, "{points:?}");
        }
    }

    #[test]
    fn a_mask_without_a_pixel_has_no_points() {
        assert_eq!(from_rle(&Rle::empty(4, 5).unwrap(), &mut Scratch::new()), None);
    }
}
