//! COCO's JSON: images, categories and annotations in one file per subset. The formats differ in what an annotation is.

pub mod instances;
pub mod keypoints;

use crate::plan::{
    Chunk, Encoder, Options, Output, Part, Profile, Scratch, line_chunks, media_part, number, places, request_pictures,
    sections, single_chunk,
};
use std::collections::HashMap;

use crate::error::Result;
use crate::format::kit::annotation::located;
use crate::format::kit::annotation::{Value, python_float};
use crate::format::kit::inside::{OUTSIDE, covers_area};
use crate::format::kit::instance::{self, Instance, Segmentation};
use crate::format::kit::outcomes::StaticOutcomes;
use crate::raster::Rle;
use crate::report::{Outcome, Tally};
use crate::schema::Schema;
use crate::text::json;
use crate::text::number::{int, json_float, round2_python, uint};
use crate::timeline::{FrameView, Item, MadeId, Scene, Timeline};

sections! { Head, Images, Between, Annotations, Foot, Media }

/// What the kinds of COCO files differ in: names of files, categories, annotations.
pub trait Content: Send + Sync {
    /// Beginning of the file names.
    const FILE: &'static str;

    /// Whether a label is a category.
    fn is_category(&self, schema: &Schema, label: u32) -> bool;

    /// Appends what a category has besides id, name and supercategory.
    fn category(&self, out: &mut Vec<u8>, label: u32);

    /// Number of annotations of a frame.
    fn count(
        &self,
        timeline: &Timeline<'_>,
        view: &FrameView<'_>,
        scratch: &mut Scratch,
        groups: &mut Vec<u32>,
    ) -> Result<u64>;

    /// Writes the annotations of a frame and tallies what became of its tags and of the shapes without a static outcome.
    fn annotations<'t>(
        &self,
        timeline: &'t Timeline<'t>,
        view: &FrameView<'_>,
        writer: &mut Writer<'_>,
        scratch: &mut Scratch,
        tally: &mut Tally,
    ) -> Result<()>;
}

/// Writes annotations one after another.
pub struct Writer<'o> {
    out: &'o mut Vec<u8>,
    /// By label.
    categories: &'o [u64],
    /// Id of the next annotation.
    id: u64,
    image: u64,
}

impl Writer<'_> {
    /// Writes an annotation; `more` appends what it has besides.
    pub fn write(&mut self, instance: &Instance<'_>, more: impl FnOnce(&mut Vec<u8>)) {
        let category = self.categories[instance.label as usize];
        write_instance(self.out, self.id, self.image, category, instance);
        more(self.out);
        self.out.push(b'}');
        self.id += 1;
    }
}

/// Tallies that the tags of a frame are not written.
pub fn drop_tags(timeline: &Timeline<'_>, view: &FrameView<'_>, tally: &mut Tally) {
    for &row in view.tags {
        tally.tag(timeline.dataset.columns.tags.label[row as usize], Outcome::Dropped("COCO holds no tags"));
    }
}

/// The shapes of a frame that a profile writes: all of them, or for training those of which the image shows an area.
/// Tallies the others.
pub fn shown<'v>(
    profile: Profile,
    timeline: &Timeline<'_>,
    view: &'v FrameView<'_>,
    scratch: &mut Scratch,
    tally: &mut Tally,
) -> Result<Vec<&'v Item>> {
    let mut shown = Vec::with_capacity(view.items.len());
    for item in view.items {
        let is_shown = profile == Profile::Cvat
            || !instance::is_usable(item.kind)
            || covers_area(timeline, item, scratch).map_err(|error| located(error, timeline, item))?;
        if is_shown {
            shown.push(item);
        } else {
            tally.shape(item, OUTSIDE);
        }
    }
    Ok(shown)
}

/// The encoder of a kind of COCO; shapes with a static outcome are not passed to the content.
pub fn encoder_of<'s, C: Content + 's>(
    scene: &'s Scene<'s>,
    profile: Profile,
    content: C,
    outcomes: StaticOutcomes,
) -> Box<dyn Encoder + 's> {
    let schema = &scene.dataset.schema;
    let mut categories = Vec::with_capacity(schema.len());
    let mut next = 1;
    for label in 0..schema.len() as u32 {
        categories.push(next);
        // Loaders take the numbers of categories for places in the list, so that none is left out for training.
        next += u64::from(profile == Profile::Cvat || content.is_category(schema, label));
    }
    let image_ids = match profile {
        Profile::Cvat => image_ids(scene),
        Profile::Training => own_image_ids(scene),
    };
    Box::new(Coco { scene, profile, content, outcomes, categories, image_ids })
}

/// Ids that no two images share, counted from 1 through all subsets.
fn own_image_ids(scene: &Scene<'_>) -> Vec<ImageIds> {
    let mut next = 1;
    let first = |timeline: &Timeline<'_>| {
        let first = next;
        next += timeline.frames.len();
        ImageIds::From(first)
    };
    scene.timelines.iter().map(first).collect()
}

