//! The watcher over HTTP: events of changes in the sandbox, also after a restart.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(feature = "cache")]
mod cached;
mod changes;
mod errors;
mod fixture;
#[path = "../support/malformed.rs"]
mod malformed;
mod narrowed;
mod restart;
mod skipped;
mod sweep;
