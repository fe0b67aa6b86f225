//! The anime site's AniLibria service: a cached v2 REST API over [`anilibria_client`].
//!
//! The service is a library so that tests and benches drive the very endpoint that is served: see [`app::app`].

pub mod api;
pub mod app;
pub mod asyncapi;
pub mod auth;
pub mod caching;
pub mod catalogue;
pub mod cli;
pub mod commands;
pub mod compare;
pub mod config;
pub mod cors;
pub mod flags;
pub mod health;
pub mod http;
pub mod internal;
pub mod key;
pub mod legacy;
pub mod limits;
pub mod listener;
pub mod live;
pub mod logging;
pub mod mapping;
pub mod model;
pub mod node;
pub mod notify;
pub mod openapi;
pub mod params;
pub mod problem;
pub mod realtime;
pub mod rendered;
pub mod request_id;
pub mod rollback;
pub mod router;
pub mod sandbox;
pub mod service;
pub mod shell;
pub mod sync_status;
pub mod tag;
pub mod telemetry;
pub mod titles;
pub mod trace;
pub mod traffic;
pub mod v3;
