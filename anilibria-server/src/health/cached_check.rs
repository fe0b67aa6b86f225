//! A check that runs in the background, at most once per period, and whose result is cached.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use futures::future::BoxFuture;
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

/// Maximum time that callers wait for a new result before they receive the last one. Back ends that work respond sooner.
const MAX_WAIT: Duration = Duration::from_millis(50);

/// A check, and its last result. The check runs in the background. At most one run is in progress, and all callers share it.
///
/// A caller starts a run if the last result is too old. After a failure, the check is repeated until it succeeds, even without
/// callers. Meanwhile, callers receive the last result at once.
pub(super) struct CachedCheck<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    check: Box<dyn Fn() -> BoxFuture<'static, T> + Send + Sync>,
    is_failure: fn(&T) -> bool,
    ttl: Duration,
    state: watch::Sender<State<T>>,
}

struct State<T> {
    /// Last result and its time.
    last: Option<(Instant, T)>,
    is_running: bool,
}

impl<T: Clone + Send + Sync + 'static> CachedCheck<T> {
    /// Creates a check without a result. A result of `check` is reused for `ttl`. `is_failure` returns true for results after
    /// which the check is repeated without a caller.
    pub(super) fn new(
        ttl: Duration,
        is_failure: fn(&T) -> bool,
        check: impl Fn() -> BoxFuture<'static, T> + Send + Sync + 'static,
    ) -> Self {
        let state = watch::Sender::new(State { last: None, is_running: false });
        Self { shared: Arc::new(Shared { check: Box::new(check), is_failure, ttl, state }) }
    }

    /// Returns the last result if it is fresh, and otherwise a new one. If the check takes longer than [`MAX_WAIT`], returns the
    /// last result even if it is too old; `None` if there is no result yet.
    pub(super) async fn get(&self) -> Option<T> {
        // After the timeout, the check continues without this caller.
        let _ = timeout(MAX_WAIT, self.get_or_wait()).await;
        self.shared.state.borrow().value()
    }

    /// Returns the last result if it is fresh, and otherwise a new one. Waits as long as the check takes, but not at all if the
    /// last result is a failure. `None` only if the check panicked and there is no earlier result.
    pub(super) async fn get_or_wait(&self) -> Option<T> {
        let called_at = Instant::now();
        if self.start(called_at) {
            let mut states = self.shared.state.subscribe();
            let is_settled = |state: &State<T>| !state.is_running || state.is_newer(called_at);
            // The sender lives as long as `self`.
            drop(states.wait_for(is_settled).await);
        }
        self.shared.state.borrow().value()
    }

    /// Starts the check, unless the last result is fresh or the check runs. Returns true if the caller should wait for a new
    /// result. After a failure it should not, because the next run probably fails too, and as slowly.
    fn start(&self, now: Instant) -> bool {
        let Shared { ttl, is_failure, state, .. } = &*self.shared;
        let (mut starts, mut waits) = (false, false);
        state.send_if_modified(|state| {
            let is_fresh = state.last.as_ref().is_some_and(|(at, _)| now.duration_since(*at) < *ttl);
            let has_failed = state.last.as_ref().is_some_and(|(_, value)| is_failure(value));
            starts = !is_fresh && !state.is_running;
            waits = !is_fresh && !has_failed;
            state.is_running |= starts;
            false
        });
        if starts {
            tokio::spawn(run(Arc::downgrade(&self.shared)));
        }
        waits
    }
}

impl<T: Clone> State<T> {
    fn value(&self) -> Option<T> {
        self.last.as_ref().map(|(_, value)| value.clone())
    }

    fn is_newer(&self, time: Instant) -> bool {
        self.last.as_ref().is_some_and(|(at, _)| *at >= time)
    }
}

