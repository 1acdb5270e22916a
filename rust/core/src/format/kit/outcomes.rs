//! What becomes of shapes whose label and kind say it all. They need no visit frame by frame: they are counted.

use std::ops::Range;

use crate::dataset::Dataset;
use crate::error::Result;
use crate::plan::{Chunk, Output, frame_chunks, line_chunks};
use crate::report::{Outcome, Tally};
use crate::schema::ShapeKind;
use crate::timeline::{FrameView, Scene, Timeline, VisitScratch};

/// Outcomes by label and kind. Shapes without one here are to be looked at.
pub struct StaticOutcomes {
    outcomes: Vec<[Option<Outcome>; ShapeKind::ALL.len()]>,
    /// Whether there is no shape that is to be looked at.
    pub is_complete: bool,
}

impl StaticOutcomes {
    /// Asks for the outcome of each label and kind.
    pub fn new(dataset: &Dataset, outcome: impl Fn(u32, ShapeKind) -> Option<Outcome>) -> Self {
        let labels = 0..dataset.schema.len() as u32;
        let outcomes = labels.clone().map(|label| ShapeKind::ALL.map(|kind| outcome(label, kind))).collect();
        let mut this = Self { outcomes, is_complete: true };
        let is_settled = |label, kind| this.get(label, kind).is_some() || !dataset.has_shapes(label, kind);
        let mut all = labels.flat_map(|label| ShapeKind::ALL.map(|kind| (label, kind)));
        this.is_complete = all.all(|(label, kind)| is_settled(label, kind));
        this
    }

    /// Cuts the frames of these timelines into chunks for a visit.
    pub fn chunks(
        &self,
        scene: &Scene<'_>,
        timelines: impl IntoIterator<Item = usize>,
        section: impl Into<u8>,
    ) -> Vec<Chunk> {
        match self.is_complete {
            true => line_chunks(scene, timelines, section),
            false => frame_chunks(scene, timelines, section),
        }
    }

    /// Whether shapes of a label and kind are to be looked at.
    pub fn is_open(&self, label: u32, kind: ShapeKind) -> bool {
        self.get(label, kind).is_none()
    }

    fn get(&self, label: u32, kind: ShapeKind) -> Option<Outcome> {
        self.outcomes[label as usize][kind as usize]
    }

    /// Tallies the shapes of these frames whose outcome is static.
    fn tally(&self, timeline: &Timeline<'_>, places: Range<u32>, tally: &mut Tally) {
        let is_static = |label, kind| self.get(label, kind).is_some();
        timeline.count_shapes(places, is_static, |label, kind, count| {
            let outcome = self.get(label, kind).into_iter();
            outcome.for_each(|outcome| tally.several(label, Some(kind), outcome, count));
        });
    }

    /// Calls `view` for each of these frames with the shapes whose outcome is not static, and tallies the others.
    pub fn visit(
        &self,
        timeline: &Timeline<'_>,
        places: Range<u32>,
        out: &mut Output,
        mut view: impl FnMut(&FrameView<'_>, &mut Output) -> Result<()>,
    ) -> Result<()> {
        self.tally(timeline, places.clone(), &mut out.tally);
        let mut scratch = std::mem::take(&mut out.scratch.visit);
        self.visit_open(timeline, places, &mut scratch, |frame| view(frame, out))?;
        out.scratch.visit = scratch;
        Ok(())
    }

    /// Calls `view` for each of these frames with the shapes whose outcome is not static.
    pub fn visit_open(
        &self,
        timeline: &Timeline<'_>,
        places: Range<u32>,
        scratch: &mut VisitScratch,
        mut view: impl FnMut(&FrameView<'_>) -> Result<()>,
    ) -> Result<()> {
        if self.is_complete {
            return timeline.tagged_frames(places).try_for_each(|frame| view(&frame));
        }
        timeline.visit_some(places, |label, kind| self.get(label, kind).is_none(), scratch, view)
    }
}

/// Tallies all shapes of these frames by what becomes of their kind.
pub fn tally_all(
    timeline: &Timeline<'_>,
    places: Range<u32>,
    outcome: impl Fn(ShapeKind) -> Outcome,
    tally: &mut Tally,
) {
    let count = |label, kind, count| tally.several(label, Some(kind), outcome(kind), count);
    timeline.count_shapes(places, |_, _| true, count);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Report;
    use crate::timeline::testing::*;

    const NO_LINE: Outcome = Outcome::Dropped("no lines here");

    #[test]
    fn shapes_with_a_static_outcome_are_tallied_and_the_others_seen() {
        let line = shape(ShapeKind::Polyline, 1, 1, &[0.0, 0.0, 1.0, 1.0]);
        let tracks = vec![track(ShapeKind::Polyline, 0, vec![key(0, &[0.0, 0.0, 1.0, 1.0]), gone(2, &[0.0; 4])])];
        let shapes = vec![line, rectangle(1, 1, [0.0; 4])];
        let jobs = vec![JobSketch { shapes, tracks, ..job(0, 3) }];
        let dataset = task(vec![label("road"), label("car")], video(4, jobs));
        let scene = Scene::new(&dataset).unwrap();
        let outcomes = StaticOutcomes::new(&dataset, |_, kind| (kind == ShapeKind::Polyline).then_some(NO_LINE));
        let mut out = Output::default();
        let mut seen = Vec::new();
        let visited = outcomes.visit(&scene.timelines[0], 0..4, &mut out, |view, _| {
            seen.push((view.frame, view.items.iter().map(|item| item.kind).collect::<Vec<_>>()));
            Ok(())
        });
        assert_eq!(visited, Ok(()));
        assert_eq!(seen, [(0, vec![]), (1, vec![ShapeKind::Rectangle]), (2, vec![]), (3, vec![])]);
        let report = Report::new("X 1.0", "cvat", String::new(), &dataset, &out.tally, 0, 0);
        let rows: Vec<_> = report.rows.iter().map(|row| (row.label.as_str(), row.shape, row.count)).collect();
        assert_eq!(rows, [("road", "polyline", 2), ("car", "polyline", 1)]);
    }

    #[test]
    fn verdicts_are_complete_if_no_shape_of_the_dataset_lacks_one() {
        let tracks = vec![track(ShapeKind::Polyline, 1, vec![key(0, &[0.0, 0.0, 1.0, 1.0])])];
        let shapes = vec![rectangle(0, 0, [0.0; 4])];
        let jobs = vec![JobSketch { shapes, tracks, ..job(0, 0) }];
        let dataset = task(vec![label("car"), label("road")], video(1, jobs));
        let of = |open: [(u32, ShapeKind); 2]| {
            let outcome = |label, kind| (!open.contains(&(label, kind))).then_some(NO_LINE);
            StaticOutcomes::new(&dataset, outcome).is_complete
        };
        assert!(of([(0, ShapeKind::Polyline), (1, ShapeKind::Rectangle)]));
        assert!(!of([(0, ShapeKind::Rectangle), (0, ShapeKind::Mask)]));
        assert!(!of([(1, ShapeKind::Polyline), (0, ShapeKind::Mask)]));
    }
}
