//! What both formats of CVAT XML share: the meta block and the attributes of a shape's element.
//!
//! Numbers are `%.2f` of the stored double; text is escaped as Python's `saxutils` does. Every start tag stands on its
//! own line, two spaces a level; an end tag too unless the element holds text.

use crate::dataset::{Job, JobKind, Media, Provenance, Task, User};
use crate::error::Result;
use crate::plan::{Chunk, Output, places};
use crate::schema::{Attribute, Label, Schema, ShapeKind};
use crate::text::{number, xml};
use crate::timeline::{Item, Scene, SceneKind, Timeline};

/// Texts that stand at millions of elements, escaped once.
pub struct Texts {
    /// `label="car"` for each label.
    pub labels: Vec<Vec<u8>>,
    /// `<attribute name="colour">` for each attribute of the schema.
    attributes: Vec<Vec<u8>>,
}

impl Texts {
    /// The texts of a schema.
    pub fn new(schema: &Schema) -> Self {
        let quoted = |before: &[u8], text: &str, after: &[u8]| {
            let mut out = before.to_vec();
            xml::attribute_value(&mut out, text);
            out.extend_from_slice(after);
            out
        };
        let names = schema.labels().iter().flat_map(|label| &label.attributes).map(|attribute| &attribute.name);
        Self {
            labels: schema.labels().iter().map(|label| quoted(b"label=", &label.name, b"")).collect(),
            attributes: names.map(|name| quoted(b"<attribute name=", name, b">")).collect(),
        }
    }
}

/// Starts a line at a level.
pub fn line(out: &mut Vec<u8>, level: usize) {
    const SPACES: &[u8] = b"\n                ";
    out.extend_from_slice(&SPACES[..(1 + 2 * level).min(SPACES.len())]);
}

/// The element that holds a kind of shape.
pub fn element_name(kind: ShapeKind) -> &'static [u8] {
    match kind {
        ShapeKind::Rectangle => b"box",
        ShapeKind::Polygon => b"polygon",
        ShapeKind::Polyline => b"polyline",
        ShapeKind::Points => b"points",
        ShapeKind::Ellipse => b"ellipse",
        ShapeKind::Cuboid => b"cuboid",
        ShapeKind::Mask => b"mask",
        ShapeKind::Skeleton => b"skeleton",
    }
}

/// Appends ` name="`, `%.2f` and `"`.
fn fixed(out: &mut Vec<u8>, name: &[u8], value: f64) {
    out.push(b' ');
    out.extend_from_slice(name);
    out.extend_from_slice(b"=\"");
    number::fixed2(out, value);
    out.push(b'"');
}

/// Appends ` name="`, an integer and `"`.
pub fn int(out: &mut Vec<u8>, name: &[u8], value: i64) {
    out.push(b' ');
    out.extend_from_slice(name);
    out.extend_from_slice(b"=\"");
    number::int(out, value);
    out.push(b'"');
}

/// Appends ` name="0"` or ` name="1"`.
pub fn flag(out: &mut Vec<u8>, name: &[u8], value: bool) {
    out.push(b' ');
    out.extend_from_slice(name);
    out.extend_from_slice(if value { b"=\"1\"" } else { b"=\"0\"" });
}

/// Appends ` source="manual"`.
pub fn source(out: &mut Vec<u8>, timeline: &Timeline<'_>, source: u32) {
    out.extend_from_slice(b" source=");
    xml::attribute_value(out, timeline.dataset.columns.text(source));
}

/// Appends ` group_id="7"` if there is a group.
pub fn group(out: &mut Vec<u8>, group: u32) {
    if group != 0 {
        int(out, b"group_id", i64::from(group));
    }
}

const CUBOID: [&[u8]; 16] = [
    b"xtl1", b"ytl1", b"xbl1", b"ybl1", b"xtr1", b"ytr1", b"xbr1", b"ybr1", b"xtl2", b"ytl2", b"xbl2", b"ybl2",
    b"xtr2", b"ytr2", b"xbr2", b"ybr2",
];

