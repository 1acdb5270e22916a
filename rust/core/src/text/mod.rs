//! Text over bytes: exact numbers, and the escaping of XML and JSON. Everything appends to a `Vec<u8>` that the caller
//! keeps, and allocates nothing besides its growth.
//!
//! * [`number`]: integers and floats as C, Python and orjson print them; rounding to hundredths.
//! * [`xml`]: text and attribute values.
//! * [`json`]: strings.

pub mod json;
pub mod number;
pub mod xml;
