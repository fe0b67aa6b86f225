//! The road of a call: deadline → mirror → transport → status → decode.

use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::debug;

use super::{Inner, decode::decode, failure, mirror::Mirror};
use crate::{
    Error, Result,
    error::MirrorFailure,
    request::{Request, Wire},
};

/// Sends `request` to one mirror after another until one gives a useful answer or the time is over.
pub(super) async fn fetch<T: DeserializeOwned>(client: &Inner, request: &Request) -> Result<T> {
    let wire = request.wire()?;
    let deadline = Instant::now() + client.limits.timeout;
    let mut failures = Vec::new();
    for (index, mirror) in client.mirrors.in_turn() {
        let attempt = timeout_at(deadline, attempt(client, mirror, &wire)).await;
        let error = match attempt.unwrap_or(Err(Error::Timeout { after: client.limits.timeout })) {
            Ok(value) => {
                client.mirrors.prefer(index);
                return Ok(value);
            }
            Err(error) if !another_mirror_may_help(&error) => return Err(error),
            Err(error) => error,
        };
        debug!(mirror = mirror.name, route = request.template(), %error, "mirror failed");
        failures.push(MirrorFailure { mirror: mirror.name.clone(), error });
        if Instant::now() >= deadline {
            break;
        }
    }
    Err(summary(failures))
}

/// One attempt on one mirror.
async fn attempt<T: DeserializeOwned>(client: &Inner, mirror: &Mirror, wire: &Wire) -> Result<T> {
    let after = client.limits.attempt_timeout;
    let url = mirror.url(&wire.target);
    let send = client.transport.send(&url, wire, client.limits.max_response_size);
    let answer = timeout(after, send).await.unwrap_or(Err(Error::Timeout { after }))?;
    if !answer.status.is_success() {
        return Err(failure::from_answer(&answer));
    }
    decode(&answer.body)
}

/// Whether the failure may be this mirror's alone. An answer that cannot be decoded counts: a block page or a broken
/// proxy answers 200 as well.
fn another_mirror_may_help(error: &Error) -> bool {
    error.is_transient() || matches!(error, Error::Decode { .. })
}

/// The failure of the whole call: with one mirror its own, as there is nothing to tell apart.
fn summary(mut failures: Vec<MirrorFailure>) -> Error {
    match failures.pop() {
        Some(last) if failures.is_empty() => last.error,
        last => {
            failures.extend(last);
            Error::AllMirrors(failures)
        }
    }
}
