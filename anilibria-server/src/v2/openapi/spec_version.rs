//! Versions of the OpenAPI specification, and the choice between their documents.

use anilibria_http::{
    asset::Asset,
    params::{self, Choice},
    problem::Problem,
};
use clap::ValueEnum;
use poem::{
    Endpoint, Request, Response,
    http::{StatusCode, header},
};
use poem_openapi::Enum;

/// Version of the OpenAPI specification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum, ValueEnum)]
pub enum SpecVersion {
    /// OpenAPI 3.0.
    #[default]
    #[oai(rename = "3.0")]
    #[value(name = "3.0")]
    V3_0,
    /// OpenAPI 3.1, whose schemas are JSON Schema.
    #[oai(rename = "3.1")]
    #[value(name = "3.1")]
    V3_1,
}

impl Choice for SpecVersion {}

/// Endpoint of the document in OpenAPI 3.0. The parameter `version` redirects to the document in another version.
pub(super) struct VersionedDocument {
    /// Document in OpenAPI 3.0.
    pub(super) document: Asset,
    /// Path of the document in OpenAPI 3.1, relative to that of this document.
    pub(super) v3_1: &'static str,
}

impl VersionedDocument {
    fn respond(&self, request: &Request) -> Result<Response, Problem> {
        let version: Option<SpecVersion> = params::read(request, "version")?;
        Ok(match version.unwrap_or_default() {
            SpecVersion::V3_0 => self.document.response(),
            SpecVersion::V3_1 => Response::builder()
                .status(StatusCode::PERMANENT_REDIRECT)
                .header(header::LOCATION, self.v3_1)
                .finish(),
        })
    }
}

impl Endpoint for VersionedDocument {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        Ok(self.respond(&request)?)
    }
}
