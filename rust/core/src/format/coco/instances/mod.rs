//! `COCO 1.0`: object detection and segmentation, a JSON file per subset.
//!
//! ```text
//! annotations/instances_SUBSET.json    licenses, info, categories, images, annotations
//! ```
//!
//! Rectangles become boxes, polygons polygons, masks and ellipses run-length masks; the shapes of a group one instance.
//! Everything else is dropped. Floats are written as orjson writes them.

use crate::error::Result;
use crate::format::coco::{Content, Writer, drop_tags, encoder_of};
use crate::format::kit::instance;
use crate::format::kit::outcomes::StaticOutcomes;
use crate::plan::{Encoder, Format, Options, Scratch};
use crate::report::{Outcome, Tally};
use crate::schema::Label;
use crate::timeline::{FrameView, Scene, Timeline};

/// The format.
pub const FORMAT: Format = Format {
    name: "COCO 1.0",
    slug: "coco",
    summary: "JSON of instances; boxes, polygons and masks",
    takes_3d: false,
    page: include_str!("page.md"),
    encoder,
};

const NO_INSTANCE: Outcome = Outcome::Dropped("COCO holds boxes, polygons and masks only");

fn encoder<'s>(scene: &'s Scene<'s>, _: &Options) -> Result<Box<dyn Encoder + 's>> {
    let outcomes = StaticOutcomes::new(scene.dataset, |_, kind| (!instance::is_usable(kind)).then_some(NO_INSTANCE));
    Ok(encoder_of(scene, Instances, outcomes))
}

struct Instances;

impl Content for Instances {
    const FILE: &'static str = "instances";

    fn is_category(&self, _: &Label) -> bool {
        true
    }

    fn category(&self, _: &mut Vec<u8>, _: u32) {}

    fn count(&self, view: &FrameView<'_>, groups: &mut Vec<u32>) -> u64 {
        instance::count(view, groups)
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
        instance::visit(timeline, view.items.iter().collect(), scratch, tally, |instance| {
            writer.write(instance, |_| {})
        })
    }
}

#[cfg(test)]
mod tests;
