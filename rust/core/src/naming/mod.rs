//! What the members of an output are called: no two of them alike.

pub mod collisions;