/// Appends the coordinates of a shape as the attributes of its element.
pub fn geometry(out: &mut Vec<u8>, kind: ShapeKind, points: &[f64]) {
    match (kind, points) {
        (ShapeKind::Rectangle, &[x0, y0, x1, y1]) => {
            fixed(out, b"xtl", x0);
            fixed(out, b"ytl", y0);
            fixed(out, b"xbr", x1);
            fixed(out, b"ybr", y1);
        }
        (ShapeKind::Ellipse, &[cx, cy, right, top]) => {
            fixed(out, b"cx", cx);
            fixed(out, b"cy", cy);
            fixed(out, b"rx", right - cx);
            fixed(out, b"ry", cy - top);
        }
        (ShapeKind::Cuboid, points) => {
            for (name, value) in CUBOID.iter().zip(points) {
                fixed(out, name, *value);
            }
        }
        (ShapeKind::Mask, [counts @ .., left, top, right, bottom]) => {
            out.extend_from_slice(b" rle=\"");
            for (place, count) in counts.iter().enumerate() {
                if place > 0 {
                    out.extend_from_slice(b", ");
                }
                number::int(out, *count as i64);
            }
            out.push(b'"');
            let [left, top, right, bottom] = [*left as i64, *top as i64, *right as i64, *bottom as i64];
            int(out, b"left", left);
            int(out, b"top", top);
            // A box as large as this fits no picture, but it must not stop the export.
            int(out, b"width", right.saturating_sub(left).saturating_add(1));
            int(out, b"height", bottom.saturating_sub(top).saturating_add(1));
        }
        (ShapeKind::Skeleton, _) => {}
        (_, points) => {
            out.extend_from_slice(b" points=\"");
            for (place, point) in points.chunks(2).enumerate() {
                if place > 0 {
                    out.push(b';');
                }
                number::fixed2(out, point[0]);
                if let Some(y) = point.get(1) {
                    out.push(b',');
                    number::fixed2(out, *y);
                }
            }
            out.push(b'"');
        }
    }
}

/// Appends the rotation of a box or ellipse that is turned.
pub fn rotation(out: &mut Vec<u8>, timeline: &Timeline<'_>, item: &Item) {
    if matches!(item.kind, ShapeKind::Rectangle | ShapeKind::Ellipse) {
        let degrees = timeline.rotation(item);
        if degrees != 0.0 {
            fixed(out, b"rotation", degrees);
        }
    }
}

/// Appends the attributes of a shape or tag as child elements.
pub fn value(out: &mut Vec<u8>, texts: &Texts, level: usize, attribute: u32, value: &str) {
    line(out, level);
    out.extend_from_slice(&texts.attributes[attribute as usize]);
    xml::escape_text(out, value);
    out.extend_from_slice(b"</attribute>");
}

/// Ends a container on a line of its own.
pub fn end(out: &mut Vec<u8>, level: usize, name: &[u8]) {
    line(out, level);
    out.extend_from_slice(b"</");
    out.extend_from_slice(name);
    out.push(b'>');
}

