//! `framehaul.raster`: filling shapes into NumPy arrays, label images, and tracing arrays into polygons.

use std::cell::RefCell;

use framehaul_core::error::{Code, Error, Result};
use framehaul_core::label_png::{Pixels, encode as encode_png};
use framehaul_core::raster::contours::{self as tracer, Contour};
use framehaul_core::raster::ellipse::Ellipse;
use framehaul_core::raster::{Canvas, Rle, Scratch, polygon};
use framehaul_core::threads::{self, ParallelIterator};
use framehaul_macros::guarded;
use numpy::{Element, PyArray1, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use crate::error::to_py;
use crate::pixels::read_image;
use crate::rle::{Batch, RleDict, map, run};
use crate::shapes::{Layout, read_shape};

thread_local! {
    /// The canvas of each thread, kept from call to call.
    static CANVAS: RefCell<Canvas> = RefCell::default();
}

/// Adds the module `_raster` to the compiled package.
pub fn register(parent: &Bound<'_, PyModule>) -> PyResult<()> {
    let module = PyModule::new(parent.py(), "framehaul.raster")?;
    module.add_function(wrap_pyfunction!(fill_polygon, &module)?)?;
    module.add_function(wrap_pyfunction!(fill_ellipse, &module)?)?;
    module.add_function(wrap_pyfunction!(label_map, &module)?)?;
    module.add_function(wrap_pyfunction!(label_png, &module)?)?;
    module.add_function(wrap_pyfunction!(masks_png, &module)?)?;
    module.add_function(wrap_pyfunction!(contours, &module)?)?;
    module.add_function(wrap_pyfunction!(polygons, &module)?)?;
    parent.add("_raster", module)
}

#[pyfunction]
#[pyo3(signature = (points, *, height, width))]
#[guarded]
fn fill_polygon<'py>(points: &Bound<'py, PyAny>, height: u32, width: u32) -> PyResult<Bound<'py, PyAny>> {
    let py = points.py();
    let Some(points) = read_shape(points, Layout::Points)? else {
        return Err(PyTypeError::new_err("expected the coordinates of one polygon"));
    };
    image(py, height, width, |pixels, scratch| {
        polygon::fill(&points, height, width, scratch)?.paint_rows(pixels, 1, scratch)
    })
}

#[pyfunction]
#[pyo3(signature = (center, radii, *, angle_degrees = 0, height, width))]
#[guarded]
fn fill_ellipse(
    py: Python<'_>,
    center: (i64, i64),
    radii: (i64, i64),
    angle_degrees: i64,
    height: u32,
    width: u32,
) -> PyResult<Bound<'_, PyAny>> {
    let ellipse = Ellipse { center, radii, angle_degrees };
    image(py, height, width, |pixels, scratch| ellipse.paint(pixels, 1, height, width, scratch))
}

#[pyfunction]
#[pyo3(signature = (masks, values = None, *, height, width))]
#[guarded]
fn label_map<'py>(
    masks: &Bound<'py, PyAny>,
    values: Option<Vec<u32>>,
    height: u32,
    width: u32,
) -> PyResult<Bound<'py, PyAny>> {
    let painting = Painting::new(masks, values, height, width)?;
    match painting.largest() {
        0..=0xFF => painting.array("uint8", |value| value as u8, masks.py()),
        0x100..=0xFFFF => painting.array("uint16", |value| value as u16, masks.py()),
        _ => painting.array("uint32", |value| value, masks.py()),
    }
}

#[pyfunction]
#[pyo3(signature = (masks, values = None, *, height, width, palette = None))]
#[guarded]
fn masks_png<'py>(
    masks: &Bound<'py, PyAny>,
    values: Option<Vec<u32>>,
    height: u32,
    width: u32,
    palette: Option<Vec<[u8; 3]>>,
) -> PyResult<Bound<'py, PyBytes>> {
    let painting = Painting::new(masks, values, height, width)?;
    let deep = painting.largest() > 0xFF;
    let file = painting.paint(masks.py(), |canvas| encode(canvas, deep, palette.as_deref()))?;
    Ok(PyBytes::new(masks.py(), &file))
}

/// Masks to be painted one over the other.
struct Painting {
    masks: Batch<RleDict>,
    values: Vec<u32>,
    size: (u32, u32),
}

impl Painting {
    fn new(masks: &Bound<'_, PyAny>, values: Option<Vec<u32>>, height: u32, width: u32) -> PyResult<Self> {
        let masks = RleDict::batch(masks)?;
        let count = masks.as_slice().len();
        let values = values.unwrap_or_else(|| (1..).take(count).collect());
        if values.len() != count {
            return Err(PyValueError::new_err(format!("{} values for {count} masks", values.len())));
        }
        Ok(Self { masks, values, size: (height, width) })
    }

