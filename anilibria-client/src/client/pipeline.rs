//! Pipeline of a call: deadline → session → retries → mirrors, with hedging → rate limit → transport → status → decoding.
//!
//! A call consists of rounds: one, and one more for each retry ([`Call::with_retries`]). A round ([`Call::round`]) sends the
//! request to one mirror after the other, until a mirror sends a usable response.
//!
//! # When the next mirror is tried
//!
//! 1. The attempt on the last mirror failed. For a write, only if the service certainly did not process the request.
//! 2. The request is a read, the hedge delay has passed, and either the retry budget allows another request, or the circuit of
//!    the last mirror has opened meanwhile. The attempt on the last mirror continues (hedging).
//! 3. The request is a read, and the last mirror has used its share of the remaining time: an equal part for this mirror and
//!    each mirror that is left. The attempt continues as well.
//!
//! # Order of the mirrors
//!
//! 1. The preferred mirror, if its circuit allows a call. This is the mirror that sent the last usable response.
//! 2. The other mirrors in the order of the settings, if their circuits allow a call.
//! 3. If the client has several mirrors: a mirror whose circuit is open. This is a *forced attempt*. Each mirror receives at
//!    most one forced attempt in [`FORCED_INTERVAL`] from all calls together. If that interval is not over for any mirror,
//!    the round waits and starts again with rule 1, up to [`MAX_WAITS`] times.
//!
//! For example, a read with a time limit of 12 seconds and three mirrors: A is tried at once, and B after 0.5 seconds if the
//! budget allows it. If the budget is empty, B is tried after 4 seconds, the share of A. If the circuit of A opens after one
//! second because of another call, B is tried at the next multiple of the hedge delay.

use std::{pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{
    StreamExt as _,
    future::{Either, select},
    stream::FuturesUnordered,
};
use tracing::{
    Instrument as _, Span, debug,
    field::{Empty, display},
    info, info_span, warn,
};

use super::{
    Client, Inner,
    breaker::{BreakerState, Permit},
    metrics,
    mirror::{FORCED_INTERVAL, Mirror, Mirrors},
    outage::OutageChange,
    rate_limit::RateLimiter,
    transport::Message,
};
use crate::{
    Error, Result,
    error::MirrorFailure,
    request::{Request, Wire},
    runtime::{Instant, later, sleep, sleep_until, timeout},
    token::Token,
};

/// The name of the service in traces, the same for all mirrors.
const SERVICE: &str = "anilibria.tv";

/// Maximum number of times that a round waits for a mirror, if the circuits of all mirrors that it has not tried are open.
const MAX_WAITS: u32 = 2;

/// Decodes the body of a response.
type Decode<'c, T> = &'c (dyn Fn(Bytes) -> Result<T> + Send + Sync);

/// A call in progress.
struct Call<'c, T> {
    client: &'c Inner,
    rate_limit: &'c RateLimiter,
    request: &'c Request,
    wire: Wire,
    token: Option<Token>,
    /// Time limit of the call, which its timeout errors report.
    limit: Duration,
    deadline: Instant,
    decode: Decode<'c, T>,
}

/// Sends `request` until `decode` accepts a response, no retry may help, or the deadline is reached.
pub(super) async fn send<T>(client: &Client, request: &Request, decode: Decode<'_, T>) -> Result<T> {
    let (tokens, rate_limit) = (client.tokens(), &*client.rate_limit);
    let client = &*client.inner;
    let wire = request.wire()?;
    let limit = request.deadline().unwrap_or(client.limits.timeout);
    let deadline = later(Instant::now(), limit);
    let token =
        if request.needs_session() { Some(tokens.get().await?.ok_or(Error::NoSession)?) } else { None };
    client.budget.deposit();
    let used = token.clone();
    let call = Call { client, rate_limit, request, wire, token, limit, deadline, decode };
    tokens.drop_if_refused(used.as_ref(), call.with_retries().await).await
}

