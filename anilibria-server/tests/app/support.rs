//! Endpoints under test: the service, and the service's middleware around the routes of [`Demo`].

use std::{
    net::TcpListener as StdListener,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use anilibria_client::sandbox::Sandbox;
use anilibria_http::{
    access_log::AccessLogOptions,
    clients::Clients,
    compress::Compressor,
    envelope::{One, Page, Pagination},
    in_flight::LargeResponses,
    limits::{BodyReader, ConcurrencyLimit, RequestLimits},
    listener::ConnectionLimits,
    metrics::RouteMetrics,
    problem::Problem,
    rendered::{Meta, Rendered, render},
    router::Router,
    trace::Sampler,
    traffic::Traffic,
};
use anilibria_server::{
    app::{
        State, app,
        build::{self, HostedSandbox},
        root_endpoint::RootEndpoint,
    },
    auth::Users,
    config::Config,
    health::{CacheHealth, Health, HealthSource, ProbeError},
    migration::rollback::RequestCounters,
    titles::{Titles, model::title::Title},
    v1::LegacyPaths,
    v2::{openapi, pages::Features},
    v3::Addresses,
};
use async_trait::async_trait;
use futures::FutureExt as _;
use poem::{
    Body, Endpoint,
    http::StatusCode,
    test::{TestClient, TestResponse},
};
use poem_openapi::{OpenApi, payload::PlainText, types::Example as _};
use serde_json::Value;
use tokio::sync::Notify;

/// Returns the settings of `flags`, independent of the environment.
pub(crate) fn config(flags: &[&str]) -> Config {
    Config::from_flags(["--cache-dir=off"].iter().chain(flags)).unwrap()
}

/// Builds the service. All its stores are in memory, so the future is ready at once.
pub(crate) fn build(config: &Config, sandbox: Option<HostedSandbox>) -> State {
    build::build(config, sandbox).now_or_never().unwrap().unwrap()
}

/// Returns a client of the service with `flags`.
///
/// The service has no upstream: send only requests that are answered without one.
pub(crate) fn service(flags: &[&str]) -> TestClient<RootEndpoint> {
    TestClient::new(service_endpoint(flags))
}

/// Returns the endpoint that [`service`] sends requests to.
pub(crate) fn service_endpoint(flags: &[&str]) -> RootEndpoint {
    let config = config(flags);
    let state = build(&config, None);
    app(&config, &state)
}

/// Returns a client of the service that has a sandbox under `/sandbox`.
pub(crate) fn service_with_sandbox() -> TestClient<RootEndpoint> {
    let config = config(&[]);
    let sandbox = Sandbox::builder().releases(3).seed(1).build();
    let state = build(&config, Some(HostedSandbox::new(sandbox, "http://127.0.0.1:1")));
    TestClient::new(app(&config, &state))
}

/// Returns a client of the service that reads from the API at `url`, and the titles of that service.
pub(crate) fn service_with_upstream(url: &str) -> (TestClient<RootEndpoint>, Titles) {
    let config = config(&["--anilibria-api-url", url]);
    let state = build(&config, None);
    (TestClient::new(app(&config, &state)), state.titles)
}

/// Returns a client of the service whose dependencies have the state in `source`, and its health.
pub(crate) fn service_with_health_source(
    source: &Arc<StubHealthSource>,
) -> (TestClient<RootEndpoint>, Health) {
    let config = config(&[]);
    let built = build(&config, None);
    let health = Health::new(source.clone());
    let state = State { health: health.clone(), ..built };
    (TestClient::new(app(&config, &state)), health)
}

/// Returns [`Demo`] behind the middleware of the service, with `flags`.
pub(crate) fn demo_endpoint(flags: &[&str], demo: &Demo) -> RootEndpoint {
    let config = config(flags);
    RootEndpoint {
        unrouted: RouteMetrics::new("unrouted"),
        router: Router::new(openapi::table(demo, Features::default())),
        strict_parameters: false,
        limits: RequestLimits { uri: config.max_uri_bytes, headers: config.max_header_bytes },
        clients: Arc::new(Clients::new(config.http.clients(), None)),
        timeout: config.http.request_timeout,
        bodies: BodyReader::new(config.max_body_bytes, config.http.max_concurrent_bodies),
        concurrency: ConcurrencyLimit::new(config.max_concurrent_requests),
        large_responses: LargeResponses::new(config.http.max_answer_bytes_in_flight),
        users: Users::default(),
        traffic: Traffic::default(),
        log: AccessLogOptions::default(),
        sampler: Sampler::default(),
        request_counters: RequestCounters::default(),
        groups: None,
        origins: config.origins(),
        compressor: Compressor::new(1 << 20),
        legacy_paths: LegacyPaths::default(),
        v3_addresses: Addresses::default(),
        sandbox: None,
    }
}

/// Returns a client of [`Demo`] behind the middleware with default settings.
pub(crate) fn demo() -> TestClient<RootEndpoint> {
    TestClient::new(demo_endpoint(&[], &Demo::default()))
}

/// Routes with the responses that the middleware has to handle.
#[derive(Clone, Default)]
pub(crate) struct Demo {
    /// Completes one request to `/slow`.
    pub(crate) finish_slow: Arc<Notify>,
}

#[expect(clippy::unused_async, reason = "the framework takes asynchronous routes only")]
#[OpenApi]
impl Demo {
    #[oai(path = "/title", method = "get")]
    async fn title(&self) -> Rendered<One<Title>> {
        Rendered::new(render(&Title::example(), None), Meta::default())
    }

    #[oai(path = "/titles", method = "get")]
    async fn titles(&self) -> Rendered<Page<Title>> {
        let titles = vec![Title::example(); 20];
        let soon = time::OffsetDateTime::now_utc() + time::Duration::minutes(5);
        let meta = Meta { cached: true, cache_expires: Some(soon), ..Meta::default() };
        Rendered::new(render(&titles, Some(Pagination::new(1, 20, 20))), meta)
    }

    #[oai(path = "/once", method = "get")]
    async fn once(&self) -> Rendered<One<Title>> {
        Rendered::new(render(&Title::example(), None), Meta::default()).no_store()
    }

    #[oai(path = "/echo", method = "post")]
    async fn echo(&self, body: PlainText<String>) -> PlainText<String> {
        body
    }

    #[oai(path = "/panic", method = "get")]
    async fn panic(&self) -> PlainText<String> {
        panic!("the demo was asked to panic");
    }

    #[oai(path = "/broken", method = "get")]
    async fn broken(&self) -> Result<PlainText<String>, Problem> {
        Err(Problem::Upstream { reason: "unreachable", cause: "connection refused by 10.0.0.7".into() })
    }

    #[oai(path = "/slow", method = "get")]
    async fn slow(&self) -> PlainText<String> {
        self.finish_slow.notified().await;
        PlainText("done".into())
    }

    #[oai(path = "/live", method = "get")]
    async fn live(&self) -> PlainText<String> {
        PlainText("alive".into())
    }
}

/// Dependencies with a fixed state.
#[derive(Default)]
pub(crate) struct StubHealthSource {
    pub(crate) upstream_down: AtomicBool,
    pub(crate) has_data: AtomicBool,
    /// Number of requests to the upstream.
    pub(crate) upstream_checks: AtomicUsize,
}

#[async_trait]
impl HealthSource for StubHealthSource {
    async fn check_upstream(&self) -> Result<(), ProbeError> {
        self.upstream_checks.fetch_add(1, Ordering::SeqCst);
        if self.upstream_down.load(Ordering::SeqCst) {
            return Err(ProbeError { status_code: None, message: "connection refused".into() });
        }
        Ok(())
    }

    async fn check_cache(&self) -> CacheHealth {
        CacheHealth {
            has_data: self.has_data.load(Ordering::SeqCst),
            hit_rate: 0.75,
            ..CacheHealth::default()
        }
    }
}

/// Returns a body of `chunks` chunks without a length.
pub(crate) fn chunked(chunks: usize, chunk: &'static str) -> Body {
    Body::from_bytes_stream(futures::stream::iter((0..chunks).map(move |_| Ok::<_, std::io::Error>(chunk))))
}

/// Returns the body of `response` as JSON.
pub(crate) async fn json(response: TestResponse) -> Value {
    let text = response.0.into_body().into_string().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// Asserts that `response` is the error envelope with `status` and `code`, and returns its `error`.
pub(crate) async fn assert_error(response: TestResponse, status: StatusCode, code: &str) -> Value {
    response.assert_status(status);
    response.assert_content_type("application/json");
    let id = response.0.header("x-request-id").expect("the header `x-request-id`").to_owned();
    let body = json(response).await;

    assert_eq!(body["success"], false, "{body}");
    assert_eq!(body["error"]["code"], code, "{body}");
    assert_eq!(body["request_id"], id.as_str(), "{body}");
    let timestamp = body["timestamp"].as_str().unwrap();
    assert!(timestamp.len() == "2020-03-28T12:00:00Z".len() && timestamp.ends_with('Z'), "{timestamp}");
    assert!(body["error"]["message"].as_str().unwrap().chars().any(|c| matches!(c, 'а'..='я')), "{body}");
    body["error"].clone()
}

/// Serves `endpoint` on a free local port until the test ends, and returns its base URL.
pub(crate) async fn serve(endpoint: impl Endpoint + 'static) -> String {
    serve_with_bounds(endpoint, ConnectionLimits::default()).await
}

/// Serves `endpoint` like [`serve`], with `bounds` for its connections.
pub(crate) async fn serve_with_bounds(endpoint: impl Endpoint + 'static, bounds: ConnectionLimits) -> String {
    let socket = StdListener::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let base = format!("http://{}", socket.local_addr().unwrap());
    let socket = tokio::net::TcpListener::from_std(socket).unwrap();
    let drain = std::time::Duration::from_secs(1);
    tokio::spawn(anilibria_http::listener::serve(socket, bounds, endpoint, std::future::pending(), drain));
    base
}