/// The head of the file up to the annotations: the declaration, the version and the meta block.
pub fn head(scene: &Scene<'_>, dumped: Option<&str>) -> Vec<u8> {
    let mut meta = Meta { out: b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<annotations>".to_vec(), level: 1 };
    meta.text("version", "1.1");
    meta.container("meta", |meta| {
        match scene.kind {
            SceneKind::Project => project(meta, scene),
            SceneKind::Task => meta.container("task", |meta| task(meta, scene.timelines[0].task, Some(scene))),
            SceneKind::Job { task, job } => {
                let task = &scene.dataset.tasks[task];
                meta.container("job", |meta| self::job(meta, task, &task.jobs[job], scene));
            }
        }
        // The time of the export would make two exports of one source differ.
        meta.text("dumped", &dumped.map_or_else(|| date(scene.updated()), str::to_owned));
        if let SceneKind::Job { task, .. } = scene.kind {
            original_size(meta, &scene.dataset.tasks[task]);
        }
    });
    meta.out
}

/// The foot of the file.
pub const FOOT: &[u8] = b"\n</annotations>\n";

/// Asks for the pictures of a chunk. Their names are those of the frames, with the letter case of their extensions.
pub fn request_pictures(scene: &Scene<'_>, chunk: &Chunk, out: &mut Output) -> Result<()> {
    let timeline = &scene.timelines[chunk.timeline];
    for frame in timeline.frames.slice(places(chunk)?) {
        let mut name = "images/".to_owned();
        if scene.kind == SceneKind::Project {
            name.push_str(&timeline.subset);
            name.push('/');
        }
        timeline.write_name(frame, &mut name);
        if !timeline.has_paths() {
            name.push_str(".PNG");
        }
        out.picture(name, chunk.timeline, frame);
    }
    Ok(())
}

struct Meta {
    out: Vec<u8>,
    level: usize,
}

impl Meta {
    fn text(&mut self, name: &str, text: &str) {
        line(&mut self.out, self.level);
        self.out.extend_from_slice(format!("<{name}>").as_bytes());
        xml::escape_text(&mut self.out, text);
        self.out.extend_from_slice(format!("</{name}>").as_bytes());
    }

    fn number(&mut self, name: &str, number: impl ToString) {
        self.text(name, &number.to_string());
    }

    fn container(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        line(&mut self.out, self.level);
        self.out.extend_from_slice(format!("<{name}>").as_bytes());
        self.level += 1;
        content(self);
        self.level -= 1;
        end(&mut self.out, self.level, name.as_bytes());
    }
}

fn project(meta: &mut Meta, scene: &Scene<'_>) {
    let Some(it) = &scene.dataset.project else { return };
    meta.container("project", |meta| {
        meta.text("id", &id(&it.provenance));
        meta.text("name", &it.name);
        meta.text("bugtracker", &it.provenance.bug_tracker);
        meta.text("created", &date(it.provenance.created.as_deref()));
        meta.text("updated", &date(it.provenance.updated.as_deref()));
        meta.container("tasks", |meta| {
            for timeline in &scene.timelines {
                meta.container("task", |meta| task(meta, timeline.task, None));
            }
        });
        let subsets: Vec<&str> = scene.subsets().into_iter().map(|(subset, _)| subset).collect();
        meta.text("subsets", &subsets.join("\n"));
        user(meta, "owner", it.provenance.owner.as_ref());
        user(meta, "assignee", it.provenance.assignee.as_ref());
        labels(meta, &scene.dataset.schema);
    });
}

/// The content of `<task>`; with its labels if it stands alone.
fn task(meta: &mut Meta, task: &Task, alone: Option<&Scene<'_>>) {
    meta.text("id", &id(&task.provenance));
    meta.text("name", &task.name);
    meta.number("size", task.size);
    mode_and_overlap(meta, task);
    meta.text("bugtracker", &task.provenance.bug_tracker);
    meta.text("created", &date(task.provenance.created.as_deref()));
    meta.text("updated", &date(task.provenance.updated.as_deref()));
    frames(meta, task, task.start_frame, task.stop_frame);
    let first_of_segment = |(place, job): &(usize, &Job)| {
        job.kind == JobKind::Annotation && !task.jobs[..*place].iter().any(|other| same_segment(other, job))
    };
    segments(meta, task, task.jobs.iter().enumerate().filter(first_of_segment));
    user(meta, "owner", task.provenance.owner.as_ref());
    user(meta, "assignee", task.provenance.assignee.as_ref());
    if let Some(scene) = alone {
        labels(meta, &scene.dataset.schema);
    }
    original_size(meta, task);
    if let Media::Video { name, .. } = &task.media {
        meta.text("source", name.rsplit('/').next().unwrap_or_default());
    }
}

fn same_segment(a: &Job, b: &Job) -> bool {
    a.kind != JobKind::GroundTruth && (a.start, a.stop) == (b.start, b.stop)
}

fn job(meta: &mut Meta, task: &Task, job: &Job, scene: &Scene<'_>) {
    meta.text("id", &job.id.map(|id| id.to_string()).unwrap_or_default());
    meta.number("size", job.stop - job.start + 1);
    mode_and_overlap(meta, task);
    meta.text("bugtracker", &task.provenance.bug_tracker);
    meta.text("created", &date(task.provenance.created.as_deref()));
    meta.text("updated", &date(job.updated.as_deref()));
    frames(meta, task, task.absolute(job.start), task.absolute(job.stop));
    let place = task.jobs.iter().position(|other| std::ptr::eq(other, job)).unwrap_or_default();
    segments(meta, task, [(place, job)].into_iter());
    user(meta, "owner", task.provenance.owner.as_ref());
    user(meta, "assignee", job.assignee.as_ref());
    labels(meta, &scene.dataset.schema);
}

fn mode_and_overlap(meta: &mut Meta, task: &Task) {
    let is_video = matches!(task.media, Media::Video { .. });
    meta.text("mode", if is_video { "interpolation" } else { "annotation" });
    meta.number("overlap", task.overlap);
}

fn frames(meta: &mut Meta, task: &Task, start: u64, stop: u64) {
    meta.text("subset", if task.subset.is_empty() { "default" } else { &task.subset });
    meta.number("start_frame", start);
    meta.number("stop_frame", stop);
    meta.text("frame_filter", &task.frame_filter);
}

/// Neither a backup nor the server's answers tell the ids of segments: the job's id stands in, or its place.
fn segments<'a>(meta: &mut Meta, task: &Task, jobs: impl Iterator<Item = (usize, &'a Job)>) {
    meta.container("segments", |meta| {
        for (place, job) in jobs {
            meta.container("segment", |meta| {
                meta.number("id", job.id.unwrap_or(place as u64));
                meta.number("start", job.start);
                meta.number("stop", job.stop);
                let url = task.provenance.server.as_deref().zip(job.id);
                meta.text("url", &url.map(|(server, id)| format!("{server}/api/jobs/{id}")).unwrap_or_default());
            });
        }
    });
}

