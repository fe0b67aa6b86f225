//! The layer around every route: request ids, limits, cross-origin permissions, panics, the error envelope and the access
//! log.
//!
//! It is a single layer, because each further layer would cost every request another allocation.

use std::{any::Any, panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Duration};

use anilibria_http::{
    User,
    access_log::{RequestLog, Trace},
    clients::{Client, Clients, QuotaState},
    compress::Compressor,
    cors::{self, Origins},
    finish::{Preferences, finish},
    freshness,
    in_flight::LargeAnswers,
    known_parameters::{UNKNOWN_PARAMETERS, UnknownParameters},
    limits::{Bodies, Gate, RequestLimits},
    metrics::{Limit, RouteMeter},
    path,
    problem::{ErrorForm, Problem},
    protection::protect,
    request_id::{self, RequestId},
    router::{Found, Router},
    trace::Sampler,
    traffic::Traffic,
    vary,
};
use futures::FutureExt as _;
use http_body::Body as _;
use http_body_util::combinators::BoxBody;
use poem::{
    Endpoint, Request, Response,
    http::{HeaderValue, Method, StatusCode, header},
};

use crate::{
    app::{sandbox::SandboxMount, scrape},
    auth::Users,
    migration::{flags::Groups, rollback::Tally},
    telemetry::logging::panic_message,
    v1::{self, OldPaths, lead_to_v2},
    v3::Addresses,
};

/// `Retry-After` of a request that timed out.
const RETRY_AFTER_TIMEOUT: Duration = Duration::from_secs(1);

/// Endpoint around all routes.
pub struct Shell {
    /// The routes.
    pub router: Router,
    /// True if requests with unknown query parameters are refused. Otherwise a response header lists the parameters.
    pub strict_parameters: bool,
    /// Limits on the size of a request.
    pub limits: RequestLimits,
    /// Clients, with the limits of each.
    pub clients: Arc<Clients>,
    /// Maximum time a request may take.
    pub timeout: Duration,
    /// Reader of request bodies.
    pub bodies: Bodies,
    /// Limit on requests in progress.
    pub gate: Gate,
    /// Limit on large answers that are being sent.
    pub large_answers: LargeAnswers,
    /// Authentication of users.
    pub users: Users,
    /// Counters of requests.
    pub traffic: Traffic,
    /// Settings of the request log.
    pub log: RequestLog,
    /// Sampler of traced requests.
    pub sampler: Sampler,
    /// Request totals, without the requests of monitoring.
    pub tally: Tally,
    /// Test groups of users, which are added to responses; `None` if that is disabled.
    pub groups: Option<Groups>,
    /// Meter of requests for which there is no route.
    pub unrouted: RouteMeter,
    /// Origins that may read answers.
    pub origins: Origins,
    /// Compression of answers.
    pub compressor: Compressor,
    /// Addresses whose errors use the format of older versions.
    pub old_paths: OldPaths,
    /// Addresses of clients of API v3, whose errors use further formats.
    pub v3_addresses: Addresses,
    /// Sandbox next to the routes. None of the settings above applies to it.
    pub sandbox: Option<SandboxMount>,
}

impl Endpoint for Shell {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        if let Some(sandbox) = &self.sandbox
            && sandbox.takes(request.uri())
        {
            return Ok(sandbox.answer(request).await);
        }
        let form = self.v3_addresses.rewrite(&mut request);
        let error_form = ErrorForm::of(request.headers());
        let is_unversioned = lead_to_v2(&mut request);
        let is_old = self.old_paths.cover(request.uri().path());
        self.traffic.count();
        self.users.recognise(&mut request);
        let id = RequestId::of(request.headers());
        let permission = self.origins.permission(&request, self.v3_addresses.cors_policy(&request));
        let mut trace = Trace::of(&request, &id, self.sampler);
        let found = self.router.find(request.uri().path());
        let meter = found.as_ref().map_or(&self.unrouted, Found::meter);
        trace.route(meter.endpoint());
        let unknown = found.as_ref().and_then(|found| found.unknown_parameters(&request));
        let method = request.method().clone();
        let is_watching = is_probe(request.uri().path()) || request.uri().path() == scrape::PATH;
        let user = request.data::<User>().copied();
        let client = self.clients.identify(&request);
        trace.begin(&request, client.address());
        let quota = self.clients.take(&request, &client, found.is_some());
        let is_accepted = quota.as_ref().map_or(Ok(()), QuotaState::check);
        let is_accepted = is_accepted
            .and_then(|()| path::check(request.uri().path()))
            .and_then(|()| self.check_parameters(unknown.as_ref()));
        let answer = match is_accepted {
            Ok(()) => trace.follow(pin!(self.in_time(request, &client, found))).await,
            Err(problem) => Err(problem),
        };
        let log = if is_watching { self.log.of_monitoring() } else { self.log };
        let took;
        let mut response = match answer {
            Ok(response) => {
                took = trace.done(response.status(), log);
                response
            }
            Err(problem) => {
                let response = match form {
                    Some(form) => form.response(&problem),
                    None if is_old => v1::response(&problem),
                    None => problem.to_response(id.as_str(), error_form),
                };
                took = trace.failed(&problem, response.status(), log);
                response
            }
        };
        meter.count(&method, response.status(), took);
        if !is_watching {
            self.tally.add(response.status().is_server_error(), took);
        }
        permission.write(response.headers_mut());
        if is_unversioned {
            vary::add(response.headers_mut(), "X-API-Version");
        }
        if let Some(unknown) = unknown {
            response.headers_mut().insert(UNKNOWN_PARAMETERS, unknown.to_header());
        }
        if let Some(form) = form {
            form.add_version(response.headers_mut());
        }
        if let Some(quota) = quota {
            self.clients.write(&quota, response.headers_mut());
        }
        if let Some(groups) = &self.groups {
            groups.tell(&mut response, user).await;
        }
        protect(&mut response);
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(freshness::NO_STORE);
        response.headers_mut().insert(request_id::HEADER, id.into_header());
        Ok(response)
    }
}

