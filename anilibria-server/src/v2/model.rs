//! Models of version 2. The types that are rendered are also the source of the API description.
//!
//! `Option` fields marked `nullable` are always present, as `null` if there is no value. The document lists them as required
//! (see [`crate::v2::openapi`]).

pub mod confirmation;
pub mod index;
pub mod internal;
pub mod live;
