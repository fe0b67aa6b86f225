//! The SDK over HTTP: the road of a call, pages, and the models against recorded forms of answers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
#[cfg(feature = "cache")]
mod cached;
mod coverage;
mod faults;
mod models;
mod observed;
mod operations;
mod pages;
mod reserved;
mod retries;
mod session;
