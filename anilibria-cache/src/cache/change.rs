//! Sets and invalidates values on all levels and instances.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, future, future::BoxFuture};

use super::{Inner, run_to_end, write::Write};
use crate::{
    events::Event,
    invalidation::{Action, Invalidation, Scope},
    level::Level,
    new_value::NewValue,
    policy::Policy,
    time_limit::within,
};

impl Inner {
    /// Stores `loaded` under `key`. Calls `is_readable` as soon as the nearest level has the value.
    pub(super) async fn set(
        self: Arc<Self>,
        policy: Policy,
        key: Arc<str>,
        loaded: NewValue,
        is_readable: impl FnOnce() + Send,
    ) {
        self.ensure_background();
        let invalidation = Invalidation::expire(Scope::Key(Arc::clone(&key)));
        // The permit comes first, so that a write in progress ends before the new value is stored.
        let mut permit = pin!(self.writes.begin(&key, &loaded.tags));
        let Some(permit) = within(self.write_limit(), &mut permit).await else {
            // The write in progress hangs. The old value is removed at once, the new one is stored after that write.
            let number = self.append(&invalidation);
            self.apply_to_all(number, &invalidation).await;
            self.publish(number, &invalidation).await;
            is_readable();
            let write = Write::new(&self.levels, &key, &loaded, number, &policy, self.now());
            let permit = permit.await;
            return self.write_permitted(&[(write, permit)], |_| ()).await;
        };
        let number = self.append(&invalidation);
        let mut write = Write::new(&self.levels, &key, &loaded, number, &policy, self.now());
        write.replaces = Some(number);
        let mut is_readable = Some(is_readable);
        self.write_permitted(&[(write, permit)], |_| is_readable.take().into_iter().for_each(|it| it()))
            .await;
        // Levels beyond those that the policy selects must not bring back an older value.
        let rest = (0..self.levels.count()).skip(policy.levels);
        let removal = Invalidation::remove(invalidation.scope.clone());
        future::join_all(rest.map(|index| self.apply(index, number, &removal))).await;
        self.publish(number, &invalidation).await;
    }

    /// Time that a caller waits for a write.
    pub(super) fn write_limit(&self) -> Duration {
        self.levels.iter().map(|(_, level)| level.write_limit()).max().unwrap_or_default()
    }

    /// Applies `invalidation` to every level and publishes it. Returns the greatest number of entries it covered on a level.
    pub(super) async fn invalidate(self: Arc<Self>, invalidation: Invalidation) -> u64 {
        self.ensure_background();
        let number = self.append(&invalidation);
        // A write in progress revokes its value. Until then, the old value may be stored.
        let limit = self.write_limit().saturating_mul(2);
        let writes = within(limit, self.writes.ended(&invalidation.scope));
        let (count, _) = future::join(self.apply_to_all(number, &invalidation), writes).await;
        self.publish(number, &invalidation).await;
        count
    }

    /// Invalidates one key whose write permit the caller holds.
    pub(super) async fn invalidate_key(self: &Arc<Self>, key: &Arc<str>, action: Action) {
        let invalidation = Invalidation { scope: Scope::Key(Arc::clone(key)), action };
        let number = self.append(&invalidation);
        self.apply_to_all(number, &invalidation).await;
        self.publish(number, &invalidation).await;
    }

    /// Appends `invalidation` to the log, for all consumers.
    fn append(&self, invalidation: &Invalidation) -> u64 {
        self.events.emit(|| Event::Invalidated(invalidation.clone()));
        self.log.append(invalidation, self.consumers())
    }

    /// Returns all consumers of the log: the levels, and the publisher if there is one.
    fn consumers(&self) -> impl Iterator<Item = usize> {
        0..self.levels.count() + usize::from(self.publisher.is_some())
    }

    async fn apply_to_all(self: &Arc<Self>, number: u64, invalidation: &Invalidation) -> u64 {
        let levels = (0..self.levels.count()).map(|index| self.apply(index, number, invalidation));
        future::join_all(levels).await.into_iter().max().unwrap_or_default()
    }

    /// Applies the invalidation `number` to one level, and returns the number of covered entries. Returns 0 after the
    /// time limit, while the level continues. If the level fails, a repair repeats the invalidation.
    pub(super) async fn apply(
        self: &Arc<Self>,
        index: usize,
        number: u64,
        invalidation: &Invalidation,
    ) -> u64 {
        let Some(level) = self.levels.get(index) else { return 0 };
        let limit = level.invalidation_limit(&invalidation.scope);
        let is_overdue = Arc::new(AtomicBool::new(false));
        let (cache, invalidation, overdue) =
            (Arc::clone(self), invalidation.clone(), Arc::clone(&is_overdue));
        let application = async move {
            let level = cache.levels.get(index)?;
            let Ok(count) = level.invalidate(&invalidation, cache.now()).await else {
                cache.log.failed(index, number);
                cache.ensure_repairs();
                return None;
            };
            cache.log.applied(index, number);
            if overdue.load(Ordering::Acquire) {
                cache.applied_late(index, &invalidation).await;
            }
            Some(count)
        };
        let count = within(limit, run_to_end(application)).await;
        is_overdue.store(true, Ordering::Release);
        count.flatten().flatten().unwrap_or_default()
    }

    /// Repeats an invalidation that a shared level has applied after it was published: other instances may have copied an
    /// old value from there to nearer levels after they had applied the invalidation to these.
    pub(super) fn applied_late<'a>(
        self: &'a Arc<Self>,
        index: usize,
        invalidation: &'a Invalidation,
    ) -> BoxFuture<'a, ()> {
        // Boxed, because these applications may end late as well.
        async move {
            if self.levels.get(index).is_some_and(Level::is_shared) {
                let publisher = self.publisher.as_ref().map(|_| self.publishing());
                let number = self.log.append(invalidation, (0..index).chain(publisher));
                future::join_all((0..index).map(|nearer| self.apply(nearer, number, invalidation))).await;
                self.publish(number, invalidation).await;
            }
        }
        .boxed()
    }

    /// Publishes the invalidation `number`. If that fails, a repair tries again.
    pub(super) async fn publish(self: &Arc<Self>, number: u64, invalidation: &Invalidation) {
        let Some(publisher) = &self.publisher else { return };
        let consumer = self.publishing();
        // While other invalidations wait, a repair publishes all of them in order.
        if self.log.waiting(consumer) == 0 && publisher.publish(invalidation).await {
            self.log.applied(consumer, number);
        } else {
            self.log.failed(consumer, number);
            self.ensure_repairs();
        }
    }
}
