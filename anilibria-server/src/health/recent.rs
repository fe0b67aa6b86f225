//! A value that is found in the background, at most once per period.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use futures::future::BoxFuture;
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

/// Maximum wait of callers that accept the last value instead of a new one. Back ends that work answer sooner.
const GRACE: Duration = Duration::from_millis(50);

/// Last value of a search that runs in the background. At most one search runs at a time, and callers share it.
///
/// A search is started by a caller that finds the last value too old. After a value that is a failure, the search is
/// repeated without callers until it succeeds, and callers receive the last value at once.
pub(super) struct Recent<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    find: Box<dyn Fn() -> BoxFuture<'static, T> + Send + Sync>,
    is_failure: fn(&T) -> bool,
    fresh_for: Duration,
    state: watch::Sender<State<T>>,
}

struct State<T> {
    /// Last value and the time at which it was found.
    last: Option<(Instant, T)>,
    is_running: bool,
}

impl<T: Clone + Send + Sync + 'static> Recent<T> {
    /// Creates an empty cell. Values of `find` are reused for `fresh_for`. `is_failure` returns true for values that are to
    /// be replaced without a caller.
    pub(super) fn new(
        fresh_for: Duration,
        is_failure: fn(&T) -> bool,
        find: impl Fn() -> BoxFuture<'static, T> + Send + Sync + 'static,
    ) -> Self {
        let state = watch::Sender::new(State { last: None, is_running: false });
        Self { shared: Arc::new(Shared { find: Box::new(find), is_failure, fresh_for, state }) }
    }

    /// Returns the recent value. If it is too old, a new one, or the last value if that takes longer than [`GRACE`]; `None`
    /// if there is no value yet.
    pub(super) async fn get(&self) -> Option<T> {
        // After the timeout, the search continues without this caller.
        let _ = timeout(GRACE, self.get_or_wait()).await;
        self.shared.state.borrow().value()
    }

    /// Returns the recent value, or a new one if it is too old, however long the search takes. Does not wait if the last value
    /// is a failure. `None` only if the search broke off.
    pub(super) async fn get_or_wait(&self) -> Option<T> {
        let asked = Instant::now();
        if self.start_search(asked) {
            let mut states = self.shared.state.subscribe();
            let is_settled = |state: &State<T>| !state.is_running || state.is_newer(asked);
            // The sender lives as long as `self`.
            drop(states.wait_for(is_settled).await);
        }
        self.shared.state.borrow().value()
    }

    /// Starts a search, unless the last value is fresh or a search runs. Returns true if a new value is worth waiting for:
    /// not after a failure, because the next search likely fails as well, and as slowly.
    fn start_search(&self, now: Instant) -> bool {
        let Shared { fresh_for, is_failure, state, .. } = &*self.shared;
        let (mut starts, mut waits) = (false, false);
        state.send_if_modified(|state| {
            let is_fresh =
                state.last.as_ref().is_some_and(|(found, _)| now.duration_since(*found) < *fresh_for);
            let has_failed = state.last.as_ref().is_some_and(|(_, value)| is_failure(value));
            starts = !is_fresh && !state.is_running;
            waits = !is_fresh && !has_failed;
            state.is_running |= starts;
            false
        });
        if starts {
            tokio::spawn(search(Arc::downgrade(&self.shared)));
        }
        waits
    }
}

impl<T: Clone> State<T> {
    fn value(&self) -> Option<T> {
        self.last.as_ref().map(|(_, value)| value.clone())
    }

    fn is_newer(&self, time: Instant) -> bool {
        self.last.as_ref().is_some_and(|(found, _)| *found >= time)
    }
}

/// Searches until there is a value that is no failure, or the cell is dropped.
async fn search<T: Clone>(cell: Weak<Shared<T>>) {
    let _running = Running(cell.clone());
    while let Some(find) = cell.upgrade().map(|shared| (shared.find)()) {
        let value = find.await;
        let Some(shared) = cell.upgrade() else { return };
        let (has_failed, pause) = ((shared.is_failure)(&value), shared.fresh_for);
        shared.state.send_modify(|state| state.last = Some((Instant::now(), value)));
        if !has_failed {
            break;
        }
        drop(shared);
        sleep(pause).await;
    }
}

/// Marks the search as ended when dropped, also after a panic.
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

    /// A cell whose searches return their number, and take [`SLOW`] after the first `slow_after` of them.
    fn cell(slow_after: u32, is_failure: fn(&u32) -> bool) -> (Recent<u32>, Arc<AtomicU32>) {
        let searches = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&searches);
        let cell = Recent::new(FRESH, is_failure, move || {
            let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
            let pause = if number > slow_after { SLOW } else { Duration::ZERO };
            sleep(pause).map(move |()| number).boxed()
        });
        (cell, searches)
    }

    const NEVER: fn(&u32) -> bool = |_| false;

    #[tokio::test(start_paused = true)]
    async fn concurrent_callers_share_one_search_and_later_ones_its_value() {
        let (cell, searches) = cell(9, NEVER);

        let values = future::join_all((0..50).map(|_| cell.get())).await;
        sleep(FRESH / 2).await;

        assert!(values.iter().all(|value| *value == Some(1)), "{values:?}");
        assert_eq!(cell.get().await, Some(1));
        sleep(FRESH).await;
        assert_eq!(cell.get().await, Some(2));
        assert_eq!(searches.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn slow_search_does_not_delay_a_caller_that_accepts_the_last_value() {
        let (cell, searches) = cell(1, NEVER);
        cell.get().await;
        sleep(FRESH).await;
        let asked = Instant::now();

        assert_eq!(cell.get().await, Some(1), "the last value");
        assert!(asked.elapsed() <= 2 * GRACE, "{:?}", asked.elapsed());
        assert_eq!(cell.get_or_wait().await, Some(2));
        assert_eq!(searches.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn first_value_is_waited_for_only_on_request() {
        let (cell, searches) = cell(0, NEVER);

        assert_eq!(cell.get().await, None);
        assert_eq!(cell.get_or_wait().await, Some(1));
        assert_eq!(searches.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn failure_is_returned_at_once_and_searched_again_without_callers() {
        let (cell, _) = cell(1, |number| *number < 3);
        assert_eq!(cell.get().await, Some(1));
        sleep(FRESH + SLOW / 2).await;

        let asked = Instant::now();
        assert_eq!(cell.get().await, Some(1));
        assert_eq!(asked.elapsed(), Duration::ZERO);

        // Numbers 2 and 3 follow by themselves.
        sleep(2 * (FRESH + SLOW)).await;
        assert_eq!(cell.shared.state.borrow().value(), Some(3));
    }

    #[tokio::test(start_paused = true)]
    async fn search_that_breaks_off_leaves_the_question_to_the_next_caller() {
        let tries = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&tries);
        let cell = Recent::new(FRESH, NEVER, move || {
            let number = counted.fetch_add(1, Ordering::SeqCst);
            async move {
                assert!(number > 0, "the first search breaks off");
                number
            }
            .boxed()
        });

        assert_eq!(cell.get_or_wait().await, None);
        assert_eq!(cell.get_or_wait().await, Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn dropped_cell_ends_its_search() {
        let (cell, searches) = cell(9, |_| true);
        cell.get().await;

        drop(cell);
        sleep(10 * FRESH).await;

        assert_eq!(searches.load(Ordering::SeqCst), 1);
    }
}
