//! Measures the parts of a response from memory: `GET /titles` through the whole service and through each of its parts,
//! compared with a bare poem route that sends the same bytes. No part uses a socket.
//!
//! Run `cargo bench -p anilibria-benches --bench layers`. Each figure is the time of one part for one request.
//! `whole_service` includes all parts, `bare_poem` is the minimum for a route. The bench `load` adds the socket: it reads
//! requests and writes more headers.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made should stop at once")]

use std::{pin::pin, sync::LazyLock};

use anilibria_client::sandbox::Sandbox;
use anilibria_http::{
    User,
    access_log::{AccessLogOptions, RequestLogger},
    cors::CorsPolicy,
    finish,
    request_id::RequestId,
    security_headers,
    trace::Sampler,
};
use anilibria_server::{
    app::{self, build, root_endpoint::RootEndpoint},
    config::Config,
    titles::{ListQuery, Titles},
};
use divan::{Bencher, black_box};
use futures::FutureExt as _;
use poem::{
    Endpoint as _, IntoResponse as _, Request, Response, Route,
    endpoint::make_sync,
    http::{StatusCode, header},
};
use tokio::runtime::Runtime;

const PATH: &str = "/api/anilibria/v2/titles";

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// The service, with its page in memory.
static SERVICE: LazyLock<(RootEndpoint, Titles)> = LazyLock::new(|| {
    RUNTIME.block_on(async {
        let sandbox = Sandbox::builder().build().start().await.unwrap();
        let mirror = format!("--anilibria-api-url={}", sandbox.api_url());
        let flags = [
            "--port=0",
            "--cache-dir=off",
            "--catalogue-enabled=false",
            // High enough that requests are counted but never rejected.
            "--rate-limit-user-per-minute=1000000000",
            "--rate-limit-burst=1000000000",
            &mirror,
        ];
        let config = Config::from_flags(flags).unwrap();
        let state = build::build(&config, None).await.unwrap();
        let endpoint = app::app(&config, &state);
        let response = endpoint.call(request()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        (endpoint, state.titles)
    })
});

fn main() {
    LazyLock::force(&SERVICE);
    let _inside = RUNTIME.enter();
    divan::main();
}

/// Returns the request of a load generator.
fn request() -> Request {
    // Without a socket there is no client address. A user has a quota of the same kind.
    Request::builder().uri_str(PATH).header(header::HOST, "127.0.0.1:8000").extension(User { id: 7 }).finish()
}

/// Polls `work` once. A future that is not ready at the first poll is no response from memory.
fn ready<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().unwrap()
}

fn handler_response() -> Response {
    ready(SERVICE.1.list(&ListQuery::default())).unwrap().into_response()
}

#[divan::bench]
fn bare_poem(bencher: Bencher<'_, '_>) {
    let body = RUNTIME.block_on(handler_response().into_body().into_bytes()).unwrap();
    let route = make_sync(move |_| {
        Response::builder().header(header::CONTENT_TYPE, "application/json; charset=utf-8").body(body.clone())
    });
    let route = Route::new().at(PATH, route);
    bencher.with_inputs(request).bench_local_values(|request| ready(route.call(request)));
}

#[divan::bench]
fn whole_service(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(request).bench_local_values(|request| ready(SERVICE.0.call(request)));
}

/// Finds the route, validates the parameters, reads the cache and creates the response.
#[divan::bench]
fn route_with_answer(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(request).bench_local_values(|request: Request| {
        let found = SERVICE.0.router.find(request.uri().path());
        ready(found.unwrap().call(request))
    });
}

/// Creates the key and reads the cache.
#[divan::bench]
fn cache_hit(bencher: Bencher<'_, '_>) {
    let query = ListQuery::default();
    bencher.bench_local(|| ready(SERVICE.1.list(black_box(&query))));
}

/// Creates a response from the cached value.
#[divan::bench]
fn response(bencher: Bencher<'_, '_>) {
    let hit = || ready(SERVICE.1.list(&ListQuery::default())).unwrap();
    bencher.with_inputs(hit).bench_local_values(poem::IntoResponse::into_response);
}

#[divan::bench]
fn request_id(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(request).bench_local_refs(|request| RequestId::of(request.headers()).into_header());
}

#[divan::bench]
fn rate_limit(bencher: Bencher<'_, '_>) {
    let inputs = || (request(), handler_response());
    bencher.with_inputs(inputs).bench_local_refs(|(request, response)| {
        let client = SERVICE.0.clients.identify(request);
        let quota = SERVICE.0.clients.charge_request(request, &client, true).unwrap();
        SERVICE.0.clients.write_headers(&quota, response.headers_mut());
    });
}

#[divan::bench]
fn size_limits(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(request).bench_local_refs(|request| SERVICE.0.limits.check_head(request));
}

#[divan::bench]
fn cors(bencher: Bencher<'_, '_>) {
    let inputs = || (request(), handler_response());
    bencher.with_inputs(inputs).bench_local_refs(|(request, response)| {
        let cors_headers = SERVICE.0.origins.headers_for(request, CorsPolicy::Listed);
        cors_headers.write(response.headers_mut());
    });
}

#[divan::bench]
fn trace(bencher: Bencher<'_, '_>) {
    let inputs = || {
        let request = request();
        let id = RequestId::of(request.headers());
        (request, id)
    };
    bencher.with_inputs(inputs).bench_local_refs(|(request, id)| {
        let mut logger = RequestLogger::new(request, id, Sampler::default());
        ready(logger.instrument(pin!(std::future::ready(()))));
        logger.finish(StatusCode::OK, AccessLogOptions::default());
    });
}

/// Evaluates conditional headers and `Accept-Encoding`.
#[divan::bench]
fn conditions(bencher: Bencher<'_, '_>) {
    let inputs = || (request(), handler_response());
    bencher.with_inputs(inputs).bench_local_values(|(request, response)| {
        let preferences = finish::Preferences::of(request.headers());
        ready(finish::finish(&preferences, &SERVICE.0.compressor, response))
    });
}

#[divan::bench]
fn security_headers(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(handler_response).bench_local_refs(security_headers::add);
}