/// Sends `request` to `mirror` only, even if its circuit is open. Returns the response and its latency.
pub(super) async fn probe<T>(
    client: &Client,
    mirror: &Mirror,
    request: &Request,
    decode: Decode<'_, T>,
) -> Result<(T, Duration)> {
    let (rate_limit, client) = (&*client.rate_limit, &*client.inner);
    let limit = client.limits.attempt_timeout.min(client.limits.timeout);
    let deadline = later(Instant::now(), client.limits.timeout);
    let wire = request.wire()?;
    let call = Call { client, rate_limit, request, wire, token: None, limit, deadline, decode };
    rate_limit.acquire(deadline).await?;
    let started = Instant::now();
    let attempt = Attempt::new(mirror, &client.mirrors, mirror.breaker.forced_permit(), limit);
    let outcome = call.attempt(mirror, 0).await;
    let took = started.elapsed();
    attempt.end(outcome.as_ref().err());
    outcome.map(|value| (value, took))
}

/// An attempt whose outcome is not known yet.
///
/// An attempt is dropped if another mirror responds first or if the caller cancels the call:
///
/// - If the mirror had at least `min_time` to answer, the attempt counts as a failure of the mirror.
/// - Otherwise it counts as neither success nor failure, and the next call may make a forced attempt at once.
struct Attempt<'m> {
    mirror: &'m Mirror,
    mirrors: &'m Mirrors,
    permit: Option<Permit<'m>>,
    started: Instant,
    min_time: Duration,
}

impl<'m> Attempt<'m> {
    fn new(mirror: &'m Mirror, mirrors: &'m Mirrors, permit: Permit<'m>, min_time: Duration) -> Self {
        Self { mirror, mirrors, permit: Some(permit), started: Instant::now(), min_time }
    }

    /// Reports the outcome to the circuit breaker, to the order of the mirrors, and to the log.
    fn end(mut self, error: Option<&Error>) {
        match error {
            Some(error) if is_mirror_failure(error) => self.fail(error),
            _ => {
                if let Some(permit) = self.permit.take() {
                    permit.success();
                }
                log_change(self.mirror, self.mirror.outage.answered(), None);
            }
        }
    }

    fn fail(&mut self, error: &Error) {
        if let Some(permit) = self.permit.take() {
            permit.failure();
            log_change(self.mirror, self.mirror.outage.failed(self.mirror.is_down()), Some(error));
            self.mirror.record_failure(error);
            self.mirrors.demote(self.mirror.index);
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.permit.is_none() {
            return;
        }
        let elapsed = self.started.elapsed();
        if elapsed >= self.min_time {
            self.fail(&Error::Timeout { host: self.mirror.name.clone(), after: elapsed });
        } else {
            self.mirror.reset_forced_interval();
        }
    }
}

impl<T> Call<'_, T> {
    async fn with_retries(self) -> Result<T> {
        let policy = self.request.retry_policy().unwrap_or(&self.client.retry);
        let mut delays = policy.delays();
        let mut sent = 0;
        // Error of the previous rounds in which a request was sent.
        let mut earlier = None;
        loop {
            let sent_before = sent;
            let error = match self.round(&mut sent).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            // The service may have processed a write that failed.
            let may_resend = self.request.is_idempotent() || error.is_unprocessed();
            let delay = if may_resend { delays.after(&error) } else { None };
            let error = call_error(earlier, error, sent > sent_before);
            let Some(delay) = delay.filter(|delay| later(Instant::now(), *delay) < self.deadline) else {
                return Err(error);
            };
            if !self.client.budget.withdraw() {
                debug!(route = self.request.template(), "no retry: the retry budget is empty");
                return Err(error);
            }
            earlier = Some(error);
            metrics::record_retry(self.request);
            sleep(delay).await;
        }
    }

