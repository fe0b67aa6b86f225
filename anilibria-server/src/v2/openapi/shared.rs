//! Components of the document that operations share.

use serde_json::{Value, json};

/// Names of the response headers that describe the quota of the client.
pub(super) const QUOTA_HEADERS: [&str; 5] =
    ["RateLimit", "RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];

/// Returns the security scheme of users.
pub(super) fn user_token() -> Value {
    json!({
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A user's access token: HS256, signed with `JWT_SECRET`. With a valid token, the rate limit of the \
            user applies instead of that of the address. An invalid token is ignored.",
    })
}

/// Returns the response headers.
pub(super) fn headers() -> Value {
    let text = |description: &str| json!({"description": description, "schema": {"type": "string"}});
    let count = |description: &str| json!({"description": description, "schema": {"type": "integer", "format": "uint32", "minimum": 0}});
    let always = |mut header: Value| {
        header["required"] = true.into();
        header
    };
    json!({
        "X-Request-ID": always(text("Id of the request, as in the logs of the service.")),
        "Cache-Control": always(text("Time for which caches may store the response.")),
        "ETag": always(text("Identifies the data of the response, for `If-None-Match`.")),
        "Retry-After": always(count("Seconds to wait before the next attempt.")),
        "WWW-Authenticate": always(text("Authentication scheme to use.")),
        "RateLimit-Limit": count("Requests per minute; absent without a limit."),
        "RateLimit-Remaining": count("Requests that can be sent now; absent without a limit."),
        "RateLimit-Reset": count("Seconds until `RateLimit-Remaining` has its maximum again; absent without a limit."),
        "RateLimit": text("Name of the quota, `r`: requests that can be sent now, and `t`: seconds until `r` has its maximum again. Absent without a limit."),
        "RateLimit-Policy": text("Name of the quota, `q`: maximum number of requests at once, and `w`: seconds in which that number becomes available again. Absent without a limit."),
        "Link": text("Links to the next, the previous, the first and the last page (RFC 8288), relative to the address of the request; absent without such pages."),
        "X-Unknown-Parameters": text("Query parameters that the operation does not have, separated by commas; absent if there are none."),
    })
}

/// Returns the request headers.
pub(super) fn parameters() -> Value {
    json!({
        "If-None-Match": {
            "name": "If-None-Match",
            "in": "header",
            "description": "`ETag` of a stored response. The status is 304 while the data are the same.",
            "required": false,
            "schema": {"type": "string"},
        },
    })
}
