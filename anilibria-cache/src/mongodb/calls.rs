//! Calls of the driver: so many at a time, each brought to its end, and answered in time.

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

/// How long a call goes on at most when nobody waits for its answer any more.
const ABANDONED_AFTER: Duration = Duration::from_mins(1);

/// How often is looked whether abandoned calls have ended.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Keeps the driver from having more calls than it has connections. Clones share the limit.
///
/// A call that waits for a connection in the driver and is dropped stays in that queue, and the queue moves on by
/// one when something happens in the pool: after some hundred dropped calls to a server that hangs for a second, the
/// driver would be busy with the dead for a minute. So no call is dropped there: whoever waits, waits here for a
/// permit, and goes when he likes; what has begun runs as a task of its own until the driver is done with it. The
/// driver ends it too, when it finds that the server hangs.
#[derive(Clone)]
pub(super) struct Calls {
    permits: Arc<Semaphore>,
    limit: Duration,
    /// Calls under way that nobody waits for any more.
    abandoned: Arc<AtomicUsize>,
}

impl Calls {
    /// At most `at_once` calls; no answer takes longer than `limit`.
    pub(super) fn new(at_once: u32, limit: Duration) -> Self {
        let permits = usize::try_from(at_once).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { permits: Arc::new(Semaphore::new(permits)), limit, abandoned: Arc::default() }
    }

    /// Waits until no call is under way that nobody waits for any more; [`Error::Unavailable`] if that takes too long.
    pub(super) async fn settled(&self) -> Result<()> {
        let settled = timeout(self.limit, async {
            while self.abandoned.load(Ordering::Relaxed) > 0 {
                sleep(LOOK_EVERY).await;
            }
        });
        settled.await.map_err(unavailable)
    }

    /// What `call` comes to; [`Error::Unavailable`] if that takes too long.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, DriverError>> + Send + 'static,
    ) -> Result<Result<T, DriverError>> {
        let answer = timeout(self.limit, async {
            let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(unavailable)?;
            let end = self.limit.max(ABANDONED_AFTER);
            let under_way = UnderWay::new(&self.abandoned);
            let awaited = under_way.awaited();
            let task = tokio::spawn(async move {
                let answer = timeout(end, call).await;
                drop((permit, under_way));
                answer
            });
            let answer = task.await.map_err(unavailable)?.map_err(unavailable);
            drop(awaited);
            answer
        });
        answer.await.map_err(unavailable)?
    }
}

/// A call until it has ended.
struct UnderWay {
    abandoned: Arc<AtomicUsize>,
    state: Arc<Mutex<State>>,
}

/// One who waits for a call.
struct Awaited {
    abandoned: Arc<AtomicUsize>,
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Awaited,
    Abandoned,
    Ended,
}

impl UnderWay {
    fn new(abandoned: &Arc<AtomicUsize>) -> Self {
        Self { abandoned: Arc::clone(abandoned), state: Arc::new(Mutex::new(State::Awaited)) }
    }

    fn awaited(&self) -> Awaited {
        Awaited { abandoned: Arc::clone(&self.abandoned), state: Arc::clone(&self.state) }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *state, State::Ended) == State::Abandoned {
            self.abandoned.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Awaited {
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
    async fn a_call_without_an_answer_ends() {
        let calls = Calls::new(1, SHORT);

        let ended = calls.run(pending::<Result<(), DriverError>>()).await;

        assert!(matches!(ended, Err(Error::Unavailable { store: "mongodb", .. })));
    }

    #[tokio::test]
    async fn what_has_begun_goes_on_when_its_caller_goes() {
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
    async fn a_call_beyond_the_limit_begins_when_another_is_done_and_leaves_nothing_when_dropped() {
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