/// The id of each frame's image, timeline by timeline: counted from 1 through all subsets. Frames of one id (name
/// without extension) share a number, even from different subsets: CVAT looks images up by that alone.
fn image_ids(scene: &Scene<'_>) -> Vec<ImageIds> {
    let several_subsets = scene.subsets().len() > 1;
    let may_repeat = |timeline: &Timeline<'_>| several_subsets || timeline.may_repeat_names();
    let places = 0..scene.timelines.len();
    let repeating: Vec<usize> = places.filter(|&place| may_repeat(&scene.timelines[place])).collect();
    let repeats = scene.may_share_ids(&repeating);
    let mut known: HashMap<String, u32> = HashMap::new();
    let mut next = 1;
    let mut ids = Vec::with_capacity(scene.timelines.len());
    for timeline in &scene.timelines {
        if !repeats || !may_repeat(timeline) {
            ids.push(ImageIds::From(next));
            next += timeline.frames.len();
            continue;
        }
        let mut own = Vec::with_capacity(timeline.frames.len() as usize);
        for frame in timeline.frames.iter() {
            let mut name = String::new();
            timeline.write_stem(frame, &mut name);
            let id = *known.entry(name).or_insert(next);
            next = next.max(id + 1);
            own.push(id);
        }
        ids.push(ImageIds::Each(own));
    }
    ids
}

enum ImageIds {
    From(u32),
    Each(Vec<u32>),
}

impl ImageIds {
    fn get(&self, place: u32) -> u64 {
        match self {
            ImageIds::From(first) => u64::from(*first) + u64::from(place),
            ImageIds::Each(ids) => u64::from(ids[place as usize]),
        }
    }
}

struct Coco<'s, C> {
    scene: &'s Scene<'s>,
    profile: Profile,
    content: C,
    outcomes: StaticOutcomes,
    /// The number of each label's category. One that is no category has that of the next.
    categories: Vec<u64>,
    image_ids: Vec<ImageIds>,
}

impl<C: Content> Encoder for Coco<'_, C> {
    fn parts(&self, options: &Options) -> Result<Vec<Part>> {
        let scene = self.scene;
        let mut parts = Vec::new();
        for (subset, timelines) in scene.subsets() {
            let mut chunks = vec![single_chunk(Section::Head, 0)];
            let mut images = line_chunks(scene, timelines.clone(), Section::Images);
            number(&mut images, 0, |chunk, _| Ok(chunk.range.end - chunk.range.start))?;
            let mut annotations = self.outcomes.chunks(scene, timelines.clone(), Section::Annotations);
            number(&mut annotations, 1, |chunk, scratch| self.count(chunk, scratch))?;
            chunks.extend(images);
            chunks.push(single_chunk(Section::Between, 0));
            chunks.extend(annotations);
            chunks.push(single_chunk(Section::Foot, 0));
            parts.push(Part::Member { name: format!("annotations/{}_{subset}.json", C::FILE), chunks });
            parts.extend(media_part(scene, timelines, Section::Media, options));
        }
        Ok(parts)
    }

    fn encode(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        match Section::of(chunk)? {
            Section::Head => self.head(out),
            Section::Images => self.images(chunk, out)?,
            Section::Between => out.text("],\"annotations\":["),
            Section::Annotations => self.annotations(chunk, out)?,
            Section::Media => {
                request_pictures(self.scene, chunk, out, |timeline| format!("images/{}/", timeline.subset))?
            }
            Section::Foot => out.text("]}"),
        }
        Ok(())
    }
}

impl<'s, C: Content> Coco<'s, C> {
    /// Number of annotations in a chunk.
    fn count(&self, chunk: &Chunk, scratch: &mut Scratch) -> Result<u64> {
        if self.outcomes.is_complete {
            return Ok(0);
        }
        let (mut annotations, mut groups) = (0, Vec::new());
        let timeline = &self.scene.timelines[chunk.timeline];
        let mut visit = std::mem::take(&mut scratch.visit);
        self.outcomes.visit_open(timeline, places(chunk)?, &mut visit, |view| {
            annotations += self.content.count(timeline, view, scratch, &mut groups)?;
            Ok(())
        })?;
        scratch.visit = visit;
        Ok(annotations)
    }

    fn head(&self, out: &mut Output) {
        out.text(concat!(
            r#"{"licenses":[{"name":"","id":0,"url":""}],"info":{"contributor":"","date_created":"","#,
            r#""description":"","url":"","version":"","year":""},"categories":["#
        ));
        let schema = &self.scene.dataset.schema;
        let labels = 0..schema.len() as u32;
        for (nth, place) in labels.filter(|&label| self.content.is_category(schema, label)).enumerate() {
            let label = schema.label(place);
            out.text(if nth == 0 { "{\"id\":" } else { ",{\"id\":" });
            uint(&mut out.bytes, self.categories[place as usize]);
            out.text(",\"name\":");
            json::string(&mut out.bytes, &label.name);
            out.text(",\"supercategory\":");
            json::string(&mut out.bytes, label.parent.map_or("", |parent| &schema.labels()[parent].name));
            self.content.category(&mut out.bytes, place);
            out.text("}");
        }
        out.text("],\"images\":[");
    }

