//! Contours to polygons without holes: each hole is joined to the outline around it by a cut of no width.

use std::ops::Range;

use crate::error::Result;

use super::{
    super::{Rle, Scratch, polygon},
    Pixel, find_contours,
    nearest::Nearest,
    ring::Ring,
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
        let children = std::iter::successors(outline.first_child, |&child| contours[child].next);
        let holes: Vec<&[Pixel]> =
            children.map(|child| &contours[child].points[..]).filter(|hole| hole.len() > 2).collect();
        let mut ring = splice(&outline.points, &holes);
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

/// Splices holes into their outline, one after the other: goes along the outline clockwise to the vertex closest to the
/// hole, around the hole the other way, and on.
///
/// A hole may be spliced into another, and of several closest pairs the first counts, in the order of the outline as it is
/// then and of the hole. So that thousands of holes do not take thousands of times as long as one, neither is the outline
/// copied for each hole nor are all its points compared.
fn splice(outline: &[Pixel], holes: &[&[Pixel]]) -> Vec<Pixel> {
    if holes.is_empty() {
        return outline.to_vec();
    }
    let mut points = outline.to_vec();
    let mut turned = Vec::with_capacity(holes.len());
    for hole in holes {
        let first = points.len();
        points.extend_from_slice(hole);
        let turn = turn(hole);
        if turn < 0 {
            points[first..].reverse();
        }
        turned.push((first as u32..points.len() as u32, turn.abs()));
    }
    let mut ring = Ring::new(points.len(), &(0..outline.len() as u32).collect::<Vec<_>>());
    let mut turn = turn(outline);
    let mut nearest = Nearest::new(points);
    (0..outline.len() as u32).for_each(|point| nearest.count(point));
    for (hole, hole_turn) in turned {
        if turn >= 0 {
            let mut order = ring.order();
            order.reverse();
            (ring, turn) = (Ring::new(nearest.points().len(), &order), -turn);
        }
        let (i, j) = closest_pair(&ring, &nearest, hole.clone());
        ring.insert(i, (j..hole.end).chain(hole.start..=j).chain([i]));
        // The way there and back adds nothing.
        turn += hole_turn;
        hole.for_each(|point| nearest.count(point));
    }
    ring.order().into_iter().map(|point| nearest.points()[point as usize]).collect()
}

/// Twice the area of a ring, negative if it turns clockwise on the screen.
fn turn(ring: &[Pixel]) -> i64 {
    let ends = ring.iter().zip(ring.iter().cycle().skip(1));
    ends.map(|(a, b)| i64::from(b[0] - a[0]) * (i64::from(b[1]) + i64::from(a[1]))).sum()
}

/// The first closest pair, in the order of the ring and then of the hole.
fn closest_pair(ring: &Ring, nearest: &Nearest, hole: Range<u32>) -> (u32, u32) {
    let (mut best, mut pair) = ((i64::MAX, u64::MAX), (0, hole.start));
    for j in hole {
        nearest.visit(nearest.points()[j as usize], best.0, |i, distance| {
            if let Some(place) = ring.place(i)
                && (distance, place) < best
            {
                (best, pair) = ((distance, place), (i, j));
            }
            best.0
        });
    }
    pair
}
