//! Tests that call the endpoint of the service in this process, without the binary.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;
#[path = "../support/token.rs"]
mod token;

mod changes;
mod connections;
mod cors;
mod document;
mod document_3_1;
mod errors;
mod external_ids;
#[cfg(unix)]
mod former_leader;
mod health;
mod http;
mod internal;
mod invalid_input;
mod legacy;
mod limits;
mod methods;
mod metrics;
mod page_links;
mod pages;
mod parameters;
mod problem_details;
mod rate_limits;
mod request_ids;
mod sandbox;
#[cfg(unix)]
mod shared_catalog;
mod torznab;
mod v3;
