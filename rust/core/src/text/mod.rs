//! Text over bytes: exact numbers, and the escaping of XML and JSON. Everything appends to a `Vec<u8>` that the caller
//! keeps, and allocates nothing besides its growth.
//!
//! * [`number`] has integers and floats as C, Python and orjson print them; rounding to hundredths.
//! * [`xml`] has text and attribute values.
//! * [`json`] has strings, as orjson and as Python print them.
//! * [`yaml`] has the lines of a mapping.

pub mod json;
pub mod number;
pub mod xml;
pub mod yaml;
