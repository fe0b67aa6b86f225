//! A bounded pool of threads for long work.

use std::{sync::Arc, thread, time::Duration};

use anilibria_http::{LoadFailure, metrics::Limit};
use tokio::{
    sync::{Semaphore, oneshot},
    time::timeout,
};

/// Maximum time that work waits for a thread before it is refused.
const WAIT: Duration = Duration::from_secs(3);

/// Runs work on a bounded number of threads, with a bounded queue. Clones share both.
///
/// The blocking pool of Tokio does not suit work that clients cause: compression, name resolution and the disk wait for the
/// same threads, and its queue is unbounded.
#[derive(Clone, Debug)]
pub(super) struct WorkPool {
    /// Permits for work that runs or waits.
    slots: Arc<Semaphore>,
    threads: Arc<Semaphore>,
    limit: Limit,
}

impl WorkPool {
    /// Creates a pool of `threads` threads, for which up to `queue` more jobs may wait. Refusals count as hits of `limit`.
    pub(super) fn new(threads: usize, queue: usize, limit: Limit) -> Self {
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)));
        Self { slots: semaphore(threads.saturating_add(queue)), threads: semaphore(threads), limit }
    }

    /// Runs `work`. Workers that has begun runs to its end, even if the caller is cancelled.
    ///
    /// # Errors
    ///
    /// The error of `work`; [`LoadFailure::Overloaded`] if the queue is full or no thread becomes free in time;
    /// [`LoadFailure::Interrupted`] if `work` panics.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, LoadFailure> + Send + 'static,
    ) -> Result<T, LoadFailure> {
        let overloaded = || {
            self.limit.hit();
            LoadFailure::Overloaded
        };
        let slot = Arc::clone(&self.slots).try_acquire_owned().map_err(|_| overloaded())?;
        let thread = timeout(WAIT, Arc::clone(&self.threads).acquire_owned()).await;
        let thread = thread.map_err(|_| overloaded())?.map_err(|_| LoadFailure::Interrupted)?;
        let (sender, result) = oneshot::channel();
        let run = move || {
            // The receiver is gone if the caller was cancelled.
            let _ = sender.send(work());
            drop((slot, thread));
        };
        // Starting a thread takes some 20 µs, and the work milliseconds: keeping threads would gain nothing.
        let started = thread::Builder::new().name("work-pool".to_owned()).spawn(run);
        started.map_err(|_| overloaded())?;
        result.await.map_err(|_| LoadFailure::Interrupted)?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn pool() -> WorkPool {
        WorkPool::new(1, 1, Limit::Search)
    }

    /// Starts work that takes a thread until the sender is dropped.
    fn busy(pool: &WorkPool) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), LoadFailure>>) {
        let (pool, (end, wait)) = (pool.clone(), mpsc::channel::<()>());
        let work = move || {
            let _ = wait.recv();
            Ok(())
        };
        (end, tokio::spawn(async move { pool.run(work).await }))
    }

    #[tokio::test]
    async fn work_beyond_the_queue_is_refused_at_once() {
        let pool = pool();
        let (ends, tasks): (Vec<_>, Vec<_>) = (0..2).map(|_| busy(&pool)).unzip();
        while pool.slots.available_permits() > 0 {
            tokio::task::yield_now().await;
        }

        let refused = pool.run(|| Ok(())).await;
        drop(ends);
        for task in tasks {
            task.await.unwrap().unwrap();
        }

        assert!(matches!(refused, Err(LoadFailure::Overloaded)));
        assert_eq!(pool.run(|| Ok(7)).await.unwrap(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_waits_too_long_is_refused() {
        let pool = pool();
        let (end, task) = busy(&pool);
        while pool.threads.available_permits() > 0 {
            tokio::task::yield_now().await;
        }

        let refused = pool.run(|| Ok(())).await;
        drop(end);

        assert!(matches!(refused, Err(LoadFailure::Overloaded)));
        task.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn panic_ends_the_work_and_frees_its_thread() {
        let pool = pool();

        let panicked = pool.run::<()>(|| panic!("on purpose")).await;

        assert!(matches!(panicked, Err(LoadFailure::Interrupted)));
        assert!(pool.run(|| Ok(())).await.is_ok());
    }
}
