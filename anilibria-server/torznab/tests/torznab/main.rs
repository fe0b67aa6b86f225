//! The indexer over small catalogs: titles, searches and documents.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod client_rules;
mod documents;
mod errors;
mod names;
mod properties;
mod schema;
mod searches;
mod support;
