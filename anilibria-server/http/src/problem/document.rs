//! Description of problems in the OpenAPI document.

use poem_openapi::{
    ApiResponse,
    registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::Type,
};

use super::Problem;
use crate::envelope::ErrorBody;

/// Statuses of failed operations, with a description of each. The document omits those that an operation never returns.
const STATUSES: [(u16, &str); 12] = [
    (400, "`INVALID_PARAMETERS`: a parameter is missing, malformed or out of its bounds."),
    (
        401,
        "`UNAUTHORIZED`: there is no token; `INVALID_TOKEN`, `TOKEN_EXPIRED`, `TOKEN_NOT_ACTIVE`: it is not taken.",
    ),
    (403, "`FORBIDDEN`: the service is not known, or its token does not permit this."),
    (404, "`TITLE_NOT_FOUND`: there is no such title."),
    (413, "`PAYLOAD_TOO_LARGE`: the body is larger than the limit, which `details` names."),
    (414, "`URI_TOO_LONG`: the address is longer than the limit, which `details` names."),
    (429, "`RATE_LIMIT_EXCEEDED`: ask again after `Retry-After` seconds."),
    (431, "`HEADERS_TOO_LARGE`: the headers are larger than the limit, which `details` names."),
    (500, "`INTERNAL_ERROR`: a fault of the service itself."),
    (502, "`UPSTREAM_ERROR`: AniLibria failed and the cache holds nothing to answer with."),
    (503, "`SERVICE_UNAVAILABLE` or `OVERLOADED`: try again after `Retry-After` seconds."),
    (504, "`UPSTREAM_TIMEOUT`: AniLibria did not answer in time and the cache holds nothing to answer with."),
];

impl ApiResponse for Problem {
    fn meta() -> MetaResponses {
        MetaResponses { responses: STATUSES.into_iter().map(response).collect() }
    }

    fn register(registry: &mut Registry) {
        ErrorBody::register(registry);
    }
}

fn response((status, description): (u16, &'static str)) -> MetaResponse {
    let retry_after = MetaHeader {
        name: "Retry-After".into(),
        description: Some("Seconds to wait before trying again.".into()),
        required: true,
        deprecated: false,
        schema: u32::schema_ref(),
    };
    MetaResponse {
        description,
        status: Some(status),
        status_range: None,
        content: vec![MetaMediaType { content_type: "application/json", schema: ErrorBody::schema_ref() }],
        headers: if matches!(status, 429 | 503) { vec![retry_after] } else { Vec::new() },
    }
}