    /// Tries the mirrors until one sends a usable response, by the rules of the [module](self). Adds the number of requests
    /// to `sent`.
    async fn round(&self, sent: &mut u32) -> Result<T> {
        // A mirror that is learned during the call is used by the next call.
        let mirrors = self.client.mirrors.in_order();
        let mut candidates = Candidates::new(self.client, &mirrors, self.needs_named_mirror());
        let mut running = FuturesUnordered::new();
        let (mut failures, mut waits) = (Vec::new(), 0);
        let mut timer = self.hedge_timer(candidates.count());
        // Mirror that was tried last.
        let mut latest = None;
        loop {
            if running.is_empty() {
                let is_late = !failures.is_empty() && Instant::now() >= self.deadline;
                let Some(candidate) = (if is_late { None } else { candidates.next() }) else {
                    // A mirror may have recovered: a forced attempt of another call may close its circuit.
                    if !is_late && waits < MAX_WAITS && candidates.can_force() {
                        waits += 1;
                        sleep_until(later(Instant::now(), FORCED_INTERVAL).min(self.deadline)).await;
                        candidates.restore_skipped();
                        continue;
                    }
                    return Err(self.round_error(failures, candidates.shortest_wait));
                };
                if let Err(error) = self.rate_limit.acquire(self.deadline).await {
                    return Err(if failures.is_empty() { error } else { self.round_error(failures, None) });
                }
                timer = self.hedge_timer(candidates.count());
                latest = Some(candidate.mirror);
                running.push(self.send_to(candidate.attempt(timer.delay), sent));
            }
            let finished = match timer.fires_at() {
                None => running.next().await,
                Some(at) => match select(running.next(), pin!(sleep_until(at))).await {
                    Either::Left((finished, _)) => finished,
                    Either::Right(_) => None,
                },
            };
            let Some((mirror, outcome)) = finished else {
                // The budget limits hedges, unless other calls have opened the circuit of the mirror.
                let may_ask = || {
                    let is_down = latest.is_some_and(Mirror::is_down);
                    timer.is_share_used() || is_down || self.client.budget.withdraw()
                };
                let reservation = self.rate_limit.try_acquire().filter(|_| may_ask());
                let candidate = reservation.and_then(|reservation| {
                    reservation.commit();
                    candidates.next()
                });
                let Some(candidate) = candidate else {
                    timer.extend();
                    continue;
                };
                metrics::record_hedge(self.request);
                debug!(host = candidate.mirror.name, route = self.request.template(), "hedging");
                timer = self.hedge_timer(candidates.count());
                latest = Some(candidate.mirror);
                running.push(self.send_to(candidate.attempt(timer.delay), sent));
                continue;
            };
            let error = match outcome {
                Ok(value) => {
                    self.client.mirrors.prefer(mirror.index);
                    return Ok(value);
                }
                Err(error) if !is_mirror_failure(&error) => return Err(error),
                Err(error) => error,
            };
            debug!(host = mirror.name, route = self.request.template(), %error, "attempt failed");
            let may_ask_next = self.request.is_idempotent() || error.is_unprocessed();
            failures.push(MirrorFailure { mirror: mirror.name.clone(), error });
            if !may_ask_next {
                return Err(self.round_error(failures, None));
            }
        }
    }

    /// True if the request must not be sent to a mirror that the user did not name.
    fn needs_named_mirror(&self) -> bool {
        self.token.is_some() || !self.request.is_idempotent() || self.request.holds_secret()
    }

    /// Returns the timer of an attempt that starts now, with `remaining` mirrors after it. The timer of a write never fires,
    /// because a write is never sent to two mirrors at the same time.
    fn hedge_timer(&self, remaining: usize) -> HedgeTimer {
        let now = Instant::now();
        let share =
            self.deadline.saturating_duration_since(now) / u32::try_from(remaining + 1).unwrap_or(u32::MAX);
        let delay = self.client.limits.hedge_delay.unwrap_or(share).min(share);
        if remaining == 0 || !self.request.is_idempotent() {
            return HedgeTimer { hedge_at: None, share_at: None, delay };
        }
        HedgeTimer { hedge_at: Some(later(now, delay)), share_at: Some(later(now, share)), delay }
    }

