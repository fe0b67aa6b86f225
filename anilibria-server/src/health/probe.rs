//! Probes of AniLibria and the Node service, with a cache of the outcome.

use std::time::{Duration, Instant};

use futures::FutureExt as _;
use tokio::time::timeout;

use super::cached_check::CachedCheck;

/// Time for which an outcome is reused.
const OUTCOME_TTL: Duration = Duration::from_secs(30);

/// Timeout of a probe.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Failure of AniLibria or of the Node service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeError {
    /// HTTP status code of the response; `None` if there was no response.
    pub status_code: Option<u16>,
    /// Error message. It must not contain secrets, because the health report is public.
    pub message: String,
}

/// Outcome of a probe.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) error: Option<ProbeError>,
    pub(super) took: Duration,
}

/// A probe that caches its outcome.
pub(super) struct Probe {
    check: CachedCheck<Outcome>,
}

impl Probe {
    /// Creates a probe that runs `request`. Requests are sent only when a caller needs an outcome, so that an unused probe causes
    /// no load.
    pub(super) fn new<F>(request: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), ProbeError>> + Send + 'static,
    {
        let check = move || {
            let request = timeout(TIMEOUT, request());
            async move {
                let start = Instant::now();
                let result = request.await.unwrap_or_else(|_| Err(timed_out()));
                Outcome { error: result.err(), took: start.elapsed() }
            }
            .boxed()
        };
        Self { check: CachedCheck::new(OUTCOME_TTL, |_| false, check) }
    }

    /// Returns the last outcome if it is less than 30 seconds old, and otherwise the outcome of a new request.
    pub(super) async fn outcome(&self) -> Outcome {
        self.check.get_or_wait().await.unwrap_or_else(|| {
            let error = ProbeError { status_code: None, message: "the check was aborted".to_owned() };
            Outcome { error: Some(error), took: Duration::ZERO }
        })
    }
}

fn timed_out() -> ProbeError {
    ProbeError { status_code: None, message: format!("no response within {} seconds", TIMEOUT.as_secs()) }
}

#[cfg(test)]
mod tests {
    use futures::future;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn missing_response_is_an_error() {
        let outcome = Probe::new(future::pending).outcome().await;

        assert_eq!(outcome.error, Some(timed_out()));
    }

    #[tokio::test(start_paused = true)]
    async fn next_caller_receives_the_outcome_after_a_cancelled_caller() {
        let second = Duration::from_secs(1);
        let probe = Probe::new(move || sleep(second).map(Ok));
        let cancelled = timeout(second / 2, probe.outcome()).await;
        assert!(cancelled.is_err());

        assert_eq!(probe.outcome().await.error, None);
    }
}
