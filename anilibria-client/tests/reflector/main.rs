//! The reflector over HTTP, and queries of its catalog.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(feature = "cache")]
mod cached;
mod fixture;
mod loading;
#[path = "../support/malformed.rs"]
mod malformed;
mod pacing;
mod queries;
mod saved;
mod searching;
mod skipped;
