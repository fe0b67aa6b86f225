//! Asks AniLibria, or another service, rarely, however often one wants to know.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use super::recent::Recent;

/// How long an outcome counts.
const FRESH_FOR: Duration = Duration::from_secs(30);

/// How long it may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Why AniLibria, or another service, did not answer as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamFault {
    /// The status code it answered with; `None` when there was no answer.
    pub status_code: Option<u16>,
    /// What failed, without secrets: it is shown to whoever asks.
    pub error: String,
}

/// How asking went.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) fault: Option<UpstreamFault>,
    pub(super) took: Duration,
}

/// Asks, and remembers the outcome.
pub(super) struct Probe {
    last: Recent<Outcome>,
}

impl Default for Probe {
    fn default() -> Self {
        Self { last: Recent::new(FRESH_FOR) }
    }
}

impl Probe {
    /// How asking went less than 30 seconds ago, or goes now.
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
