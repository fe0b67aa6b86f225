#![doc = include_str!("../README.md")]

pub mod accept;
pub mod access_log;
pub mod asset;
pub mod body;
pub mod cache_control;
pub mod clients;
pub mod compress;
pub mod cors;
pub mod encoding;
pub mod envelope;
pub mod error_chain;
mod error_code;
pub mod finish;
pub mod in_flight;
pub mod known_parameters;
pub mod limits;
pub mod listener;
pub mod load_failure;
pub mod metrics;
pub mod page_links;
pub mod params;
pub mod path;
pub mod problem;
pub mod proxies;
pub mod rendered;
pub mod request_id;
pub mod router;
pub mod security_headers;
pub mod tag;
pub mod timestamp;
pub mod trace;
pub mod traffic;
pub mod user;
pub mod vary;
pub mod websocket;

pub use self::{load_failure::LoadFailure, user::User};

/// Base path of the API, the prefix of all its routes.
pub const BASE: &str = "/api/anilibria/v2";
