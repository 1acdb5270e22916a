//! `COCO 1.0`: object detection and segmentation, a JSON file per subset.
//!
//! ```text
//! annotations/instances_SUBSET.json    licenses, info, categories, images, annotations
//! ```
//!
//! Rectangles become boxes, polygons polygons, masks and ellipses run-length masks; the shapes of a group one instance.
//! Everything else is dropped. Floats are written as orjson writes them.

use crate::dataset::Dataset;
use crate::error::Result;
use crate::format::coco::{Content, Writer, drop_tags, encoder_of, shown};
use crate::format::kit::instance;
use crate::format::kit::outcomes::StaticOutcomes;
use crate::plan::{Encoder, Format, Options, Profile, Scratch};
use crate::report::{Outcome, Tally};
use crate::schema::{Schema, ShapeKind};
use crate::timeline::{FrameView, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "COCO 1.0",
    slug: "coco",
    summary: "JSON of instances; boxes, polygons and masks",
    takes_3d: false,
    repeats_numbers: false,
    page: include_str!("page.md"),
    encoder,
};

const NO_INSTANCE: Outcome = Outcome::Dropped("COCO holds boxes, polygons and masks only");

fn encoder<'s>(scene: &'s Scene<'s>, options: &Options) -> Result<Box<dyn Encoder + 's>> {
    let outcomes = StaticOutcomes::new(scene.dataset, |_, kind| (!instance::is_usable(kind)).then_some(NO_INSTANCE));
    let content = Instances { profile: options.profile, dataset: scene.dataset };
    Ok(encoder_of(scene, options.profile, content, outcomes))
}

struct Instances<'s> {
    profile: Profile,
    dataset: &'s Dataset,
}

impl Content for Instances<'_> {
    const FILE: &'static str = "instances";

    /// For training a label that no instance can have is none: one of tags, lines or skeletons, or a point of these.
    fn is_category(&self, schema: &Schema, number: u32) -> bool {
        let label = schema.label(number);
        let kinds = || ShapeKind::ALL.into_iter().filter(|kind| instance::is_usable(*kind));
        let allows = |kind: ShapeKind| label.kind == "any" || label.kind == kind.as_str();
        self.profile == Profile::Cvat
            || label.parent.is_none() && kinds().any(allows)
            || kinds().any(|kind| self.dataset.has_shapes(number, kind))
    }

    fn category(&self, _: &mut Vec<u8>, _: u32) {}

    fn count(
        &self,
        timeline: &Timeline<'_>,
        view: &FrameView<'_>,
        scratch: &mut Scratch,
        groups: &mut Vec<u32>,
    ) -> Result<u64> {
        Ok(match self.profile {
            Profile::Cvat => instance::count(view.items, groups),
            Profile::Training => {
                instance::count(shown(self.profile, timeline, view, scratch, &mut Tally::default())?, groups)
            }
        })
    }

    fn annotations<'t>(
        &self,
        timeline: &'t Timeline<'t>,
        view: &FrameView<'_>,
        writer: &mut Writer<'_>,
        scratch: &mut Scratch,
        tally: &mut Tally,
    ) -> Result<()> {
        drop_tags(timeline, view, tally);
        let shown = shown(self.profile, timeline, view, scratch, tally)?;
        instance::visit(self.profile, timeline, shown, scratch, tally, |instance| writer.write(instance, |_| {}))
    }
}

#[cfg(test)]
mod tests;
