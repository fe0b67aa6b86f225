//! Where the time of an answer from memory goes: `GET /titles` through the whole service and through its parts, beside a
//! bare poem route with the same bytes, without a socket in any of them.
//!
//! `cargo bench -p anilibria-benches --bench layers`. Each figure is a part as it is called once for a request;
//! `whole_service` is all of them, `bare_poem` is what a route costs that does nothing else. What `titles` measures
//! beyond is the socket: reading the request, and writing more headers.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made should stop at once")]

use std::{pin::pin, sync::LazyLock};

use anilibria_client::sandbox::Sandbox;
use anilibria_http::{
    User,
    access_log::{RequestLog, Trace},
    cors::Readers,
    finish, protection,
    request_id::RequestId,
    trace::Sampler,
};
use anilibria_server::{
    app::{self, build, shell::Shell},
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
static SERVICE: LazyLock<(Shell, Titles)> = LazyLock::new(|| {
    RUNTIME.block_on(async {
        let sandbox = Sandbox::builder().build().start().await.unwrap();
        let mirror = format!("--anilibria-api-url={}", sandbox.api_url());
        let flags = [
            "--port=0",
            "--cache-dir=off",
            "--catalogue-enabled=false",
            // So much is allowed that it is counted and never refused.
            "--rate-limit-user-per-minute=1000000000",
            "--rate-limit-burst=1000000000",
            &mirror,
        ];
        let config = Config::from_flags(flags).unwrap();
        let state = build::build(&config, None).await.unwrap();
        let shell = app::app(&config, &state);
        let answer = shell.call(request()).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        (shell, state.titles)
    })
});

fn main() {
    LazyLock::force(&SERVICE);
    let _inside = RUNTIME.enter();
    divan::main();
}

/// What a load generator sends.
fn request() -> Request {
    // Without a socket there is no address to count; a user is counted in the same way.
    Request::builder().uri_str(PATH).header(header::HOST, "127.0.0.1:8000").extension(User { id: 7 }).finish()
}

/// All of these are ready at once: what waits would be no answer from memory.
fn now<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().unwrap()
}

fn answer() -> Response {
    now(SERVICE.1.list(&ListQuery::default())).unwrap().into_response()
}

#[divan::bench]
fn bare_poem(bencher: Bencher<'_, '_>) {
    let body = RUNTIME.block_on(answer().into_body().into_bytes()).unwrap();
    let route = make_sync(move |_| {
        Response::builder().header(header::CONTENT_TYPE, "application/json; charset=utf-8").body(body.clone())
    });
    let route = Route::new().at(PATH, route);
    bencher.with_inputs(request).bench_local_values(|request| now(route.call(request)));
}

#[divan::bench]
fn whole_service(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(request).bench_local_values(|request| now(SERVICE.0.call(request)));
}

/// Finds the route, checks the parameters, asks the cache, makes the response.
#[divan::bench]
fn route_with_answer(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(request).bench_local_values(|request: Request| {
        let found = SERVICE.0.router.find(request.uri().path());
        now(found.unwrap().answer(request))
    });
}

/// Makes the key, asks the cache.
#[divan::bench]
fn cache_hit(bencher: Bencher<'_, '_>) {
    let query = ListQuery::default();
    bencher.bench_local(|| now(SERVICE.1.list(black_box(&query))));
}

/// Makes a response of what is cached.
#[divan::bench]
fn response(bencher: Bencher<'_, '_>) {
    let hit = || now(SERVICE.1.list(&ListQuery::default())).unwrap();
    bencher.with_inputs(hit).bench_local_values(poem::IntoResponse::into_response);
}

#[divan::bench]
fn request_id(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(request).bench_local_refs(|request| RequestId::of(request.headers()).into_header());
}

#[divan::bench]
fn rate_limit(bencher: Bencher<'_, '_>) {
    let inputs = || (request(), answer());
    bencher.with_inputs(inputs).bench_local_refs(|(request, response)| {
        let client = SERVICE.0.clients.identify(request);
        let quota = SERVICE.0.clients.take(request, &client, true).unwrap();
        SERVICE.0.clients.write(&quota, response.headers_mut());
    });
}

#[divan::bench]
fn size_limits(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(request).bench_local_refs(|request| SERVICE.0.limits.check_head(request));
}

#[divan::bench]
fn cors(bencher: Bencher<'_, '_>) {
    let inputs = || (request(), answer());
    bencher.with_inputs(inputs).bench_local_refs(|(request, response)| {
        let permission = SERVICE.0.origins.permission(request, Readers::Listed);
        permission.write(response.headers_mut());
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
        let mut trace = Trace::of(request, id, Sampler::default());
        now(trace.follow(pin!(std::future::ready(()))));
        trace.done(StatusCode::OK, RequestLog::default());
    });
}

/// Looks whether the client has the answer already, and which compression it wants.
#[divan::bench]
fn conditions(bencher: Bencher<'_, '_>) {
    let inputs = || (request(), answer());
    bencher.with_inputs(inputs).bench_local_values(|(request, response)| {
        let preferences = finish::Preferences::of(request.headers());
        now(finish::finish(&preferences, &SERVICE.0.compressor, response))
    });
}

#[divan::bench]
fn security_headers(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(answer).bench_local_refs(protection::protect);
}
