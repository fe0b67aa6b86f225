//! A value that is computed at most once per period.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

/// Last value and its time. The lock is held while a value is computed, so that concurrent callers share one computation.
#[derive(Debug)]
pub(super) struct Recent<T> {
    last: Mutex<Option<(Instant, T)>>,
    fresh_for: Duration,
}

impl<T: Clone> Recent<T> {
    /// Creates an empty cell whose values are reused for `fresh_for`.
    pub(super) fn new(fresh_for: Duration) -> Self {
        Self { last: Mutex::default(), fresh_for }
    }

    /// Returns the recent value, or else the result of `find`.
    pub(super) async fn get<F: Future<Output = T>>(&self, find: impl FnOnce() -> F) -> T {
        let mut last = self.last.lock().await;
        if let Some((found, value)) = &*last
            && found.elapsed() < self.fresh_for
        {
            return value.clone();
        }
        let value = find().await;
        *last = Some((Instant::now(), value.clone()));
        value
    }
}
