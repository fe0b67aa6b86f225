#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod account;
mod api;
mod body;
mod catalog;
mod change;
mod clock;
mod control;
mod faults;
mod hls;
mod json;
pub mod listener;
#[cfg(feature = "live")]
pub mod live;
mod log;
mod operation;
mod page;
mod params;
mod poster;
mod problem;
mod projection;
mod random;
mod reply;
mod router;
mod server;
mod site;
mod state;
mod view;
pub mod xml;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, HeaderValue, VARY};
use http::request::Parts;
use http::{Method, Request, Response};
use time::OffsetDateTime;

pub use body::SandboxBody;
pub use catalog::ChangeError;
pub use change::{PublishedEpisode, PublishedTorrent, Status};
use clock::Clock;
pub use faults::{Faults, InvalidFaults};
pub use log::LoggedRequest;
use problem::Problem;
use reply::Reply;
pub use server::RunningSandbox;
use site::{API_ROOT, Site};
use state::{SandboxState, Settings};

/// Maximum size of a request body, in bytes.
const MAX_BODY: usize = 256 * 1024;

/// Maximum number of releases of a new sandbox.
const MAX_RELEASES: u32 = 100_000;

/// Maximum capacity of the log.
const MAX_LOG: usize = 1_000_000;

/// Logged status of a call whose client disconnected before the response.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// A stand-in AniLiberty API v1. Clones share their state.
///
/// [`handle`](Self::handle) answers a request in the process; [`start`](Self::start) serves HTTP on a socket.
///
/// ```no_run
/// use anilibria_sandbox::Sandbox;
///
/// # async fn run() -> std::io::Result<()> {
/// let sandbox = Sandbox::new().start().await?;
///
/// println!("a stand-in API answers at {}", sandbox.api_url());
/// sandbox.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Sandbox {
    state: Arc<SandboxState>,
}

impl Sandbox {
    /// Login of the account.
    pub const LOGIN: &str = account::LOGIN;

    /// Password of the account at the start.
    pub const PASSWORD: &str = account::PASSWORD;

    /// Creates a sandbox with default settings: 300 releases.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Returns a builder for a sandbox of another size, seed or clock.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// Answers one request.
    ///
    /// Waits only for an injected [latency](Faults::latency), which needs a tokio runtime with time.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<SandboxBody> {
        let (request, body) = request.into_parts();
        let path = request.uri.path();
        if let Some(path) =
            path.strip_prefix(API_ROOT).filter(|rest| rest.is_empty() || rest.starts_with('/'))
        {
            return self.handle_api(&request, path, &body).await;
        }
        if path.starts_with(hls::VIDEOS) {
            return self.handle_api(&request, path, &body).await;
        }
        let reply = if body.len() > MAX_BODY {
            server::too_large()
        } else if let Some(path) = control::below(path) {
            control::respond(&self.state, &Site::of(&request), &request.method, path, &body)
        } else if path.starts_with(poster::STORAGE) {
            poster::respond(&self.state, &request)
        } else {
            Problem::not_found(format!("The route {path} could not be found.")).into()
        };
        respond(&request, reply, None)
    }

    /// Answers a request to the stand-in API or for a stream. Only these requests are logged and subject to faults.
    async fn handle_api(&self, request: &Parts, path: &str, body: &Bytes) -> Response<SandboxBody> {
        let mut entry = LogEntry { state: &self.state, request, status: CLIENT_CLOSED_REQUEST };
        let injected = self.state.injector().next_call(path);
        if !injected.latency.is_zero() {
            tokio::time::sleep(injected.latency).await;
        }
        let reply = match injected.failure {
            Some(failure) => failure,
            None if body.len() > MAX_BODY => server::too_large(),
            None if request.uri.path().starts_with(hls::VIDEOS) => {
                hls::respond(&self.state, &request.method, path)
            }
            None => router::dispatch(&self.state, request, path, body),
        };
        entry.status = reply.status.as_u16();
        let reply = reply
            .header(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"))
            .header(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))
            .header(VARY, HeaderValue::from_static("Origin"));
        respond(request, reply, injected.cut)
    }

    /// Returns the last calls of the stand-in API, oldest first, up to the [capacity](SandboxBuilder::log_capacity) of the
    /// log.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.state.log().all()
    }

    /// Returns the number of calls of the stand-in API since the start or the last reset.
    pub fn request_count(&self) -> u64 {
        self.state.log().count()
    }

    /// Returns the number of logged calls of exactly this path, given with or without `/api/v1` in front.
    pub fn hits(&self, path: &str) -> usize {
        self.state.log().hits(path)
    }

    /// Restores the initial state of catalog, account, clock, faults, log and random choices.
    ///
    /// ```
    /// use anilibria_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::builder().releases(20).build();
    /// sandbox.add_release()?;
    ///
    /// sandbox.reset();
    ///
    /// assert_eq!(sandbox.add_release()?, 21);
    /// # Ok::<(), anilibria_sandbox::ChangeError>(())
    /// ```
    pub fn reset(&self) {
        self.state.reset();
    }

    /// Advances the clock of the sandbox by `step`.
    ///
    /// One-time passwords expire, and [delayed](SandboxBuilder::read_lag) reads see changes, without any waiting.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use anilibria_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::new();
    ///
    /// sandbox.advance(Duration::from_mins(5));
    /// ```
    pub fn advance(&self, step: Duration) {
        self.state.advance(step);
    }

    /// Finishes a social login, as its user does in the browser. Returns false if no open login has this `state`.
    ///
    /// ```
    /// use anilibria_sandbox::Sandbox;
    ///
    /// assert!(!Sandbox::new().finish_social_login("unknown"));
    /// ```
    pub fn finish_social_login(&self, state: &str) -> bool {
        self.state.account().socials.finish(state)
    }

    /// Returns the newest password reset token that is still valid.
    ///
    /// ```
    /// use anilibria_sandbox::Sandbox;
    ///
    /// assert_eq!(Sandbox::new().password_token(), None);
    /// ```
    pub fn password_token(&self) -> Option<String> {
        self.state.account().password.last_reset_token().map(str::to_owned)
    }

    /// Replaces the current faults. [`Faults::new`] removes all faults.
    ///
    /// Faults with a value out of its range are rejected, and the current ones stay.
    ///
    /// # Errors
    ///
    /// [`InvalidFaults`] with the name of a setting that is out of range. The previous faults stay.
    ///
    /// ```
    /// use anilibria_sandbox::{Faults, Sandbox};
    ///
    /// let sandbox = Sandbox::new();
    ///
    /// sandbox.set_faults(Faults::new().error_rate(1.0).status(502).paths(["/anime/"]))?;
    ///
    /// assert_eq!(sandbox.faults().status, 502);
    /// # Ok::<(), anilibria_sandbox::InvalidFaults>(())
    /// ```
    pub fn set_faults(&self, faults: Faults) -> Result<(), InvalidFaults> {
        faults.check()?;
        self.state.injector().set(faults);
        Ok(())
    }

    /// Returns the current faults.
    pub fn faults(&self) -> Faults {
        self.state.injector().faults().clone()
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The catalog is too large to print.
        formatter.debug_struct("Sandbox").field("requests", &self.request_count()).finish_non_exhaustive()
    }
}

