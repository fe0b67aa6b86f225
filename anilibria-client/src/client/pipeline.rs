//! The path of a call: deadline → session → retries → mirrors, with hedging → rate limit → transport → status.

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
    mirror::{LAST_RESORT_EVERY, Mirror, Mirrors},
    observe,
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

/// Number of times that a call waits for a mirror if the circuits of all mirrors that it has not tried are open.
const MAX_WAITS: u32 = 2;

/// Decodes the body of an answer.
type Read<'c, T> = &'c (dyn Fn(Bytes) -> Result<T> + Send + Sync);

/// A call in progress.
struct Call<'c, T> {
    client: &'c Inner,
    rate_limit: &'c RateLimiter,
    request: &'c Request,
    wire: Wire,
    token: Option<Token>,
    /// The time limit of the call, for its errors.
    limit: Duration,
    deadline: Instant,
    read: Read<'c, T>,
}

/// Sends `request` until `read` accepts an answer, no retry may help, or the deadline is reached.
pub(super) async fn send<T>(client: &Client, request: &Request, read: Read<'_, T>) -> Result<T> {
    let (tokens, rate_limit) = (client.tokens(), &*client.rate_limit);
    let client = &*client.inner;
    let wire = request.wire()?;
    let limit = request.deadline().unwrap_or(client.limits.timeout);
    let deadline = later(Instant::now(), limit);
    let token =
        if request.needs_session() { Some(tokens.get().await?.ok_or(Error::NoSession)?) } else { None };
    client.budget.deposit();
    let used = token.clone();
    let call = Call { client, rate_limit, request, wire, token, limit, deadline, read };
    tokens.checked(used.as_ref(), call.with_retries().await).await
}

/// Sends `request` to `mirror` only, also if its circuit is open. Returns the answer and its latency.
pub(super) async fn probe<T>(
    client: &Client,
    mirror: &Mirror,
    request: &Request,
    read: Read<'_, T>,
) -> Result<(T, Duration)> {
    let (rate_limit, client) = (&*client.rate_limit, &*client.inner);
    let limit = client.limits.attempt_timeout.min(client.limits.timeout);
    let deadline = later(Instant::now(), client.limits.timeout);
    let wire = request.wire()?;
    let call = Call { client, rate_limit, request, wire, token: None, limit, deadline, read };
    rate_limit.turn(deadline).await?;
    let started = Instant::now();
    let attempt = Attempt::new(mirror, &client.mirrors, mirror.breaker.force(), limit);
    let outcome = call.attempt(mirror, 0).await;
    let took = started.elapsed();
    attempt.end(outcome.as_ref().err());
    outcome.map(|value| (value, took))
}

/// An attempt whose outcome is not known yet.
///
/// An attempt that is dropped, because another mirror answered first or the caller cancelled the call, counts as a
/// failure of its mirror if the mirror had at least `min_time` to answer. If it had less, the next call may ask a mirror with
/// an open circuit at once.
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

    /// Reports the outcome to the circuit breaker and to the order of the mirrors.
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
            self.mirror.remember(error);
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
            self.mirror.return_last_resort();
        }
    }
}

