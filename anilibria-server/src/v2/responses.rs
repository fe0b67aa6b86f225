//! Response bodies of API v2, except those of titles and health. Their doc comments are the descriptions in the OpenAPI
//! document.
//!
//! `Option` fields with `nullable` are always present, as `null` if there is no value. The document lists them as required (see
//! [`crate::v2::openapi`]).

pub mod index;
pub mod internal;
pub mod live_statistics;
pub mod statistics;
