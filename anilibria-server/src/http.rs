//! What HTTP asks of answers beside what is in them, caching, conditions, compression, protection of browsers; and who
//! asks how often.

pub mod accept;
pub mod asset;
pub mod client;
pub mod compress;
pub mod condition;
pub mod encoding;
pub mod finish;
pub mod freshness;
pub mod protection;
pub mod rate;
pub mod trace_parent;
