//! Tests of the client of API v3: against a stand-in gateway, and against faulty services.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(feature = "cache")]
mod cached;
mod decoding;
mod events;
mod handlers;
mod login;
mod pages;
mod refusals;
mod requests;
mod samples;
#[path = "../support/scripted.rs"]
mod scripted;
mod service;
