//! Shapes to RLE dicts: shapes are filled by other threads while later ones are read, then all are wrapped.

use std::sync::mpsc;

use framehaul_core::error::Result;
use framehaul_core::raster::{Rle, Scratch};
use framehaul_core::threads;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::error::to_py;
use crate::rle::{Dicts, SCRATCH, Written, make_dict};
use crate::shapes::{Layout, Numbers, read_shape};

/// So many shapes or numbers make a part of a batch: some ten microseconds of work.
const SHAPES_PER_PART: usize = 32;
const NUMBERS_PER_PART: usize = 4096;

/// The masks of a part, and their compressed counts one behind another.
type Filled = (Vec<Result<Written>>, Vec<u8>);

/// The RLE dict of one shape, a flat list of numbers or an array, or a list of those of each of a sequence of shapes.
pub fn shapes_to_rles<'py>(
    shapes: &Bound<'py, PyAny>,
    layout: Layout,
    compressed: bool,
    fill: impl Fn(&[f64], &mut Scratch) -> Result<Rle> + Sync,
) -> PyResult<Bound<'py, PyAny>> {
    let py = shapes.py();
    if let Some(shape) = read_shape(shapes, layout)? {
        return make_dict(py, compressed, |scratch| fill(&shape, scratch));
    }
    let fill_part = |part: &Numbers| -> Filled {
        let mut texts = Vec::new();
        let mut written =
            |shape| Ok(Written::new(SCRATCH.with_borrow_mut(|scratch| fill(shape, scratch))?, compressed, &mut texts));
        (part.shapes().map(&mut written).collect(), texts)
    };
    let mut dicts = Dicts::new(py);
    let mut wrapped = Vec::new();
    for (written, texts) in fill_all(py, shapes.as_unbound(), &fill_part)? {
        for written in written {
            let place = wrapped.len() as u64;
            wrapped.push(dicts.wrap(written.map_err(|error| to_py(error.at_shape(place)))?, &texts)?);
        }
    }
    Ok(PyList::new(py, wrapped)?.into_any())
}

/// Reads all shapes, which takes the GIL, and fills them in parts, which does not.
fn fill_all(py: Python<'_>, shapes: &Py<PyAny>, fill: &(impl Fn(&Numbers) -> Filled + Sync)) -> PyResult<Vec<Filled>> {
    let (sender, receiver) = mpsc::channel();
    // The scope waits for the threads at its end, when the GIL is free again.
    py.detach(|| {
        threads::scope(|scope| {
            Python::attach(|py| -> PyResult<()> {
                let start = |place: usize, part: Numbers| {
                    let sender = sender.clone();
                    // Nobody waits for it if a later shape cannot be read.
                    scope.spawn(move |_| drop(sender.send((place, fill(&part)))));
                };
                let (mut place, mut part) = (0, Numbers::default());
                for shape in shapes.bind(py).try_iter()? {
                    part.push(&shape?)?;
                    let (shapes, numbers) = part.len();
                    if shapes >= SHAPES_PER_PART || numbers >= NUMBERS_PER_PART {
                        start(place, std::mem::take(&mut part));
                        place += 1;
                    }
                }
                start(place, part);
                Ok(())
            })
        })
    })?;
    drop(sender);
    let mut parts: Vec<(usize, Filled)> = receiver.into_iter().collect();
    parts.sort_unstable_by_key(|(place, _)| *place);
    Ok(parts.into_iter().map(|(_, filled)| filled).collect())
}
