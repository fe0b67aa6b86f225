//! The introduction of the document.

/// Description of the document, in Markdown.
pub(super) const TEXT: &str = "\
A read API over AniLibria for anime sites: the catalogue, search, updates, the schedule.

### Answers

Every answer but those about health comes in an envelope:

```json
{\"success\": true, \"data\": …, \"pagination\": …, \"meta\": …}
```

Lists have `pagination`. Fields without a value are `null`, never left out, unless the schema says so. All times are UTC.

### Methods

`HEAD` works wherever `GET` does, and answers the same without the body. `OPTIONS` tells in `Allow` what an address takes;
any other method is refused with 405.

### Errors

Every error, also of an unknown path, comes in one envelope, too:

```json
{
  \"success\": false,
  \"error\": {\"code\": \"INVALID_PARAMETERS\", \"message\": \"…\", \"details\": {\"field\": \"limit\", \"reason\": \"…\"}},
  \"timestamp\": \"2020-03-28T12:00:00Z\",
  \"request_id\": \"6c1f0a3e-8a2b-4f0e-9b59-6f1f0a9d7a11\"
}
```

Go by `code`; `message` is for people. After a 503 wait as many seconds as `Retry-After` says.

### Live events

`/ws` tells over WebSocket what happens, as it happens: new episodes, new titles, changes. [asyncapi.yaml](asyncapi.yaml)
describes every message, and [live](live), opened in a browser, shows them to a person.

### Caching

Answers come from a cache wherever they can. `meta.cached` tells whether one did, `meta.cache_level` from where, and
`meta.cache_expires` until when the data are taken for fresh there. When AniLibria gives no newer data in time, older ones
are served for a while: `meta.stale` is `true` then, and absent otherwise.

`ETag` names the data of an answer, whatever its `meta` says: send it back as `If-None-Match`, and while the data are the
same you get 304 without a body. `Cache-Control` tells how long an answer may be kept. Bodies come compressed with Brotli,
Zstandard or gzip, as `Accept-Encoding` asks.

### Limits

`RateLimit-Limit` tells how many requests a minute you may send, `RateLimit-Remaining` how many at once from now, and
`RateLimit-Reset` in how many seconds that is as many as at first. Who sends more gets 429 and `Retry-After`.

### Request ids

Send `X-Request-ID`, up to 128 letters, digits, dots, dashes, colons or underscores, to find a request again in the
logs; without one the service makes one up. It comes back in the header of the same name and in every error.
";
