//! Tests of the SDK over HTTP: calls, pages, and models against recorded responses.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/host.rs"]
mod host;

mod accounts;
#[cfg(feature = "cache")]
mod cached;
mod call_site;
mod coverage;
mod extremes;
mod failover;
mod faults;
mod loader;
mod mirror_faults;
mod models;
mod operations;
mod pages;
mod proxies;
mod redirects;
mod reserved;
mod retries;
mod session;
mod telemetry;
