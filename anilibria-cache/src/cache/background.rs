//! Background tasks of a cache, which end when it is closed or dropped.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::{FutureExt, future};
use tokio::{runtime::Handle, sync::watch, task::JoinHandle};

/// Background tasks of a cache.
#[derive(Debug)]
pub(super) struct Background {
    closed: watch::Sender<bool>,
    /// Tasks that run at most once at a time, by slot.
    slots: Box<[Mutex<Option<JoinHandle<()>>>]>,
}

impl Background {
    /// Creates a set of tasks with `slots` slots.
    pub(super) fn new(slots: usize) -> Self {
        Self { closed: watch::Sender::new(false), slots: (0..slots).map(|_| Mutex::default()).collect() }
    }

    /// Ends all tasks. No other task can be spawned.
    pub(super) fn close(&self) {
        self.closed.send_replace(true);
    }

    /// Waits until the tasks have ended after [`close`](Self::close).
    pub(super) async fn ended(&self) {
        // Each task has a receiver.
        self.closed.closed().await;
    }

    /// True after [`close`](Self::close). Then no caller is left.
    pub(super) fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    /// Waits until the cache is closed.
    async fn closed(mut closed: watch::Receiver<bool>) {
        // An error means that the cache was dropped.
        let _ = closed.wait_for(|closed| *closed).await;
    }

    /// Spawns `task`, which ends early if the cache is closed. Returns `task` outside of a runtime or after the end.
    pub(super) fn spawn<F>(&self, task: F) -> Result<JoinHandle<()>, F>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let closed = self.closed.subscribe();
        match Handle::try_current() {
            Ok(runtime) if !*closed.borrow() => Ok(runtime.spawn(async move {
                future::select(Box::pin(task), Box::pin(Self::closed(closed))).await;
            })),
            _ => Err(task),
        }
    }

    /// Runs `task` in the background, or in place outside of a runtime. Drops the task if the cache is closed, because no
    /// listener would invalidate the values that it stores.
    pub(super) async fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Err(task) = self.spawn(task)
            && !self.is_closed()
        {
            task.await;
        }
    }

    /// Polls `task` once, and runs the rest in the background, or in place outside of a runtime. If the
    /// cache is closed, the rest is dropped.
    pub(super) async fn detach(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut task = Box::pin(task);
        if (&mut task).now_or_never().is_none() {
            self.run(task).await;
        }
    }

    /// Polls `task` once, and runs the rest in the background. Outside of a runtime, or if the cache is
    /// closed, the rest is dropped.
    pub(super) fn start(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut task = Box::pin(task);
        if (&mut task).now_or_never().is_none() {
            drop(self.spawn(task));
        }
    }

    /// Spawns the task of `slot` unless it runs. A task that ended with its runtime is replaced.
    pub(super) fn ensure<F>(&self, slot: usize, task: impl FnOnce() -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Some(slot) = self.slots.get(slot) else { return };
        let mut slot = lock(slot);
        if slot.as_ref().is_none_or(JoinHandle::is_finished)
            && Handle::try_current().is_ok()
            && let Ok(handle) = self.spawn(task())
        {
            *slot = Some(handle);
        }
    }

    /// Ends the task of `slot` from inside, unless `has_work`. Returns true if the task has to end.
    pub(super) fn finish(&self, slot: usize, has_work: impl FnOnce() -> bool) -> bool {
        let Some(slot) = self.slots.get(slot) else { return true };
        // Under the lock: work that is added concurrently is either seen here or finds the slot empty.
        let mut slot = lock(slot);
        let ends = !has_work();
        if ends {
            *slot = None;
        }
        ends
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
