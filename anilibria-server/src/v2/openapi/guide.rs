//! The introduction of the document.

/// Description of the document, in Markdown.
pub(super) const TEXT: &str = "\
A read API over AniLibria for anime sites: catalog, search, updates, schedule and live events.

### Responses

All responses except those of the health operations have the same envelope:

```json
{\"success\": true, \"data\": …, \"pagination\": …, \"meta\": …}
```

Only lists have `pagination`. Fields without a value are `null`; they are absent only where the schema says so. All times are
UTC.

### Methods

Every path with `GET` also supports `HEAD`. `OPTIONS` returns the methods of a path in `Allow`; other methods get 405. A path
with a trailing slash is redirected with 308 to the path without it.

### Parameters

A parameter without a value counts as omitted. Unknown query parameters are ignored, and listed in the response header
`X-Unknown-Parameters`. A service that runs with `STRICT_PARAMETERS=true` refuses them with 400.

### Errors

All errors, also those of unknown paths, have the same envelope:

```json
{
  \"success\": false,
  \"error\": {\"code\": \"INVALID_PARAMETERS\", \"message\": \"…\", \"details\": {\"field\": \"limit\", \"reason\": \"…\"}},
  \"timestamp\": \"2020-03-28T12:00:00Z\",
  \"request_id\": \"6c1f0a3e-8a2b-4f0e-9b59-6f1f0a9d7a11\"
}
```

Programs should use `code`; `message` is for people. After 429 and 503, wait for the seconds in `Retry-After`.

Requests whose `Accept` names `application/problem+json` get the same facts as problem details (RFC 9457), unless they prefer
`application/json`.

### Pages

`pagination` is the position of a page in its list. The header `Link` (RFC 8288) has the relations `next`, `prev`, `first` and
`last`, with all other parameters of the request. Its targets are relative to the address of the request.

### Live events

New episodes, new titles and changes are published over WebSocket at `/ws`, and as server-sent events at `/events`.
[asyncapi.yaml](asyncapi.yaml) describes the messages. Browsers see the events at [live](live).

### Caching

Most responses come from a cache. `meta.cached` says whether this one does, `meta.cache_level` from which level, and
`meta.cache_expires` when its data become stale. If AniLibria cannot provide newer data in time, stale data are served for a
while, with `meta.stale` set to `true`.

`ETag` identifies the data of a response, independent of `meta`. Requests that send it in `If-None-Match` get 304 without a
body while the data are the same. `Cache-Control` limits how long a response may be stored. Bodies are compressed with Brotli,
Zstandard or gzip, as requested in `Accept-Encoding`.

### Limits

`RateLimit-Limit` is the number of requests per minute, `RateLimit-Remaining` the number of requests that can be sent now, and
`RateLimit-Reset` the number of seconds until `RateLimit-Remaining` has its maximum again. Requests beyond the limit get 429
with `Retry-After`.

`RateLimit` and `RateLimit-Policy` say the same for the quota of the client: `address`, `user`, `trusted` or `login`. With
`\"address\";q=20;w=12`, 20 requests can be sent at once, and 20 more become available in 12 seconds. `r` in `RateLimit` is the
number of requests that can be sent now, and `t` the number of seconds until it is `q` again, or until the next request is
accepted after 429.

### Request ids

The header `X-Request-ID` of a request, up to 128 letters, digits, dots, dashes, colons or underscores, identifies it in the
logs. Without the header, the service creates an id. The response header `X-Request-ID` and every error contain the id.
";
