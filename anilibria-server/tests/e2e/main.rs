//! The built binary, started as a user would start it, over real sockets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod commands;
mod connections;
mod endpoints;
mod faults;
mod single_flight;
mod support;
