//! Version 2 of the API: its routes, documents and pages.

pub mod asyncapi;
pub mod internal;
pub mod live;
pub mod model;
pub mod openapi;
pub mod routes;
