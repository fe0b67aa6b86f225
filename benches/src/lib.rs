//! What the measurements share.

pub mod load;
