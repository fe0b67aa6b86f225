//! The Torznab indexer.

use std::{net::TcpListener as StdListener, time::Duration};

use anilibria_client::sandbox::Sandbox;
use anilibria_http::{
    listener::{self, ConnectionLimits},
    trace::Sampler,
};
use anilibria_server::{
    app::{app, build::HostedSandbox, root_endpoint::RootEndpoint},
    titles::catalog::SyncTask,
};
use poem::{
    http::{Method, StatusCode, header},
    test::{TestClient, TestResponse},
};
use time::macros::datetime;
use tokio::net::TcpListener;

use crate::support::{build, config, service, service_with_sandbox};

/// Timeout of loading the catalog.
const TIMEOUT: Duration = Duration::from_mins(1);

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// Number of releases of the sandbox.
const RELEASES: u32 = 60;

/// The service with a loaded catalog.
struct Indexer {
    service: TestClient<RootEndpoint>,
    /// Task that keeps the catalog up to date until it is dropped.
    _sync: Option<SyncTask>,
}

impl Indexer {
    async fn start(flags: &[&str]) -> Self {
        let socket = StdListener::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let origin = format!("http://{}", socket.local_addr().unwrap());
        let upstream =
            Sandbox::builder().releases(RELEASES).seed(7).now(datetime!(2026-02-21 18:00 UTC)).build();
        let config = config(&[&["--rate-limit-requests-per-minute=0"], flags].concat());
        let state = build(&config, Some(HostedSandbox::new(upstream, origin)));
        // The service reads its own sandbox over a socket.
        let (own, socket) = (app(&config, &state), TcpListener::from_std(socket).unwrap());
        tokio::spawn(listener::serve(
            socket,
            ConnectionLimits::default(),
            own,
            std::future::pending(),
            Duration::ZERO,
        ));
        let service = TestClient::new(app(&config, &state));
        let sync = SyncTask::start(&state.titles, None, Sampler::default());
        let local = state.titles.local_catalog().unwrap().clone();
        let wait = async {
            let mut changed = local.subscribe();
            while local.catalog().is_none() {
                changed.changed().await.unwrap();
            }
        };
        tokio::time::timeout(TIMEOUT, wait).await.expect("the catalog should load within the timeout");
        Self { service, _sync: sync }
    }

    async fn get(&self, query: &str) -> TestResponse {
        self.service.get(format!("/torznab/api?{query}")).send().await
    }

    /// Returns the document of a successful response.
    async fn document(&self, query: &str) -> String {
        let response = self.get(query).await;
        response.assert_status_is_ok();
        response.assert_content_type("application/rss+xml; charset=utf-8");
        text(response).await
    }

    /// Returns the titles that a request finds.
    async fn titles(&self, query: &str) -> Vec<String> {
        texts(&self.document(query).await, "title").split_off(1)
    }
}

async fn text(response: TestResponse) -> String {
    response.0.into_body().into_string().await.unwrap()
}

/// Returns the texts of the elements `name`.
fn texts(document: &str, name: &str) -> Vec<String> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let parts = document.split(start.as_str()).skip(1);
    parts.map(|part| part.split(end.as_str()).next().unwrap().to_owned()).collect()
}

