//! Version 2 of the API: its routes, documents and pages.

pub mod internal;
pub mod model;
pub mod openapi;
pub mod pages;
pub mod routes;