impl<T> Call<'_, T> {
    async fn with_retries(self) -> Result<T> {
        let policy = self.request.retry_policy().unwrap_or(&self.client.retry);
        let mut delays = policy.delays();
        let mut sent = 0;
        // The error of the rounds so far in which something was sent.
        let mut earlier = None;
        loop {
            let sent_before = sent;
            let error = match self.round(&mut sent).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            // A write that failed may have been applied.
            let may_resend = self.request.is_idempotent() || error.is_unprocessed();
            let delay = if may_resend { delays.after(&error) } else { None };
            let error = combined(earlier, error, sent > sent_before);
            let Some(delay) = delay.filter(|delay| later(Instant::now(), *delay) < self.deadline) else {
                return Err(error);
            };
            if !self.client.budget.withdraw() {
                debug!(route = self.request.template(), "no retry: the retry budget is empty");
                return Err(error);
            }
            earlier = Some(error);
            observe::retried(self.request);
            sleep(delay).await;
        }
    }

    /// Asks the mirrors until one gives a useful answer: the next one as soon as one fails and, for a read, also when one
    /// has not answered for a while. Mirrors whose circuit is open are skipped.
    async fn round(&self, sent: &mut u32) -> Result<T> {
        // Mirrors that are learned during the call are for the next one.
        let mirrors = self.client.mirrors.in_order();
        let mut candidates = Candidates::new(self.client, &mirrors, self.is_private());
        let mut running = FuturesUnordered::new();
        let (mut failures, mut waits) = (Vec::new(), 0);
        let mut timer = self.hedge_timer(candidates.left());
        // The mirror that was tried last.
        let mut latest = None;
        loop {
            if running.is_empty() {
                let is_late = !failures.is_empty() && Instant::now() >= self.deadline;
                let Some(candidate) = (if is_late { None } else { candidates.next() }) else {
                    // A mirror may have recovered: another call may find that out in a moment.
                    if !is_late && waits < MAX_WAITS && candidates.has_last_resort() {
                        waits += 1;
                        sleep_until(later(Instant::now(), LAST_RESORT_EVERY).min(self.deadline)).await;
                        candidates.retry_open();
                        continue;
                    }
                    return Err(self.summary(failures, candidates.shortest_wait));
                };
                if let Err(error) = self.rate_limit.turn(self.deadline).await {
                    return Err(if failures.is_empty() { error } else { self.summary(failures, None) });
                }
                timer = self.hedge_timer(candidates.left());
                latest = Some(candidate.mirror);
                running.push(self.run(candidate.attempt(timer.shortest), sent));
            }
            let finished = match timer.ends_at() {
                None => running.next().await,
                Some(at) => match select(running.next(), pin!(sleep_until(at))).await {
                    Either::Left((finished, _)) => finished,
                    Either::Right(_) => None,
                },
            };
            let Some((mirror, outcome)) = finished else {
                // The budget limits hedges, unless other calls have found that the mirror is down.
                let may_ask = || {
                    let is_down = latest.is_some_and(Mirror::is_down);
                    timer.is_over() || is_down || self.client.budget.withdraw()
                };
                let turn = self.rate_limit.try_turn().filter(|_| may_ask());
                let candidate = turn.and_then(|turn| {
                    turn.keep();
                    candidates.next()
                });
                let Some(candidate) = candidate else {
                    timer.extend();
                    continue;
                };
                observe::hedged(self.request);
                debug!(host = candidate.mirror.name, route = self.request.template(), "hedging");
                timer = self.hedge_timer(candidates.left());
                latest = Some(candidate.mirror);
                running.push(self.run(candidate.attempt(timer.shortest), sent));
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
                return Err(self.summary(failures, None));
            }
        }
    }

    /// True if the request must not be sent to a mirror that the user did not name.
    fn is_private(&self) -> bool {
        self.token.is_some() || !self.request.is_idempotent() || self.request.holds_secret()
    }

    /// Returns the times at which the next mirror, of `left`, is tried although the one that is tried now has neither
    /// answered nor failed. Only reads are sent to two mirrors at the same time.
    fn hedge_timer(&self, left: usize) -> HedgeTimer {
        let now = Instant::now();
        let share =
            self.deadline.saturating_duration_since(now) / u32::try_from(left + 1).unwrap_or(u32::MAX);
        let shortest = self.client.limits.hedge_delay.unwrap_or(share).min(share);
        if left == 0 || !self.request.is_idempotent() {
            return HedgeTimer { hedge_at: None, share_at: None, shortest };
        }
        HedgeTimer { hedge_at: Some(later(now, shortest)), share_at: Some(later(now, share)), shortest }
    }

    /// Sends the request to the mirror of `attempt` and reports the outcome.
    fn run<'a>(
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
            // The names that came before those of OpenTelemetry, for dashboards that still use them.
            http.method = %self.wire.method,
            http.url = mirror.url(self.request.template()),
            http.status_code = Empty,
            error = Empty,
            error.message = Empty,
        );
        let started = Instant::now();
        let outcome = self.exchange(mirror).instrument(span.clone()).await;
        let outcome = outcome.map_err(|error| error.at(&mirror.name));
        if let Err(error) = &outcome {
            span.record("error.type", error.kind());
            span.record("otel.status_code", "ERROR");
            span.record("error", true);
            span.record("error.message", display(error));
        }
        observe::attempted(self.request, mirror, outcome.as_ref().err(), started.elapsed());
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
        let answer = in_time.unwrap_or_else(|_| Err(Error::Timeout { host: String::new(), after }))?;
        for field in ["http.response.status_code", "http.status_code"] {
            Span::current().record(field, answer.status.as_u16());
        }
        let dialect = self.client.dialect;
        if let Some(error) = (dialect.refusal)(&answer) {
            return Err(mirror.with_hint(error, dialect.path));
        }
        if self.client.limits.learns_mirrors && self.request.template() == super::STATUS {
            self.client.mirrors.learn(&listed_endpoints(&answer.body), mirror);
        }
        (self.read)(answer.body)
    }

    /// Returns the error of a round: that of the mirror if only one was tried.
    fn summary(&self, mut failures: Vec<MirrorFailure>, shortest_wait: Option<Duration>) -> Error {
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
/// A round in which nothing was sent, as all circuits are open by then, says nothing about the request. The call is a
/// timeout only if every attempt that was sent timed out.
fn combined(earlier: Option<Error>, last: Error, was_sent: bool) -> Error {
    match earlier {
        Some(earlier) if !was_sent || (last.is_timeout() && !earlier.is_timeout()) => earlier,
        _ => last,
    }
}

/// The mirrors that a round has not tried yet.
struct Candidates<'m> {
    client: &'m Inner,
    mirrors: Vec<&'m Arc<Mirror>>,
    /// Mirrors that were skipped as their circuit is open. They are tried if no other mirror is left.
    open: Vec<&'m Arc<Mirror>>,
    /// True if there is more than one mirror.
    has_alternatives: bool,
    /// The shortest wait for a mirror whose circuit is open.
    shortest_wait: Option<Duration>,
}

