//! A cached probe of AniLibria or another service.

use std::time::{Duration, Instant};

use futures::FutureExt as _;
use tokio::time::timeout;

use super::recent::Recent;

/// Time for which an outcome is reused.
const FRESH_FOR: Duration = Duration::from_secs(30);

/// Timeout of a probe.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Failure of AniLibria, or of another service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamFault {
    /// Status code of the response; `None` if there was no response.
    pub status_code: Option<u16>,
    /// Error message, without secrets, because everybody can read it.
    pub error: String,
}

/// Outcome of a probe.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) fault: Option<UpstreamFault>,
    pub(super) took: Duration,
}

/// A probe that caches its outcome.
pub(super) struct Probe {
    last: Recent<Outcome>,
}

impl Probe {
    /// Creates a probe that calls `ask`. It calls it only for callers, so that it causes no load by itself.
    pub(super) fn new<F>(ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), UpstreamFault>> + Send + 'static,
    {
        let find = move || {
            let asking = timeout(TIMEOUT, ask());
            async move {
                let asked = Instant::now();
                let result = asking.await.unwrap_or_else(|_| Err(timed_out()));
                Outcome { fault: result.err(), took: asked.elapsed() }
            }
            .boxed()
        };
        Self { last: Recent::new(FRESH_FOR, |_| false, find) }
    }

    /// Returns the outcome of the last 30 seconds, or else of a new probe.
    pub(super) async fn outcome(&self) -> Outcome {
        self.last.get_or_wait().await.unwrap_or_else(|| {
            let fault = UpstreamFault { status_code: None, error: "the check broke off".to_owned() };
            Outcome { fault: Some(fault), took: Duration::ZERO }
        })
    }
}

fn timed_out() -> UpstreamFault {
    UpstreamFault { status_code: None, error: format!("no answer within {} seconds", TIMEOUT.as_secs()) }
}

#[cfg(test)]
mod tests {
    use futures::future;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_becomes_a_fault() {
        let outcome = Probe::new(future::pending).outcome().await;

        assert_eq!(outcome.fault, Some(timed_out()));
    }

    #[tokio::test(start_paused = true)]
    async fn cancelled_caller_leaves_the_probe_to_the_next() {
        let second = Duration::from_secs(1);
        let probe = Probe::new(move || sleep(second).map(Ok));
        let cancelled = timeout(second / 2, probe.outcome()).await;
        assert!(cancelled.is_err());

        assert_eq!(probe.outcome().await.fault, None);
    }
}
