//! The reflector over HTTP, and what its catalogue finds.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ground;
mod loading;
mod queries;
mod saved;
mod searching;
