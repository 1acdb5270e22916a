//! Contours to polygons without holes: each hole is joined to the outline around it by a cut of no width.

use crate::error::Result;

use super::{
    super::{Rle, Scratch, polygon},
    Contour, Pixel, find_contours,
};

/// Traces a mask into polygons as Datumaro does for CVAT's COCO export: x, y, x, y, ..., first point repeated at the
/// end. A hole is spliced into its outline at the closest pair of vertices. Contours of one or two points are left out,
/// and so are polygons that fill no pixel.
///
/// [`Code::TooLarge`](crate::error::Code::TooLarge) for a mask whose box has more than 2^28 pixels.
pub fn trace(rle: &Rle, scratch: &mut Scratch) -> Result<Vec<Vec<f64>>> {
    let contours = find_contours(rle, scratch)?;
    let mut polygons = Vec::new();
    for outline in contours.iter().filter(|c| !c.is_hole && c.points.len() > 2) {
        let mut ring = outline.points.clone();
        let mut next = outline.first_child;
        while let Some(hole) = next.map(|i| &contours[i]) {
            if hole.points.len() > 2 {
                ring = splice(ring, hole);
            }
            next = hole.next;
        }
        if ring.first() != ring.last() {
            ring.extend(ring.first().copied());
        }
        let polygon: Vec<f64> = ring.into_iter().flatten().map(f64::from).collect();
        if polygon::area(&polygon, rle.height, rle.width, scratch)? > 0 {
            polygons.push(polygon);
        }
    }
    Ok(polygons)
}

/// Goes along the outline clockwise to the vertex closest to the hole, around the hole the other way, and on.
fn splice(mut ring: Vec<Pixel>, hole: &Contour) -> Vec<Pixel> {
    let mut hole = hole.points.clone();
    if !is_clockwise(&ring) {
        ring.reverse();
    }
    if is_clockwise(&hole) {
        hole.reverse();
    }
    let (i, j) = closest_pair(&ring, &hole);
    [&ring[..=i], &hole[j..], &hole[..=j], &ring[i..]].concat()
}

/// Whether a ring turns clockwise on the screen.
fn is_clockwise(ring: &[Pixel]) -> bool {
    let ends = ring.iter().zip(ring.iter().cycle().skip(1));
    ends.map(|(a, b)| i64::from(b[0] - a[0]) * i64::from(b[1] + a[1])).sum::<i64>() < 0
}

/// The first closest pair, in the order of the ring and then of the hole.
fn closest_pair(ring: &[Pixel], hole: &[Pixel]) -> (usize, usize) {
    let bounds = [0, 1].map(|axis| {
        let values = || hole.iter().map(move |p| p[axis]);
        (values().min().unwrap_or(0), values().max().unwrap_or(0))
    });
    let square = |v: i32| i64::from(v) * i64::from(v);
    let (mut best, mut pair) = (i64::MAX, (0, 0));
    for (i, p) in ring.iter().enumerate() {
        // Most of the outline is further from the hole's box than the best pair is apart.
        let gap = |axis: usize| (bounds[axis].0 - p[axis]).max(p[axis] - bounds[axis].1).max(0);
        if square(gap(0)) + square(gap(1)) >= best {
            continue;
        }
        for (j, q) in hole.iter().enumerate() {
            let distance = square(p[0] - q[0]) + square(p[1] - q[1]);
            if distance < best {
                (best, pair) = (distance, (i, j));
            }
        }
    }
    pair
}
