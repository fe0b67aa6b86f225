//! The provided configuration of nginx: routes, caching, limits, and failures of back ends.

mod addresses;
mod cache;
mod poisoning;
mod proxy;
mod resources;

use std::{process::Command, time::Duration};

use futures::{StreamExt as _, stream};
use reqwest::StatusCode;
use serde_json::json;
use tokio::time::timeout;

use self::proxy::{BackEnds, Proxy, address_of};
use crate::{
    node::stub::{NodeStub, Reply},
    realtime::watching_service,
    socket::{Socket, publish_episode},
    support::{Response, Service, eventually},
};

/// Timeout of an event.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Number of clients that is sufficient to measure the share of the canary.
const CLIENTS: u16 = 300;

/// Stubs of the back ends. Each responds with its name.
struct Stubs {
    service: NodeStub,
    node: NodeStub,
    site: NodeStub,
}

impl Stubs {
    async fn start() -> Self {
        Self {
            service: NodeStub::start(Reply::text("service")).await,
            node: NodeStub::start(Reply::text("node")).await,
            site: NodeStub::start(Reply::text("site")).await,
        }
    }

    fn start_proxy(&self) -> Option<Proxy> {
        let service = self.service.origin.as_str();
        let back_ends = BackEnds {
            node: &self.node.origin,
            site: &self.site.origin,
            ..BackEnds::instances(service, service)
        };
        Proxy::start(&back_ends)
    }
}

/// Returns an edit that sets the percentage of clients that get API v1 from the service.
fn share(percent: u8) -> impl FnOnce(String) -> String {
    move |text| {
        let line = text.lines().find(|line| line.trim_end().ends_with("% anilibria;")).unwrap().to_owned();
        text.replace(&line, &format!("    {percent}% anilibria;"))
    }
}

/// Returns the clients that get API v1 from the service.
async fn clients_of_the_service(proxy: &Proxy) -> Vec<u16> {
    let responses = stream::iter(1..=CLIENTS).map(async |client| {
        let back_end = proxy.body(client, "/api/anilibria/updates").await;
        assert!(["service", "node"].contains(&&*back_end), "{back_end}");
        (client, back_end)
    });
    let responses: Vec<_> = responses.buffered(16).collect().await;
    responses.into_iter().filter(|(_, back_end)| back_end == "service").map(|(client, _)| client).collect()
}

/// Returns a path whose response is in no cache.
fn uncached_path(number: usize) -> String {
    format!("/api/anilibria/v2/search?q=sword&limit={}", number + 1)
}

/// Routes API v1 of all clients to the service.
async fn route_all_to_the_service(proxy: &Proxy) {
    proxy.edit("canary.conf", share(100));
    eventually("the share", async || {
        (proxy.get(1, "/api/anilibria/random").await.text == "service").then_some(())
    })
    .await;
}

#[tokio::test]
async fn paths_are_routed_to_their_back_end_unchanged() {
    let stubs = Stubs::start().await;
    let Some(proxy) = stubs.start_proxy() else { return };
    route_all_to_the_service(&proxy).await;

    for (back_end, name, paths) in [
        (
            &stubs.service,
            "service",
            &[
                "/api/anilibria/v2/titles",
                "/api/anilibria/v2/titles/7",
                "/api/anilibria/v2/docs",
                "/api/anilibria/v2/health",
                "/api/anilibria/v2/events",
                "/api/anilibria/v2/ws",
                "/api/anilibria/ws",
                "/ws",
                "/api/anilibria/updates",
                "/api/anilibria/v1/updates",
                "/v3/title",
                "/v3.0/title/updates",
                "/v3.0.14/title",
                "/v3/ws/",
                "/v3.0/webSocket/",
                "/torznab/api",
                "/public/torrent/download.php",
                "/storage/x.jpg",
                "/ready",
                "/live",
            ][..],
        ),
        (&stubs.node, "node", &["/api/auth/login", "/api/anime/1", "/socket.io/", "/api/internals"]),
        (&stubs.site, "site", &["/", "/anime/7", "/assets/app.js", "/v30/title", "/websocket"]),
    ] {
        for (client, path) in (1..).zip(paths) {
            back_end.clear_calls();
            assert_eq!(proxy.get(client, path).await.text, name, "{path}");
            assert_eq!(back_end.calls()[0].path, *path);
        }
    }
}

