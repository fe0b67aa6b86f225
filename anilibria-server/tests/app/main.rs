//! The service as one endpoint, driven in the process.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what a test prepares or reads may fail loudly")]

mod support;
#[path = "../support/token.rs"]
mod token;

mod changes;
mod connections;
mod cors;
#[cfg(unix)]
mod deposed;
mod document;
mod document_3_1;
mod errors;
mod external_ids;
mod health;
mod hostile;
mod http;
mod internal;
mod legacy;
mod limits;
mod methods;
mod metrics;
mod page_links;
mod pages;
mod parameters;
mod problem_details;
mod rates;
mod request_ids;
mod sandbox;
#[cfg(unix)]
mod shared_catalog;
mod torznab;
mod v3;