    /// Sends the request to the mirror of `attempt` and reports the outcome.
    fn send_to<'a>(
        &'a self,
        attempt: Attempt<'a>,
        sent: &mut u32,
    ) -> impl Future<Output = (&'a Mirror, Result<T>)> + use<'a, T> {
        let resend = *sent;
        *sent += 1;
        async move {
            let mirror = attempt.mirror;
            let outcome = self.attempt(mirror, resend).await;
            attempt.end(outcome.as_ref().err());
            (mirror, outcome)
        }
    }

    /// Makes one attempt on one mirror, in its span.
    async fn attempt(&self, mirror: &Mirror, resend: u32) -> Result<T> {
        let span = info_span!(
            "http.client.request",
            otel.name = "anilibria_api_call",
            otel.kind = "client",
            otel.status_code = Empty,
            external.service = SERVICE,
            http.request.method = %self.wire.method,
            http.request.resend_count = resend,
            server.address = mirror.host,
            server.port = mirror.port,
            url.template = self.request.template(),
            http.response.status_code = Empty,
            error.type = Empty,
            // Former names of the attributes above, for dashboards that still use them.
            http.method = %self.wire.method,
            http.url = mirror.url(self.request.template()),
            http.status_code = Empty,
            error = Empty,
            error.message = Empty,
        );
        let started = Instant::now();
        let outcome = self.exchange(mirror).instrument(span.clone()).await;
        let outcome = outcome.map_err(|error| error.with_host(&mirror.name));
        if let Err(error) = &outcome {
            span.record("error.type", error.kind());
            span.record("otel.status_code", "ERROR");
            span.record("error", true);
            span.record("error.message", display(error));
        }
        metrics::record_attempt(self.request, mirror, outcome.as_ref().err(), started.elapsed());
        outcome
    }

    async fn exchange(&self, mirror: &Mirror) -> Result<T> {
        let rest = self.deadline.saturating_duration_since(Instant::now());
        let attempt = self.client.limits.attempt_timeout;
        let (limit, after) = if rest < attempt { (rest, self.limit) } else { (attempt, attempt) };
        let message =
            Message { url: mirror.url(&self.wire.target), wire: &self.wire, token: self.token.as_ref() };
        let send = self.client.transport.send(&message, self.client.limits.max_response_size);
        let in_time = timeout(limit, send).await;
        let response = in_time.unwrap_or_else(|_| Err(Error::Timeout { host: String::new(), after }))?;
        for field in ["http.response.status_code", "http.status_code"] {
            Span::current().record(field, response.status.as_u16());
        }
        let dialect = self.client.dialect;
        if let Some(error) = (dialect.error)(&response) {
            return Err(mirror.with_hint(error, dialect.path));
        }
        if self.client.limits.learns_mirrors && self.request.template() == super::STATUS {
            self.client.mirrors.learn(&listed_endpoints(&response.body), mirror);
        }
        (self.decode)(response.body)
    }

    /// Returns the error of a round. It is the error of the mirror if only one mirror was tried.
    fn round_error(&self, mut failures: Vec<MirrorFailure>, shortest_wait: Option<Duration>) -> Error {
        match failures.pop() {
            None => Error::CircuitOpen {
                retry_in: shortest_wait.unwrap_or_default(),
                causes: self.client.mirrors.last_failures(),
            },
            Some(last) if failures.is_empty() => last.error,
            Some(last) => {
                failures.push(last);
                Error::AllMirrors(failures)
            }
        }
    }
}

/// Returns the error of a call whose earlier rounds ended with `earlier`, and whose last round ended with `last`.
///
/// If the last round sent nothing, because all circuits were open, the error of the earlier rounds is more useful. A call
/// ends with a timeout only if every attempt timed out.
fn call_error(earlier: Option<Error>, last: Error, was_sent: bool) -> Error {
    match earlier {
        Some(earlier) if !was_sent || (last.is_timeout() && !earlier.is_timeout()) => earlier,
        _ => last,
    }
}

