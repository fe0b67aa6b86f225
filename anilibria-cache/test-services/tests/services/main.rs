//! The servers start, answer, survive what they should, and are gone afterwards.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod lifetime;
mod mongo;
mod redis;
mod skipped;
