//! The shipped configuration of nginx: routes, caching, limits, and failures of back ends.

mod addresses;
mod front;
mod kept;
mod poisoning;
mod resources;

use std::{process::Command, time::Duration};

use futures::{StreamExt as _, stream};
use reqwest::StatusCode;
use serde_json::json;
use tokio::time::timeout;

use self::front::{Behind, Front, address_of};
use crate::{
    node::stand_in::{NodeStandIn, Reply},
    realtime::live,
    socket::{Socket, publish_episode},
    support::{Answer, Service, eventually},
};

/// What comes at all comes much sooner, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// So many clients show a share well enough.
const CLIENTS: u16 = 300;

/// Back ends that say who they are.
struct StandIns {
    service: NodeStandIn,
    node: NodeStandIn,
    site: NodeStandIn,
}

impl StandIns {
    async fn start() -> Self {
        Self {
            service: NodeStandIn::start(Reply::text("service")).await,
            node: NodeStandIn::start(Reply::text("node")).await,
            site: NodeStandIn::start(Reply::text("site")).await,
        }
    }

    fn front(&self) -> Option<Front> {
        let service = self.service.origin.as_str();
        let behind = Behind {
            node: &self.node.origin,
            site: &self.site.origin,
            ..Behind::instances(service, service)
        };
        Front::start(&behind)
    }
}

/// Sets the share of version 1, in percent.
fn share(percent: u8) -> impl FnOnce(String) -> String {
    move |text| {
        let line = text.lines().find(|line| line.trim_end().ends_with("% anilibria;")).unwrap().to_owned();
        text.replace(&line, &format!("    {percent}% anilibria;"))
    }
}

/// Which clients get version 1 from the service.
async fn led_to_the_service(front: &Front) -> Vec<u16> {
    let answers = stream::iter(1..=CLIENTS).map(async |client| {
        let who = front.body(client, "/api/anilibria/updates").await;
        assert!(["service", "node"].contains(&&*who), "{who}");
        (client, who)
    });
    let answers: Vec<_> = answers.buffered(16).collect().await;
    answers.into_iter().filter(|(_, who)| who == "service").map(|(client, _)| client).collect()
}

/// A path that no cache has an answer to.
fn unasked(number: usize) -> String {
    format!("/api/anilibria/v2/search?q=sword&limit={}", number + 1)
}

/// All clients get version 1 from the service.
async fn give_all_to_the_service(front: &Front) {
    front.edit("canary.conf", share(100));
    eventually("the share", async || {
        (front.answer(1, "/api/anilibria/random").await.text == "service").then_some(())
    })
    .await;
}

#[tokio::test]
async fn every_address_leads_to_its_back_end_unchanged() {
    let stand_ins = StandIns::start().await;
    let Some(front) = stand_ins.front() else { return };
    give_all_to_the_service(&front).await;

    for (back_end, name, paths) in [
        (
            &stand_ins.service,
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
        (&stand_ins.node, "node", &["/api/auth/login", "/api/anime/1", "/socket.io/", "/api/internals"]),
        (&stand_ins.site, "site", &["/", "/anime/7", "/assets/app.js", "/v30/title", "/websocket"]),
    ] {
        for (client, path) in (1..).zip(paths) {
            back_end.forget();
            assert_eq!(front.answer(client, path).await.text, name, "{path}");
            assert_eq!(back_end.calls()[0].path, *path);
        }
    }
}

#[tokio::test]
async fn back_end_is_told_who_asks_and_not_what_he_claims() {
    let stand_ins = StandIns::start().await;
    let Some(front) = stand_ins.front() else { return };

    let request = front.by(7, "/api/anilibria/v2/titles").header("x-request-id", "req-7");
    let request = request.header("x-forwarded-for", "203.0.113.9").header("x-real-ip", "203.0.113.9");
    let request = request.header("x-forwarded-prefix", "/evil").header("forwarded", "for=203.0.113.9");
    Answer::to(request.header("connection", "upgrade").header("upgrade", "h2c")).await;

    let call = stand_ins.service.calls().remove(0);
    let client = address_of(7).to_string();
    assert_eq!((call.header("x-forwarded-for"), call.header("x-real-ip")), (&*client, &*client));
    assert_eq!((call.header("x-forwarded-prefix"), call.header("forwarded")), ("", ""));
    assert_eq!((call.header("x-forwarded-proto"), call.header("x-request-id")), ("http", "req-7"));
    assert_eq!((call.header("connection"), call.header("upgrade")), ("", ""));
    assert_eq!(format!("http://{}", call.header("host")), front.origin());
}

#[tokio::test]
async fn nobody_has_his_requests_traced_but_who_may() {
    const ASKED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let stand_ins = StandIns::start().await;
    let Some(front) = stand_ins.front() else { return };
    let told = async |back_end: &NodeStandIn, client, path| {
        back_end.forget();
        let request = front.by(client, path).header("traceparent", ASKED).header("tracestate", "them=1");
        Answer::to(request).await;
        let call = back_end.calls().remove(0);
        (call.header("traceparent").to_owned(), call.header("tracestate").to_owned())
    };

    for (back_end, path) in [
        (&stand_ins.service, "/api/anilibria/v2/titles/7"),
        (&stand_ins.service, "/v3/title"),
        (&stand_ins.node, "/api/anime/1"),
        (&stand_ins.site, "/"),
    ] {
        assert_eq!(told(back_end, 7, path).await, Default::default(), "{path}");
    }
    let who = format!("    {}/32 1;\n}}", address_of(7));
    front.edit("tracing.conf", |text| text.replacen('}', &who, 1));
    eventually("his trace", async || {
        let told = told(&stand_ins.node, 7, "/api/anime/1").await;
        (told == (ASKED.to_owned(), "them=1".to_owned())).then_some(())
    })
    .await;
    assert_eq!(told(&stand_ins.node, 8, "/api/anime/1").await, Default::default());
}

#[tokio::test]
async fn what_is_private_is_not_found_from_outside() {
    let stand_ins = StandIns::start().await;
    let Some(front) = stand_ins.front() else { return };

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
        let answer = front.answer(client, &path).await;
        assert_eq!(answer.error(404), "NOT_FOUND", "{path}");
    }

    for back_end in [&stand_ins.service, &stand_ins.node, &stand_ins.site] {
        assert!(back_end.calls().is_empty(), "{:?}", back_end.calls());
    }
}

