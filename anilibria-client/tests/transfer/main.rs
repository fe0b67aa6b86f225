//! Lists as files: formats, damaged files, plans and imports.

#![cfg(feature = "transfer")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod account;
mod fixture;
mod formats;
mod imports;
mod plans;
mod refusals;
mod round_trips;
