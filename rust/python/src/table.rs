//! The tables of a dataset for Python: Arrow's PyCapsule interface for whole tables and columns, NumPy's array
//! interface for columns of numbers. All of it views the memory of the dataset, which lives as long as any view.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, Int32Array, Int64Array, RecordBatch, StructArray};
use arrow_schema::{DataType, Field, FieldRef};
use framehaul_core::dataset::{self, Dataset};
use framehaul_macros::guarded;
use pyo3::exceptions::{PyAttributeError, PyKeyError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyTuple};
use pyo3_arrow::error::PyArrowResult;
use pyo3_arrow::ffi::{ArrayIterator, to_array_pycapsules, to_schema_pycapsule, to_stream_pycapsule};

use crate::error::to_py;

/// Adds the classes.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Table>()?;
    module.add_class::<Column>()
}

/// The table of a dataset with this name; a `KeyError` if there is none.
pub fn table_of(dataset: &Arc<Dataset>, name: &str) -> PyResult<Table> {
    let table = dataset::Table::from_name(name).ok_or_else(|| {
        let names = dataset::Table::ALL.map(dataset::Table::as_str).join(", ");
        PyKeyError::new_err(format!("there is no table {name:?}, only {names}"))
    })?;
    Ok(Table { name: table.as_str(), batch: dataset.table_with_task(table).map_err(to_py)? })
}

/// A table of a dataset.
#[pyclass(frozen, module = "framehaul._core")]
pub struct Table {
    name: &'static str,
    batch: RecordBatch,
}

#[pymethods]
impl Table {
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.batch.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    #[getter]
    fn num_rows(&self) -> usize {
        self.batch.num_rows()
    }

    #[guarded]
    fn column(&self, name: &str) -> PyResult<Column> {
        let schema = self.batch.schema();
        let (place, field) = schema.fields().find(name).ok_or_else(|| {
            let names = self.column_names().join(", ");
            PyKeyError::new_err(format!("{} have no column {name:?}, only {names}", self.name))
        })?;
        Ok(Column { field: Arc::clone(field), array: Arc::clone(self.batch.column(place)) })
    }

    fn __len__(&self) -> usize {
        self.batch.num_rows()
    }

    fn __repr__(&self) -> String {
        format!("<framehaul.Table {}: {} rows; {}>", self.name, self.batch.num_rows(), self.column_names().join(", "))
    }

    #[guarded]
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyArrowResult<Bound<'py, PyCapsule>> {
        to_schema_pycapsule(py, self.batch.schema().as_ref())
    }

    #[pyo3(signature = (requested_schema = None))]
    #[guarded]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyArrowResult<Bound<'py, PyCapsule>> {
        let rows: ArrayRef = Arc::new(StructArray::from(self.batch.clone()));
        let field = Arc::new(Field::new_struct("", self.batch.schema().fields().clone(), false));
        to_stream_pycapsule(py, Box::new(ArrayIterator::new([Ok(rows)], field)), requested_schema)
    }
}

/// A column of a table, or an inner array of one.
#[pyclass(frozen, module = "framehaul._core")]
pub struct Column {
    field: FieldRef,
    array: ArrayRef,
}

impl Column {
    fn inner(name: &str, array: ArrayRef) -> Self {
        Self { field: Arc::new(Field::new(name, array.data_type().clone(), false)), array }
    }

    /// What a column without this part says; `hasattr` is then false.
    fn without(&self, part: &str) -> PyErr {
        PyAttributeError::new_err(format!("the column {:?} has no {part}", self.field.name()))
    }
}

#[pymethods]
impl Column {
    fn __len__(&self) -> usize {
        self.array.len()
    }

    fn __repr__(&self) -> String {
        format!("<framehaul.Column {}: {} values of {}>", self.field.name(), self.array.len(), self.array.data_type())
    }