/// The mirrors that a round has not tried yet. [`next`](Self::next) applies the second list of rules of the [module](self).
struct Candidates<'m> {
    client: &'m Inner,
    /// In reverse order, so that the next mirror is popped from the end.
    mirrors: Vec<&'m Arc<Mirror>>,
    /// Mirrors that were skipped because their circuit is open. They are left for forced attempts.
    skipped: Vec<&'m Arc<Mirror>>,
    /// True if forced attempts are allowed: the client has more than one mirror.
    may_force: bool,
    /// Shortest wait until the circuit of a skipped mirror allows a trial call.
    shortest_wait: Option<Duration>,
}

/// A mirror that may be tried.
struct Candidate<'m> {
    mirror: &'m Mirror,
    mirrors: &'m Mirrors,
    permit: Permit<'m>,
}

impl<'m> Candidates<'m> {
    fn new(client: &'m Inner, mirrors: &'m [Arc<Mirror>], named_only: bool) -> Self {
        let mirrors: Vec<_> =
            mirrors.iter().rev().filter(|mirror| !(named_only && mirror.is_learned)).collect();
        let may_force = mirrors.len() > 1;
        Self { client, mirrors, skipped: Vec::new(), may_force, shortest_wait: None }
    }

    /// Removes and returns the next mirror to try. `None` if no mirror may be tried now.
    fn next(&mut self) -> Option<Candidate<'m>> {
        // Read again each time, because another call may have changed the preferred mirror.
        let preferred = self.client.mirrors.preferred();
        if let Some(place) = self.mirrors.iter().position(|mirror| mirror.index == preferred) {
            let mirror = self.mirrors.remove(place);
            self.mirrors.push(mirror);
        }
        let mirrors = &self.client.mirrors;
        while let Some(mirror) = self.mirrors.pop() {
            match mirror.breaker.permit() {
                Ok(permit) => {
                    // Only the permit of a trial call leaves the circuit half-open.
                    if mirror.breaker.state() == BreakerState::HalfOpen {
                        log_change(mirror, mirror.outage.on_trial(), None);
                    }
                    return Some(Candidate { mirror, mirrors, permit });
                }
                Err(wait) => {
                    self.skipped.push(mirror);
                    self.shortest_wait = Some(self.shortest_wait.map_or(wait, |shortest| shortest.min(wait)));
                }
            }
        }
        if !self.may_force {
            return None;
        }
        let permits = self.skipped.iter().enumerate();
        let (place, permit) = permits
            .map(|(place, mirror)| (place, mirror.forced_permit()))
            .find(|(_, permit)| permit.is_some())?;
        let mirror = self.skipped.remove(place);
        permit.map(|permit| Candidate { mirror, mirrors, permit })
    }

    /// Makes the skipped mirrors candidates again, because their circuits may have closed.
    fn restore_skipped(&mut self) {
        self.mirrors.extend(self.skipped.drain(..).rev());
        self.shortest_wait = None;
    }

    /// Returns true if a forced attempt on a skipped mirror is possible, now or later.
    fn can_force(&self) -> bool {
        self.may_force && !self.skipped.is_empty()
    }

    /// Returns the number of mirrors that may still be tried.
    fn count(&self) -> usize {
        self.mirrors.len() + if self.may_force { self.skipped.len() } else { 0 }
    }
}

impl<'m> Candidate<'m> {
    fn attempt(self, min_time: Duration) -> Attempt<'m> {
        Attempt::new(self.mirror, self.mirrors, self.permit, min_time)
    }
}

/// Times at which the next mirror is tried while the attempt on the last mirror continues.
#[derive(Clone, Copy)]
struct HedgeTimer {
    /// Next time at which a hedge is sent if the budget allows it: after the hedge delay, and after each further delay.
    /// `None` if no further mirror may be tried.
    hedge_at: Option<Instant>,
    /// Time at which the share of the last mirror is used up, from which the budget is ignored.
    share_at: Option<Instant>,
    /// Hedge delay, at most the share.
    delay: Duration,
}

