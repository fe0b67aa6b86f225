//! Load of one key: runs the loader and stores its result.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use tokio::{runtime::Handle, task_local, time::sleep};
use tracing::{Instrument, debug_span};

use super::{Inner, write::Write};
use crate::{
    cached::Origin,
    clock::later,
    entry::Entry,
    error::LoadError,
    events::Event,
    levels::{FoundEntry, Lookup},
    lock::LockToken,
    new_value::NewValue,
    policy::Policy,
    single_flight::Leader,
    tag::Tag,
    time_limit::within,
};

/// First and longest poll interval while another instance holds the load lock.
const LOCK_POLL: (Duration, Duration) = (Duration::from_millis(25), Duration::from_millis(250));

task_local! {
    /// Set while a loader runs, so that a load that it starts is recognised.
    static IN_LOADER: ();
}

/// Function of a loader. Its argument is the previous entry.
type Run<E> = dyn FnOnce(Option<Entry>) -> BoxFuture<'static, Result<NewValue, E>> + Send;

/// A loader with erased types, except for the error type, which all callers of a load share.
pub(super) struct Loader<E> {
    run: Box<Run<E>>,
    /// True if another loader requested this load. The load then uses the permit of that loader. With separate permits,
    /// loaders that wait for nested loads could hold all permits, and no nested load could start (a deadlock).
    is_nested: bool,
}