/// Returns the code of an error document.
async fn code(response: TestResponse) -> u16 {
    response.assert_content_type("application/xml; charset=utf-8");
    response.assert_header(header::CACHE_CONTROL, "no-store");
    let document = text(response).await;
    let code = document.split(r#"<error code=""#).nth(1).and_then(|rest| rest.split('"').next());
    code.unwrap_or_else(|| panic!("{document}")).parse().unwrap()
}

/// Returns `text` URL-encoded.
fn encode(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn connection_tests_of_clients_pass() {
    let indexer = Indexer::start(&[]).await;

    let caps = indexer.get("t=caps").await;
    caps.assert_status_is_ok();
    caps.assert_content_type("application/xml; charset=utf-8");
    assert!(text(caps).await.contains(r#"<tv-search available="yes" supportedParams="q,season,ep,year"/>"#));
    for query in [
        "t=tvsearch&cat=5070&extended=1&apikey=&offset=0&limit=100",
        "t=movie&cat=2000,2030,2040,2045&extended=1&offset=0&limit=100",
        "t=search&extended=1&apikey=x&offset=0&limit=100",
        "t=search&q=&cat=&apikey=&o=xml",
    ] {
        assert!(!indexer.titles(query).await.is_empty(), "{query}");
    }
}

#[tokio::test]
async fn second_season_is_found_by_series_name() {
    let indexer = Indexer::start(&[]).await;
    let all = indexer.titles("t=tvsearch").await;
    let second = all.iter().find(|title| title.contains(" - S02E01-E")).expect("a second season");
    let (series, rest) = second.split_once(" - S02E01-E").unwrap();
    let last: u32 = rest.split(' ').next().unwrap().parse().unwrap();
    let q = encode(series);

    for query in [
        format!("t=tvsearch&cat=5070&extended=1&offset=0&limit=100&q={q}&season=2&ep={last}"),
        format!("t=tvsearch&q={q}&season=02"),
        format!("t=search&cat=5070&q={q}+S02E01"),
        format!("t=search&cat=5070&q={q}+{last:02}"),
    ] {
        let found = indexer.titles(&query).await;
        assert!(found.contains(second), "{query}: {found:?}");
    }
    let later = format!("t=tvsearch&q={q}&season=2&ep={}", last + 1);
    assert!(!indexer.titles(&later).await.contains(second));
    assert_eq!(indexer.titles(&format!("t=tvsearch&q={q}&season=77")).await, [""; 0]);
}

#[tokio::test]
async fn film_is_found_by_name_and_year() {
    let indexer = Indexer::start(&[]).await;
    let films = indexer.titles("t=movie").await;
    let film = films.first().expect("a film");
    let (name, rest) = film.rsplit_once(" (").unwrap();

    let year = &rest[..4];
    let found = indexer.titles(&format!("t=search&cat=2000&q={}+{year}", encode(name))).await;

    assert!(found.contains(film), "{found:?}");
    assert_eq!(indexer.titles("t=tvsearch&cat=2000").await, [""; 0]);
}

#[tokio::test]
async fn link_of_an_item_returns_the_torrent_file() {
    let indexer = Indexer::start(&[]).await;

    let document = indexer.document("t=search&limit=1").await;
    let link = texts(&document, "link").remove(1);
    let path = link.split_once("/sandbox/").expect("a link to the sandbox").1;
    let file = indexer.service.get(format!("/sandbox/{path}")).send().await;

    file.assert_status_is_ok();
    file.assert_content_type("application/x-bittorrent");
    assert!(document.contains(&format!(r#"<enclosure url="{link}""#)), "{document}");
}

#[tokio::test]
async fn key_is_required_for_searches_but_not_for_capabilities() {
    let indexer = Indexer::start(&["--torznab-api-key", KEY]).await;

    indexer.get("t=caps").await.assert_status_is_ok();
    for query in ["t=search", "t=search&apikey=", "t=tvsearch&apikey=wrong", "t=movie&apikey=0123"] {
        let response = indexer.get(query).await;
        response.assert_status_is_ok();
        assert_eq!(code(response).await, 100, "{query}");
    }
    let response = indexer.get(&format!("t=search&apikey={KEY}")).await;
    response.assert_status_is_ok();
    response.assert_header(header::CACHE_CONTROL, "no-store");
    let document = text(response).await;
    assert!(document.contains("<item>") && !document.contains(KEY), "{document}");
}

#[tokio::test]
async fn invalid_requests_get_torznab_error_codes() {
    let indexer = Indexer::start(&[]).await;

    for (query, expected) in [
        ("", 200),
        ("t=nonsense", 202),
        ("t=book", 203),
        ("t=search&offset=-1", 201),
        ("t=search&limit=99999999999999999999", 201),
        ("t=tvsearch&season=first", 201),
        ("t=search&cat=anime", 201),
        ("t=search&q=a&q=b", 201),
        ("t=search&o=json", 201),
        ("t=movie&imdbid=tt0000001", 201),
        (&format!("t=search&q={}", "x".repeat(1000)), 201),
    ] {
        let response = indexer.get(query).await;
        response.assert_status_is_ok();
        assert_eq!(code(response).await, expected, "{query}");
    }
}

#[tokio::test]
async fn responses_have_entity_tags_and_are_compressed() {
    let indexer = Indexer::start(&[]).await;
    let request = || indexer.service.get("/torznab/api?t=search");

    let first = request().header(header::ACCEPT_ENCODING, "gzip").send().await;
    first.assert_status_is_ok();
    first.assert_header(header::CONTENT_ENCODING, "gzip");
    let etag = first.0.header(header::ETAG).expect("an entity tag").to_owned();
    let again = request().header(header::IF_NONE_MATCH, etag).send().await;

    again.assert_status(StatusCode::NOT_MODIFIED);
    let head = indexer.service.request(Method::HEAD, "/torznab/api?t=search").send().await;
    head.assert_status_is_ok();
    let post = indexer.service.post("/torznab/api?t=search").send().await;
    post.assert_status(StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn self_link_has_no_query() {
    let indexer = Indexer::start(&[]).await;

    let request = indexer.service.get("/torznab/api?t=search&apikey=hunter2&limit=1");
    let response = request.header(header::HOST, "anime.example").send().await;

    let link =
        r#"<atom:link href="http://anime.example/torznab/api" rel="self" type="application/rss+xml"/>"#;
    let document = text(response).await;
    assert!(document.contains(link) && !document.contains("hunter2"), "{document}");
}

#[tokio::test]
async fn search_without_a_loaded_catalog_is_unavailable() {
    let service = service_with_sandbox();

    let response = service.get("/torznab/api?t=search&q=name").send().await;

    response.assert_status(StatusCode::SERVICE_UNAVAILABLE);
    response.assert_header(header::RETRY_AFTER, "30");
    assert_eq!(code(response).await, 900);
}

#[tokio::test]
async fn disabled_indexer_is_not_found() {
    for flag in ["--torznab-enabled=false", "--catalogue-enabled=false"] {
        let response = service(&[flag]).get("/torznab/api?t=caps").send().await;

        response.assert_status(StatusCode::NOT_FOUND);
    }
}
