//! The anime site's AniLibria service: a cached v2 REST API over [`anilibria_client`].
//!
//! The service is a library, so that tests and benches can call the endpoint of the binary: see [`app::app`].

pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod events;
pub mod health;
pub mod migration;
pub mod node;
pub mod telemetry;
pub mod titles;
pub mod torznab;
pub mod v1;
pub mod v2;
pub mod v3;
