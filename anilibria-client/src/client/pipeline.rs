//! The road of a call: deadline → session → retry ⟲ → mirror → rate limit → transport → status.

use bytes::Bytes;
use tracing::{
    Instrument as _, Span, debug,
    field::{Empty, display},
    info_span,
};

use super::{Client, Inner, mirror::Mirror, observe, rate_limit::RateLimiter, transport::Message};
use crate::{
    Error, Result,
    error::MirrorFailure,
    request::{Request, Wire},
    runtime::{Instant, sleep, timeout, timeout_at},
    token::Token,
};

/// What traces call the service, whichever mirror it is.
const SERVICE: &str = "anilibria.tv";

/// A call on its way.
struct Call<'c, T> {
    client: &'c Inner,
    rate_limit: &'c RateLimiter,
    request: &'c Request,
    wire: Wire,
    token: Option<Token>,
    deadline: Instant,
    read: &'c (dyn Fn(Bytes) -> Result<T> + Send + Sync),
}

/// Sends `request` until `read` makes something of an answer, or nothing more can be done in its time.
pub(super) async fn send<T>(
    client: &Client,
    request: &Request,
    read: &(dyn Fn(Bytes) -> Result<T> + Send + Sync),
) -> Result<T> {
    let (tokens, rate_limit) = (client.tokens(), &*client.rate_limit);
    let client = &*client.inner;
    let wire = request.wire()?;
    let limit = request.deadline().unwrap_or(client.limits.timeout);
    let deadline = Instant::now() + limit;
    let token =
        if request.needs_session() { Some(tokens.get().await?.ok_or(Error::NoSession)?) } else { None };
    client.budget.deposit();
    let used = token.clone();
    let call = Call { client, rate_limit, request, wire, token, deadline, read };
    tokens.checked(used.as_ref(), call.with_retries(limit).await).await
}

impl<T> Call<'_, T> {
    async fn with_retries(self, limit: std::time::Duration) -> Result<T> {
        let policy = self.request.retry_policy().unwrap_or(&self.client.retry);
        let mut delays = policy.delays();
        let mut resend = 0;
        loop {
            let round = timeout_at(self.deadline, self.round(&mut resend)).await;
            let error = match round.unwrap_or(Err(Error::Timeout { after: limit })) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            // A write that failed may have been applied all the same.
            let delay = if self.request.is_idempotent() { delays.after(&error) } else { None };
            let Some(delay) = delay.filter(|delay| Instant::now() + *delay < self.deadline) else {
                return Err(error);
            };
            if !self.client.budget.withdraw() {
                debug!(route = self.request.template(), "no retry: the budget is spent");
                return Err(error);
            }
            observe::retried(self.request);
            sleep(delay).await;
        }
    }

    /// Asks one mirror after another until one gives a useful answer. Those whose circuit is open are left out.
    async fn round(&self, resend: &mut u32) -> Result<T> {
        let mut failures = Vec::new();
        let mut shortest_rest = None;
        for (index, mirror) in self.client.mirrors.in_turn() {
            let permit = match mirror.breaker.permit() {
                Ok(permit) => permit,
                Err(rest) => {
                    shortest_rest =
                        Some(shortest_rest.map_or(rest, |shortest: std::time::Duration| shortest.min(rest)));
                    continue;
                }
            };
            self.rate_limit.turn(self.deadline).await?;
            let outcome = self.attempt(mirror, *resend).await;
            *resend += 1;
            let error = match outcome {
                Ok(value) => {
                    permit.answered();
                    self.client.mirrors.prefer(index);
                    return Ok(value);
                }
                Err(error) if !is_mirrors_fault(&error) => {
                    permit.answered();
                    return Err(error);
                }
                Err(error) => error,
            };
            permit.failed();
            debug!(mirror = mirror.name, route = self.request.template(), %error, "mirror failed");
            let may_go_on = self.request.is_idempotent() || never_left(&error);
            failures.push(MirrorFailure { mirror: mirror.name.clone(), error });
            if !may_go_on {
                break;
            }
        }
        Err(summary(failures, shortest_rest))
    }

    /// One attempt on one mirror.
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
            // The names that came before those of OpenTelemetry, for those who still look for them.
            http.method = %self.wire.method,
            http.url = mirror.url(self.request.template()),
            http.status_code = Empty,
            error = Empty,
            error.message = Empty,
        );
        let started = Instant::now();
        let outcome = self.exchange(mirror).instrument(span.clone()).await;
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
        let after = self.client.limits.attempt_timeout;
        let message =
            Message { url: mirror.url(&self.wire.target), wire: &self.wire, token: self.token.as_ref() };
        let send = self.client.transport.send(&message, self.client.limits.max_response_size);
        let answer = timeout(after, send).await.unwrap_or(Err(Error::Timeout { after }))?;
        for field in ["http.response.status_code", "http.status_code"] {
            Span::current().record(field, answer.status.as_u16());
        }
        match (self.client.refusal)(&answer) {
            Some(error) => Err(error),
            None => (self.read)(answer.body),
        }
    }
}

/// Whether the failure may be this mirror's alone. An answer that cannot be decoded counts: a block page or a broken
/// proxy answers 200 as well.
fn is_mirrors_fault(error: &Error) -> bool {
    error.is_transient()
        || matches!(error, Error::Decode { .. } | Error::Redirected { .. } | Error::TooLarge { .. })
}

/// Whether the request cannot have reached anybody.
fn never_left(error: &Error) -> bool {
    matches!(error, Error::Connect { .. })
}

/// The failure of a round: with one mirror its own, as there is nothing to tell apart.
fn summary(mut failures: Vec<MirrorFailure>, rest: Option<std::time::Duration>) -> Error {
    match failures.pop() {
        None => Error::CircuitOpen { retry_in: rest.unwrap_or_default() },
        Some(last) if failures.is_empty() => last.error,
        Some(last) => {
            failures.push(last);
            Error::AllMirrors(failures)
        }
    }
}
