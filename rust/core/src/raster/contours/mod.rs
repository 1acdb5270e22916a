//! Masks to polygons, with the vertices that OpenCV finds: `cv2.findContours(mask, RETR_TREE, CHAIN_APPROX_TC89_KCOS)`.
//!
//! Borders are followed as Suzuki and Abe describe ("Topological structural analysis of digitized binary images by
//! border following", 1985) in `follow`; their dominant points are chosen as Teh and Chin describe ("On the detection
//! of dominant points on digital curves", 1989) in `dominant`, with k-cosine curvature and in single precision, since
//! the rounding decides ties. [`trace`] joins holes and outlines into polygons.

mod dominant;
mod follow;
mod nearest;
mod ring;
mod splice;

pub(super) use follow::Bitmap;
pub use splice::trace;

use crate::error::Result;

use super::{Rle, Scratch};

/// A pixel as x and y.
pub type Pixel = [i32; 2];

/// A border of a mask: around a connected group of set pixels, or around a hole in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contour {
    /// Dominant points of the border, pixels of the group itself even around a hole. The ring closes by itself.
    pub points: Vec<Pixel>,
    /// Whether it goes around a hole.
    pub is_hole: bool,
    /// Place of the border around this one in the list.
    pub parent: Option<usize>,
    /// Place of the first border directly inside this one.
    pub first_child: Option<usize>,
    /// Place of the next border with the same parent.
    pub next: Option<usize>,
    /// Place of the border before this one with the same parent.
    pub previous: Option<usize>,
}

/// Finds the borders of a mask (8-connected pixels, 4-connected holes) in OpenCV's order: each before those inside it,
/// and among neighbours the one that begins last in reading order first.
///
/// Memory and time follow the tight box of the mask. [`Code::TooLarge`](crate::error::Code::TooLarge) for a box of more
/// than 2^28 pixels.
pub fn find_contours(rle: &Rle, scratch: &mut Scratch) -> Result<Vec<Contour>> {
    rle.turn(scratch);
    let Scratch { bitmap, crossings, .. } = scratch;
    bitmap.load(rle, crossings)?;
    bitmap.follow_borders();
    Ok(in_tree_order(bitmap))
}

