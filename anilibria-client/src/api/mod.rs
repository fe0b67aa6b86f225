//! The operations: a file per group, reached through [`Client`](crate::Client).
//!
//! Every operation is a request that is awaited. Optional parameters are its setters; `include` and `exclude` narrow
//! the answer, `fetch_as` decodes it into a type of the caller's own, and requests for long lists are streams as well.
//!
//! # All operations
//!
#![doc = include_str!("operations.md")]

pub mod accounts;
pub mod app;
pub mod catalog;
pub mod franchises;
pub mod genres;
pub mod media;
pub mod ratings;
pub mod releases;
pub mod schedule;
pub mod teams;
pub mod torrents;