#[tokio::test]
async fn back_end_gets_the_real_address_instead_of_forwarded_headers() {
    let stubs = Stubs::start().await;
    let Some(proxy) = stubs.start_proxy() else { return };

    let request = proxy.request(7, "/api/anilibria/v2/titles").header("x-request-id", "req-7");
    let request = request.header("x-forwarded-for", "203.0.113.9").header("x-real-ip", "203.0.113.9");
    let request = request.header("x-forwarded-prefix", "/evil").header("forwarded", "for=203.0.113.9");
    Response::to(request.header("connection", "upgrade").header("upgrade", "h2c")).await;

    let call = stubs.service.calls().remove(0);
    let client = address_of(7).to_string();
    assert_eq!((call.header("x-forwarded-for"), call.header("x-real-ip")), (&*client, &*client));
    assert_eq!((call.header("x-forwarded-prefix"), call.header("forwarded")), ("", ""));
    assert_eq!((call.header("x-forwarded-proto"), call.header("x-request-id")), ("http", "req-7"));
    assert_eq!((call.header("connection"), call.header("upgrade")), ("", ""));
    assert_eq!(format!("http://{}", call.header("host")), proxy.origin());
}

#[tokio::test]
async fn trace_headers_are_forwarded_only_for_listed_clients() {
    const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let stubs = Stubs::start().await;
    let Some(proxy) = stubs.start_proxy() else { return };
    let trace_headers = async |back_end: &NodeStub, client, path| {
        back_end.clear_calls();
        let request =
            proxy.request(client, path).header("traceparent", TRACEPARENT).header("tracestate", "them=1");
        Response::to(request).await;
        let call = back_end.calls().remove(0);
        (call.header("traceparent").to_owned(), call.header("tracestate").to_owned())
    };

    for (back_end, path) in [
        (&stubs.service, "/api/anilibria/v2/titles/7"),
        (&stubs.service, "/v3/title"),
        (&stubs.node, "/api/anime/1"),
        (&stubs.site, "/"),
    ] {
        assert_eq!(trace_headers(back_end, 7, path).await, Default::default(), "{path}");
    }
    let entry = format!("    {}/32 1;\n}}", address_of(7));
    proxy.edit("tracing.conf", |text| text.replacen('}', &entry, 1));
    eventually("the trace headers", async || {
        let headers = trace_headers(&stubs.node, 7, "/api/anime/1").await;
        (headers == (TRACEPARENT.to_owned(), "them=1".to_owned())).then_some(())
    })
    .await;
    assert_eq!(trace_headers(&stubs.node, 8, "/api/anime/1").await, Default::default());
}

#[tokio::test]
async fn private_paths_are_not_found() {
    let stubs = Stubs::start().await;
    let Some(proxy) = stubs.start_proxy() else { return };

    let prefixes = ["", "/api", "/api/anilibria", "/api/anilibria/v1", "/api/anilibria/v2", "/v3", "/v3.0"];
    let private = ["/internal/stats", "/metrics", "/sandbox/reset", "/INTERNAL/cache/clear", "/Metrics/json"];
    let paths = prefixes.iter().flat_map(|prefix| private.map(|path| format!("{prefix}{path}")));
    let disguised = [
        "/%69nternal/stats",
        "//internal/stats",
        "/api/anilibria//metrics",
        "/api/anilibria/v2/titles/..%2f..%2f..%2f..%2fmetrics",
        "/metrics?x=1",
        "/metrics/",
        "/api/x/..%2finternal/stats",
    ];
    for (client, path) in (1..).zip(paths.chain(disguised.map(str::to_owned))) {
        let response = proxy.get(client, &path).await;
        assert_eq!(response.error(404), "NOT_FOUND", "{path}");
    }

    for back_end in [&stubs.service, &stubs.node, &stubs.site] {
        assert!(back_end.calls().is_empty(), "{:?}", back_end.calls());
    }
}

