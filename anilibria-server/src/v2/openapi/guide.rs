//! The introduction of the document.

/// Description of the document, in Markdown.
pub(super) const TEXT: &str = "\
A read API over AniLibria for anime sites: catalog, search, updates, schedule and live events.

A title is an anime with its episodes; AniLibria calls it a release.

### Responses

Responses with data of AniLibria have the same envelope:

```json
{\"success\": true, \"data\": …, \"pagination\": …, \"meta\": …}
```

Only lists with pages have `pagination`. A field without a value is `null`; the schema says which fields are absent instead. All
times are in UTC.

### Methods

Every path with `GET` also supports `HEAD`. `OPTIONS` returns the methods of a path in the header `Allow`. Other methods get the
status 405. A path with a trailing slash is redirected with 308 to the path without it.

### Parameters

An empty parameter counts as omitted. Unknown query parameters are ignored, and listed in the response header
`X-Unknown-Parameters`. A service with the setting `STRICT_PARAMETERS=true` rejects them with 400.

### Errors

All errors have the same envelope, also errors of unknown paths:

```json
{
  \"success\": false,
  \"error\": {\"code\": \"INVALID_PARAMETERS\", \"message\": \"…\", \"details\": {\"field\": \"limit\", \"reason\": \"…\"}},
  \"timestamp\": \"2020-03-28T12:00:00Z\",
  \"request_id\": \"6c1f0a3e-8a2b-4f0e-9b59-6f1f0a9d7a11\"
}
```

Programs should use `code`. `message` is in Russian, for the users of a site. After 429 and 503, wait for the number of seconds in
`Retry-After`.

Requests whose `Accept` contains `application/problem+json` get the same data as problem details (RFC 9457), unless they prefer
`application/json`.

### Pages

`pagination` is the position of a page in its list. The header `Link` (RFC 8288) contains links with the relations `next`, `prev`,
`first` and `last`. They keep all other parameters of the request, and are relative to its URL.

### Live events

New episodes, new titles and changes of titles are published over WebSocket at `/ws`, and as server-sent events at `/events`.
[asyncapi.yaml](asyncapi.yaml) describes the messages. The page [live](live) shows the events in a browser.

### Caching

Most responses come from a cache. `meta.cached` is `true` for them, `meta.cache_level` is the level of the cache, and
`meta.cache_expires` is the time at which the data become stale. If AniLibria does not provide newer data in time, the service
returns stale data for a while, with `meta.stale` set to `true`.

`ETag` identifies the data of a response; `meta` is not part of them. A request with the `ETag` in `If-None-Match` gets 304 without
a body as long as the data are the same. `Cache-Control` limits the time for which a response may be stored. Bodies are compressed
with Brotli, Zstandard or gzip, as requested in `Accept-Encoding`.

### Limits

| header | value |
| --- | --- |
| `RateLimit-Limit` | number of requests per minute |
| `RateLimit-Remaining` | number of requests that can be sent now |
| `RateLimit-Reset` | seconds until `RateLimit-Remaining` is at its maximum again |
| `Retry-After` | after 429: seconds until the next request is accepted |

`RateLimit-Policy` and `RateLimit` describe the same quota in the syntax of the IETF draft. The name of the quota is `address`,
`user`, `trusted` or `login`. With the policy `\"address\";q=20;w=12`, 20 requests can be sent at once, and 20 more become
available in 12 seconds. In `RateLimit`, `r` is the number of requests that can be sent now. `t` is the number of seconds until `r`
is at its maximum again; after 429 it is the number of seconds until the next request is accepted.

### Request ids

Each request has an id, which the logs of the service contain. Send your own id in the header `X-Request-ID`: up to 128 letters,
digits, dots, dashes, colons or underscores. Without the header, the service creates an id. The id is in the response header
`X-Request-ID`, and in the body of every error.
";
