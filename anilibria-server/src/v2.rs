//! Version 2 of the API: its routes, documents and pages.

pub mod events_page;
pub mod internal;
pub mod model;
pub mod openapi;
pub mod routes;
