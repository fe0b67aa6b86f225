//! The site's Node service, as far as this one asks it.

pub(crate) mod answer;
mod asker;
mod call;
mod error;
mod metrics;
mod notify;
pub(crate) mod title;
mod users;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use anilibria_client::{Breaker, BreakerPolicy, BreakerState};
use anilibria_http::{request_id, trace::parent};
use poem::http::{HeaderName, Method, header};
use reqwest::{Client, redirect};
use url::Url;

use self::call::Call;
pub use self::{asker::Asker, error::NodeError, metrics::METRICS, notify::NotifyError, title::NodeTitle};
use crate::{auth::Passport, config::Config};

/// Says that a request was made because AniLibria failed. Whoever gets one must not pass it on to another that does the
/// same, or two services would ask each other for ever.
pub const FALLBACK: HeaderName = HeaderName::from_static("x-fallback");

/// How long one call may take at the most.
const TIMEOUT: Duration = Duration::from_secs(3);

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The Node service. Cheap to clone: clones share connections and the circuit breaker.
#[derive(Clone)]
pub struct NodeService {
    shared: Arc<Shared>,
}

struct Shared {
    /// Without a slash at its end.
    base: String,
    host: String,
    http: Client,
    passport: Option<Passport>,
    breaker: Breaker,
}

impl NodeService {
    /// The service that `config` names; `None` when it names none.
    pub fn new(config: &Config) -> anyhow::Result<Option<Self>> {
        let Some(url) = &config.node.nodejs_service_url else {
            return Ok(None);
        };
        // It is next door: neither a proxy stands between, nor does it send anybody elsewhere.
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
            passport: Passport::new(&config.auth),
            breaker: Breaker::new(BreakerPolicy::default()),
        };
        Ok(Some(Self { shared: Arc::new(shared) }))
    }

    /// Its host and port.
    pub fn host(&self) -> &str {
        &self.shared.host
    }

    /// Whether calls go to it.
    pub fn breaker(&self) -> BreakerState {
        self.shared.breaker.state()
    }

    /// What it knows of title `id`, if that is worth showing to `asker`. Takes no longer than `within`, nor than three
    /// seconds.
    pub async fn title(&self, id: u32, asker: &Asker, within: Duration) -> Result<NodeTitle, NodeError> {
        let permit = self.shared.breaker.permit().map_err(|wait| NodeError::CircuitOpen { wait })?;
        let path = format!("/api/anilibria/{id}");
        let mut call = self.call(Method::GET, "/api/anilibria/{id}", &path).header(FALLBACK, "1");
        if let Some(request_id) = &asker.request_id {
            call = call.header(request_id::HEADER, request_id);
        }
        if let Some(trace_parent) = &asker.trace_parent {
            call = call.header(parent::HEADER, trace_parent.clone().into_header());
        }
        let answer = call.within(within.min(TIMEOUT), answer::json).await;
        match &answer {
            Err(error) if error.is_its_fault() => permit.failed(),
            _ => permit.answered(),
        }
        title::accepted(answer?, id)
    }

    /// Whether it runs, by its own account. Its circuit breaker is neither asked nor told.
    pub async fn is_alive(&self) -> Result<(), NodeError> {
        match self.probe("/health/live").await {
            // Not every version of it has that path.
            Err(NodeError::Status { status: 404 }) => self.probe("/health").await,
            outcome => outcome,
        }
    }

    async fn probe(&self, path: &'static str) -> Result<(), NodeError> {
        let request = self.shared.http.get(format!("{}{path}", self.shared.base));
        Call::new(path, request).within(TIMEOUT, answer::sound).await.map(drop)
    }

    /// A call of `path`, which begins with a slash and has the pattern `endpoint`, in the name of this service.
    fn call(&self, method: Method, endpoint: &'static str, path: &str) -> Call {
        let Shared { base, http, passport, .. } = &*self.shared;
        let request =
            http.request(method, format!("{base}{path}")).header(header::ACCEPT, "application/json");
        let call = Call::new(endpoint, request);
        match passport.as_ref().and_then(|passport| passport.authorization(SystemTime::now())) {
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

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
