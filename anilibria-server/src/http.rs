//! HTTP: clients and their limits, paths, conditions, content negotiation, compression, caching headers, protection of
//! browsers.

pub mod accept;
pub mod asset;
pub mod clients;
pub mod compress;
pub mod condition;
pub mod encoding;
pub mod finish;
pub mod freshness;
pub mod in_flight;
pub mod path;
pub mod protection;
pub mod proxies;
pub mod trace_parent;
pub mod vary;