/// Puts the borders, found in reading order, into the order of their tree.
fn in_tree_order(bitmap: &mut Bitmap) -> Vec<Contour> {
    let borders = std::mem::take(&mut bitmap.borders);
    let mut first_root = None;
    let mut links = vec![(None, None); borders.len()];
    for (i, border) in borders.iter().enumerate() {
        // Each goes before the brothers found earlier.
        let head = match border.parent {
            Some(parent) => &mut links[parent].0,
            None => &mut first_root,
        };
        let brother = head.replace(i);
        links[i].1 = brother;
    }
    let mut contours: Vec<Contour> = Vec::with_capacity(borders.len());
    let mut places = vec![0; borders.len()];
    let mut previous: Option<usize> = None;
    let mut next = first_root;
    while let Some(i) = next {
        let place = contours.len();
        places[i] = place;
        let parent = borders[i].parent.map(|parent| places[parent]);
        match (previous, parent) {
            (Some(previous), _) => contours[previous].next = Some(place),
            (None, Some(parent)) => contours[parent].first_child = Some(place),
            (None, None) => {}
        }
        let points = bitmap.dominant_points(&borders[i]);
        let is_hole = borders[i].is_hole;
        contours.push(Contour { points, is_hole, parent, first_child: None, next: None, previous });
        (previous, next) = match links[i] {
            (Some(child), _) => (None, Some(child)),
            (None, Some(brother)) => (Some(place), Some(brother)),
            (None, None) => {
                let mut up = borders[i].parent;
                while let Some(above) = up.filter(|&above| links[above].1.is_none()) {
                    up = borders[above].parent;
                }
                (up.map(|above| places[above]), up.and_then(|above| links[above].1))
            }
        };
    }
    bitmap.borders = borders;
    contours
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::encode;

    fn mask(rows: &[&str]) -> Rle {
        let pixels: Vec<u8> = rows.concat().bytes().map(|c| u8::from(c == b'#')).collect();
        let rows: Vec<&[u8]> = pixels.chunks(rows[0].len()).collect();
        encode::rows(&rows, rows[0].len() as u32, &mut Scratch::new()).unwrap()
    }

    /// Points with next, previous, first child and parent, as OpenCV gives them.
    fn found(rows: &[&str]) -> Vec<(Vec<Pixel>, [i32; 4])> {
        let place = |place: Option<usize>| place.map_or(-1, |place| place as i32);
        let contours = find_contours(&mask(rows), &mut Scratch::new()).unwrap();
        let links = |c: &Contour| [c.next, c.previous, c.first_child, c.parent].map(place);
        contours.into_iter().map(|c| (c.points.clone(), links(&c))).collect()
    }

    fn traced(rows: &[&str]) -> Vec<Vec<f64>> {
        trace(&mask(rows), &mut Scratch::new()).unwrap()
    }

    // The expected contours are those of OpenCV 4.11 and 5.0.

    const RINGS: [&str; 9] = [
        "#########",
        "#.......#",
        "#.#####.#",
        "#.#...#.#",
        "#.#.#.#.#",
        "#.#...#.#",
        "#.#####.#",
        "#.......#",
        "#########",
    ];

    #[test]
    fn borders_nest_as_holes_and_islands_do() {
        let expected = [
            (vec![[0, 0], [0, 8], [8, 8], [8, 0]], [-1, -1, 1, -1]),
            (vec![[1, 0], [8, 1], [7, 8], [0, 7]], [-1, -1, 2, 0]),
            (vec![[2, 2], [2, 6], [6, 6], [6, 2]], [-1, -1, 3, 1]),
            (vec![[3, 2], [6, 3], [5, 6], [2, 5]], [-1, -1, 4, 2]),
            (vec![[4, 4]], [-1, -1, -1, 3]),
        ];
        assert_eq!(found(&RINGS), expected);
        let kinds = find_contours(&mask(&RINGS), &mut Scratch::new()).unwrap();
        assert_eq!(kinds.iter().map(|c| c.is_hole).collect::<Vec<_>>(), [false, true, false, true, false]);
    }

    #[test]
    fn brothers_come_in_the_order_of_opencv() {
        let rows = [
            "........", ".##..##.", ".##..##.", "........", "..####..", ".######.", ".#.##.#.", ".######.", "..####..",
        ];
        let expected = [
            (vec![[1, 5], [2, 8], [6, 7], [5, 4]], [3, -1, 1, -1]),
            (vec![[5, 7]], [2, -1, -1, 0]),
            (vec![[2, 7]], [-1, 1, -1, 0]),
            (vec![[6, 1]], [4, 0, -1, -1]),
            (vec![[2, 1]], [-1, 3, -1, -1]),
        ];
        assert_eq!(found(&rows), expected);
    }

    #[test]
    fn single_pixels_and_lines_are_contours_too() {
        let expected =
            [(vec![[0, 2], [2, 2]], [1, -1, -1, -1]), (vec![[2, 0]], [2, 0, -1, -1]), (vec![[0, 0]], [-1, 1, -1, -1])];
        assert_eq!(found(&["#.#", "...", "###"]), expected);
        assert_eq!(found(&["...", "..."]), []);
    }

    #[test]
    fn holes_are_spliced_into_their_outlines() {
        let expected = [
            vec![8, 0, 8, 1, 1, 0, 0, 7, 7, 8, 8, 1, 8, 0, 8, 8, 0, 8, 0, 0, 8, 0],
            vec![6, 2, 6, 3, 3, 2, 2, 5, 5, 6, 6, 3, 6, 2, 6, 6, 2, 6, 2, 2, 6, 2],
        ];
        assert_eq!(traced(&RINGS), expected.map(|ring| ring.into_iter().map(f64::from).collect::<Vec<_>>()));
    }

    #[test]
    fn polygons_that_fill_nothing_are_left_out() {
        assert_eq!(traced(&["#.#", "...", "###"]), Vec::<Vec<f64>>::new());
        let rows = [".......", "..##...", ".####..", "..####.", ".......", "#......"];
        assert_eq!(traced(&rows), [[1.0, 2.0, 5.0, 3.0, 3.0, 1.0, 1.0, 2.0]]);
    }

    #[test]
    fn a_box_too_large_for_a_bitmap_is_an_error() {
        let full = Rle::new(20_000, 20_000, vec![0, 400_000_000]).unwrap();
        assert_eq!(find_contours(&full, &mut Scratch::new()).unwrap_err().code(), crate::error::Code::TooLarge);
    }
}
