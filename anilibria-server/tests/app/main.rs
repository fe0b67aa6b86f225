//! The service as one endpoint, driven in the process.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what a test prepares or reads may fail loudly")]

mod support;

mod changes;
mod cors;
mod document;
mod errors;
mod health;
mod limits;
mod methods;
mod parameters;
mod request_ids;
mod sandbox;
