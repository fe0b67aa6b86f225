//! The live stream, against a service whose every word the test says.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod breaks;
mod events;
mod faults;
mod sandbox;
#[path = "../support/scripted.rs"]
mod scripted;
mod service;
mod subscriptions;
