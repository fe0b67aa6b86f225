//! Description of problems in the OpenAPI document.

use poem_openapi::{
    ApiResponse,
    registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::Type,
};

use super::{Problem, ProblemDetails, details::MEDIA_TYPE};
use crate::envelope::ErrorBody;

/// Statuses of failed operations, with a description of each. The document omits those that an operation never returns.
const STATUSES: [(u16, &str); 12] = [
    (
        400,
        "`INVALID_PARAMETERS`: a parameter, or a field of the body, is missing or invalid. `details.field` and `details.reason` describe the error.",
    ),
    (
        401,
        "`UNAUTHORIZED`: the token is missing. `INVALID_TOKEN`, `TOKEN_EXPIRED`, `TOKEN_NOT_ACTIVE`: the token is not valid.",
    ),
    (403, "`FORBIDDEN`: the service is unknown, or its token does not have the required permission."),
    (404, "`TITLE_NOT_FOUND`: no title has this id."),
    (413, "`PAYLOAD_TOO_LARGE`: the body is larger than `details.limit` bytes."),
    (414, "`URI_TOO_LONG`: path and query are longer than `details.limit` bytes."),
    (429, "`RATE_LIMIT_EXCEEDED`: the client sent too many requests. Retry after `Retry-After` seconds."),
    (431, "`HEADERS_TOO_LARGE`: the headers are larger than `details.limit` bytes."),
    (500, "`INTERNAL_ERROR`: an internal error of the service."),
    (502, "`UPSTREAM_ERROR`: AniLibria failed, and no cached data are available for this request."),
    (
        503,
        "`SERVICE_UNAVAILABLE`: the service cannot answer the request at present. `OVERLOADED`: the service has too many requests in progress. Retry after `Retry-After` seconds.",
    ),
    (
        504,
        "`UPSTREAM_TIMEOUT`: AniLibria did not respond in time, and no cached data are available for this request.",
    ),
];

impl ApiResponse for Problem {
    fn meta() -> MetaResponses {
        MetaResponses { responses: STATUSES.into_iter().map(response).collect() }
    }

    fn register(registry: &mut Registry) {
        ErrorBody::register(registry);
        ProblemDetails::register(registry);
    }
}

fn response((status, description): (u16, &'static str)) -> MetaResponse {
    let retry_after = MetaHeader {
        name: "Retry-After".into(),
        description: Some("Time to wait before the next request, in seconds.".into()),
        required: true,
        deprecated: false,
        schema: u32::schema_ref(),
    };
    MetaResponse {
        description,
        status: Some(status),
        status_range: None,
        content: vec![
            MetaMediaType { content_type: "application/json", schema: ErrorBody::schema_ref() },
            MetaMediaType { content_type: MEDIA_TYPE, schema: ProblemDetails::schema_ref() },
        ],
        headers: if matches!(status, 429 | 503) { vec![retry_after] } else { Vec::new() },
    }
}