    #[guarded]
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyArrowResult<Bound<'py, PyCapsule>> {
        to_schema_pycapsule(py, self.field.as_ref())
    }

    #[pyo3(signature = (requested_schema = None))]
    #[guarded]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyArrowResult<Bound<'py, PyTuple>> {
        to_array_pycapsules(py, Arc::clone(&self.field), &self.array, requested_schema)
    }

    #[getter]
    #[guarded]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (code, hint) = match self.array.data_type() {
            DataType::UInt8 => ("u1", ""),
            DataType::UInt32 => ("u4", ""),
            DataType::Int32 => ("i4", ""),
            DataType::Int64 => ("i8", ""),
            DataType::Float64 => ("f8", ""),
            DataType::List(_) | DataType::LargeList(_) => ("", "take its .offsets and .values"),
            DataType::Dictionary(..) => ("", "take its .indices (and .dictionary)"),
            DataType::Struct(_) => ("", "take one of its fields with .field(name)"),
            DataType::Boolean => ("", "it has one bit per value: read it through Arrow, pyarrow.array(column)"),
            _ => ("", "read it through Arrow, pyarrow.array(column)"),
        };
        // Not an AttributeError: NumPy would then make an array of one object of it without a word.
        if code.is_empty() {
            let name = self.field.name();
            return Err(PyTypeError::new_err(format!("the column {name:?} is not a plain array of numbers; {hint}")));
        }
        let data = self.array.to_data();
        let width = data.data_type().primitive_width().unwrap_or(1);
        let address = data.buffers()[0].as_ptr().addr() + data.offset() * width;
        let interface = PyDict::new(py);
        interface.set_item("version", 3)?;
        interface.set_item("shape", (self.array.len(),))?;
        interface.set_item("typestr", format!("{}{code}", if cfg!(target_endian = "big") { '>' } else { '<' }))?;
        // NumPy keeps this object while it uses the address; true: nobody may write.
        interface.set_item("data", (address, true))?;
        Ok(interface)
    }

    #[getter]
    #[guarded]
    fn offsets(&self) -> PyResult<Column> {
        let offsets: ArrayRef = if let Some(list) = self.array.as_list_opt::<i32>() {
            Arc::new(Int32Array::new(list.offsets().inner().clone(), None))
        } else if let Some(list) = self.array.as_list_opt::<i64>() {
            Arc::new(Int64Array::new(list.offsets().inner().clone(), None))
        } else {
            return Err(self.without("offsets: it is no list"));
        };
        Ok(Column::inner("offsets", offsets))
    }

    #[getter]
    #[guarded]
    fn values(&self) -> PyResult<Column> {
        let small = self.array.as_list_opt::<i32>().map(|list| list.values());
        let values = small.or_else(|| self.array.as_list_opt::<i64>().map(|list| list.values()));
        let values = values.ok_or_else(|| self.without("values: it is no list"))?;
        Ok(Column::inner("values", Arc::clone(values)))
    }

    #[guarded]
    fn field(&self, name: &str) -> PyResult<Column> {
        let fields = self.array.as_struct_opt().ok_or_else(|| self.without("fields: it is no struct"))?;
        let array = fields.column_by_name(name).ok_or_else(|| PyKeyError::new_err(format!("no field {name:?}")))?;
        Ok(Column::inner(name, Arc::clone(array)))
    }

    #[getter]
    #[guarded]
    fn indices(&self) -> PyResult<Column> {
        let names = self.array.as_any_dictionary_opt().ok_or_else(|| self.without("indices: it is no dictionary"))?;
        Ok(Column::inner("indices", arrow_array::make_array(names.keys().to_data())))
    }

    #[getter]
    #[guarded]
    fn dictionary(&self) -> PyResult<Column> {
        let names = self.array.as_any_dictionary_opt().ok_or_else(|| self.without("dictionary"))?;
        Ok(Column::inner("dictionary", Arc::clone(names.values())))
    }
}
