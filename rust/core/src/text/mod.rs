//! Text over bytes: exact numbers, and the escaping of XML and JSON. Everything appends to a `Vec<u8>` that the caller
//! keeps, and allocates nothing besides its growth.
//!
//! * [`number`] has integers and floats as C, Python and orjson print them; rounding to hundredths.
//! * [`xml`] has text and attribute values.
//! * [`json`] has strings, as orjson and as Python print them.
//! * [`yaml`] has the lines of a mapping.
//! * [`shown`] makes texts of the source fit to be shown.

pub mod json;
pub mod number;
mod shown;
pub mod xml;
pub mod yaml;

pub use shown::{shortened, shown};
