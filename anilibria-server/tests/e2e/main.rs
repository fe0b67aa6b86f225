//! The built binary, started as a user would start it, over real sockets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod catalogue;
mod commands;
mod endpoints;
mod faults;
mod single_flight;
mod support;