impl HedgeTimer {
    fn fires_at(self) -> Option<Instant> {
        self.hedge_at
    }

    /// Returns true if the share of the remaining time is used up.
    fn is_share_used(self) -> bool {
        self.share_at.is_some_and(|at| Instant::now() >= at)
    }

    /// Restarts the timer after a hedge was not possible. After the share is used up, the timer does not fire again.
    fn extend(&mut self) {
        if self.is_share_used() {
            (self.hedge_at, self.share_at) = (None, None);
        } else {
            let next = later(Instant::now(), self.delay);
            self.hedge_at = self.share_at.map(|share_at| share_at.min(next));
        }
    }
}

/// Logs a change of the state of `mirror`. `error` is the failure that has caused the change.
fn log_change(mirror: &Mirror, change: Option<OutageChange>, error: Option<&Error>) {
    let (host, error) = (&mirror.name, error.map(display));
    match change {
        Some(OutageChange::Failed) => warn!(host, error, "mirror failed"),
        Some(OutageChange::Opened) => warn!(host, error, "mirror unhealthy, circuit open"),
        Some(OutageChange::OnTrial) => info!(host, "mirror on trial, circuit half-open"),
        Some(OutageChange::Recovered) => info!(host, "mirror recovered"),
        Some(OutageChange::Closed) => info!(host, "mirror healthy, circuit closed"),
        None => {}
    }
}

/// Returns true if another mirror may succeed after `error`. Valid JSON of an unexpected form, a response that is too large,
/// and status 429 come from the service and would be the same on every mirror.
fn is_mirror_failure(error: &Error) -> bool {
    match error {
        Error::RateLimited { .. } => false,
        Error::Decode { source, .. } => !source.is_data(),
        Error::Redirected { .. } => true,
        error => error.is_transient(),
    }
}

/// Returns the API endpoints that a response of `/app/status` lists.
fn listed_endpoints(body: &[u8]) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Listed {
        available_api_endpoints: Vec<String>,
    }

    serde_json::from_slice::<Listed>(body).map(|listed| listed.available_api_endpoints).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::breaker::BreakerPolicy;

    #[test]
    fn cancelled_forced_attempt_allows_the_next_one_at_once() {
        let base = "http://127.0.0.1:1/api/v1".parse().unwrap();
        let mirrors = Mirrors::new(&[base], BreakerPolicy::default());
        let mirror = &*mirrors.in_order()[0];
        let attempt = |min_time| Attempt::new(mirror, &mirrors, mirror.forced_permit().unwrap(), min_time);

        drop(attempt(Duration::from_mins(1)));
        let next = attempt(Duration::ZERO);
        assert!(mirror.forced_permit().is_none(), "a forced attempt is in progress");

        drop(next);
        assert!(mirror.forced_permit().is_none(), "the mirror had its time and did not answer");
    }

    fn timed_out() -> Error {
        Error::Timeout { host: String::new(), after: Duration::from_secs(4) }
    }

    #[test]
    fn call_ends_with_a_timeout_only_if_every_attempt_timed_out() {
        let status = || Error::Status { status: 500, message: String::new() };
        let open = || Error::CircuitOpen { retry_in: Duration::from_secs(30), causes: Vec::new() };
        let cases = [
            (None, open(), false, "circuit_open"),
            (None, timed_out(), true, "timeout"),
            (Some(timed_out()), open(), false, "timeout"),
            (Some(status()), open(), false, "status"),
            (Some(timed_out()), timed_out(), true, "timeout"),
            (Some(status()), timed_out(), true, "status"),
            (Some(timed_out()), status(), true, "status"),
            (Some(timed_out()), Error::RateLimited { retry_after: None }, false, "timeout"),
        ];

        for (earlier, last, was_sent, kind) in cases {
            let case = format!("{earlier:?}, {last:?}");

            assert_eq!(call_error(earlier, last, was_sent).kind(), kind, "{case}");
        }
    }
}
