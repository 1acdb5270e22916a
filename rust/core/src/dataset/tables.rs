//! The tables of a dataset as Arrow record batches, for other tools to read, and back.
//!
//! Nothing is copied: an array of a batch is a view of the column. Numbers that stand for names are dictionary arrays
//! over the names, so that a reader sees `rectangle` and `car` while the memory holds 0 and 7. No value is ever null.
//!
//! | table | a row is |
//! |---|---|
//! | `images` | a picture of an image task; a video has none |
//! | `tags` | a label on a whole frame |
//! | `shapes` | a shape on one frame; the rows of a skeleton's elements stand before its own |
//! | `tracks` | an object followed through frames; elements before their skeleton here too |
//! | `keyframes` | a shape that a person or model placed for a track; `first_keyframe` and `keyframe_count` lead here |
//!
//! Which column means what, with its unit, is said in [`ColumnKind`] and at the structs of the columns
//! ([`super::Shapes`] and its neighbours). Which job and task a row belongs to is not stored with the tables: jobs name
//! ranges of rows ([`super::Job`]). [`Dataset::table_with_task`] makes a column of it.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::types::{ArrowDictionaryKeyType, ArrowPrimitiveType, Float64Type, Int32Type, UInt8Type, UInt32Type};
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, GenericListArray, LargeStringArray, PrimitiveArray, RecordBatch,
    StringArray, StructArray,
};
use arrow_buffer::{BooleanBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Fields, Schema as ArrowSchema, SchemaRef};

use super::columns::{AttributeValues, Columns, Coordinates, Images, Keyframes, Shapes, Tags, Tracks};
use super::{Dataset, Media, Task};
use crate::error::{Code, Error, Result};
use crate::schema::ShapeKind;

type ArrowResult<T> = std::result::Result<T, ArrowError>;

/// What a column holds, and so how it looks in Arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// UInt32: a frame relative to its task, a size in pixels (0 if unknown), a group (0 for none), a row or a count.
    Number,
    /// Int32: the layer; higher ones are in front.
    Layer,
    /// Float64: degrees, clockwise on the screen.
    Angle,
    /// Boolean, one bit each.
    Flag,
    /// LargeUtf8: a path with extension, `/` between folders.
    Path,
    /// Dictionary of UInt8 over Utf8: CVAT's name of the shape's kind, `rectangle`.
    ShapeKind,
    /// Dictionary of UInt32 over Utf8: the label's name, with its skeleton's in front for an element, `person/nose`.
    Label,
    /// Dictionary of UInt32 over LargeUtf8: where the annotation comes from, `manual`.
    Source,
    /// LargeList of Float64: coordinates as the shape's kind lays them out, in pixels; a mask's are run lengths and
    /// the box they fill.
    Points,
    /// List of structs `attribute` (dictionary of UInt32 over Utf8: its name; labels whose attributes share a name
    /// have an entry each) and `value` (dictionary of UInt32 over LargeUtf8: its text as stored, whatever its type).
    Attributes,
}

macro_rules! tables {
    ($($(#[$doc:meta])* $table:ident, $name:literal: $($column:ident as $kind:ident),*;)*) => {
        /// The tables of a dataset.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Table { $($(#[$doc])* $table,)* }

        impl Table {
            /// Every table.
            pub const ALL: [Table; 5] = [$(Table::$table,)*];

            /// Name of the table.
            pub fn as_str(self) -> &'static str {
                match self { $(Table::$table => $name,)* }
            }

            /// Names of its columns and what they hold, in order.
            pub fn columns(self) -> &'static [(&'static str, ColumnKind)] {
                match self { $(Table::$table => &[$((stringify!($column), ColumnKind::$kind)),*],)* }
            }
        }

        $(impl View for $table {
            fn arrays(&self, names: &Names) -> ArrowResult<Vec<ArrayRef>> {
                Ok(vec![$(self.$column.view(names, ColumnKind::$kind)?),*])
            }

            fn read(batch: &RecordBatch) -> Result<Self> {
                Ok(Self { $($column: Column::read(column(batch, Table::$table, stringify!($column))?)?),* })
            }
        })*
    };
}

