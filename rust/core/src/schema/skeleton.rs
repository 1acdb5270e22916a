//! The drawing of a skeleton label, read as points and edges.
//!
//! CVAT keeps a skeleton as a fragment of SVG: `<circle data-node-id="1" data-label-name="nose">` for each point and
//! `<line data-node-from="1" data-node-to="2">` for each edge. The order of the circles is the order of the keypoints.

use super::{Label, Schema};

/// Points and edges of a skeleton.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skeleton {
    /// Names of the points in the order of the drawing.
    pub points: Vec<String>,
    /// Edges between nodes, numbered from 1, in the order of the drawing.
    pub edges: Vec<(i64, i64)>,
}

impl Skeleton {
    /// Reads a label's drawing; a label without one has no points.
    pub fn of(label: &Label) -> Skeleton {
        let mut skeleton = Skeleton::default();
        for (tag, attributes) in elements(label.svg.as_deref().unwrap_or_default()) {
            let value = |name| attribute(attributes, name);
            match tag {
                "circle" => skeleton.points.extend(value("data-label-name").map(unescape)),
                "line" => {
                    let node = |name| value(name).and_then(|text| text.trim().parse::<i64>().ok());
                    skeleton.edges.extend(node("data-node-from").zip(node("data-node-to")));
                }
                _ => {}
            }
        }
        skeleton
    }

    /// Label indices of the points, in the order of the drawing. A point that names no sublabel is left out.
    pub fn labels(&self, schema: &Schema, parent: u32) -> Vec<u32> {
        self.points.iter().filter_map(|name| schema.find(Some(parent as usize), name)).collect()
    }
}

/// Replaces each `data-label-id="ID"` of a server's drawing by `data-label-name="NAME"`, as backups and exports have it.
/// An id without a name stays as it is.
pub fn name_labels_in_svg(svg: &str, name_of: impl Fn(u64) -> Option<String>) -> String {
    const KEY: &str = "data-label-id=\"";
    let mut out = String::with_capacity(svg.len());
    let mut rest = svg;
    while let Some(at) = rest.find(KEY) {
        let (before, from) = rest.split_at(at);
        let value = &from[KEY.len()..];
        let name = value.find('"').and_then(|end| Some((end, name_of(value[..end].trim().parse().ok()?)?)));
        out.push_str(before);
        match name {
            Some((end, name)) => {
                out.push_str("data-label-name=\"");
                out.push_str(&name);
                out.push('"');
                rest = &value[end + 1..];
            }
            None => {
                out.push_str(KEY);
                rest = value;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The start tags of a fragment: their names and the text of their attributes.
fn elements(svg: &str) -> impl Iterator<Item = (&str, &str)> {
    svg.split('<').skip(1).filter_map(|piece| {
        let piece = &piece[..piece.find('>')?];
        let name_end = piece.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(piece.len());
        Some(piece.split_at(name_end))
    })
}

/// The value of an attribute in the text of a start tag.
fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = attributes;
    loop {
        let equals = rest.find('=')?;
        let key = rest[..equals].trim();
        let value = rest[equals + 1..].trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (text, after) = value[1..].split_once(quote)?;
        if key == name {
            return Some(text);
        }
        rest = after;
    }
}

fn unescape(text: &str) -> String {
    // `&amp;` last, so that an escaped escape stays one.
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&apos;", "'"), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(svg: &str) -> Label {
        Label {
            name: "person".into(),
            color: "#000000".into(),
            kind: "skeleton".into(),
            attributes: Vec::new(),
            parent: None,
            svg: Some(svg.into()),
        }
    }

    #[test]
    fn points_come_in_the_order_of_the_circles_and_edges_in_that_of_the_lines() {
        let svg = r#"<line x1="5" data-type="edge" data-node-from="2" data-node-to="1"></line>
            <circle r="0.75" data-node-id="2" data-label-name="l &amp; r"></circle><circle data-label-name='nose'/>"#;
        let skeleton = Skeleton::of(&label(svg));
        assert_eq!(skeleton.points, ["l & r", "nose"]);
        assert_eq!(skeleton.edges, [(2, 1)]);
    }

    #[test]
    fn a_broken_drawing_has_what_can_be_read_of_it() {
        let skeleton =
            Skeleton::of(&label("<circle data-label-name=\"a\"><line data-node-from=\"x\" data-node-to=\"1\"><circ"));
        assert_eq!(skeleton, Skeleton { points: vec!["a".into()], edges: vec![] });
    }

    #[test]
    fn label_ids_in_a_drawing_become_names_and_unknown_ids_stay() {
        let named = name_labels_in_svg(r#"<c data-label-id="7"/><c data-label-id="8"/>"#, |id| {
            (id == 7).then(|| "nose".into())
        });
        assert_eq!(named, r#"<c data-label-name="nose"/><c data-label-id="8"/>"#);
    }
}