/// Adds a call to the log when it is dropped: after the response, or when the client disconnects before.
struct LogEntry<'a> {
    state: &'a SandboxState,
    request: &'a Parts,
    status: u16,
}

impl Drop for LogEntry<'_> {
    fn drop(&mut self) {
        let (method, path, status) = (&self.request.method, self.request.uri.path(), self.status);
        tracing::debug!(%method, path, status, "sandbox was called");
        self.state.log().add(self.request, self.status);
    }
}

fn respond(request: &Parts, reply: Reply, cut: Option<fn(usize) -> usize>) -> Response<SandboxBody> {
    let reply = if request.method == Method::HEAD { reply.without_body() } else { reply };
    reply.into_response(cut)
}

/// Builder of a [`Sandbox`].
#[derive(Clone, Debug)]
pub struct SandboxBuilder {
    releases: u32,
    seed: u64,
    log_capacity: usize,
    clock: Clock,
    read_lag: Duration,
}

impl Default for SandboxBuilder {
    fn default() -> Self {
        Self { releases: 300, seed: 1, log_capacity: 10_000, clock: Clock::System, read_lag: Duration::ZERO }
    }
}

impl SandboxBuilder {
    /// Sets the number of releases in the catalog, from 1 to 100,000. Values out of the range are clamped. Default: 300.
    ///
    /// Ids start at 1; higher ids are newer. Names and pictures of a release do not depend on the number of releases; dates,
    /// status and torrents do.
    pub fn releases(mut self, count: u32) -> Self {
        self.releases = count.clamp(1, MAX_RELEASES);
        self
    }

    /// Sets the seed of everything that is generated. Default: 1.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the number of calls that the log holds before it drops the oldest, up to 1,000,000. Default: 10,000.
    pub fn log_capacity(mut self, requests: usize) -> Self {
        self.log_capacity = requests.min(MAX_LOG);
        self
    }

    /// Fixes the time of the sandbox. Default: the clock of the machine.
    ///
    /// The clock affects the schedule of the day and the account. Dates in the catalog do not depend on a clock.
    pub fn now(mut self, now: OffsetDateTime) -> Self {
        self.clock = Clock::Fixed(now);
        self
    }

    /// Sets the delay until some reads see a new time code. Default: zero.
    ///
    /// The live service takes 25 to 30 seconds. The delay applies to the two routes of time codes below
    /// `/anime/releases` and to the history. `GET` on the time codes of the account has no delay.
    pub fn read_lag(mut self, lag: Duration) -> Self {
        self.read_lag = lag;
        self
    }

    /// Generates the catalog and returns the sandbox. A thousand releases take some milliseconds.
    pub fn build(self) -> Sandbox {
        let Self { releases, seed, log_capacity, clock, read_lag } = self;
        Sandbox {
            state: Arc::new(SandboxState::new(Settings { seed, releases, clock, log_capacity, read_lag })),
        }
    }
}
