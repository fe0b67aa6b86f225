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
        "description": "The access token of a user: a JWT with the algorithm HS256, signed with `JWT_SECRET`. The token is \
            optional. With a valid token, the quota of the user applies instead of that of the address. An invalid \
            token is ignored.",
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
        "X-Request-ID": always(text("Id of the request. The logs of the service contain it.")),
        "Cache-Control": always(text("Rules for caches: for how long the response may be stored.")),
        "ETag": always(text("Tag that identifies the data of the response. Send it in `If-None-Match` to revalidate the response.")),
        "Retry-After": always(count("Time to wait before the next request, in seconds.")),
        "WWW-Authenticate": always(text("Authentication scheme of the operation.")),
        "RateLimit-Limit": count("Number of requests per minute; absent without a limit."),
        "RateLimit-Remaining": count("Number of requests that can be sent now; absent without a limit."),
        "RateLimit-Reset": count("Time until `RateLimit-Remaining` is at its maximum again, in seconds; absent without a limit."),
        "RateLimit": text("State of the quota: its name, `r` (number of requests that can be sent now) and `t` (seconds until `r` is at its maximum again). Absent without a limit."),
        "RateLimit-Policy": text("Policy of the quota: its name, `q` (maximum number of requests at once) and `w` (seconds in which `q` requests become available again). Absent without a limit."),
        "Link": text("Links to the next, previous, first and last page (RFC 8288), relative to the URL of the request. Absent if there are no such pages."),
        "X-Unknown-Parameters": text("Names of the ignored query parameters, which the operation does not have, separated by commas. Absent if there are none."),
    })
}

/// Returns the request headers.
pub(super) fn parameters() -> Value {
    json!({
        "If-None-Match": {
            "name": "If-None-Match",
            "in": "header",
            "description": "`ETag` of a stored response. The status is 304 if the data are still the same.",
            "required": false,
            "schema": {"type": "string"},
        },
    })
}