tables! {
    /// Pictures of image tasks.
    Images, "images": name as Path, width as Number, height as Number;
    /// Labels on whole frames.
    Tags, "tags":
        frame as Number, label as Label, group as Number, source as Source, attributes as Attributes;
    /// Shapes on single frames.
    Shapes, "shapes":
        kind as ShapeKind, label as Label, frame as Number, group as Number, source as Source, occluded as Flag,
        outside as Flag, z_order as Layer, rotation as Angle, elements as Number, points as Points,
        attributes as Attributes;
    /// Objects followed through frames.
    Tracks, "tracks":
        kind as ShapeKind, label as Label, frame as Number, group as Number, source as Source, elements as Number,
        first_keyframe as Number, keyframe_count as Number, attributes as Attributes;
    /// Placed shapes of tracks.
    Keyframes, "keyframes":
        frame as Number, occluded as Flag, outside as Flag, z_order as Layer, rotation as Angle, points as Points,
        attributes as Attributes;
}

impl Table {
    /// The table with this name.
    pub fn from_name(name: &str) -> Option<Table> {
        Table::ALL.into_iter().find(|table| table.as_str() == name)
    }

    /// The Arrow schema of the table as [`Dataset::table`] shows it.
    pub fn schema(self) -> SchemaRef {
        self.schema_of(|kind| kind.data_type())
    }

    /// The Arrow schema of the table with numbers in place of the names they stand for.
    pub fn number_schema(self) -> SchemaRef {
        self.schema_of(|kind| without_dictionaries(&kind.data_type()))
    }

    fn schema_of(self, data_type: impl Fn(ColumnKind) -> DataType) -> SchemaRef {
        let fields = self.columns().iter().map(|&(name, kind)| Field::new(name, data_type(kind), false));
        Arc::new(ArrowSchema::new(fields.collect::<Fields>()))
    }
}

impl Dataset {
    /// A table as an Arrow record batch over the memory of the columns.
    ///
    /// Numbers of names are checked once more on the way, which reads those columns.
    pub fn table(&self, table: Table) -> Result<RecordBatch> {
        let names = Names::of(self);
        let columns = &self.columns;
        let arrays = match table {
            Table::Images => columns.images.arrays(&names),
            Table::Tags => columns.tags.arrays(&names),
            Table::Shapes => columns.shapes.arrays(&names),
            Table::Tracks => columns.tracks.arrays(&names),
            Table::Keyframes => columns.keyframes.arrays(&names),
        };
        arrays
            .and_then(|arrays| RecordBatch::try_new(table.schema(), arrays))
            .map_err(|error| Error::new(Code::Internal, format!("the table {:?} is broken: {error}", table.as_str())))
    }
}

impl Dataset {
    /// A table with a column more, in front: the task that each row belongs to, by its place and its name.
    pub fn table_with_task(&self, table: Table) -> Result<RecordBatch> {
        let rows = self.table(table)?;
        let mut places = vec![0; rows.num_rows()];
        for (place, task) in (0_u32..).zip(&self.tasks) {
            self.rows_of(table, task, |rows| {
                if let Some(rows) = places.get_mut(rows.start as usize..rows.end as usize) {
                    rows.fill(place);
                }
            });
        }
        let names: ArrayRef = Arc::new(StringArray::from_iter_values(self.tasks.iter().map(|task| &task.name)));
        let field = Arc::new(Field::new("task", ColumnKind::Label.data_type(), false));
        let fields: Fields = std::iter::once(field).chain(rows.schema().fields().iter().cloned()).collect();
        named::<UInt32Type>(&places.into(), &names)
            .and_then(|tasks| {
                let arrays = std::iter::once(tasks).chain(rows.columns().iter().cloned()).collect();
                RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), arrays)
            })
            .map_err(|error| Error::new(Code::Internal, format!("the table {:?} is broken: {error}", table.as_str())))
    }

    /// Calls `see` with each range of rows of a table that belong to a task.
    fn rows_of(&self, table: Table, task: &Task, mut see: impl FnMut(Range<u32>)) {
        let tracks = &self.columns.tracks;
        match table {
            Table::Images => {
                if let Media::Images { rows } = &task.media {
                    see(rows.clone());
                }
            }
            Table::Tags => task.jobs.iter().for_each(|job| see(job.tags.clone())),
            Table::Shapes => task.jobs.iter().for_each(|job| see(job.shapes.clone())),
            Table::Tracks => task.jobs.iter().for_each(|job| see(job.tracks.clone())),
            Table::Keyframes => task.jobs.iter().flat_map(|job| job.tracks.clone()).for_each(|track| {
                let first = tracks.first_keyframe[track as usize];
                see(first..first.saturating_add(tracks.keyframe_count[track as usize]));
            }),
        }
    }
}

