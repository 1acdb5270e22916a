//! The rows of the tables, as Python's `csv` writes them.

use super::mask_files::{Name, Naming};
use crate::error::Result;
use crate::format::kit::annotation::{Value, attributes, corners, int_of, place, python_str, tag_value};
use crate::format::kit::inside::fit_for;
use crate::format::kit::listing::write_field;
use crate::format::kit::masks::NO_UPRIGHT_BOXES;
use crate::plan::{Output, Profile};
use crate::report::{Outcome, Tally};
use crate::schema::ShapeKind;
use crate::text::number::repr;
use crate::timeline::{FrameView, Item, PointScratch, Timeline};

/// Attributes of boxes that are flags, in the order of their columns.
const FLAGS: [&str; 5] = ["occluded", "truncated", "is_group_of", "is_depiction", "is_inside"];

/// Appends a row.
pub fn write(fields: &[&str], bytes: &mut Vec<u8>) {
    for (at, field) in fields.iter().enumerate() {
        bytes.extend_from_slice(if at == 0 { b"" } else { b"," });
        write_field(field, bytes);
    }
    bytes.extend_from_slice(b"\r\n");
}

/// The tags of a frame, those without a group first, then by group.
pub fn tags(timeline: &Timeline<'_>, view: &FrameView<'_>, id: &str, out: &mut Output) -> Result<()> {
    let tags = &timeline.dataset.columns.tags;
    let mut rows = view.tags.to_vec();
    rows.sort_by_key(|&row| tags.group[row as usize]);
    for row in rows {
        let label = &timeline.dataset.schema.label(tags.label[row as usize]).name;
        let score = tag_value(timeline, row, "score")?;
        write(&[id, "", label, &text(score, "1")], &mut out.bytes);
    }
    Ok(())
}

/// The boxes of a frame.
pub fn boxes(timeline: &Timeline<'_>, boxes: &[(Item, [f64; 4])], id: &str, out: &mut Output) -> Result<()> {
    for (item, corners) in boxes {
        let mut values = Vec::new();
        attributes(timeline, item, &mut values)?;
        let mut fields = vec![id.to_owned(), String::new(), timeline.dataset.schema.label(item.label).name.clone()];
        fields.push(text(find(&values, "score"), "1"));
        fields.extend(shares(timeline, item, *corners));
        for name in FLAGS {
            let value = find(&values, name);
            let flag = value.and_then(int_of);
            if value.is_some() && flag.is_none() {
                let message = "a flag of a box is no whole number and is written as unknown (CVAT itself fails)";
                out.tally.note(message, || place(timeline, item));
            }
            fields.push(flag.unwrap_or(-1).to_string());
        }
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        write(&fields, &mut out.bytes);
    }
    Ok(())
}

/// The masks of a frame, which is given by its shapes. `first` is the number of the first mask.
pub fn segments(
    profile: Profile,
    timeline: &Timeline<'_>,
    items: &[Item],
    id: &str,
    (naming, first): (&Naming, u64),
    out: &mut Output,
) -> Result<()> {
    let (leaders, rest) = NO_UPRIGHT_BOXES.leaders(timeline, items, &mut out.scratch)?;
    // The images have counted all of this already.
    let names = naming.names(timeline, id, &leaders, first, &mut Tally::default())?;
    for (leader, Name { file, box_id }) in leaders.iter().zip(&names) {
        let mut values = Vec::new();
        attributes(timeline, leader, &mut values)?;
        let group = leader.group;
        let is_partner = |item: &&Item| item.kind == ShapeKind::Rectangle && group != 0 && item.group == group;
        let partner = rest.iter().find(is_partner);
        let fitted = partner.and_then(|item| fitted(profile, timeline, item, &mut out.scratch.points));
        let [x0, x1, y0, y1] = fitted.map(|(corners, _)| shares(timeline, leader, corners)).unwrap_or_default();
        let label = &timeline.dataset.schema.label(leader.label).name;
        let iou = text(find(&values, "predicted_iou"), "");
        write(&[file, id, label, box_id, &x0, &x1, &y0, &y1, &iou, ""], &mut out.bytes);
    }
    Ok(())
}

/// The corners of a box as the profile writes them, and what becomes of it; none if it is not written.
pub fn fitted(
    profile: Profile,
    timeline: &Timeline<'_>,
    item: &Item,
    scratch: &mut PointScratch,
) -> Option<([f64; 4], Outcome)> {
    fit_for(profile, timeline, item, corners(timeline.points(item, scratch)).unwrap_or_default())
}

/// Left, right, top and bottom of a box as shares of its image.
fn shares(timeline: &Timeline<'_>, item: &Item, [x0, y0, x1, y1]: [f64; 4]) -> [String; 4] {
    let (width, height) = timeline.size(item.frame);
    let [width, height] = [width, height].map(f64::from);
    // The far corner is made from the near one and the size again, which the last digits show.
    [x0 / width, (x0 + (x1 - x0)) / width, y0 / height, (y0 + (y1 - y0)) / height].map(|share| {
        let mut digits = Vec::new();
        repr(&mut digits, share);
        String::from_utf8(digits).unwrap_or_default()
    })
}

/// The line of a picture with boxes; its name as a shell needs it.
pub fn size(timeline: &Timeline<'_>, frame: u32, id: &str, out: &mut Output) {
    let (width, height) = timeline.size(frame);
    out.text(&format!("{} {height} {width}\n", shell_quoted(id)));
}

/// Python's `shlex.quote`.
fn shell_quoted(text: &str) -> String {
    let is_safe = |symbol: char| symbol.is_ascii_alphanumeric() || "_@%+=:,./-".contains(symbol);
    match text {
        _ if !text.is_empty() && text.chars().all(is_safe) => text.to_owned(),
        _ => format!("'{}'", text.replace('\'', "'\"'\"'")),
    }
}

pub(super) fn find<'a>(values: &[(&str, Value<'a>)], name: &str) -> Option<Value<'a>> {
    values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

fn text(value: Option<Value<'_>>, default: &str) -> String {
    let Some(value) = value else { return default.to_owned() };
    let mut bytes = Vec::new();
    python_str(&mut bytes, value);
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_as_a_shell_needs_them() {
        for (name, expected) in [("a/b-1.c", "a/b-1.c"), ("a b", "'a b'"), ("", "''"), ("it's", "'it'\"'\"'s'")] {
            assert_eq!(shell_quoted(name), expected);
        }
    }
}