#[tokio::test]
async fn canary_grows_by_the_steps_of_its_file_and_keeps_whom_it_has() {
    let stand_ins = StandIns::start().await;
    let Some(front) = stand_ins.front() else { return };

    let mut before = led_to_the_service(&front).await;
    assert!(before.len().abs_diff(usize::from(CLIENTS) / 10) <= 15, "{}", before.len());
    for percent in [25, 50, 75, 100] {
        front.edit("canary.conf", share(percent));
        let expected = usize::from(CLIENTS) * usize::from(percent) / 100;
        let tolerance = if percent == 100 { 0 } else { 30 };
        let now = eventually(&format!("{percent} %"), async || {
            let now = led_to_the_service(&front).await;
            (now.len().abs_diff(expected) <= tolerance).then_some(now)
        })
        .await;
        assert!(before.iter().all(|client| now.contains(client)), "{before:?} {now:?}");
        before = now;
    }
    front.edit("canary.conf", |text| text.replace("    100%", "    #100%"));
    eventually("the end of it", async || led_to_the_service(&front).await.is_empty().then_some(())).await;
}

#[tokio::test]
async fn header_leads_everybody_to_version_2_and_to_nothing_else() {
    let stand_ins = StandIns::start().await;
    let Some(front) = stand_ins.front() else { return };
    let ask = async |client, path| Answer::to(front.by(client, path).header("x-api-version", "v2")).await;

    for client in 1..=30 {
        assert_eq!(ask(client, "/api/anilibria/updates").await.text, "service");
    }
    let versioned = ask(31, "/api/anilibria/v1/updates").await.text;
    assert_eq!(versioned, front.answer(31, "/api/anilibria/v1/updates").await.text);

    stand_ins.service.reply(Reply::status(500));
    stand_ins.node.forget();
    assert_eq!(ask(32, "/api/anilibria/updates").await.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(stand_ins.node.calls().is_empty());
}

#[tokio::test]
async fn version_1_comes_from_the_node_service_when_the_service_fails() {
    let stand_ins = StandIns::start().await;
    let Some(front) = stand_ins.front() else { return };
    give_all_to_the_service(&front).await;

    for status in [500, 502, 503, 504] {
        stand_ins.service.reply(Reply::status(status));
        assert_eq!(front.answer(2, "/api/anilibria/v1/updates").await.text, "node", "{status}");
    }
    stand_ins.service.reply(Reply::status(404));
    assert_eq!(front.answer(3, "/api/anilibria/7").await.status, StatusCode::NOT_FOUND);
    stand_ins.service.reply(Reply::status(500));
    stand_ins.node.forget();
    let url = format!("{}/api/anilibria/sync/title", front.origin());
    reqwest::Client::new().post(url).json(&json!({"id": 7})).send().await.unwrap();

    let call = stand_ins.node.calls().remove(0);
    assert_eq!((&*call.path, call.body), ("/api/anilibria/sync/title", json!({"id": 7})));
}

#[tokio::test]
async fn events_pass_through_at_once_over_websocket_and_as_a_stream() {
    let service = live(&[]).await;
    let Some(front) = Front::start(&Behind::instances(&service.origin, &service.origin)) else { return };
    let mut sockets = Vec::new();
    for path in ["/api/anilibria/v2/ws", "/ws", "/api/anilibria/ws"] {
        let mut socket = Socket::open_url(&format!("{}{path}", front.origin())).await;
        socket.ask("subscribe_title", json!({"title_id": 7})).await;
        sockets.push(socket);
    }
    let mut events = front.by(1, "/api/anilibria/v2/events?title_id=7").send().await.unwrap();
    assert_eq!(events.status(), StatusCode::OK);

    publish_episode(&service, 7).await;

    for socket in &mut sockets {
        assert_eq!(socket.hear().await["data"]["title_id"], 7);
    }
    let mut read = String::new();
    while !read.contains("event: new_episode\n") {
        let chunk = timeout(PATIENCE, events.chunk()).await.unwrap().unwrap().unwrap();
        read.push_str(std::str::from_utf8(&chunk).unwrap());
    }
}

#[tokio::test]
async fn event_stream_stays_open_at_each_of_its_addresses() {
    let service = live(&[]).await;
    let Some(front) = Front::start(&Behind::instances(&service.origin, &service.origin)) else { return };
    // The header shows when nginx has read the change.
    front.edit("service.conf", |text| {
        text.replace("proxy_read_timeout 12s;", "proxy_read_timeout 1s; add_header X-Edited yes always;")
    });
    eventually("the change", async || {
        (front.answer(9, "/public/none").await.header("x-edited") == "yes").then_some(())
    })
    .await;
    let mut streams = Vec::new();
    for (client, path) in (1..).zip(["/api/anilibria/v2/events", "/api/anilibria/events"]) {
        let request = front.by(client, &format!("{path}?title_id=7")).header("x-api-version", "v2");
        streams.push((path, request.send().await.unwrap()));
    }

    // Longer than nginx waits for other answers, and shorter than the interval of comments in the stream.
    tokio::time::sleep(Duration::from_secs(3)).await;
    publish_episode(&service, 7).await;

    for (path, mut events) in streams {
        assert_eq!(events.status(), StatusCode::OK, "{path}");
        let mut read = String::new();
        while !read.contains("event: new_episode\n") {
            let chunk = timeout(PATIENCE, events.chunk()).await.unwrap().unwrap();
            let chunk = chunk.unwrap_or_else(|| panic!("{path} was closed after {read:?}"));
            read.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test]
async fn answer_is_kept_for_others_with_a_name_for_each_request() {
    let service = Service::sandbox(&[], &[]);
    let Some(front) = Front::start(&Behind::instances(&service.origin, &service.origin)) else { return };
    let path = "/api/anilibria/v2/genres";

    let first = Answer::to(front.by(1, path).header("x-request-id", "first")).await;
    let second = Answer::to(front.by(2, path).header("x-request-id", "second")).await;
    let unnamed = Answer::to(front.by(3, path).header("x-request-id", "not <harmless>")).await;
    let known = Answer::to(front.by(4, path).header("if-none-match", first.header("etag"))).await;

    let elsewhere = Answer::to(front.by(5, path).header("origin", "http://localhost:3000")).await;
    let uncompressed = Answer::to(front.by(6, path).header("accept-encoding", "identity")).await;

    assert_eq!((first.header("x-cache-status"), first.header("x-request-id")), ("MISS", "first"));
    assert_eq!((second.header("x-cache-status"), second.header("x-request-id")), ("HIT", "second"));
    assert_eq!(second.good(), first.good());
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
    assert_eq!(elsewhere.header("access-control-allow-origin"), "http://localhost:3000");
    assert_eq!(uncompressed.good()["data"], first.good()["data"]);
    let name: Vec<_> = unnamed.header("x-request-id").split('-').map(str::len).collect();
    assert_eq!(name, [8, 4, 4, 4, 12], "{}", unnamed.header("x-request-id"));
    for header in ["x-content-type-options", "x-request-id", "content-security-policy", "x-frame-options"] {
        assert_eq!(second.headers.get_all(header).iter().count(), 1, "{header}");
    }
    assert_eq!(second.header("ratelimit-limit"), "");
}

#[tokio::test]
async fn error_of_the_service_stays_as_it_is_and_is_not_kept() {
    let service = Service::sandbox(&[], &[]);
    let Some(front) = Front::start(&Behind::instances(&service.origin, &service.origin)) else { return };

    for name in ["one", "two"] {
        let request = front.by(1, "/api/anilibria/v2/titles?limit=0").header("x-request-id", name);
        let answer = Answer::to(request).await;
        assert_eq!((&*answer.error(400), answer.header("x-request-id")), ("INVALID_PARAMETERS", name));
    }
}

#[tokio::test]
async fn nobody_notices_that_an_instance_dies_and_what_is_kept_outlives_them_all() {
    let upstream = Service::upstream();
    // Not longer than this is an answer fresh to nginx, too.
    let start =
        || Service::reading_from(&upstream, &[("CACHE_TTL_MEMORY", "2"), ("CATALOGUE_ENABLED", "true")]);
    let (one, two) = (start(), start());
    let Some(front) = Front::start(&Behind::instances(&one.origin, &two.origin)) else { return };
    let kept = "/api/anilibria/v2/titles/7";
    let first = front.answer(1, kept).await.good();

    one.kill();
    for number in 0..20 {
        front.answer(2, &unasked(number)).await.good();
    }
    two.kill();
    let stale = eventually("a stale answer", async || {
        let answer = front.answer(3, kept).await;
        (answer.header("x-cache-status") == "STALE").then_some(answer)
    })
    .await;
    let unkept = front.answer(4, &unasked(50)).await;

    assert_eq!(stale.good()["data"], first["data"]);
    assert_eq!(unkept.error(503), "SERVICE_UNAVAILABLE");
    assert_eq!(unkept.header("retry-after"), "5");
    assert_eq!(front.answer(5, "/health").await.text, "healthy\n");
    assert_eq!(front.answer(5, "/ready").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn instance_that_hangs_is_passed_over() {
    let upstream = Service::upstream();
    let (one, two) = (Service::reading_from(&upstream, &[]), Service::reading_from(&upstream, &[]));
    let Some(front) = Front::start(&Behind::instances(&one.origin, &two.origin)) else { return };
    front.edit("service.conf", |text| text.replace("proxy_read_timeout 12s", "proxy_read_timeout 1s"));

    let stopped = Command::new("sh").args(["-c", &format!("kill -STOP {}", one.id())]).status().unwrap();

    assert!(stopped.success());
    for number in 0..10 {
        front.answer(1, &unasked(number)).await.good();
    }
}

#[tokio::test]
async fn one_address_may_not_ask_for_everything_at_once() {
    let stand_ins = StandIns::start().await;
    let Some(front) = stand_ins.front() else { return };
    let paths = ["/api/anilibria/v2/titles", "/api/anilibria/updates", "/api/anime/1", "/v3/title"];

    for (client, path) in (1..).zip(paths) {
        let answers = futures::future::join_all((0..150).map(|_| front.answer(client, path))).await;

        let (refused, answered): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS);
        assert!(answered.len() >= 20 && !refused.is_empty(), "{path}: {} refused", refused.len());
        assert_eq!(refused[0].error(429), "RATE_LIMIT_EXCEEDED");
        assert_eq!(refused[0].header("retry-after"), "1");
        assert_eq!(front.answer(client + 100, path).await.status, StatusCode::OK, "{path}: somebody else");
    }
}

#[tokio::test]
async fn service_tells_clients_apart_behind_nginx() {
    let limits = [("RATE_LIMIT_REQUESTS_PER_MINUTE", "1"), ("RATE_LIMIT_BURST", "3")];
    let service = Service::sandbox(&[], &[&limits[..], &[("TRUSTED_PROXIES", "127.0.0.1")]].concat());
    let Some(front) = Front::start(&Behind::instances(&service.origin, &service.origin)) else { return };
    let path = "/api/anilibria/v2/random";

    for _ in 0..3 {
        front.answer(1, path).await.good();
    }
    let refused = Answer::to(front.by(1, path).header("x-forwarded-for", "203.0.113.9")).await;

    assert_eq!(refused.error(429), "RATE_LIMIT_EXCEEDED");
    assert_ne!(refused.header("retry-after"), "1", "it is the service that refuses, not nginx");
    front.answer(2, path).await.good();
}

#[tokio::test]
async fn request_that_is_too_large_is_refused_in_the_services_words() {
    let stand_ins = StandIns::start().await;
    let Some(front) = stand_ins.front() else { return };

    let request = reqwest::Client::new().post(format!("{}/api/anilibria/v2/titles", front.origin()));
    let answer = Answer::to(request.body(vec![b'x'; 65 * 1024])).await;

    assert_eq!(answer.error(413), "PAYLOAD_TOO_LARGE");
}

#[tokio::test]
async fn log_is_json_and_has_no_queries() {
    let stand_ins = StandIns::start().await;
    let Some(front) = stand_ins.front() else { return };

    front.answer(7, "/v3/user?session=hunter2").await;

    let log = front.log();
    let line: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!((&line["path"], &line["status_code"]), (&json!("/v3/user"), &json!(200)));
    assert_eq!(line["ip"], address_of(7).to_string());
    assert!(!log.contains("hunter2"), "{log}");
}
