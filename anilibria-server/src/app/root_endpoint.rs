//! The endpoint around all routes: request ids, limits, cross-origin permissions, panics, the error envelope and the access log.
//!
//! It is a single endpoint and not a stack of middleware, because each further layer would cost every request an allocation.

use std::{any::Any, panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Duration};

use anilibria_http::{
    User,
    access_log::{AccessLogOptions, RequestLogger},
    cache_control,
    clients::{Client, Clients, QuotaState},
    compress::Compressor,
    cors::{self, AllowedOrigins},
    finish::{Preferences, finish},
    in_flight::LargeResponses,
    known_parameters::{UNKNOWN_PARAMETERS, UnknownParameters},
    limits::{BodyReader, ConcurrencyLimit, RequestLimits},
    metrics::{Limit, RouteMetrics},
    path,
    problem::{ErrorFormat, Problem},
    request_id::{self, RequestId},
    router::{RouteMatch, Router},
    security_headers,
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
    app::{metrics_endpoint, sandbox::SandboxMount},
    auth::Users,
    migration::{flags::TestGroups, rollback::RequestCounters},
    telemetry::logging::panic_message,
    v1::{self, LegacyPaths, route_to_v2},
    v3::Addresses,
};

/// `Retry-After` of a request that timed out.
const RETRY_AFTER_TIMEOUT: Duration = Duration::from_secs(1);

/// Endpoint of the service, around all routes.
pub struct RootEndpoint {
    /// The routes.
    pub router: Router,
    /// True if requests with unknown query parameters are rejected. Otherwise a response header lists the parameters.
    pub strict_parameters: bool,
    /// Limits on the size of a request.
    pub limits: RequestLimits,
    /// Clients, with their quotas and limits.
    pub clients: Arc<Clients>,
    /// Timeout of a request.
    pub timeout: Duration,
    /// Reader of request bodies.
    pub bodies: BodyReader,
    /// Limit on requests in progress.
    pub concurrency: ConcurrencyLimit,
    /// Limit on large responses in flight.
    pub large_responses: LargeResponses,
    /// Authentication of users.
    pub users: Users,
    /// Counters of requests.
    pub traffic: Traffic,
    /// Settings of the request log.
    pub log: AccessLogOptions,
    /// Decides which requests are traced.
    pub sampler: Sampler,
    /// Totals of requests, without those of monitoring.
    pub request_counters: RequestCounters,
    /// Rollout groups of users, which are added to responses; `None` if that is disabled.
    pub groups: Option<TestGroups>,
    /// Metrics of requests that match no route.
    pub unrouted: RouteMetrics,
    /// Origins that may read responses.
    pub origins: AllowedOrigins,
    /// Compression of responses.
    pub compressor: Compressor,
    /// Paths whose errors use the format of API v1.
    pub legacy_paths: LegacyPaths,
    /// Paths of API v3, whose errors use the formats of its clients.
    pub v3_addresses: Addresses,
    /// Sandbox next to the routes. None of the settings above applies to the sandbox.
    pub sandbox: Option<SandboxMount>,
}

impl Endpoint for RootEndpoint {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        if let Some(sandbox) = &self.sandbox
            && sandbox.matches(request.uri())
        {
            return Ok(sandbox.respond(request).await);
        }
        let form = self.v3_addresses.rewrite(&mut request);
        let error_format = ErrorFormat::of(request.headers());
        let is_unversioned = route_to_v2(&mut request);
        let is_old = self.legacy_paths.contains(request.uri().path());
        self.traffic.record_request();
        self.users.attach_user(&mut request);
        let id = RequestId::of(request.headers());
        let cors_headers = self.origins.headers_for(&request, self.v3_addresses.cors_policy(&request));
        let mut logger = RequestLogger::new(&request, &id, self.sampler);
        let found = self.router.find(request.uri().path());
        let metrics = found.as_ref().map_or(&self.unrouted, RouteMatch::metrics);
        logger.set_route(metrics.endpoint());
        let unknown = found.as_ref().and_then(|found| found.unknown_parameters(&request));
        let method = request.method().clone();
        let is_monitoring = is_probe(request.uri().path()) || request.uri().path() == metrics_endpoint::PATH;
        let user = request.data::<User>().copied();
        let client = self.clients.identify(&request);
        logger.start(&request, client.address());
        let quota = self.clients.charge_request(&request, &client, found.is_some());
        let is_accepted = quota.as_ref().map_or(Ok(()), QuotaState::check);
        let is_accepted = is_accepted
            .and_then(|()| path::check(request.uri().path()))
            .and_then(|()| self.check_parameters(unknown.as_ref()));
        let result = match is_accepted {
            Ok(()) => logger.instrument(pin!(self.respond_in_time(request, &client, found))).await,
            Err(problem) => Err(problem),
        };
        let log = if is_monitoring { self.log.for_monitoring() } else { self.log };
        let took;
        let mut response = match result {
            Ok(response) => {
                took = logger.finish(response.status(), log);
                response
            }
            Err(problem) => {
                let response = match form {
                    Some(form) => form.response(&problem),
                    None if is_old => v1::error_response(&problem),
                    None => problem.to_response(id.as_str(), error_format),
                };
                took = logger.fail(&problem, response.status(), log);
                response
            }
        };
        metrics.record(&method, response.status(), took);
        if !is_monitoring {
            self.request_counters.record(response.status().is_server_error(), took);
        }
        cors_headers.write(response.headers_mut());
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
            self.clients.write_headers(&quota, response.headers_mut());
        }
        if let Some(groups) = &self.groups {
            groups.add_header(&mut response, user).await;
        }
        security_headers::add(&mut response);
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(cache_control::NO_STORE);
        response.headers_mut().insert(request_id::HEADER, id.into_header());
        Ok(response)
    }
}

