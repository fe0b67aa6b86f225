//! The v2 models: what the site reads, documented by the very types that are rendered.
//!
//! `Option` fields marked `nullable` are always on the wire, as `null` when there is no value; the document lists
//! them as required (see [`crate::v2::openapi`]).

pub mod internal;
pub mod live;
pub mod pattern;
