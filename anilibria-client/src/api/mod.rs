//! The endpoints: a module per group. Methods of [`Client`](crate::Client) return the groups.
//!
//! Each endpoint is a [`Call`](crate::call::Call), which is sent when it is awaited. Optional parameters are its setters.
//! [`include`](crate::call::Call::include) and [`exclude`](crate::call::Call::exclude) select fields of the response,
//! [`fetch_as`](crate::call::Call::fetch_as) decodes the response into a type of the caller, and calls for long lists can be
//! read as [streams](crate::call::Call::items).
//!
//! Groups and calls are generic over `R`, which is [`Async`](crate::call::Async) unless a blocking client made them.
//!
//! # All endpoints
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
pub mod search;
pub mod teams;
pub mod torrents;
