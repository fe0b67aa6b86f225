//! Tests of the live stream: against a scripted service, and against the stand-in of the sandbox.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod events;
mod faults;
mod reconnects;
mod sandbox;
#[path = "../support/scripted.rs"]
mod scripted;
mod service;
mod subscriptions;