impl Columns {
    /// The columns over the memory of record batches that hold numbers in place of names ([`Table::number_schema`]).
    ///
    /// Only types are checked; what the numbers mean is not (see [`super::check`]). [`Code::BadDataset`] if a column is
    /// missing or of another type.
    pub fn from_numbers(strings: LargeStringArray, batch: impl Fn(Table) -> Result<RecordBatch>) -> Result<Self> {
        Ok(Self {
            strings,
            images: View::read(&batch(Table::Images)?)?,
            tags: View::read(&batch(Table::Tags)?)?,
            shapes: View::read(&batch(Table::Shapes)?)?,
            tracks: View::read(&batch(Table::Tracks)?)?,
            keyframes: View::read(&batch(Table::Keyframes)?)?,
        })
    }
}

/// A table as arrays.
trait View: Sized {
    fn arrays(&self, names: &Names) -> ArrowResult<Vec<ArrayRef>>;
    fn read(batch: &RecordBatch) -> Result<Self>;
}

/// A column as an array.
trait Column: Sized {
    fn view(&self, names: &Names, kind: ColumnKind) -> ArrowResult<ArrayRef>;
    fn read(array: &ArrayRef) -> Result<Self>;
}

/// What numbers in columns stand for.
struct Names {
    kinds: ArrayRef,
    labels: ArrayRef,
    attributes: ArrayRef,
    strings: ArrayRef,
}

impl Names {
    fn of(dataset: &Dataset) -> Self {
        let schema = &dataset.schema;
        let labels: Vec<String> = (0..schema.len() as u32).map(|label| schema.path(label)).collect();
        let attributes = schema.labels().iter().flat_map(|label| &label.attributes);
        let attributes: Vec<&str> = attributes.map(|attribute| attribute.name.as_str()).collect();
        Self {
            kinds: Arc::new(StringArray::from_iter_values(ShapeKind::ALL.map(ShapeKind::as_str))),
            labels: Arc::new(StringArray::from(labels)),
            attributes: Arc::new(StringArray::from(attributes)),
            strings: Arc::new(dataset.columns.strings.clone()),
        }
    }
}

impl ColumnKind {
    fn data_type(self) -> DataType {
        let dictionary = |key: DataType, value: DataType| DataType::Dictionary(Box::new(key), Box::new(value));
        match self {
            ColumnKind::Number => DataType::UInt32,
            ColumnKind::Layer => DataType::Int32,
            ColumnKind::Angle => DataType::Float64,
            ColumnKind::Flag => DataType::Boolean,
            ColumnKind::Path => DataType::LargeUtf8,
            ColumnKind::ShapeKind => dictionary(DataType::UInt8, DataType::Utf8),
            ColumnKind::Label => dictionary(DataType::UInt32, DataType::Utf8),
            ColumnKind::Source => dictionary(DataType::UInt32, DataType::LargeUtf8),
            ColumnKind::Points => DataType::LargeList(item(DataType::Float64)),
            ColumnKind::Attributes => DataType::List(item(DataType::Struct(attribute_fields()))),
        }
    }
}

fn attribute_fields() -> Fields {
    let field = |name: &str, kind: ColumnKind| Field::new(name, kind.data_type(), false);
    Fields::from(vec![field("attribute", ColumnKind::Label), field("value", ColumnKind::Source)])
}

/// The field of a list's values under the name that Arrow recommends.
fn item(data_type: DataType) -> FieldRef {
    Arc::new(Field::new_list_field(data_type, false))
}

fn without_dictionaries(data_type: &DataType) -> DataType {
    let stripped = |field: &FieldRef| field.as_ref().clone().with_data_type(without_dictionaries(field.data_type()));
    match data_type {
        DataType::Dictionary(key, _) => key.as_ref().clone(),
        DataType::List(values) => DataType::List(Arc::new(stripped(values))),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(stripped).collect()),
        other => other.clone(),
    }
}

fn column<'a>(batch: &'a RecordBatch, table: Table, name: &str) -> Result<&'a ArrayRef> {
    batch
        .column_by_name(name)
        .ok_or_else(|| Error::new(Code::BadDataset, format!("the table {:?} has no column {name:?}", table.as_str())))
}

fn typed<T: Array + 'static>(array: &ArrayRef) -> Result<&T> {
    let array = array.as_any().downcast_ref::<T>().filter(|array| array.null_count() == 0);
    array.ok_or_else(|| Error::new(Code::BadDataset, "a column has another type than it must have, or nulls"))
}

