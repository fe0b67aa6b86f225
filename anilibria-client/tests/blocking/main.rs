//! The blocking client against the sandbox: the calls of the async one, threads, and its runtime.

#![cfg(feature = "blocking")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;
mod downloads;
mod fixture;
mod operations;
mod runtimes;
mod sessions;
mod streams;
#[cfg(feature = "v3")]
mod v3;
