//! Finds something out rarely, however often one wants to know.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

/// What was found last, and when. The lock is held while it is being found, so that one asks and the others wait.
#[derive(Debug)]
pub(super) struct Recent<T> {
    last: Mutex<Option<(Instant, T)>>,
    fresh_for: Duration,
}

impl<T: Clone> Recent<T> {
    /// What is found counts for so long.
    pub(super) fn new(fresh_for: Duration) -> Self {
        Self { last: Mutex::default(), fresh_for }
    }

    /// What was found lately, or what `find` finds now.
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