fn original_size(meta: &mut Meta, task: &Task) {
    if let Media::Video { width, height, .. } = task.media {
        meta.container("original_size", |meta| {
            meta.number("width", width);
            meta.number("height", height);
        });
    }
}

fn user(meta: &mut Meta, name: &str, user: Option<&User>) {
    match user {
        None => meta.text(name, ""),
        Some(user) => meta.container(name, |meta| {
            meta.text("username", &user.username);
            meta.text("email", &user.email);
        }),
    }
}

fn labels(meta: &mut Meta, schema: &Schema) {
    meta.container("labels", |meta| {
        for label in schema.labels() {
            meta.container("label", |meta| self::label(meta, label, schema));
        }
    });
}

fn label(meta: &mut Meta, label: &Label, schema: &Schema) {
    meta.text("name", &label.name);
    meta.text("color", &label.color);
    meta.text("type", &label.kind);
    meta.container("attributes", |meta| {
        for spec in &label.attributes {
            meta.container("attribute", |meta| attribute(meta, spec));
        }
    });
    if let Some(parent) = label.parent {
        meta.text("parent", &schema.labels()[parent].name);
    }
    if let Some(svg) = &label.svg {
        meta.text("svg", svg);
    }
}

fn attribute(meta: &mut Meta, spec: &Attribute) {
    meta.text("name", &spec.name);
    meta.text("mutable", if spec.mutable { "True" } else { "False" });
    meta.text("input_type", spec.input_type.as_str());
    meta.text("default_value", &spec.default_value);
    meta.text("values", &spec.values.join("\n"));
}

fn id(provenance: &Provenance) -> String {
    provenance.id.map(|id| id.to_string()).unwrap_or_default()
}

/// A server's date as Python prints it: `2024-03-21T20:50:05.694000Z` is `2024-03-21 20:50:05.694000+00:00`.
fn date(date: Option<&str>) -> String {
    date.unwrap_or_default().replace('T', " ").replace(".000000", "").replace('Z', "+00:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_printed_as_python_prints_them() {
        assert_eq!(date(Some("2024-03-21T20:50:05.694000Z")), "2024-03-21 20:50:05.694000+00:00");
        assert_eq!(date(Some("2024-03-21T20:50:05.000000Z")), "2024-03-21 20:50:05+00:00");
        assert_eq!(date(None), "");
    }

    #[test]
    fn each_kind_of_shape_lays_out_its_coordinates() {
        let text = |kind, points: &[f64]| {
            let mut out = Vec::new();
            geometry(&mut out, kind, points);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            text(ShapeKind::Rectangle, &[0.125, 1.0, 2.675, -0.001]),
            " xtl=\"0.12\" ytl=\"1.00\" xbr=\"2.67\" ybr=\"-0.00\""
        );
        assert_eq!(
            text(ShapeKind::Ellipse, &[10.0, 20.0, 15.0, 12.0]),
            " cx=\"10.00\" cy=\"20.00\" rx=\"5.00\" ry=\"8.00\""
        );
        assert_eq!(text(ShapeKind::Polygon, &[1.0, 2.0, 3.5, 4.0]), " points=\"1.00,2.00;3.50,4.00\"");
        assert_eq!(
            text(ShapeKind::Mask, &[1.0, 4.0, 1.0, 10.0, 20.0, 12.0, 21.0]),
            " rle=\"1, 4, 1\" left=\"10\" top=\"20\" width=\"3\" height=\"2\""
        );
        assert_eq!(text(ShapeKind::Skeleton, &[]), "");
    }
}
