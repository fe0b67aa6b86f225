//! How the document describes problems.

use poem_openapi::{
    ApiResponse,
    registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry},
    types::Type,
};

use super::Problem;
use crate::model::envelope::ErrorBody;

/// What an operation may fail with, by status; `None` stands for all others.
///
/// [`crate::openapi`] takes out what an operation cannot answer.
const STATUSES: [(Option<u16>, &str); 10] = [
    (Some(400), "`INVALID_PARAMETERS`: a parameter is missing, malformed or out of its bounds."),
    (
        Some(401),
        "`UNAUTHORIZED`: there is no token; `INVALID_TOKEN`, `TOKEN_EXPIRED`, `TOKEN_NOT_ACTIVE`: it is not taken.",
    ),
    (Some(403), "`FORBIDDEN`: the service is not known, or its token does not permit this."),
    (Some(404), "`TITLE_NOT_FOUND`: there is no such title."),
    (Some(429), "`RATE_LIMIT_EXCEEDED`: ask again after `Retry-After` seconds."),
    (Some(500), "`INTERNAL_ERROR`: a fault of the service itself."),
    (Some(502), "`UPSTREAM_ERROR`: AniLibria failed and the cache holds nothing to answer with."),
    (Some(503), "`SERVICE_UNAVAILABLE` or `OVERLOADED`: try again after `Retry-After` seconds."),
    (
        Some(504),
        "`UPSTREAM_TIMEOUT`: AniLibria did not answer in time and the cache holds nothing to answer with.",
    ),
    (
        None,
        "`NOT_FOUND`, `METHOD_NOT_ALLOWED`, `PAYLOAD_TOO_LARGE`, `URI_TOO_LONG`, `HEADERS_TOO_LARGE`: the request \
            was refused before it reached this operation.",
    ),
];

impl ApiResponse for Problem {
    fn meta() -> MetaResponses {
        MetaResponses { responses: STATUSES.into_iter().map(response).collect() }
    }

    fn register(registry: &mut Registry) {
        ErrorBody::register(registry);
    }
}

fn response((status, description): (Option<u16>, &'static str)) -> MetaResponse {
    let retry_after = MetaHeader {
        name: "Retry-After".into(),
        description: Some("Seconds to wait before trying again.".into()),
        required: true,
        deprecated: false,
        schema: u32::schema_ref(),
    };
    MetaResponse {
        description,
        status,
        status_range: None,
        content: vec![MetaMediaType { content_type: "application/json", schema: error_schema() }],
        headers: if matches!(status, Some(429 | 503)) { vec![retry_after] } else { Vec::new() },
    }
}

fn error_schema() -> MetaSchemaRef {
    ErrorBody::schema_ref()
}
