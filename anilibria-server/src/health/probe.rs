//! A cached probe of AniLibria or another service.

use std::{
    future::Future,
    time::{Duration, Instant},
};

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

impl Default for Probe {
    fn default() -> Self {
        Self { last: Recent::new(FRESH_FOR) }
    }
}

impl Probe {
    /// Returns the outcome of the last 30 seconds, or else of a new probe.
    pub(super) async fn outcome<F>(&self, ask: impl FnOnce() -> F) -> Outcome
    where
        F: Future<Output = Result<(), UpstreamFault>>,
    {
        self.last
            .get(|| async {
                let asked = Instant::now();
                let result = tokio::time::timeout(TIMEOUT, ask()).await.unwrap_or_else(|_| Err(timed_out()));
                Outcome { fault: result.err(), took: asked.elapsed() }
            })
            .await
    }
}

fn timed_out() -> UpstreamFault {
    UpstreamFault { status_code: None, error: format!("no answer within {} seconds", TIMEOUT.as_secs()) }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future;

    use super::*;

    #[tokio::test]
    async fn many_who_want_to_know_ask_once() {
        let probe = Probe::default();
        let asked = AtomicUsize::new(0);
        let ask = || async {
            asked.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            Ok(())
        };

        let outcomes = future::join_all((0..50).map(|_| probe.outcome(ask))).await;

        assert!(outcomes.iter().all(|outcome| outcome.fault.is_none()));
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_becomes_a_fault() {
        let outcome = Probe::default().outcome(future::pending).await;

        assert_eq!(outcome.fault, Some(timed_out()));
    }

    #[tokio::test]
    async fn cancelled_asker_leaves_the_question_to_the_next() {
        let probe = Probe::default();
        let cancelled = tokio::time::timeout(Duration::ZERO, probe.outcome(future::pending)).await;
        assert!(cancelled.is_err());

        let outcome = probe.outcome(|| async { Ok(()) }).await;

        assert_eq!(outcome.fault, None);
    }
}
