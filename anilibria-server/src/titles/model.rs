//! Models of titles, as API v2 returns them.

pub mod episode;
pub mod schedule;
pub mod sync_report;
pub mod title;