    fn largest(&self) -> u32 {
        self.values.iter().copied().max().unwrap_or(0)
    }

    /// Paints, without the GIL, and does `work` with the result.
    fn paint<R: Send>(&self, py: Python<'_>, work: impl FnOnce(&Canvas) -> Result<R> + Send) -> PyResult<R> {
        let paint = |canvas: &mut Canvas| {
            let mut painter = canvas.begin(self.size.0, self.size.1)?;
            for ((mask, &value), i) in self.masks.as_slice().iter().zip(&self.values).zip(0u64..) {
                mask.read().and_then(|mask| painter.paint(&mask, value)).map_err(|error| error.at_shape(i))?;
            }
            painter.finish();
            work(canvas)
        };
        py.detach(|| CANVAS.with_borrow_mut(paint)).map_err(to_py)
    }

    fn array<'py, T: Element + Copy + Send>(
        &self,
        dtype: &str,
        value: fn(u32) -> T,
        py: Python<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let image = py.import("numpy")?.call_method1("empty", (self.size, dtype))?;
        let mut pixels = image.cast::<PyArrayDyn<T>>()?.readwrite();
        let slice = pixels.as_slice_mut()?;
        self.paint(py, |canvas| canvas.write(slice, value))?;
        drop(pixels);
        Ok(image)
    }
}

#[pyfunction]
#[pyo3(signature = (labels, *, palette = None))]
#[guarded]
fn label_png<'py>(labels: &Bound<'py, PyAny>, palette: Option<Vec<[u8; 3]>>) -> PyResult<Bound<'py, PyAny>> {
    let py = labels.py();
    let labels = if labels.is_instance_of::<PyList>() || labels.is_instance_of::<PyTuple>() {
        Batch::Many(labels.try_iter()?.map(|map| LabelMap::new(&map?)).collect::<PyResult<_>>()?)
    } else {
        Batch::One(LabelMap::new(labels)?)
    };
    let views = labels.as_slice().iter().map(LabelMap::view).collect::<PyResult<Vec<_>>>()?;
    let one = |view: &LabelView<'_>| CANVAS.with_borrow_mut(|canvas| view.encode(canvas, palette.as_deref()));
    let files: Vec<Result<Vec<u8>>> = py.detach(|| match &views[..] {
        [view] => vec![one(view)],
        views => threads::over(views, |views| views.map(one).collect()),
    });
    let bytes = |file: Result<Vec<u8>>| Ok(PyBytes::new(py, &file.map_err(to_py)?).into_any());
    labels.wrap(py, files.into_iter().map(bytes).collect::<PyResult<_>>()?)
}

/// A label map from Python, stored along the rows.
enum LabelMap<'py> {
    Bytes(PyReadonlyArrayDyn<'py, u8>),
    Words(PyReadonlyArrayDyn<'py, u16>),
}

impl<'py> LabelMap<'py> {
    /// Views an array of bytes or 16 bits, converts one of other integers.
    fn new(labels: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Some(labels) = Self::as_it_is(labels) {
            return Ok(labels);
        }
        let numpy = labels.py().import("numpy")?;
        let array = numpy.call_method1("ascontiguousarray", (labels,))?;
        let kind: char = array.getattr("dtype")?.getattr("kind")?.extract()?;
        let array = if kind == 'b' { array.call_method1("view", ("uint8",))? } else { array };
        if let Some(labels) = Self::as_it_is(&array) {
            return Ok(labels);
        }
        if !"iu".contains(kind) {
            return Err(PyTypeError::new_err("expected an array of integers"));
        }
        let words = array.call_method1("astype", ("uint16",))?;
        if !numpy.call_method1("array_equal", (&array, &words))?.is_truthy()? {
            return Err(to_py(Error::new(Code::BadMask, "a label image holds values from 0 to 65535")));
        }
        Ok(Self::Words(words.cast::<PyArrayDyn<u16>>()?.readonly()))
    }

    /// Views an array that is stored along the rows.
    fn as_it_is(array: &Bound<'py, PyAny>) -> Option<Self> {
        let bytes = array.cast::<PyArrayDyn<u8>>().ok().filter(|bytes| bytes.is_c_contiguous());
        let words = || array.cast::<PyArrayDyn<u16>>().ok().filter(|words| words.is_c_contiguous());
        bytes.map(|bytes| Self::Bytes(bytes.readonly())).or_else(|| words().map(|words| Self::Words(words.readonly())))
    }

    fn view(&self) -> PyResult<LabelView<'_>> {
        let (shape, labels) = match self {
            Self::Bytes(array) => (array.shape(), Labels::Bytes(array.as_slice()?)),
            Self::Words(array) => (array.shape(), Labels::Words(array.as_slice()?)),
        };
        let &[height, width] = shape else {
            return Err(PyValueError::new_err(format!("expected an array of 2 dimensions, got {}", shape.len())));
        };
        let too_large = |_| to_py(Error::new(Code::TooLarge, format!("an image of {height} x {width} pixels")));
        let size = (u32::try_from(height).map_err(too_large)?, u32::try_from(width).map_err(too_large)?);
        Ok(LabelView { labels, size })
    }
}

