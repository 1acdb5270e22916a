//! What a project may hold: labels, their attributes, skeletons. One schema serves a whole dataset.

mod skeleton;

use serde::{Deserialize, Serialize};

pub use skeleton::{Skeleton, name_labels_in_svg};

/// The kinds of shapes that CVAT draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ShapeKind {
    /// `x0, y0, x1, y1`, before rotation about the centre.
    Rectangle,
    /// A closed ring of at least three points.
    Polygon,
    /// An open line of at least two points.
    Polyline,
    /// Separate points.
    Points,
    /// `cx, cy, right, top`, before rotation about the centre.
    Ellipse,
    /// Eight corners (2D) or position, rotation and scale with seven zeros (3D): 16 numbers.
    Cuboid,
    /// Run lengths and the box they fill: `counts…, left, top, right, bottom`.
    Mask,
    /// No coordinates of its own: its elements have them.
    Skeleton,
}

impl ShapeKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [ShapeKind; 8] = [
        ShapeKind::Rectangle,
        ShapeKind::Polygon,
        ShapeKind::Polyline,
        ShapeKind::Points,
        ShapeKind::Ellipse,
        ShapeKind::Cuboid,
        ShapeKind::Mask,
        ShapeKind::Skeleton,
    ];

    /// CVAT's name of the kind.
    pub fn as_str(self) -> &'static str {
        match self {
            ShapeKind::Rectangle => "rectangle",
            ShapeKind::Polygon => "polygon",
            ShapeKind::Polyline => "polyline",
            ShapeKind::Points => "points",
            ShapeKind::Ellipse => "ellipse",
            ShapeKind::Cuboid => "cuboid",
            ShapeKind::Mask => "mask",
            ShapeKind::Skeleton => "skeleton",
        }
    }

    /// The kind that CVAT calls `name`.
    pub fn from_name(name: &str) -> Option<ShapeKind> {
        ShapeKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<ShapeKind> {
        ShapeKind::ALL.get(usize::from(number)).copied()
    }
}

/// How an attribute is entered, and with it how its text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputType {
    /// One of several values.
    Select,
    /// One of several values.
    Radio,
    /// `true` or `false`.
    Checkbox,
    /// A number; its values are minimum, maximum and step.
    Number,
    /// Free text.
    Text,
}

impl InputType {
    /// CVAT's name of the input type.
    pub fn as_str(self) -> &'static str {
        match self {
            InputType::Select => "select",
            InputType::Radio => "radio",
            InputType::Checkbox => "checkbox",
            InputType::Number => "number",
            InputType::Text => "text",
        }
    }
}

/// An attribute that a label declares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// Name, unique in its label.
    pub name: String,
    /// Whether it may change along a track.
    pub mutable: bool,
    /// How its text is read.
    pub input_type: InputType,
    /// The value of annotations that have none.
    pub default_value: String,
    /// The values to choose from; for numbers minimum, maximum and step.
    #[serde(default)]
    pub values: Vec<String>,
}

/// A label. Sublabels of skeletons are labels with a parent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Name, unique among the labels with the same parent.
    pub name: String,
    /// `#rrggbb`.
    pub color: String,
    /// CVAT's label type: `any`, `skeleton`, `rectangle`, `tag`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Attributes in the order of their declaration.
    pub attributes: Vec<Attribute>,
    /// Index of the skeleton label that this is a sublabel of.
    #[serde(default)]
    pub parent: Option<usize>,
    /// The drawing of a skeleton, with `data-label-name` on its circles.
    #[serde(default)]
    pub svg: Option<String>,
}

impl Label {
    /// Whether it stands alone: it is neither a skeleton nor a part of one.
    pub fn is_alone(&self) -> bool {
        self.parent.is_none() && self.kind != "skeleton"
    }
}

/// The labels of a dataset in CVAT's order: each label followed by its sublabels.
///
/// Attributes are numbered through the whole schema, label by label: columns hold these numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Label>", into = "Vec<Label>")]
pub struct Schema {
    labels: Vec<Label>,
    first_attribute: Vec<u32>,
}

