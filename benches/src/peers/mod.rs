//! The peers: the same programs in each one's own types, run at its best.

pub mod loom;
pub mod shuttle;
