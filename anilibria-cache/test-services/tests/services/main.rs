//! Start, restart and end of the servers.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod lifetime;
mod mongo;
mod redis;
mod skipped;
