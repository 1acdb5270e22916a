//! Shapes whose coordinates are not those of their kind: a mask whose runs do not fill its box, a polygon of two points.
//!
//! Sources hold them, since CVAT takes what a model or a script uploads. They are part of a dataset, so that one of them
//! does not keep all other work from being read; a format that only repeats numbers has them as they are.

use super::{Dataset, Job, Task, shape, top_level};
use crate::error::{Error, Result};
use crate::threads::{self, IndexedParallelIterator, ParallelIterator};

/// A shape or track that is not sound.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Its row. Of a skeleton that has a fault in an element it is that of the skeleton.
    pub row: FaultRow,
    /// What is wrong with it, and where it is.
    pub error: Error,
}

/// Where a shape or track stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultRow {
    /// A row of the shapes.
    Shape(u32),
    /// A row of the tracks.
    Track(u32),
}

/// Looks at all shapes and keyframes.
pub(super) fn find(dataset: &Dataset) -> Vec<Fault> {
    let jobs = dataset.tasks.iter().flat_map(|task| task.jobs.iter().enumerate().map(move |(at, job)| (task, at, job)));
    jobs.flat_map(|(task, at, job)| of_job(dataset, job).into_iter().map(move |fault| located(fault, task, at, job)))
        .collect()
}

fn of_job(dataset: &Dataset, job: &Job) -> Vec<Fault> {
    let columns = &dataset.columns;
    let shape = |(place, row): (usize, u32)| {
        let error = of_shape(dataset, row).err()?.at_shape(place as u64).at_frame(columns.shapes.frame[row as usize]);
        let label = dataset.schema.path(columns.shapes.label[row as usize]);
        Some(Fault { row: FaultRow::Shape(row), error: error.of_label(label) })
    };
    let track = |(place, row): (usize, u32)| {
        let error = of_track(dataset, row).err()?.in_track(place as u64);
        let label = dataset.schema.path(columns.tracks.label[row as usize]);
        Some(Fault { row: FaultRow::Track(row), error: error.of_label(label) })
    };
    let shapes = top_level(&columns.shapes.elements, job.shapes.clone());
    let tracks = top_level(&columns.tracks.elements, job.tracks.clone());
    let mut faults: Vec<Fault> = threads::over(shapes, |rows| rows.enumerate().filter_map(shape).collect());
    faults.extend(threads::over(tracks, |rows| rows.enumerate().filter_map(track).collect::<Vec<_>>()));
    faults
}

fn of_shape(dataset: &Dataset, row: u32) -> Result<()> {
    let shapes = &dataset.columns.shapes;
    shape::check(shapes.kind(row), shapes.points.get(row))?;
    let elements = row - shapes.elements[row as usize]..row;
    elements.into_iter().try_for_each(|row| shape::check_element(shapes.kind(row), shapes.points.get(row)))
}

fn of_track(dataset: &Dataset, row: u32) -> Result<()> {
    let (tracks, keyframes) = (&dataset.columns.tracks, &dataset.columns.keyframes);
    let each = |track: u32, check: fn(_, &[f64]) -> Result<()>| {
        (0..).zip(tracks.keyframes(track)).try_for_each(|(place, row): (u64, u32)| {
            check(tracks.kind(track), keyframes.points.get(row))
                .map_err(|error| error.at_shape(place).at_frame(keyframes.frame[row as usize]))
        })
    };
    each(row, shape::check)?;
    let elements = row - tracks.elements[row as usize]..row;
    elements.into_iter().try_for_each(|element| each(element, shape::check_element))
}

fn located(fault: Fault, task: &Task, place: usize, job: &Job) -> Fault {
    let error = fault.error.in_task(task.name.as_str()).in_job(job.id.unwrap_or(place as u64));
    let advice = "correct or delete it in CVAT, or leave it out by --on-error skip";
    Fault { error: error.advise(advice), ..fault }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::ShapeKind;
    use crate::timeline::testing::*;

    #[test]
    fn shapes_and_tracks_that_are_not_sound_are_found_with_their_places() {
        let nose = |points: &[f64]| shape(ShapeKind::Points, 2, 1, points);
        let skeleton = |points| ShapeSketch { elements: vec![nose(points)], ..shape(ShapeKind::Skeleton, 1, 1, &[]) };
        let shapes = vec![
            rectangle(0, 0, [0.0; 4]),
            shape(ShapeKind::Polygon, 0, 2, &[0.0, 0.0, 1.0, 1.0]),
            skeleton(&[1.0, 2.0]),
            skeleton(&[1.0, 2.0, 3.0]),
            shape(ShapeKind::Mask, 0, 3, &[3.0, 0.0, 0.0, 1.0, 1.0]),
        ];
        let tracks = vec![
            track(ShapeKind::Rectangle, 0, vec![key(0, &[0.0; 4])]),
            track(ShapeKind::Polygon, 0, vec![key(0, &[0.0; 6]), key(3, &[0.0; 4])]),
        ];
        let jobs = vec![JobSketch { shapes, tracks, ..job(0, 3) }];
        let dataset = unchecked(vec![label("car"), label("person"), sublabel("nose", 1)], None, vec![video(4, jobs)]);
        let found: Vec<_> = dataset.faults().iter().map(|fault| (fault.row, fault.error.place().to_string())).collect();
        let place = |rest: &str| format!("task \"drive\", job 0, {rest}");
        assert_eq!(
            found,
            [
                (FaultRow::Shape(1), place("frame 2, shape 1, label \"car\"")),
                (FaultRow::Shape(5), place("frame 1, shape 3, label \"person\"")),
                (FaultRow::Shape(6), place("frame 3, shape 4, label \"car\"")),
                (FaultRow::Track(1), place("frame 3, track 1, shape 1, label \"car\"")),
            ]
        );
    }
}