#[tokio::test]
async fn larger_canary_share_keeps_its_clients() {
    let stubs = Stubs::start().await;
    let Some(proxy) = stubs.start_proxy() else { return };

    let mut before = clients_of_the_service(&proxy).await;
    assert!(before.len().abs_diff(usize::from(CLIENTS) / 10) <= 15, "{}", before.len());
    for percent in [25, 50, 75, 100] {
        proxy.edit("canary.conf", share(percent));
        let expected = usize::from(CLIENTS) * usize::from(percent) / 100;
        let tolerance = if percent == 100 { 0 } else { 30 };
        let now = eventually(&format!("{percent} %"), async || {
            let now = clients_of_the_service(&proxy).await;
            (now.len().abs_diff(expected) <= tolerance).then_some(now)
        })
        .await;
        assert!(before.iter().all(|client| now.contains(client)), "{before:?} {now:?}");
        before = now;
    }
    proxy.edit("canary.conf", |text| text.replace("    100%", "    #100%"));
    eventually("the end of the canary", async || {
        clients_of_the_service(&proxy).await.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn version_header_selects_version_2_without_fallback() {
    let stubs = Stubs::start().await;
    let Some(proxy) = stubs.start_proxy() else { return };
    let get =
        async |client, path| Response::to(proxy.request(client, path).header("x-api-version", "v2")).await;

    for client in 1..=30 {
        assert_eq!(get(client, "/api/anilibria/updates").await.text, "service");
    }
    let versioned = get(31, "/api/anilibria/v1/updates").await.text;
    assert_eq!(versioned, proxy.get(31, "/api/anilibria/v1/updates").await.text);

    stubs.service.reply(Reply::status(500));
    stubs.node.clear_calls();
    assert_eq!(get(32, "/api/anilibria/updates").await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(stubs.node.calls().is_empty());
}

#[tokio::test]
async fn version_1_falls_back_to_the_node_service() {
    let stubs = Stubs::start().await;
    let Some(proxy) = stubs.start_proxy() else { return };
    route_all_to_the_service(&proxy).await;

    for status in [500, 502, 503, 504] {
        stubs.service.reply(Reply::status(status));
        assert_eq!(proxy.get(2, "/api/anilibria/v1/updates").await.text, "node", "{status}");
    }
    stubs.service.reply(Reply::status(404));
    assert_eq!(proxy.get(3, "/api/anilibria/7").await.status, StatusCode::NOT_FOUND);
    stubs.service.reply(Reply::status(500));
    stubs.node.clear_calls();
    let url = format!("{}/api/anilibria/sync/title", proxy.origin());
    reqwest::Client::new().post(url).json(&json!({"id": 7})).send().await.unwrap();

    let call = stubs.node.calls().remove(0);
    assert_eq!((&*call.path, call.body), ("/api/anilibria/sync/title", json!({"id": 7})));
}

#[tokio::test]
async fn events_are_forwarded_at_once() {
    let service = watching_service(&[]).await;
    let Some(proxy) = Proxy::start(&BackEnds::instances(&service.origin, &service.origin)) else { return };
    let mut sockets = Vec::new();
    for path in ["/api/anilibria/v2/ws", "/ws", "/api/anilibria/ws"] {
        let mut socket = Socket::open_url(&format!("{}{path}", proxy.origin())).await;
        socket.request("subscribe_title", json!({"title_id": 7})).await;
        sockets.push(socket);
    }
    let mut events = proxy.request(1, "/api/anilibria/v2/events?title_id=7").send().await.unwrap();
    assert_eq!(events.status(), StatusCode::OK);

    publish_episode(&service, 7).await;

    for socket in &mut sockets {
        assert_eq!(socket.receive().await["data"]["title_id"], 7);
    }
    let mut read = String::new();
    while !read.contains("event: new_episode\n") {
        let chunk = timeout(TIMEOUT, events.chunk()).await.unwrap().unwrap().unwrap();
        read.push_str(std::str::from_utf8(&chunk).unwrap());
    }
}

#[tokio::test]
async fn event_streams_are_not_closed_by_the_read_timeout() {
    let service = watching_service(&[]).await;
    let Some(proxy) = Proxy::start(&BackEnds::instances(&service.origin, &service.origin)) else { return };
    // The header shows that nginx has loaded the change.
    proxy.edit("service.conf", |text| {
        text.replace("proxy_read_timeout 12s;", "proxy_read_timeout 1s; add_header X-Edited yes always;")
    });
    eventually("the change", async || {
        (proxy.get(9, "/public/none").await.header("x-edited") == "yes").then_some(())
    })
    .await;
    let mut streams = Vec::new();
    for (client, path) in (1..).zip(["/api/anilibria/v2/events", "/api/anilibria/events"]) {
        let request = proxy.request(client, &format!("{path}?title_id=7")).header("x-api-version", "v2");
        streams.push((path, request.send().await.unwrap()));
    }

    // Longer than the read timeout of other locations, and shorter than the interval of comments in the stream.
    tokio::time::sleep(Duration::from_secs(3)).await;
    publish_episode(&service, 7).await;

    for (path, mut events) in streams {
        assert_eq!(events.status(), StatusCode::OK, "{path}");
        let mut read = String::new();
        while !read.contains("event: new_episode\n") {
            let chunk = timeout(TIMEOUT, events.chunk()).await.unwrap().unwrap();
            let chunk = chunk.unwrap_or_else(|| panic!("{path} was closed after {read:?}"));
            read.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test]
async fn cached_response_gets_the_request_id_of_each_request() {
    let service = Service::sandbox(&[], &[]);
    let Some(proxy) = Proxy::start(&BackEnds::instances(&service.origin, &service.origin)) else { return };
    let path = "/api/anilibria/v2/genres";

    let first = Response::to(proxy.request(1, path).header("x-request-id", "first")).await;
    let second = Response::to(proxy.request(2, path).header("x-request-id", "second")).await;
    let unnamed = Response::to(proxy.request(3, path).header("x-request-id", "not <harmless>")).await;
    let known = Response::to(proxy.request(4, path).header("if-none-match", first.header("etag"))).await;

    let other_origin = Response::to(proxy.request(5, path).header("origin", "http://localhost:3000")).await;
    let uncompressed = Response::to(proxy.request(6, path).header("accept-encoding", "identity")).await;

    assert_eq!((first.header("x-cache-status"), first.header("x-request-id")), ("MISS", "first"));
    assert_eq!((second.header("x-cache-status"), second.header("x-request-id")), ("HIT", "second"));
    assert_eq!(second.success(), first.success());
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
    assert_eq!(other_origin.header("access-control-allow-origin"), "http://localhost:3000");
    assert_eq!(uncompressed.success()["data"], first.success()["data"]);
    let name: Vec<_> = unnamed.header("x-request-id").split('-').map(str::len).collect();
    assert_eq!(name, [8, 4, 4, 4, 12], "{}", unnamed.header("x-request-id"));
    for header in ["x-content-type-options", "x-request-id", "content-security-policy", "x-frame-options"] {
        assert_eq!(second.headers.get_all(header).iter().count(), 1, "{header}");
    }
    assert_eq!(second.header("ratelimit-limit"), "");
}

#[tokio::test]
async fn errors_of_the_service_are_unchanged_and_not_cached() {
    let service = Service::sandbox(&[], &[]);
    let Some(proxy) = Proxy::start(&BackEnds::instances(&service.origin, &service.origin)) else { return };

    for name in ["one", "two"] {
        let request = proxy.request(1, "/api/anilibria/v2/titles?limit=0").header("x-request-id", name);
        let response = Response::to(request).await;
        assert_eq!((&*response.error(400), response.header("x-request-id")), ("INVALID_PARAMETERS", name));
    }
}

#[tokio::test]
async fn requests_survive_one_dead_instance_and_cached_paths_survive_all() {
    let upstream = Service::upstream();
    // The TTL also limits the freshness in nginx.
    let start =
        || Service::reading_from(&upstream, &[("CACHE_TTL_MEMORY", "2"), ("CATALOGUE_ENABLED", "true")]);
    let (one, two) = (start(), start());
    let Some(proxy) = Proxy::start(&BackEnds::instances(&one.origin, &two.origin)) else { return };
    let cached = "/api/anilibria/v2/titles/7";
    let first = proxy.get(1, cached).await.success();

    one.kill();
    for number in 0..20 {
        proxy.get(2, &uncached_path(number)).await.success();
    }
    two.kill();
    let stale = eventually("a stale response", async || {
        let response = proxy.get(3, cached).await;
        (response.header("x-cache-status") == "STALE").then_some(response)
    })
    .await;
    let uncached = proxy.get(4, &uncached_path(50)).await;

    assert_eq!(stale.success()["data"], first["data"]);
    assert_eq!(uncached.error(503), "SERVICE_UNAVAILABLE");
    assert_eq!(uncached.header("retry-after"), "5");
    assert_eq!(proxy.get(5, "/health").await.text, "healthy\n");
    assert_eq!(proxy.get(5, "/ready").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn hanging_instance_is_skipped() {
    let upstream = Service::upstream();
    let (one, two) = (Service::reading_from(&upstream, &[]), Service::reading_from(&upstream, &[]));
    let Some(proxy) = Proxy::start(&BackEnds::instances(&one.origin, &two.origin)) else { return };
    proxy.edit("service.conf", |text| text.replace("proxy_read_timeout 12s", "proxy_read_timeout 1s"));

    let stopped = Command::new("sh").args(["-c", &format!("kill -STOP {}", one.id())]).status().unwrap();

    assert!(stopped.success());
    for number in 0..10 {
        proxy.get(1, &uncached_path(number)).await.success();
    }
}

#[tokio::test]
async fn requests_of_one_address_are_limited() {
    let stubs = Stubs::start().await;
    let Some(proxy) = stubs.start_proxy() else { return };
    let paths = ["/api/anilibria/v2/titles", "/api/anilibria/updates", "/api/anime/1", "/v3/title"];

    for (client, path) in (1..).zip(paths) {
        let responses = futures::future::join_all((0..150).map(|_| proxy.get(client, path))).await;

        let (refused, answered): (Vec<_>, Vec<_>) =
            responses.iter().partition(|response| response.status == StatusCode::TOO_MANY_REQUESTS);
        assert!(answered.len() >= 20 && !refused.is_empty(), "{path}: {} refused", refused.len());
        assert_eq!(refused[0].error(429), "RATE_LIMIT_EXCEEDED");
        assert_eq!(refused[0].header("retry-after"), "1");
        assert_eq!(proxy.get(client + 100, path).await.status, StatusCode::OK, "{path}: another client");
    }
}

#[tokio::test]
async fn service_limits_each_client_behind_nginx() {
    let limits = [("RATE_LIMIT_REQUESTS_PER_MINUTE", "1"), ("RATE_LIMIT_BURST", "3")];
    let service = Service::sandbox(&[], &[&limits[..], &[("TRUSTED_PROXIES", "127.0.0.1")]].concat());
    let Some(proxy) = Proxy::start(&BackEnds::instances(&service.origin, &service.origin)) else { return };
    let path = "/api/anilibria/v2/random";

    for _ in 0..3 {
        proxy.get(1, path).await.success();
    }
    let refused = Response::to(proxy.request(1, path).header("x-forwarded-for", "203.0.113.9")).await;

    assert_eq!(refused.error(429), "RATE_LIMIT_EXCEEDED");
    assert_ne!(refused.header("retry-after"), "1", "nginx refused the request instead of the service");
    proxy.get(2, path).await.success();
}

#[tokio::test]
async fn error_of_a_large_body_has_the_envelope_of_the_service() {
    let stubs = Stubs::start().await;
    let Some(proxy) = stubs.start_proxy() else { return };

    let request = reqwest::Client::new().post(format!("{}/api/anilibria/v2/titles", proxy.origin()));
    let response = Response::to(request.body(vec![b'x'; 65 * 1024])).await;

    assert_eq!(response.error(413), "PAYLOAD_TOO_LARGE");
}

#[tokio::test]
async fn log_is_json_without_queries() {
    let stubs = Stubs::start().await;
    let Some(proxy) = stubs.start_proxy() else { return };

    proxy.get(7, "/v3/user?session=hunter2").await;

    let log = proxy.log();
    let line: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!((&line["path"], &line["status_code"]), (&json!("/v3/user"), &json!(200)));
    assert_eq!(line["ip"], address_of(7).to_string());
    assert!(!log.contains("hunter2"), "{log}");
}