fn named<K: ArrowDictionaryKeyType>(keys: &ScalarBuffer<K::Native>, names: &ArrayRef) -> ArrowResult<ArrayRef> {
    Ok(Arc::new(DictionaryArray::<K>::try_new(PrimitiveArray::new(keys.clone(), None), Arc::clone(names))?))
}

/// Texts by number. Texts behind the last one in use are left out: the sources of a table are the first few of what may
/// be millions of texts, and each column's texts are saved with it.
fn texts(keys: &ScalarBuffer<u32>, strings: &ArrayRef) -> ArrowResult<ArrayRef> {
    let used = keys.iter().max().map_or(0, |&last| last as usize + 1);
    named::<UInt32Type>(keys, &strings.slice(0, used.min(strings.len())))
}

fn numbers<T: ArrowPrimitiveType>(values: &ScalarBuffer<T::Native>) -> ArrayRef {
    Arc::new(PrimitiveArray::<T>::new(values.clone(), None))
}

impl Column for ScalarBuffer<u32> {
    fn view(&self, names: &Names, kind: ColumnKind) -> ArrowResult<ArrayRef> {
        match kind {
            ColumnKind::Label => named::<UInt32Type>(self, &names.labels),
            ColumnKind::Source => texts(self, &names.strings),
            _ => Ok(numbers::<UInt32Type>(self)),
        }
    }

    fn read(array: &ArrayRef) -> Result<Self> {
        Ok(typed::<PrimitiveArray<UInt32Type>>(array)?.values().clone())
    }
}

impl Column for ScalarBuffer<u8> {
    fn view(&self, names: &Names, _: ColumnKind) -> ArrowResult<ArrayRef> {
        named::<UInt8Type>(self, &names.kinds)
    }

    fn read(array: &ArrayRef) -> Result<Self> {
        Ok(typed::<PrimitiveArray<UInt8Type>>(array)?.values().clone())
    }
}

impl Column for ScalarBuffer<i32> {
    fn view(&self, _: &Names, _: ColumnKind) -> ArrowResult<ArrayRef> {
        Ok(numbers::<Int32Type>(self))
    }

    fn read(array: &ArrayRef) -> Result<Self> {
        Ok(typed::<PrimitiveArray<Int32Type>>(array)?.values().clone())
    }
}

impl Column for ScalarBuffer<f64> {
    fn view(&self, _: &Names, _: ColumnKind) -> ArrowResult<ArrayRef> {
        Ok(numbers::<Float64Type>(self))
    }

    fn read(array: &ArrayRef) -> Result<Self> {
        Ok(typed::<PrimitiveArray<Float64Type>>(array)?.values().clone())
    }
}

impl Column for BooleanBuffer {
    fn view(&self, _: &Names, _: ColumnKind) -> ArrowResult<ArrayRef> {
        Ok(Arc::new(BooleanArray::new(self.clone(), None)))
    }

    fn read(array: &ArrayRef) -> Result<Self> {
        Ok(typed::<BooleanArray>(array)?.values().clone())
    }
}

impl Column for LargeStringArray {
    fn view(&self, _: &Names, _: ColumnKind) -> ArrowResult<ArrayRef> {
        Ok(Arc::new(self.clone()))
    }

    fn read(array: &ArrayRef) -> Result<Self> {
        typed(array).cloned()
    }
}

impl Column for Coordinates {
    fn view(&self, names: &Names, kind: ColumnKind) -> ArrowResult<ArrayRef> {
        let values = self.values.view(names, kind)?;
        let list = GenericListArray::<i64>::try_new(item(DataType::Float64), self.offsets.clone(), values, None)?;
        Ok(Arc::new(list))
    }

    fn read(array: &ArrayRef) -> Result<Self> {
        let list = typed::<GenericListArray<i64>>(array)?;
        Ok(Self { offsets: list.offsets().clone(), values: Column::read(list.values())? })
    }
}

impl Column for AttributeValues {
    fn view(&self, names: &Names, _: ColumnKind) -> ArrowResult<ArrayRef> {
        let attribute = named::<UInt32Type>(&self.attribute, &names.attributes)?;
        let value = texts(&self.value, &names.strings)?;
        let values = StructArray::try_new(attribute_fields(), vec![attribute, value], None)?;
        let item = item(values.data_type().clone());
        Ok(Arc::new(GenericListArray::<i32>::try_new(item, self.offsets.clone(), Arc::new(values), None)?))
    }