/// A mirror that may be tried.
struct Candidate<'m> {
    mirror: &'m Mirror,
    mirrors: &'m Mirrors,
    permit: Permit<'m>,
}

impl<'m> Candidates<'m> {
    fn new(client: &'m Inner, mirrors: &'m [Arc<Mirror>], is_private: bool) -> Self {
        // The last one is tried first.
        let mirrors: Vec<_> =
            mirrors.iter().rev().filter(|mirror| !(is_private && mirror.is_learned)).collect();
        let has_alternatives = mirrors.len() > 1;
        Self { client, mirrors, open: Vec::new(), has_alternatives, shortest_wait: None }
    }

    /// Returns the next mirror whose circuit allows a call: the preferred one, which another call may have found
    /// meanwhile, or the next in order. After them come those with an open circuit, now and then.
    fn next(&mut self) -> Option<Candidate<'m>> {
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
                    self.open.push(mirror);
                    self.shortest_wait = Some(self.shortest_wait.map_or(wait, |shortest| shortest.min(wait)));
                }
            }
        }
        if !self.has_alternatives {
            return None;
        }
        let permits = self.open.iter().enumerate();
        let (place, permit) = permits
            .map(|(place, mirror)| (place, mirror.last_resort()))
            .find(|(_, permit)| permit.is_some())?;
        let mirror = self.open.remove(place);
        permit.map(|permit| Candidate { mirror, mirrors, permit })
    }

    /// Makes the mirrors that were skipped candidates again.
    fn retry_open(&mut self) {
        self.mirrors.extend(self.open.drain(..).rev());
        self.shortest_wait = None;
    }

    /// True if a mirror with an open circuit may be tried later.
    fn has_last_resort(&self) -> bool {
        self.has_alternatives && !self.open.is_empty()
    }

    /// Returns the number of mirrors that are left.
    fn left(&self) -> usize {
        self.mirrors.len() + if self.has_alternatives { self.open.len() } else { 0 }
    }
}

impl<'m> Candidate<'m> {
    fn attempt(self, min_time: Duration) -> Attempt<'m> {
        Attempt::new(self.mirror, self.mirrors, self.permit, min_time)
    }
}

/// The times at which the next mirror is tried although the last one has neither answered nor failed.
#[derive(Clone, Copy)]
struct HedgeTimer {
    /// After the hedge delay, and again after each further one, if the budget allows it.
    hedge_at: Option<Instant>,
    /// After the share of the remaining time, in any case.
    share_at: Option<Instant>,
    /// The shorter of the two times.
    shortest: Duration,
}

impl HedgeTimer {
    fn ends_at(self) -> Option<Instant> {
        self.hedge_at
    }

    /// True if the share of the remaining time is used up.
    fn is_over(self) -> bool {
        self.share_at.is_some_and(|at| Instant::now() >= at)
    }

    /// Waits again after a hedge was not possible, until the share is used up.
    fn extend(&mut self) {
        if self.is_over() {
            (self.hedge_at, self.share_at) = (None, None);
        } else {
            let next = later(Instant::now(), self.shortest);
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
        Some(OutageChange::Recovered) => info!(host, "mirror answers again"),
        Some(OutageChange::Closed) => info!(host, "mirror healthy, circuit closed"),
        None => {}
    }
}

/// True if the failure may be this mirror's alone. Valid JSON of an unexpected shape, an answer that is too large, and
/// status 429 come from the service.
fn is_mirror_failure(error: &Error) -> bool {
    match error {
        Error::RateLimited { .. } => false,
        Error::Decode { source, .. } => !source.is_data(),
        Error::Redirected { .. } => true,
        error => error.is_transient(),
    }
}

/// Returns the API endpoints that an answer of `/app/status` lists.
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
    fn cancelled_call_leaves_a_mirror_with_an_open_circuit_to_the_next() {
        let base = "http://127.0.0.1:1/api/v1".parse().unwrap();
        let mirrors = Mirrors::new(&[base], BreakerPolicy::default());
        let mirror = &*mirrors.in_order()[0];
        let attempt = |min_time| Attempt::new(mirror, &mirrors, mirror.last_resort().unwrap(), min_time);

        drop(attempt(Duration::from_mins(1)));
        let next = attempt(Duration::ZERO);
        assert!(mirror.last_resort().is_none(), "another call asks the mirror");

        drop(next);
        assert!(mirror.last_resort().is_none(), "the mirror had its time and did not answer");
    }

    fn timed_out() -> Error {
        Error::Timeout { host: String::new(), after: Duration::from_secs(4) }
    }

    #[test]
    fn call_is_a_timeout_only_if_all_that_was_sent_timed_out() {
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

            assert_eq!(combined(earlier, last, was_sent).kind(), kind, "{case}");
        }
    }
}
