//! The watcher over HTTP: events of changes in the sandbox, also after a restart.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(feature = "cache")]
mod cached;
mod errors;
mod ground;
mod narrowed;
mod news;
#[path = "../support/odd.rs"]
mod odd;
mod restart;
mod skipped;
mod sweep;