    fn read(array: &ArrayRef) -> Result<Self> {
        let list = typed::<GenericListArray<i32>>(array)?;
        let values = typed::<StructArray>(list.values())?;
        let [attribute, value] = values.columns() else {
            return Err(Error::new(Code::BadDataset, "attributes have other fields than attribute and value"));
        };
        Ok(Self { offsets: list.offsets().clone(), attribute: Column::read(attribute)?, value: Column::read(value)? })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    /// Texts of a dictionary array, row by row.
    fn texts<K: ArrowDictionaryKeyType>(array: &dyn Array, names: impl Fn(&dyn Array, usize) -> String) -> Vec<String> {
        let array: &DictionaryArray<K> = array.as_any().downcast_ref().unwrap();
        let keys = array.keys().values().iter();
        keys.map(|key| names(array.values().as_ref(), arrow_buffer::ArrowNativeType::as_usize(*key))).collect()
    }

    fn small(array: &dyn Array, at: usize) -> String {
        array.as_any().downcast_ref::<StringArray>().unwrap().value(at).to_owned()
    }

    fn large(array: &dyn Array, at: usize) -> String {
        array.as_any().downcast_ref::<LargeStringArray>().unwrap().value(at).to_owned()
    }

    #[test]
    fn numbers_of_names_read_as_names() {
        let shapes = testing::dataset().table(Table::Shapes).unwrap();
        let column = |name: &str| shapes.column_by_name(name).unwrap().as_ref();
        assert_eq!(texts::<UInt8Type>(column("kind"), small), ["points", "skeleton", "rectangle", "mask"]);
        assert_eq!(texts::<UInt32Type>(column("label"), small), ["person/nose", "person", "car", "car"]);
        assert_eq!(texts::<UInt32Type>(column("source"), large), ["manual", "manual", "auto", "auto"]);
        let list: &GenericListArray<i32> = column("attributes").as_any().downcast_ref().unwrap();
        let values: &StructArray = list.values().as_any().downcast_ref().unwrap();
        assert_eq!(&list.offsets()[..], [0, 0, 1, 3, 3]);
        assert_eq!(texts::<UInt32Type>(values.column(0).as_ref(), small), ["sex", "colour", "speed"]);
        assert_eq!(texts::<UInt32Type>(values.column(1).as_ref(), large), ["f", "röd", "90"]);
    }

    #[test]
    fn a_columns_texts_end_with_the_last_one_it_uses() {
        let shapes = testing::dataset().table(Table::Shapes).unwrap();
        let source = shapes.column_by_name("source").unwrap();
        let source: &DictionaryArray<UInt32Type> = source.as_any().downcast_ref().unwrap();
        assert_eq!(source.values().len(), 2, "manual and auto, but not the texts of attributes");
    }

    #[test]
    fn a_table_is_a_view_of_the_columns() {
        let dataset = testing::dataset();
        let keyframes = &dataset.columns.keyframes;
        let table = dataset.table(Table::Keyframes).unwrap();
        let first_buffer = |name: &str| table.column_by_name(name).unwrap().to_data().buffers()[0].as_ptr();
        assert_eq!(first_buffer("frame"), keyframes.frame.inner().as_ptr());
        assert_eq!(first_buffer("outside"), keyframes.outside.inner().as_ptr());
        assert_eq!(first_buffer("points"), keyframes.points.offsets.inner().inner().as_ptr());
        let points = table.column_by_name("points").unwrap().to_data();
        assert_eq!(points.child_data()[0].buffers()[0].as_ptr(), keyframes.points.values.inner().as_ptr());
        let values = table.column_by_name("attributes").unwrap().to_data().child_data()[0].clone();
        assert_eq!(values.child_data()[1].buffers()[0].as_ptr(), keyframes.attributes.value.inner().as_ptr());
    }

    #[test]
    fn every_table_is_found_by_its_name_and_has_no_nulls() {
        for table in Table::ALL {
            assert_eq!(Table::from_name(table.as_str()), Some(table));
            assert!(table.schema().fields().iter().all(|field| !field.is_nullable()));
        }
        assert_eq!(Table::from_name("boxes"), None);
    }

    #[test]
    fn a_table_in_place_of_another_is_refused() {
        let dataset = testing::dataset();
        let columns = Columns::from_numbers(dataset.columns.strings.clone(), |_| dataset.table(Table::Tags));
        assert_eq!(columns.unwrap_err().code(), Code::BadDataset);
        let with_names = Columns::from_numbers(dataset.columns.strings.clone(), |table| dataset.table(table));
        assert_eq!(with_names.unwrap_err().code(), Code::BadDataset, "names may have other numbers elsewhere");
    }
}
