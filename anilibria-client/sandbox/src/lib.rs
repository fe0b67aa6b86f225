#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod account;
mod api;
mod body;
mod catalogue;
mod chance;
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
mod reply;
mod router;
mod server;
mod site;
mod view;
mod world;
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
use clock::Clock;
pub use faults::{Faults, InvalidFaults};
pub use log::LoggedRequest;
use problem::Problem;
use reply::Reply;
pub use server::RunningSandbox;
use site::{API_ROOT, Site};
use world::{Settings, World};

/// The largest body a request may have, in bytes.
const MAX_BODY: usize = 256 * 1024;

/// The largest catalogue that can be asked for.
const MAX_RELEASES: u32 = 100_000;

/// The longest log that can be asked for.
const MAX_LOG: usize = 1_000_000;

/// The status in the log of a call whose caller did not wait for the answer.
const CALLER_LEFT: u16 = 499;

/// A stand-in AniLiberty API v1. Clones share everything.
///
/// [`handle`](Self::handle) is the whole of it, without sockets; [`start`](Self::start) puts it behind one.
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
    world: Arc<World>,
}

impl Sandbox {
    /// A sandbox with all defaults: 300 releases.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A sandbox of another size, seed or clock.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// Answers one request.
    ///
    /// Waits only for an injected [latency](Faults::latency), for which it needs a tokio runtime with time.
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
        } else if let Some(path) = path.strip_prefix(control::CONTROL) {
            control::answer(&self.world, &Site::of(&request), &request.method, path, &body)
        } else if path.starts_with(poster::STORAGE) {
            poster::answer(&self.world, &request.method, path)
        } else {
            Problem::not_found(format!("The route {path} could not be found.")).into()
        };
        respond(&request, reply, None)
    }

    /// Answers a request of the stand-in API or for a stream: the only ones that are logged and can be struck by faults.
    async fn handle_api(&self, request: &Parts, path: &str, body: &Bytes) -> Response<SandboxBody> {
        let mut entry = LogEntry { world: &self.world, request, status: CALLER_LEFT };
        let strike = self.world.injector().strike(path);
        if !strike.latency.is_zero() {
            tokio::time::sleep(strike.latency).await;
        }
        let reply = match strike.failure {
            Some(failure) => failure,
            None if body.len() > MAX_BODY => server::too_large(),
            None if request.uri.path().starts_with(hls::VIDEOS) => {
                hls::answer(&self.world, &request.method, path)
            }
            None => router::dispatch(&self.world, request, path, body),
        };
        entry.status = reply.status.as_u16();
        let reply = reply
            .header(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"))
            .header(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))
            .header(VARY, HeaderValue::from_static("Origin"));
        respond(request, reply, strike.cut)
    }

    /// The last calls of the stand-in API, oldest first, as many as the log [holds](SandboxBuilder::log_capacity).
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.world.log().all()
    }

    /// How many calls of the stand-in API there were since the start or the last reset.
    pub fn request_count(&self) -> u64 {
        self.world.log().count()
    }

    /// How many of the logged calls asked for exactly this path, with or without `/api/v1` in front.
    pub fn hits(&self, path: &str) -> usize {
        self.world.log().hits(path)
    }

    /// Brings catalogue, account, clock, faults, log and random choices back to how they were at the start.
    pub fn reset(&self) {
        self.world.reset();
    }

    /// Sets the clock of the sandbox ahead: one-time passwords expire, and [lagging](SandboxBuilder::read_lag)
    /// reads catch up, without any waiting.
    pub fn advance(&self, step: Duration) {
        self.world.advance(step);
    }

    /// Does what a user does in the browser to finish a social login; false if no login with this `state` is
    /// open.
    pub fn finish_social_login(&self, state: &str) -> bool {
        self.world.account().socials.finish(state)
    }

    /// The token in the last unused letter to an account that forgot its password.
    pub fn password_token(&self) -> Option<String> {
        self.world.account().password.last_letter().map(str::to_owned)
    }

    /// Injects faults from now on, in place of those in force; [`Faults::new`] clears them.
    ///
    /// Faults with a value out of its range are refused, and those in force stay.
    pub fn set_faults(&self, faults: Faults) -> Result<(), InvalidFaults> {
        faults.check()?;
        self.world.injector().set(faults);
        Ok(())
    }

    /// The faults in force.
    pub fn faults(&self) -> Faults {
        self.world.injector().faults().clone()
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A whole catalogue helps nobody who prints a sandbox.
        formatter.debug_struct("Sandbox").field("requests", &self.request_count()).finish_non_exhaustive()
    }
}

/// Writes a call into the log once it is over, also when the caller does not wait for the answer.
struct LogEntry<'a> {
    world: &'a World,
    request: &'a Parts,
    status: u16,
}

impl Drop for LogEntry<'_> {
    fn drop(&mut self) {
        let (method, path, status) = (&self.request.method, self.request.uri.path(), self.status);
        tracing::debug!(%method, path, status, "sandbox was called");
        self.world.log().add(self.request, self.status);
    }
}

fn respond(request: &Parts, reply: Reply, cut: Option<fn(usize) -> usize>) -> Response<SandboxBody> {
    let reply = if request.method == Method::HEAD { reply.without_body() } else { reply };
    reply.into_response(cut)
}

/// What a [`Sandbox`] is made of.
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
    /// How many releases the catalogue has, from 1 to 100,000; values beyond are moved into that range.
    /// Default 300.
    ///
    /// Their ids run from 1, higher ones are newer. Names and pictures of a release do not depend on
    /// how many others there are; dates, status and torrents do.
    pub fn releases(mut self, count: u32) -> Self {
        self.releases = count.clamp(1, MAX_RELEASES);
        self
    }

    /// What everything made up follows from. Default 1.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many calls the log holds before it forgets the oldest, up to 1,000,000. Default 10,000.
    pub fn log_capacity(mut self, requests: usize) -> Self {
        self.log_capacity = requests.min(MAX_LOG);
        self
    }

    /// What time it always is. Default: the clock of the machine.
    ///
    /// The schedule of the day and the account look at it; the dates in the catalogue never depend on any clock.
    pub fn now(mut self, now: OffsetDateTime) -> Self {
        self.clock = Clock::Fixed(now);
        self
    }

    /// How long some reads do not see what was watched meanwhile. Default zero.
    ///
    /// The live service takes 25 to 30 seconds. Concerned are the two routes of timecodes below
    /// `/anime/releases` and the history; `GET` on the timecodes of the account never lags.
    pub fn read_lag(mut self, lag: Duration) -> Self {
        self.read_lag = lag;
        self
    }

    /// Makes up the catalogue: some milliseconds for a thousand releases.
    pub fn build(self) -> Sandbox {
        let Self { releases, seed, log_capacity, clock, read_lag } = self;
        Sandbox { world: Arc::new(World::new(Settings { seed, releases, clock, log_capacity, read_lag })) }
    }
}