    fn images(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let timeline = &self.scene.timelines[chunk.timeline];
        let places = places(chunk)?;
        let mut made = MadeId::default();
        for (place, frame) in places.clone().zip(timeline.frames.slice(places)) {
            let is_first = chunk.first == 0 && u64::from(place) == chunk.range.start;
            out.text(if is_first { "{\"id\":" } else { ",{\"id\":" });
            uint(&mut out.bytes, self.image_ids[chunk.timeline].get(place));
            let (width, height) = timeline.size(frame);
            out.text(",\"width\":");
            uint(&mut out.bytes, u64::from(width));
            out.text(",\"height\":");
            uint(&mut out.bytes, u64::from(height));
            out.text(",\"file_name\":\"");
            let (id, extension) = timeline.id(frame, &mut made);
            [id, extension].into_iter().for_each(|part| json::escaped(&mut out.bytes, part));
            // Loaders open the addresses that they find, empty ones too.
            let urls = ",\"flickr_url\":\"\",\"coco_url\":\"\",\"date_captured\":0";
            out.text("\",\"license\":0");
            out.text(self.profile.choose(urls, ""));
            out.text("}");
        }
        Ok(())
    }

    fn annotations(&self, chunk: &Chunk, out: &mut Output) -> Result<()> {
        let timeline: &'s Timeline<'s> = &self.scene.timelines[chunk.timeline];
        let mut id = chunk.first;
        self.outcomes.visit(timeline, places(chunk)?, out, |view, out| {
            let Output { bytes, tally, scratch, .. } = out;
            let image = self.image_ids[chunk.timeline].get(view.place);
            let mut writer = Writer { out: bytes, categories: &self.categories, id, image };
            tally.frames += 1;
            self.content.annotations(timeline, view, &mut writer, scratch, tally)?;
            id = writer.id;
            Ok(())
        })
    }
}

fn write_instance(out: &mut Vec<u8>, id: u64, image: u64, category: u64, instance: &Instance<'_>) {
    out.extend_from_slice(if id == 1 { b"{\"id\":" } else { b",{\"id\":" });
    uint(out, id);
    out.extend_from_slice(b",\"image_id\":");
    uint(out, image);
    out.extend_from_slice(b",\"category_id\":");
    uint(out, category);
    out.extend_from_slice(b",\"segmentation\":");
    match &instance.segmentation {
        Segmentation::Mask(mask) => write_mask(out, mask),
        Segmentation::Polygons(polygons) => list(out, polygons.iter(), |out, points| {
            list(out, points.iter(), |out, value| json_float(out, *value));
        }),
    }
    out.extend_from_slice(b",\"area\":");
    json_float(out, instance.area);
    out.extend_from_slice(b",\"bbox\":");
    list(out, instance.bbox.iter(), |out, value| json_float(out, round2_python(*value)));
    out.extend_from_slice(if instance.is_crowd { b",\"iscrowd\":1" } else { b",\"iscrowd\":0" });
    write_attributes(out, instance.attributes);
}

fn write_mask(out: &mut Vec<u8>, mask: &Rle) {
    out.extend_from_slice(b"{\"counts\":");
    list(out, mask.counts.iter(), |out, count| uint(out, u64::from(*count)));
    out.extend_from_slice(b",\"size\":");
    list(out, [mask.height, mask.width].iter(), |out, size| uint(out, u64::from(*size)));
    out.push(b'}');
}

/// Two attributes are not like the others: `is_crowd` has decided the segmentation, `score` stands on its own.
fn write_attributes(out: &mut Vec<u8>, attributes: &[(&str, Value<'_>)]) {
    let score = attributes.iter().find(|(name, _)| *name == "score").and_then(|(_, value)| match *value {
        Value::Text(text) => python_float(text),
        Value::Number(number) => Some(number),
        Value::Flag(flag) => Some(f64::from(u8::from(flag))),
        Value::Count(count) => Some(f64::from(count)),
    });
    if let Some(score) = score {
        out.extend_from_slice(b",\"score\":");
        json_float(out, score);
    }
    let mut before: &[u8] = b",\"attributes\":{";
    for (name, value) in attributes.iter().filter(|(name, _)| !matches!(*name, "score" | "is_crowd")) {
        out.extend_from_slice(before);
        before = b",";
        json::string(out, name);
        out.push(b':');
        match *value {
            Value::Text(text) => json::string(out, text),
            Value::Number(number) => json_float(out, number),
            Value::Flag(flag) => out.extend_from_slice(if flag { b"true" } else { b"false" }),
            Value::Count(count) => int(out, i64::from(count)),
        }
    }
    if before == b"," {
        out.push(b'}');
    }
}

/// Appends a JSON array.
pub fn list<T>(out: &mut Vec<u8>, items: impl Iterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (place, item) in items.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}
