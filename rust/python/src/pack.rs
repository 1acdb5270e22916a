//! The least that an export costs, for the benchmarks: bytes that exist already are compressed and written, as exports do.

use std::path::PathBuf;

use framehaul_core::error::Result;
use framehaul_core::sink::{Archive, Compression, Packed, Packer, Sink};
use framehaul_core::threads::{self, ParallelIterator};
use framehaul_macros::guarded;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

use crate::error::to_py;

/// Adds the function.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(pack, module)?)
}

/// Content that one thread packs at a time; exports have chunks of about this size.
const PIECE: usize = 1 << 20;
/// Pieces that are packed while those before are written.
const WINDOW: usize = 32;

#[pyfunction]
#[guarded]
fn pack(py: Python<'_>, members: Vec<(String, PyBackedBytes)>, out: PathBuf) -> PyResult<u64> {
    py.detach(|| {
        let mut sink = Archive::create(&out, Compression::Fast, true)?;
        let (small, large): (Vec<_>, Vec<_>) = members.iter().partition(|(_, content)| content.len() < PIECE);
        for (name, content) in large {
            sink.begin(name)?;
            let pieces: Vec<&[u8]> = content.chunks(PIECE).collect();
            write_all(&mut sink, &pieces, |packer, piece| packer.part(piece))?;
            sink.end()?;
        }
        let average = small.iter().map(|(_, content)| content.len() + 64).sum::<usize>() / small.len().max(1);
        let groups: Vec<_> = small.chunks((PIECE / average.max(1)).max(1)).collect();
        write_all(&mut sink, &groups, |packer, group| {
            group.iter().try_for_each(|(name, content)| packer.file(name, content))?;
            Ok(packer.take())
        })?;
        Ok(Box::new(sink).finish()?.bytes)
    })
    .map_err(to_py)
}

/// Packs on all cores and writes in order, one window while the next is packed.
fn write_all<T: Copy + Sync>(
    sink: &mut Archive,
    pieces: &[T],
    pack: impl Fn(&mut Packer, T) -> Result<Packed> + Sync,
) -> Result<()> {
    let packing = sink.packing();
    let packed = |window: &[T]| {
        let pack = |packer: &mut Packer, &piece: &T| pack(packer, piece);
        threads::over(window, |window| window.map_init(|| Packer::new(packing), pack).collect::<Result<Vec<_>>>())
    };
    let mut ready = Vec::new();
    for window in pieces.chunks(WINDOW).map(Some).chain([None]) {
        let before = std::mem::take(&mut ready);
        let (written, next) = threads::join(
            || before.into_iter().try_for_each(|chunk| sink.write(chunk)),
            || window.map_or_else(|| Ok(Vec::new()), packed),
        );
        written?;
        ready = next?;
    }
    Ok(())
}
