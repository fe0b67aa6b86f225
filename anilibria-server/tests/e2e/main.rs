//! The built binary, started as a user would start it, over real sockets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod commands;
mod endpoints;
mod faults;
mod internal;
mod single_flight;
mod support;
#[path = "../shared/token.rs"]
mod token;
