//! Version 2 of the API: its routes, documents and pages.

pub mod asyncapi;
pub mod events_page;
pub mod internal;
pub mod model;
pub mod openapi;
pub mod routes;