impl RootEndpoint {
    /// Returns an error for `unknown` parameters if they are rejected.
    fn check_parameters(&self, unknown: Option<&UnknownParameters<'_>>) -> Result<(), Problem> {
        unknown.filter(|_| self.strict_parameters).map_or(Ok(()), |unknown| Err(unknown.to_problem()))
    }

    /// Returns the response, or an error after the timeout.
    async fn respond_in_time(
        &self,
        request: Request,
        client: &Client,
        found: Option<RouteMatch<'_>>,
    ) -> Result<Response, Problem> {
        match tokio::time::timeout(self.timeout, self.respond(request, client, found)).await {
            Ok(result) => result,
            Err(elapsed) => {
                Err(Problem::Unavailable { retry_after: RETRY_AFTER_TIMEOUT, cause: elapsed.into() })
            }
        }
    }

    /// Returns the response, by the method of the request.
    async fn respond(
        &self,
        mut request: Request,
        client: &Client,
        found: Option<RouteMatch<'_>>,
    ) -> Result<Response, Problem> {
        if let Some(preflight) = cors::preflight(&request) {
            return Ok(preflight);
        }
        match *request.method() {
            Method::GET => self.get(request, client, found).await,
            Method::HEAD => {
                request.set_method(Method::GET);
                self.get(request, client, found).await.map(without_body)
            }
            Method::OPTIONS => match self.call_route(request, client, found).await {
                Err(Problem::MethodNotAllowed { allow }) => Ok(options(allow)),
                result => result,
            },
            _ => self.call_route(request, client, found).await,
        }
    }

    /// Returns the response to a `GET` request, in the representation that the client prefers.
    async fn get(
        &self,
        request: Request,
        client: &Client,
        found: Option<RouteMatch<'_>>,
    ) -> Result<Response, Problem> {
        let preferences = Preferences::of(request.headers());
        let mut response = self.call_route(request, client, found).await?;
        self.large_responses.track(&mut response)?;
        Ok(finish(&preferences, &self.compressor, response).await)
    }

    /// Checks the limits and calls the route of the request.
    ///
    /// Most checks are made before the body is read. The body is read before the request counts as one in progress, so that
    /// clients that send slowly occupy only their own slots, not those of other clients.
    async fn call_route(
        &self,
        mut request: Request,
        client: &Client,
        found: Option<RouteMatch<'_>>,
    ) -> Result<Response, Problem> {
        self.limits.check_head(&request)?;
        let Some(found) = found else {
            let location = self.router.location_without_slash(request.uri());
            return location.map(redirect).ok_or(Problem::NotFound);
        };
        found.check_method(request.method())?;
        let is_probe = is_probe(request.uri().path());
        let _client_slot = if is_probe { None } else { Some(client.try_acquire()?) };
        if let Some(body) = self.bodies.read(&mut request) {
            body.await?;
        }
        let slot = self.concurrency.try_acquire();
        if slot.is_none() && !is_probe {
            Limit::Requests.hit();
            return Err(Problem::Overloaded);
        }
        match AssertUnwindSafe(found.call(request)).catch_unwind().await {
            Ok(result) => result,
            Err(panic) => Err(Problem::internal(Panic::new(&*panic))),
        }
    }
}

/// Returns true if `path` is a health probe. Probes are exempt from all limits: an overloaded service must not look like a dead
/// one.
fn is_probe(path: &str) -> bool {
    let path = path.strip_prefix(anilibria_http::BASE).unwrap_or(path);
    matches!(path, "/live" | "/ready" | "/health") || path.starts_with("/health/")
}

/// Returns `response` to a `GET` request as the response to `HEAD`: with all headers, including the length, but without the body.
fn without_body(mut response: Response) -> Response {
    let body = BoxBody::from(response.take_body());
    let has_body = response.status() != StatusCode::NOT_MODIFIED;
    if let Some(len) = body.size_hint().exact().filter(|_| has_body) {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(len));
    }
    response
}

/// Returns the response to `OPTIONS`.
fn options(allow: HeaderValue) -> Response {
    Response::builder().status(StatusCode::NO_CONTENT).header(header::ALLOW, allow).finish()
}

/// Returns a permanent redirect that keeps the method. Caches do not store it, because the number of such paths is unlimited.
fn redirect(location: HeaderValue) -> Response {
    Response::builder().status(StatusCode::PERMANENT_REDIRECT).header(header::LOCATION, location).finish()
}

/// A panic of a route, as the source of an error.
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
