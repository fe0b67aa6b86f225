//! The store in MongoDB, with real servers.
#![cfg(unix)]

#[path = "mongodb/conformance.rs"]
mod conformance;
