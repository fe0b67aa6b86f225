//! How a level that is away comes back: asked in the background, and told what it missed before anything is read from
//! it.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::runtime::Handle;

use super::{
    Level,
    meter::{Operation, Trouble},
};
use crate::{
    entry::Entry,
    invalidation::Scope,
    missed::{Batch, Queue},
};

impl Level {
    /// Queues a change with `put`, if the level is away; returns whether it is.
    pub(super) fn put_off(&self, operation: Operation, put: impl FnOnce(&mut Queue<'_>)) -> bool {
        if !self.breaker.is_open() {
            return false;
        }
        // Asked again under the lock: the recovery closes the breaker under it, when nothing is queued.
        let mut queue = self.missed.lock();
        let is_away = self.breaker.is_open();
        if is_away {
            put(&mut queue);
            drop(queue);
            self.meter.skipped(operation);
        }
        is_away
    }

    /// Queues a change with `put` that did not get through. From now on the level is away: what it holds is out of
    /// date.
    pub(super) fn missed(&self, put: impl FnOnce(&mut Queue<'_>)) {
        put(&mut self.missed.lock());
        self.go_away();
    }

    /// Somebody else has changed what `scope` is about, on the level itself: the values that wait to be written are older.
    pub(crate) fn forget_missed_writes(&self, scope: &Scope) {
        self.missed.lock().forget_writes(scope);
    }

    /// Asks nothing more of the level until it has recovered.
    pub(super) fn go_away(&self) {
        // Nobody could tell when it is back.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if self.breaker.open() {
            tracing::warn!(level = self.name, "cache level is away");
            runtime.spawn(recover(self.me.clone(), self.settings.probe_every));
        }
    }

    async fn is_there(&self) -> bool {
        let answer = self.ping().await;
        if let Err(error) = &answer {
            tracing::debug!(
                level = self.name,
                error = error as &dyn std::error::Error,
                "cache level is still away"
            );
        }
        answer.is_ok()
    }

    /// Makes good what was missed; returns whether the level is back.
    async fn make_up(&self) -> bool {
        loop {
            let batch = {
                let mut queue = self.missed.lock();
                if queue.is_empty() {
                    self.breaker.close();
                    return true;
                }
                queue.take()
            };
            if !self.make_good(batch).await {
                return false;
            }
        }
    }

    async fn make_good(&self, mut batch: Batch) -> bool {
        while let Some(invalidation) = batch.invalidations.front() {
            if self.invalidate_now(invalidation, self.clock.now()).await.is_err() {
                self.missed.lock().put_back(batch);
                return false;
            }
            // It may have been copied from here to where they had been told before.
            if self.is_shared() {
                self.owner.invalidate_copies(invalidation, self).await;
            }
            batch.invalidations.pop_front();
        }
        while let Some((key, entry)) =
            batch.writes.iter().next().map(|(key, entry)| (Arc::clone(key), entry.clone()))
        {
            if let Err(Trouble::Error | Trouble::Timeout) = self.catch_up(&key, entry).await {
                self.missed.lock().put_back(batch);
                return false;
            }
            batch.forget_write(&key);
        }
        true
    }

    /// Writes what was missed, unless somebody has written something newer meanwhile.
    async fn catch_up(&self, key: &str, entry: Entry) -> Result<(), Trouble> {
        let now = self.clock.now();
        match self.read(key, now).await {
            Ok(Some(there)) if there.lifetime().loaded_at >= entry.lifetime().loaded_at => Ok(()),
            Err(trouble @ (Trouble::Error | Trouble::Timeout)) => Err(trouble),
            _ => self.write(key, entry, now).await,
        }
    }
}

async fn recover(level: Weak<Level>, pause: Duration) {
    let mut answered = false;
    loop {
        tokio::time::sleep(pause).await;
        let Some(level): Option<Arc<Level>> = level.upgrade() else {
            return;
        };
        // It first does what waits in its sockets. What it is told must come after that, so it has to answer twice.
        let answers = level.is_there().await && !level.in_doubt.any();
        let settled = std::mem::replace(&mut answered, answers) && answers;
        if settled && level.make_up().await {
            tracing::info!(level = level.name, "cache level is back");
            return;
        }
    }
}
