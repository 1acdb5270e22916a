//! The floats of a list, read from where CPython keeps them.
//!
//! Through the stable ABI each costs two calls, and a batch of polygons took half of its time to be read. What the stable
//! ABI does not promise, that the value of a float and the items of a list lie where they do, has been so in every release
//! of CPython that framehaul runs on; where it is not known to be so, numbers are read through the ABI.

use std::slice;

use pyo3::ffi::{Py_ssize_t, PyFloat_Type, PyTypeObject};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyFloat, PyInt, PyList};

/// The first and the last version whose objects are known to be laid out like this.
const FIRST: (u8, u8) = (3, 10);
const LAST: (u8, u8) = (3, 15);

/// What every object begins with, in builds with the GIL. Free-threaded and tracing builds have more.
#[repr(C)]
struct Head {
    references: Py_ssize_t,
    kind: *const PyTypeObject,
}

#[repr(C)]
struct Float {
    head: Head,
    value: f64,
}

#[repr(C)]
struct List {
    head: Head,
    length: Py_ssize_t,
    items: *const *const Head,
    allocated: Py_ssize_t,
}

/// Says that the running interpreter keeps floats and lists as described here: whoever holds one may read them.
#[derive(Clone, Copy)]
pub struct KnownLayout(());

impl KnownLayout {
    /// Looks once whether the interpreter is one of those.
    pub fn of(py: Python<'_>) -> Option<Self> {
        static KNOWN: PyOnceLock<bool> = PyOnceLock::new();
        KNOWN.get_or_init(py, || is_known(py).unwrap_or(false)).then_some(Self(()))
    }

    /// Appends the values of the items from `first` on, up to the first that is not exactly a float.
    #[expect(unsafe_code, reason = "reads lists of floats as the interpreter lays them out")]
    pub fn append_floats(self, list: &Bound<'_, PyList>, first: usize, values: &mut Vec<f64>) {
        // SAFETY: this is a list, and lists of this interpreter are a `List`. What is read of it and of its floats lives
        // and stays as it is until we return: only who is attached may change a list or let go of its items, we are
        // attached, builds without the GIL are not known ones, and nothing here calls Python. The items are a null
        // pointer if there are none.
        let items = unsafe {
            let list = &*list.as_ptr().cast::<List>();
            if list.length > 0 { slice::from_raw_parts(list.items, list.length as usize) } else { &[] }
        };
        let items = items.get(first..).unwrap_or_default();
        // Once a list: of whole numbers, which CVAT's masks are, each comes back here.
        if first == 0 {
            prefetch(items);
        }
        values.reserve(items.len());
        let (start, mut read) = (values.len(), 0);
        // The length is stored once: with `push`, each float waits for that of the one before, 3 ns.
        for (place, &item) in values.spare_capacity_mut().iter_mut().zip(items) {
            // SAFETY: an item is null or an object, and that has a head.
            if unsafe { item.as_ref() }.is_none_or(|head| head.kind != &raw const PyFloat_Type) {
                break;
            }
            // SAFETY: what has the type of floats, and not one derived from it, is a `Float`.
            place.write(unsafe { (*item.cast::<Float>()).value });
            read += 1;
        }
        // SAFETY: so many places have been written.
        unsafe { values.set_len(start + read) };
    }
}

/// Asks for the memory of objects ahead of reading them: those of many shapes fill no cache, and a float that has to be
/// waited for takes longer than all the rest.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "a prefetch has no safe form")]
fn prefetch(items: &[*const Head]) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    for &item in items {
        // SAFETY: a hint, which does nothing for an address that is none.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(item.cast()) };
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn prefetch(_: &[*const Head]) {}

/// Whether version and sizes are as they must be, and a list gives back what was put into it.
fn is_known(py: Python<'_>) -> PyResult<bool> {
    let version = py.version_info();
    let name: String = py.import("sys")?.getattr("implementation")?.getattr("name")?.extract()?;
    let size = |kind: Bound<'_, PyAny>| kind.getattr("__basicsize__")?.extract::<usize>();
    if name != "cpython"
        || !(FIRST..=LAST).contains(&(version.major, version.minor))
        || size(py.import("builtins")?.getattr("object")?)? != size_of::<Head>()
        || size(py.get_type::<PyFloat>().into_any())? != size_of::<Float>()
        || size(py.get_type::<PyList>().into_any())? != size_of::<List>()
    {
        return Ok(false);
    }
    let (probe, mut values) = ([0.5, -2.0, f64::MAX], Vec::new());
    let list = PyList::new(py, probe)?;
    list.append(PyInt::new(py, 1))?;
    KnownLayout(()).append_floats(&list, 0, &mut values);
    Ok(values == probe)
}
