//! Labels as backups and servers write them.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer};

use super::words::{self, LABEL_TYPES};
use crate::dataset::Builder;
use crate::error::{Code, Error, Place, Result};
use crate::schema::{Attribute, InputType, Label, Schema, name_labels_in_svg};

/// A label of a backup or a server's answer.
#[derive(Deserialize)]
pub struct RawLabel {
    /// Servers number labels, backups do not.
    id: Option<u64>,
    name: String,
    color: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    attributes: Vec<RawAttribute>,
    #[serde(default)]
    sublabels: Vec<RawLabel>,
    svg: Option<String>,
    /// Set where a server lists a sublabel once more at the top.
    parent_id: Option<u64>,
}

#[derive(Deserialize)]
struct RawAttribute {
    id: Option<u64>,
    name: String,
    #[serde(default)]
    mutable: bool,
    input_type: Option<String>,
    #[serde(default)]
    default_value: String,
    #[serde(default, deserialize_with = "values")]
    values: Vec<String>,
}

/// The values of an attribute: a list, or one text with a value per line as old versions have it.
fn values<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Values {
        List(Vec<String>),
        Lines(String),
    }
    Ok(match Values::deserialize(deserializer)? {
        Values::List(values) => values,
        Values::Lines(text) => text.split('\n').map(str::to_owned).collect(),
    })
}

/// A schema and the server's ids of its parts; without ids if the source has none.
pub struct Labels {
    /// The labels.
    pub schema: Schema,
    /// Id of each label.
    pub label_ids: Vec<Option<u64>>,
    /// Id of each attribute.
    pub attribute_ids: Vec<Option<u64>>,
}

/// Puts labels into CVAT's order: by id where there are ids, else each label followed by its sublabels, as an import
/// would number them. Notes go to the builder.
pub fn labels(raw: Vec<RawLabel>, builder: &mut Builder) -> Result<Labels> {
    let mut flat = Vec::new();
    for label in raw.into_iter().filter(|label| label.parent_id.is_none()) {
        flatten(label, None, &mut flat, builder)?;
    }
    let mut order: Vec<usize> = (0..flat.len()).collect();
    order.sort_by_key(|&i| flat[i].label_id);
    let mut place = vec![0; flat.len()];
    for (to, &from) in order.iter().enumerate() {
        place[from] = to;
    }
    let mut flat: Vec<(usize, Flat)> = place.iter().copied().zip(flat).collect();
    flat.sort_by_key(|&(to, _)| to);

    let mut label_ids = Vec::with_capacity(flat.len());
    let mut attribute_ids = Vec::new();
    let mut labels = Vec::with_capacity(flat.len());
    for (_, mut entry) in flat {
        entry.label.parent = entry.label.parent.map(|parent| place[parent]);
        label_ids.push(entry.label_id);
        attribute_ids.extend(entry.attribute_ids);
        labels.push(entry.label);
    }
    Ok(Labels { schema: Schema::from(labels), label_ids, attribute_ids })
}

struct Flat {
    label: Label,
    label_id: Option<u64>,
    attribute_ids: Vec<Option<u64>>,
}

fn flatten(raw: RawLabel, parent: Option<usize>, flat: &mut Vec<Flat>, builder: &mut Builder) -> Result<()> {
    if parent.is_some() && !raw.sublabels.is_empty() {
        return Err(Error::new(Code::BadMetadata, "a sublabel has sublabels").of_label(raw.name));
    }
    let place = Place { label: Some(raw.name.clone()), ..Place::default() };
    let kind = raw.kind.unwrap_or_default();
    words::expect(builder, "label type", &kind, LABEL_TYPES, "it is taken as any", &place);
    let kind = if LABEL_TYPES.contains(&kind.as_str()) { kind } else { "any".to_owned() };
    let names: HashMap<u64, String> =
        raw.sublabels.iter().filter_map(|sub| Some((sub.id?, sub.name.clone()))).collect();
    let svg = raw.svg.filter(|svg| !svg.is_empty()).map(|svg| name_labels_in_svg(&svg, |id| names.get(&id).cloned()));
    let mut attributes = raw.attributes;
    attributes.sort_by_key(|attribute| attribute.id);
    let attribute_ids = attributes.iter().map(|attribute| attribute.id).collect();
    let index = flat.len();
    flat.push(Flat {
        label: Label {
            name: raw.name,
            color: raw.color.unwrap_or_default(),
            kind,
            attributes: attributes.into_iter().map(|raw| attribute(raw, &place, builder)).collect(),
            parent,
            svg,
        },
        label_id: raw.id,
        attribute_ids,
    });
    raw.sublabels.into_iter().try_for_each(|sub| flatten(sub, Some(index), flat, builder))
}

fn attribute(raw: RawAttribute, place: &Place, builder: &mut Builder) -> Attribute {
    let word = raw.input_type.unwrap_or_default();
    let input_type = words::input_type(&word).unwrap_or(InputType::Text);
    words::expect(builder, "input type", &word, &[input_type.as_str()], "it is taken as text", place);
    Attribute { name: raw.name, mutable: raw.mutable, input_type, default_value: raw.default_value, values: raw.values }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Labels> {
        labels(serde_json::from_str(json).unwrap(), &mut Builder::default())
    }

    fn paths(labels: &Labels) -> Vec<String> {
        (0..labels.schema.len() as u32).map(|index| labels.schema.path(index)).collect()
    }

    #[test]
    fn labels_without_ids_keep_their_order_each_before_its_sublabels() {
        let labels = read(
            r#"[{"name":"z","sublabels":[{"name":"b","type":"points"},{"name":"a"}]},{"name":"y","color":null,"svg":""}]"#,
        )
        .unwrap();
        assert_eq!(paths(&labels), ["z", "z/b", "z/a", "y"]);
        assert_eq!(labels.schema.label(3).svg, None);
        assert_eq!(labels.schema.label(1).kind, "points");
        assert_eq!(labels.schema.label(0).kind, "any");
    }

    #[test]
    fn labels_and_attributes_with_ids_come_by_id_and_sublabels_listed_twice_count_once() {
        let labels = read(
            r#"[{"id":4,"name":"late","sublabels":[{"id":5,"name":"point"},{"id":1,"name":"first"}]},
                {"id":2,"name":"early","attributes":[
                    {"id":8,"name":"q","input_type":"number","values":"0\n10\n1","default_value":"0"},
                    {"id":7,"name":"p","input_type":"select","values":["x","y"],"mutable":true}]},
                {"id":5,"name":"point","parent_id":4}]"#,
        )
        .unwrap();
        assert_eq!(paths(&labels), ["late/first", "early", "late", "late/point"]);
        assert_eq!(labels.label_ids, [Some(1), Some(2), Some(4), Some(5)]);
        assert_eq!(labels.attribute_ids, [Some(7), Some(8)]);
        assert_eq!(labels.schema.attribute(1).values, ["0", "10", "1"]);
        assert!(labels.schema.attribute(0).mutable);
    }

    #[test]
    fn sublabels_of_sublabels_are_refused() {
        let error = read(r#"[{"name":"a","sublabels":[{"name":"b","sublabels":[{"name":"c"}]}]}]"#);
        assert_eq!(error.map(|_| ()).map_err(|error| error.code()), Err(Code::BadMetadata));
    }
}
