//! The SDK over HTTP: the path of a call, pages, and the models against recorded forms of answers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/host.rs"]
mod host;

mod accounts;
mod blame;
#[cfg(feature = "cache")]
mod cached;
mod call_site;
mod coverage;
mod extremes;
mod failover;
mod faults;
mod models;
mod observed;
mod operations;
mod pages;
mod proxies;
mod redirects;
mod reserved;
mod retries;
mod session;