/// Runs the check until a result is not a failure, or until the [`CachedCheck`] is dropped.
async fn run<T: Clone>(shared: Weak<Shared<T>>) {
    let _running = Running(shared.clone());
    while let Some(check) = shared.upgrade().map(|shared| (shared.check)()) {
        let value = check.await;
        let Some(shared) = shared.upgrade() else { return };
        let (has_failed, pause) = ((shared.is_failure)(&value), shared.ttl);
        shared.state.send_modify(|state| state.last = Some((Instant::now(), value)));
        if !has_failed {
            break;
        }
        drop(shared);
        sleep(pause).await;
    }
}

/// Marks the check as ended when dropped, also after a panic.
struct Running<T>(Weak<Shared<T>>);

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.state.send_modify(|state| state.is_running = false);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures::{FutureExt as _, future};

    use super::*;

    const FRESH: Duration = Duration::from_secs(10);
    const SLOW: Duration = Duration::from_secs(2);

    /// Returns a check whose runs return their number, and the number of runs. Runs after the first `slow_after` take [`SLOW`].
    fn numbered(slow_after: u32, is_failure: fn(&u32) -> bool) -> (CachedCheck<u32>, Arc<AtomicU32>) {
        let runs = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&runs);
        let check = CachedCheck::new(FRESH, is_failure, move || {
            let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
            let pause = if number > slow_after { SLOW } else { Duration::ZERO };
            sleep(pause).map(move |()| number).boxed()
        });
        (check, runs)
    }

    const NEVER: fn(&u32) -> bool = |_| false;

    #[tokio::test(start_paused = true)]
    async fn concurrent_callers_share_one_run_and_later_callers_its_result() {
        let (check, runs) = numbered(9, NEVER);

        let values = future::join_all((0..50).map(|_| check.get())).await;
        sleep(FRESH / 2).await;

        assert!(values.iter().all(|value| *value == Some(1)), "{values:?}");
        assert_eq!(check.get().await, Some(1));
        sleep(FRESH).await;
        assert_eq!(check.get().await, Some(2));
        assert_eq!(runs.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn get_does_not_wait_for_a_slow_check() {
        let (check, runs) = numbered(1, NEVER);
        check.get().await;
        sleep(FRESH).await;
        let start = Instant::now();

        assert_eq!(check.get().await, Some(1), "the last result");
        assert!(start.elapsed() <= 2 * MAX_WAIT, "{:?}", start.elapsed());
        assert_eq!(check.get_or_wait().await, Some(2));
        assert_eq!(runs.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn only_get_or_wait_waits_for_the_first_result() {
        let (check, runs) = numbered(0, NEVER);

        assert_eq!(check.get().await, None);
        assert_eq!(check.get_or_wait().await, Some(1));
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn failed_check_is_repeated_without_callers() {
        let (check, _) = numbered(1, |number| *number < 3);
        assert_eq!(check.get().await, Some(1));
        sleep(FRESH + SLOW / 2).await;

        let start = Instant::now();
        assert_eq!(check.get().await, Some(1));
        assert_eq!(start.elapsed(), Duration::ZERO);

        // Runs 2 and 3 start without callers.
        sleep(2 * (FRESH + SLOW)).await;
        assert_eq!(check.shared.state.borrow().value(), Some(3));
    }

    #[tokio::test(start_paused = true)]
    async fn next_caller_repeats_a_check_that_panicked() {
        let runs = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&runs);
        let check = CachedCheck::new(FRESH, NEVER, move || {
            let number = counted.fetch_add(1, Ordering::SeqCst);
            async move {
                assert!(number > 0, "the first run panics");
                number
            }
            .boxed()
        });

        assert_eq!(check.get_or_wait().await, None);
        assert_eq!(check.get_or_wait().await, Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn dropped_check_is_not_repeated() {
        let (check, runs) = numbered(9, |_| true);
        check.get().await;

        drop(check);
        sleep(10 * FRESH).await;

        assert_eq!(runs.load(Ordering::SeqCst), 1);
    }
}
