//! The indexer over small catalogs: titles, searches and documents.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod client_rules;
mod documents;
mod names;
mod properties;
mod refusals;
mod schema;
mod searches;
mod support;
