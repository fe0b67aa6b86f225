//! API v2: its routes, documents and pages.

pub mod internal;
pub mod openapi;
pub mod pages;
pub mod requests;
pub mod responses;
pub mod routes;
