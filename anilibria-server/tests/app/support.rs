//! What the tests drive: the service itself, and the shell around routes made for tests.

use std::{
    net::TcpListener as StdListener,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use anilibria_client::sandbox::Sandbox;
use anilibria_http::{
    access_log::RequestLog,
    clients::Clients,
    compress::Compressor,
    envelope::{One, Page, Pagination},
    in_flight::LargeAnswers,
    limits::{Bodies, Gate, RequestLimits},
    listener::Bounds,
    metrics::RouteMeter,
    problem::Problem,
    rendered::{Meta, Rendered, render},
    router::Router,
    trace::Sampler,
    traffic::Traffic,
};
use anilibria_server::{
    app::{
        State, app,
        build::{self, SandboxAt},
        shell::Shell,
    },
    auth::Users,
    config::Config,
    health::{CacheVitals, Health, UpstreamFault, Vitals},
    migration::rollback::Tally,
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

/// The settings that `flags` make, whatever the environment holds.
pub(crate) fn config(flags: &[&str]) -> Config {
    Config::from_flags(["--cache-dir=off"].iter().chain(flags)).unwrap()
}

/// The service as `config` says. What it keeps is in memory, so there is nothing to wait for.
pub(crate) fn build(config: &Config, sandbox: Option<SandboxAt>) -> State {
    build::build(config, sandbox).now_or_never().unwrap().unwrap()
}

/// The service, with `flags`. Only requests that are refused before AniLibria is asked should be sent to it.
pub(crate) fn service(flags: &[&str]) -> TestClient<Shell> {
    TestClient::new(service_shell(flags))
}

/// The same, without a client.
pub(crate) fn service_shell(flags: &[&str]) -> Shell {
    let config = config(flags);
    let state = build(&config, None);
    app(&config, &state)
}

/// The service with the sandbox at its side.
pub(crate) fn service_with_sandbox() -> TestClient<Shell> {
    let config = config(&[]);
    let sandbox = Sandbox::builder().releases(3).seed(1).build();
    let state = build(&config, Some(SandboxAt::new(sandbox, "http://127.0.0.1:1")));
    TestClient::new(app(&config, &state))
}

/// The service that reads from the API at `url`, and what answers its routes.
pub(crate) fn service_on(url: &str) -> (TestClient<Shell>, Titles) {
    let config = config(&["--anilibria-api-url", url]);
    let state = build(&config, None);
    (TestClient::new(app(&config, &state)), state.titles)
}

/// The service whose parts are as `vitals` says.
pub(crate) fn service_with_vitals(vitals: &Arc<TestVitals>) -> (TestClient<Shell>, Health) {
    let config = config(&[]);
    let built = build(&config, None);
    let health = Health::new(vitals.clone());
    let state = State { health: health.clone(), ..built };
    (TestClient::new(app(&config, &state)), health)
}

/// The shell around [`Demo`], with `flags`.
pub(crate) fn shell(flags: &[&str], demo: &Demo) -> Shell {
    let config = config(flags);
    Shell {
        unrouted: RouteMeter::new("unrouted"),
        router: Router::new(openapi::table(demo, Features::default())),
        strict_parameters: false,
        limits: RequestLimits { uri: config.max_uri_bytes, headers: config.max_header_bytes },
        clients: Arc::new(Clients::new(config.http.clients(), None)),
        timeout: config.http.request_timeout,
        bodies: Bodies::new(config.max_body_bytes, config.http.max_concurrent_bodies),
        gate: Gate::new(config.max_concurrent_requests),
        large_answers: LargeAnswers::new(config.http.max_answer_bytes_in_flight),
        users: Users::default(),
        traffic: Traffic::default(),
        log: RequestLog::default(),
        sampler: Sampler::default(),
        tally: Tally::default(),
        groups: None,
        origins: config.origins(),
        compressor: Compressor::new(1 << 20),
        legacy_paths: LegacyPaths::default(),
        v3_addresses: Addresses::default(),
        sandbox: None,
    }
}

/// The shell with its defaults around [`Demo`].
pub(crate) fn demo() -> TestClient<Shell> {
    TestClient::new(shell(&[], &Demo::default()))
}

/// Routes that do what the shell has to cope with.
#[derive(Clone, Default)]
pub(crate) struct Demo {
    /// Lets `/slow` go on.
    pub(crate) go_on: Arc<Notify>,
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
        Rendered::new(render(&Title::example(), None), Meta::default()).for_once()
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
        self.go_on.notified().await;
        PlainText("done".into())
    }

    #[oai(path = "/live", method = "get")]
    async fn live(&self) -> PlainText<String> {
        PlainText("alive".into())
    }
}

/// Parts of a service that are as a test wants them.
#[derive(Default)]
pub(crate) struct TestVitals {
    pub(crate) upstream_down: AtomicBool,
    pub(crate) holds_data: AtomicBool,
    pub(crate) asked: AtomicUsize,
}

#[async_trait]
impl Vitals for TestVitals {
    async fn ask_upstream(&self) -> Result<(), UpstreamFault> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.upstream_down.load(Ordering::SeqCst) {
            return Err(UpstreamFault { status_code: None, error: "connection refused".into() });
        }
        Ok(())
    }

    async fn ask_cache(&self) -> CacheVitals {
        CacheVitals {
            holds_data: self.holds_data.load(Ordering::SeqCst),
            hit_rate: 0.75,
            ..CacheVitals::default()
        }
    }
}

/// A body that comes in `chunks` and does not say how long it is.
pub(crate) fn chunked(chunks: usize, chunk: &'static str) -> Body {
    Body::from_bytes_stream(futures::stream::iter((0..chunks).map(move |_| Ok::<_, std::io::Error>(chunk))))
}

/// The body of `response` as JSON.
pub(crate) async fn json(response: TestResponse) -> Value {
    let text = response.0.into_body().into_string().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// Checks that `response` is the error envelope with `status` and `code`, and gives its `error`.
pub(crate) async fn assert_error(response: TestResponse, status: StatusCode, code: &str) -> Value {
    response.assert_status(status);
    response.assert_content_type("application/json");
    let id = response.0.header("x-request-id").expect("an id").to_owned();
    let body = json(response).await;

    assert_eq!(body["success"], false, "{body}");
    assert_eq!(body["error"]["code"], code, "{body}");
    assert_eq!(body["request_id"], id.as_str(), "{body}");
    let timestamp = body["timestamp"].as_str().unwrap();
    assert!(timestamp.len() == "2020-03-28T12:00:00Z".len() && timestamp.ends_with('Z'), "{timestamp}");
    assert!(body["error"]["message"].as_str().unwrap().chars().any(|c| matches!(c, 'а'..='я')), "{body}");
    body["error"].clone()
}

/// Serves `endpoint` at a free port of this machine, as long as the test runs, and tells its address.
pub(crate) async fn served(endpoint: impl Endpoint + 'static) -> String {
    served_within(endpoint, Bounds::default()).await
}

/// The same, within `bounds`.
pub(crate) async fn served_within(endpoint: impl Endpoint + 'static, bounds: Bounds) -> String {
    let socket = StdListener::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let base = format!("http://{}", socket.local_addr().unwrap());
    let socket = tokio::net::TcpListener::from_std(socket).unwrap();
    let drain = std::time::Duration::from_secs(1);
    tokio::spawn(anilibria_http::listener::serve(socket, bounds, endpoint, std::future::pending(), drain));
    base
}
