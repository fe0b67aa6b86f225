//! Models of titles, as the site reads them.

pub mod episode;
pub mod schedule;
pub mod sync;
pub mod title;
