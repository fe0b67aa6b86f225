//! Client for the Node service of the site.

mod call;
mod caller_headers;
mod error;
mod metrics;
mod notify;
pub(crate) mod response;
pub(crate) mod title;
mod users;

use std::{
    error::Error as StdError,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use anilibria_client::{
    Breaker, BreakerPolicy, BreakerState, Permit,
    support::{Outage, OutageChange},
};
use anilibria_http::{request_id, trace::parent};
use poem::http::{HeaderName, Method, header};
use reqwest::{Client, redirect};
use tracing::{info, warn};
use url::Url;

use self::call::Call;
pub use self::{
    caller_headers::CallerHeaders, error::NodeError, metrics::METRICS, notify::NotifyError, title::NodeTitle,
};
use crate::{auth::TokenIssuer, config::Config};

/// Header of requests that were made because AniLibria failed. A service must not forward a request with this header to its own
/// fallback: two services would call each other endlessly.
pub const FALLBACK: HeaderName = HeaderName::from_static("x-fallback");

/// Timeout of one call.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Timeout of opening a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// A client for the Node service. Cheap to clone: clones share connections and the circuit breaker.
#[derive(Clone)]
pub struct NodeService {
    shared: Arc<Shared>,
}

struct Shared {
    /// Base URL, without a trailing slash.
    base: String,
    host: String,
    http: Client,
    issuer: Option<TokenIssuer>,
    breaker: Breaker,
    outage: Outage,
}

impl NodeService {
    /// Creates the client for the URL in `config`; `None` if no URL is set.
    ///
    /// # Errors
    ///
    /// Returns an error if the HTTP client cannot be created.
    pub fn new(config: &Config) -> anyhow::Result<Option<Self>> {
        let Some(url) = &config.node.nodejs_service_url else {
            return Ok(None);
        };
        // The Node service runs next to this one: there is no proxy between them, and a redirect is never expected.
        let http = Client::builder()
            .user_agent(config.anilibria_user_agent.as_str())
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()?;
        let shared = Shared {
            base: url.as_str().trim_end_matches('/').to_owned(),
            host: host(url),
            http,
            issuer: TokenIssuer::new(&config.auth),
            breaker: Breaker::new(BreakerPolicy::default()),
            outage: Outage::default(),
        };
        Ok(Some(Self { shared: Arc::new(shared) }))
    }

    /// Returns the host of the service, with its port.
    pub fn host(&self) -> &str {
        &self.shared.host
    }

    /// Returns the state of the circuit breaker.
    pub fn breaker(&self) -> BreakerState {
        self.shared.breaker.state()
    }

    /// Requests the title `id` with the headers of `caller`, and validates the response. Takes at most `timeout`, and never more
    /// than three seconds.
    ///
    /// # Errors
    ///
    /// Returns an error if the circuit breaker is open, if the call fails, or if the response does not contain the
    /// title.
    pub async fn title(
        &self,
        id: u32,
        caller: &CallerHeaders,
        timeout: Duration,
    ) -> Result<NodeTitle, NodeError> {
        let permit = self.permit()?;
        let path = format!("/api/anilibria/{id}");
        let mut call = self.call(Method::GET, "/api/anilibria/{id}", &path).header(FALLBACK, "1");
        if let Some(request_id) = &caller.request_id {
            call = call.header(request_id::HEADER, request_id);
        }
        if let Some(trace_parent) = &caller.trace_parent {
            call = call.header(parent::HEADER, trace_parent.clone().into_header());
        }
        let body = call.send(timeout.min(TIMEOUT), response::read_json).await;
        self.report(Some(permit), body.as_ref().err());
        title::parse_title(body?, id)
    }

    /// Checks the health endpoint of the Node service. The circuit breaker is not used.
    ///
    /// # Errors
    ///
    /// Returns an error if the service does not report that it is alive.
    pub async fn is_alive(&self) -> Result<(), NodeError> {
        match self.probe("/health/live").await {
            // Some versions of the service do not have that path.
            Err(NodeError::Status { status: 404 }) => self.probe("/health").await,
            outcome => outcome,
        }
    }

    async fn probe(&self, path: &'static str) -> Result<(), NodeError> {
        let request = self.shared.http.get(format!("{}{path}", self.shared.base));
        Call::new(path, request).send(TIMEOUT, response::check_status).await.map(drop)
    }

    /// Returns a permit of the circuit breaker.
    fn permit(&self) -> Result<Permit<'_>, NodeError> {
        let permit = self.shared.breaker.permit().map_err(|wait| NodeError::CircuitOpen { wait })?;
        // Only the permit of a trial call leaves the circuit half-open.
        if self.breaker() == BreakerState::HalfOpen {
            self.log(self.shared.outage.on_trial(), None);
        }
        Ok(permit)
    }

    /// Reports the outcome of a call to the log, and to the circuit breaker if the call had a `permit`.
    fn report(&self, permit: Option<Permit<'_>>, error: Option<&NodeError>) {
        let failure = error.filter(|error| error.is_service_failure());
        match (permit, failure) {
            (Some(permit), Some(_)) => permit.failure(),
            (Some(permit), None) => permit.success(),
            (None, _) => {}
        }
        let change = match failure {
            Some(_) => self.shared.outage.failed(self.breaker() == BreakerState::Open),
            // A call without a permit says nothing about an open circuit.
            None if self.breaker() == BreakerState::Closed => self.shared.outage.answered(),
            None => None,
        };
        self.log(change, failure);
    }

    /// Logs a change of the state of the Node service.
    fn log(&self, change: Option<OutageChange>, error: Option<&NodeError>) {
        let (host, error) = (self.host(), error.map(|error| error as &dyn StdError));
        match change {
            Some(OutageChange::Failed) => warn!(host, error, "Node service failed"),
            Some(OutageChange::Opened) => warn!(host, error, "Node service unhealthy, circuit open"),
            Some(OutageChange::OnTrial) => info!(host, "Node service on trial, circuit half-open"),
            Some(OutageChange::Recovered) => info!(host, "Node service answers again"),
            Some(OutageChange::Closed) => info!(host, "Node service healthy, circuit closed"),
            None => {}
        }
    }

    /// Creates a call of `path`, which begins with a slash. `endpoint` is its pattern. The call carries the token of this
    /// service, if a secret is set.
    fn call(&self, method: Method, endpoint: &'static str, path: &str) -> Call {
        let Shared { base, http, issuer, .. } = &*self.shared;
        let request =
            http.request(method, format!("{base}{path}")).header(header::ACCEPT, "application/json");
        let call = Call::new(endpoint, request);
        match issuer.as_ref().and_then(|issuer| issuer.authorization(SystemTime::now())) {
            Some(authorization) => call.header(header::AUTHORIZATION, authorization),
            None => call,
        }
    }
}

impl fmt::Debug for NodeService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeService").field("host", &self.shared.host).finish_non_exhaustive()
    }
}

/// Returns the host of `url`, with its port if it has one.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
