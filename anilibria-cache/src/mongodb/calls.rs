//! Calls of the driver, limited in number and time.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mongodb::error::Error as DriverError;
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};

use super::NAME;
use crate::error::{Error, Result};

/// Maximum time of a call whose caller has stopped waiting.
const ABANDONED_AFTER: Duration = Duration::from_mins(1);

/// Poll interval while abandoned calls end.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Limits the calls of the driver to the number of its connections. Clones share the limit.
///
/// A call that waits for a connection in the driver and is dropped stays in the driver's queue, which advances by one
/// when the state of the pool changes. After a few hundred dropped calls to a server that hangs for a second, the queue
/// would take a minute to clear. Therefore calls wait here for a permit, where they can be dropped. A call that has its
/// permit runs as a separate task until the driver returns. The driver also ends calls to a server that hangs.
#[derive(Clone)]
pub(super) struct Calls {
    permits: Arc<Semaphore>,
    limit: Duration,
    /// Number of running calls whose callers have stopped waiting.
    abandoned: Arc<AtomicUsize>,
}

impl Calls {
    /// Allows `at_once` concurrent calls, with a time limit of `limit` each.
    pub(super) fn new(at_once: u32, limit: Duration) -> Self {
        let permits = usize::try_from(at_once).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { permits: Arc::new(Semaphore::new(permits)), limit, abandoned: Arc::default() }
    }

    /// Waits until all abandoned calls have ended. Returns [`Error::Unavailable`] after the time limit.
    pub(super) async fn wait_for_abandoned(&self) -> Result<()> {
        let ended = timeout(self.limit, async {
            while self.abandoned.load(Ordering::Relaxed) > 0 {
                sleep(POLL_INTERVAL).await;
            }
        });
        ended.await.map_err(unavailable)
    }

    /// Returns the result of `call`, or [`Error::Unavailable`] after the time limit.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, DriverError>> + Send + 'static,
    ) -> Result<Result<T, DriverError>> {
        let call = timeout(self.limit, async {
            let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(unavailable)?;
            let end = self.limit.max(ABANDONED_AFTER);
            let running = RunningCall::new(&self.abandoned);
            let caller = running.caller();
            let task = tokio::spawn(async move {
                let result = timeout(end, call).await;
                drop((permit, running));
                result
            });
            let result = task.await.map_err(unavailable)?.map_err(unavailable);
            drop(caller);
            result
        });
        call.await.map_err(unavailable)?
    }
}

/// A running call. It no longer counts as abandoned when it is dropped.
struct RunningCall {
    abandoned: Arc<AtomicUsize>,
    state: Arc<Mutex<State>>,
}

/// The caller of a running call. If it is dropped before the call ends, the call counts as abandoned.
struct WaitingCaller {
    abandoned: Arc<AtomicUsize>,
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Awaited,
    Abandoned,
    Ended,
}

impl RunningCall {
    fn new(abandoned: &Arc<AtomicUsize>) -> Self {
        Self { abandoned: Arc::clone(abandoned), state: Arc::new(Mutex::new(State::Awaited)) }
    }

    fn caller(&self) -> WaitingCaller {
        WaitingCaller { abandoned: Arc::clone(&self.abandoned), state: Arc::clone(&self.state) }
    }
}

impl Drop for RunningCall {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *state, State::Ended) == State::Abandoned {
            self.abandoned.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for WaitingCaller {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == State::Awaited {
            *state = State::Abandoned;
            self.abandoned.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::unavailable(NAME, error)
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures::FutureExt;
    use tokio::sync::oneshot;

    use super::*;

    const SHORT: Duration = Duration::from_millis(1);
    const LONG: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn call_without_a_response_ends() {
        let calls = Calls::new(1, SHORT);

        let ended = calls.run(pending::<Result<(), DriverError>>()).await;

        assert!(matches!(ended, Err(Error::Unavailable { store: "mongodb", .. })));
    }

    #[tokio::test]
    async fn running_call_continues_when_its_caller_is_dropped() {
        let calls = Calls::new(1, LONG);
        let (reached, end) = oneshot::channel();
        let (go, gate) = oneshot::channel::<()>();
        let mut call = Box::pin(calls.run(async move {
            gate.await.unwrap();
            reached.send(()).unwrap();
            Ok(())
        }));

        assert!(call.as_mut().now_or_never().is_none());
        drop(call);
        go.send(()).unwrap();

        assert_eq!(end.await, Ok(()));
    }

    #[tokio::test]
    async fn call_beyond_the_limit_waits_and_can_be_dropped() {
        let calls = Calls::new(1, LONG);
        let (go, gate) = oneshot::channel::<()>();
        let mut first = Box::pin(calls.run(async {
            gate.await.unwrap();
            Ok(())
        }));
        assert!(first.as_mut().now_or_never().is_none());

        for _ in 0..100 {
            let second =
                calls.run(async { unreachable!("begun beyond the limit") as Result<(), DriverError> });
            assert!(second.now_or_never().is_none());
        }
        go.send(()).unwrap();

        assert!(matches!(first.await, Ok(Ok(()))));
        assert!(matches!(calls.run(ready(Ok(()))).await, Ok(Ok(()))));
    }
}