/// Erases the types of `loader`. Called where the load is requested, to note whether that is inside of a loader.
pub(super) fn boxed<F, Fut, V, E>(loader: F) -> Loader<E>
where
    F: FnOnce(Option<Entry>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<V, E>> + Send + 'static,
    V: Into<NewValue> + 'static,
    E: 'static,
{
    let run = |previous| mark_loader(async move { loader(previous).await.map(Into::into) }).boxed();
    Loader { run: Box::new(run), is_nested: is_nested() }
}

/// Returns true inside of a loader.
pub(super) fn is_nested() -> bool {
    IN_LOADER.try_with(|()| ()).is_ok()
}

/// Runs `loader` so that [`is_nested`] is true inside.
pub(super) fn mark_loader<F: Future>(loader: F) -> impl Future<Output = F::Output> {
    IN_LOADER.scope((), loader)
}

/// Parts of a load.
pub(super) struct Load<E> {
    pub(super) policy: Policy,
    pub(super) tags: Vec<Tag>,
    pub(super) loader: Loader<E>,
    /// The value found before, fresh or stale.
    pub(super) previous: Option<FoundEntry>,
}

/// Outcome of [`Inner::acquire_load_lock`].
pub(super) enum LoadLockOutcome {
    /// This instance must load the value. `None` if it loads without the lock.
    Acquired(Option<LockToken>),
    /// Another instance has loaded and stored this value.
    AlreadyLoaded(FoundEntry),
}

impl Inner {
    /// Runs the loader, answers all callers that wait, and stores the result.
    pub(super) async fn load<E: Send + Sync + 'static>(self: Arc<Self>, leader: Leader<E>, load: Load<E>) {
        let Load { policy, tags, loader, previous } = load;
        let token = match self.acquire_load_lock(leader.key(), &policy).await {
            LoadLockOutcome::Acquired(token) => token,
            LoadLockOutcome::AlreadyLoaded(hit) => {
                self.back_fill(&[(leader.key(), &hit)], &policy).await;
                leader.finish(Ok(hit));
                return;
            }
        };

        let as_of = self.log.position();
        let entry = previous.as_ref().map(|previous| previous.entry.clone());
        let loaded =
            within(policy.load_limit, self.run(loader, entry)).await.unwrap_or(Err(LoadError::TimedOut));
        match loaded {
            Ok(loaded) => {
                let write =
                    Write::new(&self.levels, leader.key(), &loaded.tags(tags), as_of, &policy, self.now());
                let found = FoundEntry { entry: write.nearest.clone(), origin: Origin::Loader, as_of };
                let store = self.write(write, || leader.finish(Ok(found)));
                store.instrument(debug_span!("cache_store")).await;
            }
            Err(error) => self.load_failed(&leader, error, previous, &policy).await,
        }
        self.unlock(leader.key(), token).await;
    }

    /// Returns the result of `loader`. A panic of the loader becomes an error.
    pub(super) async fn run<E>(
        &self,
        loader: Loader<E>,
        previous: Option<Entry>,
    ) -> Result<NewValue, LoadError<E>> {
        // The semaphore is never closed.
        let _permit = if loader.is_nested { None } else { self.loading.acquire().await.ok() };
        self.counters.loads.increment();
        // Unwind safe: the loader owns its data, so no data is accessed after a panic.
        match AssertUnwindSafe(async { (loader.run)(previous).await }).catch_unwind().await {
            Ok(result) => result.map_err(|error| LoadError::Failed(Arc::new(error))),
            Err(_panic) => Err(LoadError::Interrupted),
        }
    }

    /// Acquires the load lock, so that only one of several instances loads the value. While another instance holds the lock,
    /// polls the shared level for the value of that instance.
    ///
    /// The load runs without the lock if no lock is configured, if the lock fails, or if the TTL of the lock has passed.
    async fn acquire_load_lock(&self, key: &str, policy: &Policy) -> LoadLockOutcome {
        let Some((lock, ttl)) = &self.lock else {
            return LoadLockOutcome::Acquired(None);
        };
        if Handle::try_current().is_err() {
            return LoadLockOutcome::Acquired(None);
        }
        let (mut pause, longest) = LOCK_POLL;
        let mut waited = Duration::ZERO;
        loop {
            let token = match within(*ttl, lock.try_lock(key, *ttl)).await {
                Some(Ok(token)) => token,
                Some(Err(error)) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(lock = lock.name(), error, "load lock failed, loading without it");
                    return LoadLockOutcome::Acquired(None);
                }
                None => return LoadLockOutcome::Acquired(None),
            };
            // Also if this instance has acquired the lock, because the previous holder may just have stored the value.
            if let Some(hit) = self.find_shared(key, policy).await {
                self.unlock(key, token).await;
                return LoadLockOutcome::AlreadyLoaded(hit);
            }
            if token.is_some() || waited >= *ttl {
                return LoadLockOutcome::Acquired(token);
            }
            sleep(pause).await;
            waited += pause;
            pause = longest.min(pause * 2);
        }
    }

    /// Returns the fresh value of `key` on the nearest available level that other instances write to.
    async fn find_shared(&self, key: &str, policy: &Policy) -> Option<FoundEntry> {
        let now = self.now();
        let mut shared = self.levels.iter().take(policy.levels).skip(1);
        let (index, _) = shared.find(|(_, level)| level.is_shared() && level.is_available())?;
        match self.levels.find(key, now, (index, index + 1), &self.log).await {
            Lookup::Fresh(hit) => Some(hit).filter(|hit| !hit.entry.lifetime().is_due(now)),
            Lookup::Stale(_) => None,
        }
    }

    async fn unlock(&self, key: &str, token: Option<LockToken>) {
        if let (Some(token), Some((lock, _))) = (token, &self.lock) {
            // A lock that cannot be released expires.
            let _ = lock.unlock(key, token).await;
        }
    }

    /// Finishes the load with `error`. Callers with fail-safe receive `previous` instead. It is stored again, so that
    /// calls do not load again before [`retry_pause`](crate::Options::retry_pause) has passed.
    pub(super) async fn load_failed<E: Send + Sync>(
        self: &Arc<Self>,
        leader: &Leader<E>,
        error: LoadError<E>,
        previous: Option<FoundEntry>,
        policy: &Policy,
    ) {
        self.counters.load_failures.increment();
        self.events.emit(|| Event::LoadFailed { key: Arc::clone(leader.key()) });
        let now = self.now();
        let Some(previous) = previous.filter(|it| !it.entry.lifetime().is_expired(now)) else {
            leader.finish(Err(error));
            return;
        };
        tracing::debug!(key = &**leader.key(), "load failed, the previous value may be served");
        let nearest = self.levels.nearest();
        let entry = if previous.level() == Some(0) {
            previous.entry.clone()
        } else {
            previous.entry_for(nearest, policy, now)
        };
        let life = entry.lifetime().refresh_at(later(now, policy.retry_pause));
        let write = Write::to_nearest(leader.key(), entry.with_lifetime(life), previous.as_of);
        self.write(write, || leader.finish(Err(error))).await;
    }
}