impl From<Vec<Label>> for Schema {
    fn from(labels: Vec<Label>) -> Self {
        let mut next = 0;
        let first_attribute = labels
            .iter()
            .map(|label| {
                let first = next;
                next += label.attributes.len() as u32;
                first
            })
            .collect();
        Self { labels, first_attribute }
    }
}

impl From<Schema> for Vec<Label> {
    fn from(schema: Schema) -> Self {
        schema.labels
    }
}

impl Schema {
    /// All labels, sublabels included.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// The label with this index.
    pub fn label(&self, index: u32) -> &Label {
        &self.labels[index as usize]
    }

    /// Number of labels, sublabels included.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no labels.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Index of the label called `name` below `parent` (`None`: at the top).
    pub fn find(&self, parent: Option<usize>, name: &str) -> Option<u32> {
        self.labels.iter().position(|label| label.parent == parent && label.name == name).map(|index| index as u32)
    }

    /// Name of a label with its skeleton's in front (`person/nose`), for reports and messages.
    pub fn path(&self, index: u32) -> String {
        let label = self.label(index);
        match label.parent {
            Some(parent) => format!("{}/{}", self.labels[parent].name, label.name),
            None => label.name.clone(),
        }
    }

    /// Number of the first attribute of a label; its others follow.
    pub fn first_attribute(&self, label: u32) -> u32 {
        self.first_attribute[label as usize]
    }

    /// Number of attributes of all labels.
    pub fn attribute_count(&self) -> u32 {
        self.labels.iter().map(|label| label.attributes.len() as u32).sum()
    }

    /// The attribute with this number.
    pub fn attribute(&self, number: u32) -> &Attribute {
        let label = self.first_attribute.partition_point(|&first| first <= number) - 1;
        &self.labels[label].attributes[(number - self.first_attribute[label]) as usize]
    }

    /// Number of the attribute called `name` of a label.
    pub fn find_attribute(&self, label: u32, name: &str) -> Option<u32> {
        let place = self.label(label).attributes.iter().position(|attribute| attribute.name == name)?;
        Some(self.first_attribute(label) + place as u32)
    }

    /// Indices of the sublabels of a label.
    pub fn sublabels(&self, label: u32) -> impl Iterator<Item = u32> + '_ {
        (0..self.labels.len()).filter(move |&i| self.labels[i].parent == Some(label as usize)).map(|i| i as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn label(name: &str, attributes: &[&str], parent: Option<usize>) -> Label {
        let attribute = |name: &&str| Attribute {
            name: (*name).to_owned(),
            mutable: false,
            input_type: InputType::Text,
            default_value: String::new(),
            values: Vec::new(),
        };
        Label {
            name: name.to_owned(),
            color: "#000000".to_owned(),
            kind: "any".to_owned(),
            attributes: attributes.iter().map(attribute).collect(),
            parent,
            svg: None,
        }
    }

    #[test]
    fn attributes_are_numbered_label_by_label() {
        let schema = Schema::from(vec![
            label("a", &["x", "y"], None),
            label("b", &[], None),
            label("c", &["x"], None),
            label("d", &[], None),
        ]);
        assert_eq!(schema.find_attribute(0, "y"), Some(1));
        assert_eq!(schema.find_attribute(2, "x"), Some(2));
        assert_eq!(schema.find_attribute(1, "x"), None);
        assert_eq!(schema.attribute(1).name, "y");
        assert_eq!(schema.attribute(2).name, "x");
        assert_eq!(schema.attribute_count(), 3);
    }

    #[test]
    fn a_sublabel_may_share_its_name_with_a_label() {
        let schema = Schema::from(vec![label("car", &[], None), label("s", &[], None), label("car", &[], Some(1))]);
        assert_eq!(schema.find(None, "car"), Some(0));
        assert_eq!(schema.find(Some(1), "car"), Some(2));
        assert_eq!(schema.path(2), "s/car");
    }

    #[test]
    fn every_shape_kind_is_found_by_its_name_and_its_number() {
        for (number, kind) in ShapeKind::ALL.into_iter().enumerate() {
            assert_eq!(ShapeKind::from_name(kind.as_str()), Some(kind));
            assert_eq!(ShapeKind::from_number(number as u8), Some(kind));
        }
        assert_eq!(ShapeKind::from_name("box"), None);
        assert_eq!(ShapeKind::from_number(8), None);
    }
}