impl Shell {
    /// Refuses unknown parameters if that is enabled.
    fn check_parameters(&self, unknown: Option<&UnknownParameters<'_>>) -> Result<(), Problem> {
        unknown.filter(|_| self.strict_parameters).map_or(Ok(()), |unknown| Err(unknown.to_problem()))
    }

    /// Returns the response, or an error when it takes longer than the timeout.
    async fn in_time(
        &self,
        request: Request,
        client: &Client,
        found: Option<Found<'_>>,
    ) -> Result<Response, Problem> {
        match tokio::time::timeout(self.timeout, self.answer(request, client, found)).await {
            Ok(answer) => answer,
            Err(elapsed) => {
                Err(Problem::Unavailable { retry_after: RETRY_AFTER_TIMEOUT, cause: elapsed.into() })
            }
        }
    }

    async fn answer(
        &self,
        mut request: Request,
        client: &Client,
        found: Option<Found<'_>>,
    ) -> Result<Response, Problem> {
        if let Some(preflight) = cors::preflight(&request) {
            return Ok(preflight);
        }
        match *request.method() {
            Method::GET => self.read(request, client, found).await,
            Method::HEAD => {
                request.set_method(Method::GET);
                self.read(request, client, found).await.map(without_body)
            }
            Method::OPTIONS => match self.guarded(request, client, found).await {
                Err(Problem::MethodNotAllowed { allow }) => Ok(options(allow)),
                answer => answer,
            },
            _ => self.guarded(request, client, found).await,
        }
    }

    /// Returns the response to a `GET` request, in the representation that the client prefers.
    async fn read(
        &self,
        request: Request,
        client: &Client,
        found: Option<Found<'_>>,
    ) -> Result<Response, Problem> {
        let preferences = Preferences::of(request.headers());
        let mut response = self.guarded(request, client, found).await?;
        self.large_answers.hold(&mut response)?;
        Ok(finish(&preferences, &self.compressor, response).await)
    }

    /// Passes the request to its route. Every rejection happens before the body is read, and the body is read before the
    /// request counts as one in progress. A slow sender therefore takes slots from the same client only.
    async fn guarded(
        &self,
        mut request: Request,
        client: &Client,
        found: Option<Found<'_>>,
    ) -> Result<Response, Problem> {
        self.limits.check_head(&request)?;
        let Some(found) = found else {
            let location = self.router.location_without_slash(request.uri());
            return location.map(redirect).ok_or(Problem::NotFound);
        };
        found.check(request.method())?;
        let is_probe = is_probe(request.uri().path());
        let _of_client = if is_probe { None } else { Some(client.enter()?) };
        if let Some(body) = self.bodies.read(&mut request) {
            body.await?;
        }
        let pass = self.gate.enter();
        if pass.is_none() && !is_probe {
            Limit::Requests.hit();
            return Err(Problem::Overloaded);
        }
        match AssertUnwindSafe(found.answer(request)).catch_unwind().await {
            Ok(answer) => answer,
            Err(panic) => Err(Problem::internal(Panic::new(&*panic))),
        }
    }
}

/// True if `path` is a health probe. No limit rejects a probe: an overloaded service must not look like a dead one.
fn is_probe(path: &str) -> bool {
    let path = path.strip_prefix(anilibria_http::BASE).unwrap_or(path);
    matches!(path, "/live" | "/ready" | "/health") || path.starts_with("/health/")
}

/// Returns the response to `HEAD`: all headers of the response to `GET`, including its length, without the body.
fn without_body(mut response: Response) -> Response {
    let body = BoxBody::from(response.take_body());
    let has_body = response.status() != StatusCode::NOT_MODIFIED;
    if let Some(len) = body.size_hint().exact().filter(|_| has_body) {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(len));
    }
    response
}

fn options(allow: HeaderValue) -> Response {
    Response::builder().status(StatusCode::NO_CONTENT).header(header::ALLOW, allow).finish()
}

/// Returns a permanent redirect that keeps the method. Caches do not store it, because the number of such paths is unlimited.
fn redirect(location: HeaderValue) -> Response {
    Response::builder().status(StatusCode::PERMANENT_REDIRECT).header(header::LOCATION, location).finish()
}

/// A panic in a route, as an error source.
#[derive(Debug, thiserror::Error)]
#[error("panic: {message}")]
struct Panic {
    message: String,
}

impl Panic {
    fn new(payload: &(dyn Any + Send)) -> Self {
        Self { message: panic_message(payload) }
    }
}