/// A label map that needs no GIL.
struct LabelView<'a> {
    labels: Labels<'a>,
    size: (u32, u32),
}

enum Labels<'a> {
    Bytes(&'a [u8]),
    Words(&'a [u16]),
}

impl LabelView<'_> {
    fn encode(&self, canvas: &mut Canvas, palette: Option<&[[u8; 3]]>) -> Result<Vec<u8>> {
        let (height, width) = self.size;
        match self.labels {
            Labels::Bytes(labels) => canvas.read(labels, height, width)?,
            Labels::Words(labels) => canvas.read(labels, height, width)?,
        }
        encode(canvas, matches!(self.labels, Labels::Words(_)), palette)
    }
}

/// The canvas as a PNG of its values: with a palette, or grey of 8 or, if `deep`, 16 bits.
fn encode(canvas: &Canvas, deep: bool, palette: Option<&[[u8; 3]]>) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    let bytes: [u8; 256] = std::array::from_fn(|value| value as u8);
    let words = || (0..=u16::try_from(canvas.largest()).unwrap_or(u16::MAX)).collect::<Vec<_>>();
    match palette {
        Some(colours) => encode_png(canvas, &Pixels::Palette8 { index: &bytes, colours }, &mut file),
        None if deep => encode_png(canvas, &Pixels::Grey16(&words()), &mut file),
        None => encode_png(canvas, &Pixels::Grey8(&bytes), &mut file),
    }?;
    Ok(file)
}

#[pyfunction]
#[guarded]
fn contours<'py>(mask: &Bound<'py, PyAny>) -> PyResult<(Vec<Bound<'py, PyAny>>, Bound<'py, PyAny>)> {
    let py = mask.py();
    let rle = read_mask(mask)?;
    // The bitmap of a large mask is not worth keeping, unlike the rest of the working memory.
    let contours = run(py, |_| tracer::find_contours(&rle, &mut Scratch::new()))?;
    let place = |place: Option<usize>| place.map_or(-1, |place| place as i32);
    let links = contours.iter().flat_map(|c| [c.next, c.previous, c.first_child, c.parent].map(place));
    let tree = PyArray1::from_vec(py, links.collect::<Vec<i32>>()).reshape([contours.len(), 4])?.into_any();
    let points = |c: Contour| Ok(PyArray1::from_vec(py, c.points.concat()).reshape([c.points.len(), 2])?.into_any());
    Ok((contours.into_iter().map(points).collect::<PyResult<_>>()?, tree))
}

#[pyfunction]
#[guarded]
fn polygons(mask: &Bound<'_, PyAny>) -> PyResult<Vec<Vec<f64>>> {
    let rle = read_mask(mask)?;
    run(mask.py(), |_| tracer::trace(&rle, &mut Scratch::new()))
}

/// An RLE dict or an image.
fn read_mask(mask: &Bound<'_, PyAny>) -> PyResult<Rle> {
    if !mask.is_instance_of::<PyDict>() {
        return read_image(mask);
    }
    let dict = RleDict::batch(mask)?;
    let rles = map(mask.py(), dict.as_slice(), |dict, _| dict.read())?;
    Ok(rles.into_iter().next().unwrap_or_default())
}

/// An image of zeros, stored along the rows, into which `paint` writes without the GIL.
fn image<'py>(
    py: Python<'py>,
    height: u32,
    width: u32,
    paint: impl FnOnce(&mut [u8], &mut Scratch) -> Result<()> + Send,
) -> PyResult<Bound<'py, PyAny>> {
    let numpy = py.import(pyo3::intern!(py, "numpy"))?;
    let image = numpy.call_method1(pyo3::intern!(py, "zeros"), ((height, width), pyo3::intern!(py, "uint8")))?;
    let mut pixels = image.cast::<PyArrayDyn<u8>>()?.readwrite();
    let slice = pixels.as_slice_mut()?;
    run(py, |scratch| paint(slice, scratch))?;
    drop(pixels);
    Ok(image)
}
