//! The cache, and the operations on all of its levels.

mod background;
mod change;
mod get;
mod inner;
mod listen;
mod load;
mod many;
mod publisher;
mod repair;
mod write;

use std::{fmt, pin::pin, sync::Arc};

use futures::{
    FutureExt,
    future::{self, Either},
    stream::BoxStream,
};
use tokio::{runtime::Handle, sync::oneshot};

use self::{
    get::Nearest,
    load::{boxed, mark_loader},
};
pub(crate) use self::{
    inner::{Inner, Parts},
    publisher::Publisher,
};
use crate::{
    cached::Cached,
    entry::Entry,
    error::LoadError,
    events::Event,
    invalidation::{Invalidation, Scope},
    levels::Lookup,
    new_value::NewValue,
    options::Options,
    pattern::Pattern,
    stats::{CacheStats, LevelPing},
    tag::Tag,
    time_limit::within,
};

/// A cache of values by key, stored on one or more levels and loaded if no level has them.
///
/// Cheap to clone; clones share the cache. A failure of a level is counted and logged, and the level is skipped. It is
/// never an error of the caller.
///
/// ```
/// # async fn example() -> Result<(), anilibria_cache::LoadError<std::io::Error>> {
/// use anilibria_cache::{Cache, MemoryStore};
/// use std::time::Duration;
///
/// let cache = Cache::builder().level(MemoryStore::new(64 << 20)).ttl(Duration::from_mins(5)).build();
///
/// let title = cache
///     .get_or_load("title:9000", ["titles".into()], || async { std::fs::read("9000.json") })
///     .await?;
///
/// println!("{} bytes from {:?}", title.value().len(), title.origin());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Cache {
    inner: Arc<Inner>,
    _last_clone: Arc<EndBackground>,
}

/// Closes a cache when its last clone is dropped.
struct EndBackground(Arc<Inner>);

impl Cache {
    /// Returns the value of `key`. Loads it with `loader` if no level has a fresh value.
    ///
    /// The levels are looked up in their order. A value of a further level is copied to the nearer ones. A loaded value
    /// is stored on all levels, with `tags` and the tags of the [`NewValue`]. `tags` is not iterated if the nearest
    /// level has a fresh value, so a lazy iterator costs nothing then.
    ///
    /// **One load per key.** Callers that request a key while it is being loaded wait for that load and share its
    /// result. Loads of other keys are not affected. Callers with different error types `E` do not share a load. All
    /// callers that waited receive an error of the loader. Errors are not cached, so the next call loads again. If the
    /// loader panics, the callers receive [`LoadError::Interrupted`].
    ///
    /// **Stale values.** With [fail-safe](Options::fail_safe), a call whose load fails returns the stale value instead
    /// of the error, if a level still has one. With a [soft timeout](Options::soft_timeout), a call whose load takes
    /// too long does the same.
    ///
    /// **Cancellation.** The load is a separate Tokio task, in the tracing span of the caller that started it. Dropping
    /// this future does not cancel the load: other callers receive the value, and it is stored even if there are none.
    /// Therefore the loader has to own its data. Outside of a Tokio runtime the load runs within this future. Then
    /// dropping the future ends the load for all callers, and time limits do not apply.
    ///
    /// **Concurrent changes.** When the key is set or invalidated, or one of its tags is, while it is being loaded,
    /// callers that wait receive the loaded value, but it is not kept, because it may be outdated. A call that begins
    /// after the invalidation loads again. Changes of other keys and tags have no effect on the load.
    ///
    /// # Errors
    ///
    /// The error of the loader, or that the load was interrupted or took too long. Never the failure of a level.
    pub async fn get_or_load<F, Fut, V, E>(
        &self,
        key: &str,
        tags: impl IntoIterator<Item = Tag>,
        loader: F,
    ) -> Result<Cached, LoadError<E>>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
        V: Into<NewValue> + 'static,
        E: Send + Sync + 'static,
    {
        match self.inner.nearest(key) {
            Nearest::Fresh(cached) => Ok(cached),
            other => self.resume(other, &Options::new(), key, tags, |_previous| loader()).await,
        }
    }

    /// Like [`get_or_load`](Self::get_or_load), with options for this call. The loader receives the previous entry,
    /// fresh or stale.
    ///
    /// The loader can pass the [validator](Entry::validator) of the previous entry to its source. If the value has not
    /// changed, the loader returns the entry as [unchanged](Entry::unchanged), so that the value is not transferred or
    /// rendered again.
    ///
    /// ```
    /// # async fn example(cache: anilibria_cache::Cache) -> Result<(), anilibria_cache::LoadError<String>> {
    /// # async fn ask(etag: Option<String>) -> Result<Option<(String, String)>, String> { Ok(None) }
    /// use anilibria_cache::{Entry, NewValue, Options};
    /// use std::time::Duration;
    ///
    /// let load = |previous: Option<Entry>| async move {
    ///     let etag = previous.as_ref().and_then(Entry::validator).map(str::to_owned);
    ///     match (ask(etag).await?, previous) {
    ///         (Some((page, etag)), _) => Ok(NewValue::new(page).validator(etag)),
    ///         (None, Some(previous)) => Ok(previous.unchanged()),
    ///         (None, None) => Ok(NewValue::absent()),
    ///     }
    /// };
    /// let page = cache.get_or_load_with(&Options::new().ttl(Duration::from_secs(30)), "page", [], load).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Same as for [`get_or_load`](Self::get_or_load).
    pub async fn get_or_load_with<F, Fut, V, E>(
        &self,
        options: &Options,
        key: &str,
        tags: impl IntoIterator<Item = Tag>,
        loader: F,
    ) -> Result<Cached, LoadError<E>>
    where
        F: FnOnce(Option<Entry>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
        V: Into<NewValue> + 'static,
        E: Send + Sync + 'static,
    {
        match self.inner.nearest(key) {
            Nearest::Fresh(cached) => Ok(cached),
            other => self.resume(other, options, key, tags, loader).await,
        }
    }

    /// Continues a call after the lookup on the nearest level.
    async fn resume<F, Fut, V, E>(
        &self,
        nearest: Nearest,
        options: &Options,
        key: &str,
        tags: impl IntoIterator<Item = Tag>,
        loader: F,
    ) -> Result<Cached, LoadError<E>>
    where
        F: FnOnce(Option<Entry>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
        V: Into<NewValue> + 'static,
        E: Send + Sync + 'static,
    {
        let tags = tags.into_iter().collect();
        let stale = match nearest {
            Nearest::Fresh(cached) => return Ok(cached),
            Nearest::Due(hit) => {
                let policy = self.inner.policy(options);
                if policy.sliding {
                    self.inner.slide(&policy, &key.into(), &hit);
                } else {
                    self.inner.refresh(policy, key, tags, boxed(loader));
                }
                return Ok(Cached::fresh(hit.entry, hit.origin));
            }
            Nearest::Miss(stale) => stale,
        };
        // Boxed, because otherwise the future of each hit would have the size of a load.
        let outcome = self.inner.get(options, key, tags, stale, boxed(loader)).boxed().await;
        self.inner.count_call(key, &outcome);
        outcome
    }

    /// Returns the values of `keys`, in their order. Loads the values that no level has with one call of `loader`.
    ///
    /// Each further level is read once for all keys that nearer levels do not have. The loader receives the remaining
    /// keys, without duplicates, and returns their values. A key that the loader does not return is
    /// [absent](NewValue::absent), which is cached for the [`negative_ttl`](Options::negative_ttl). Keys that other
    /// callers are loading are not loaded again. The [load lock](crate::CacheBuilder::load_lock) is not used.
    ///
    /// ```
    /// # async fn example(cache: anilibria_cache::Cache) -> Result<(), anilibria_cache::LoadError<String>> {
    /// use std::{collections::HashMap, sync::Arc};
    ///
    /// let load = |keys: Vec<Arc<str>>| async move {
    ///     // For instance `SELECT … WHERE id IN (…)`.
    ///     let rows = keys.into_iter().map(|key| (Arc::clone(&key), format!("row of {key}")));
    ///     Ok::<HashMap<_, _>, String>(rows.collect())
    /// };
    ///
    /// for user in cache.get_or_load_many(["user:1", "user:2"], load).await {
    ///     println!("{} bytes", user?.value().len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// For each key the same as for [`get_or_load`](Self::get_or_load).
    pub async fn get_or_load_many<K, F, Fut, M, V, E>(
        &self,
        keys: impl IntoIterator<Item = K>,
        loader: F,
    ) -> Vec<Result<Cached, LoadError<E>>>
    where
        K: Into<Arc<str>>,
        F: Fn(Vec<Arc<str>>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<M, E>> + Send + 'static,
        M: IntoIterator<Item = (Arc<str>, V)> + 'static,
        V: Into<NewValue> + 'static,
        E: Send + Sync + 'static,
    {
        self.get_or_load_many_with(&Options::new(), keys, loader).await
    }

    /// Like [`get_or_load_many`](Self::get_or_load_many), with options for this call.
    ///
    /// # Errors
    ///
    /// For each key the same as for [`get_or_load`](Self::get_or_load).
    pub async fn get_or_load_many_with<K, F, Fut, M, V, E>(
        &self,
        options: &Options,
        keys: impl IntoIterator<Item = K>,
        loader: F,
    ) -> Vec<Result<Cached, LoadError<E>>>
    where
        K: Into<Arc<str>>,
        F: Fn(Vec<Arc<str>>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<M, E>> + Send + 'static,
        M: IntoIterator<Item = (Arc<str>, V)> + 'static,
        V: Into<NewValue> + 'static,
        E: Send + Sync + 'static,
    {
        let keys = keys.into_iter().map(Into::into).collect();
        let loader = move |keys| {
            let values = loader(keys);
            let values = async move {
                values
                    .await
                    .map(|values| values.into_iter().map(|(key, value)| (key, value.into())).collect())
            };
            mark_loader(values).boxed()
        };
        self.inner.get_many(options, keys, Arc::new(loader)).boxed().await
    }

    /// Returns the value of `key` if a level has it, without a loader.
    ///
    /// Unlike [`peek`](Self::peek), this method counts the call, copies a value of a further level to the nearer ones,
    /// and returns a stale value if the cache has [fail-safe](Options::fail_safe).
    pub async fn get(&self, key: &str) -> Option<Cached> {
        match self.inner.nearest(key) {
            Nearest::Fresh(cached) => Some(cached),
            Nearest::Due(hit) => {
                let policy = self.inner.policy(&Options::new());
                if policy.sliding {
                    self.inner.slide(&policy, &key.into(), &hit);
                }
                Some(Cached::fresh(hit.entry, hit.origin))
            }
            Nearest::Miss(_) => self.inner.get_stored(key).boxed().await,
        }
    }

    /// Returns a fresh value of the nearest level. Counts only hits.
    pub(crate) fn nearest_fresh(&self, key: &str) -> Option<Cached> {
        match self.inner.nearest(key) {
            Nearest::Fresh(cached) => Some(cached),
            _ => None,
        }
    }

    /// Returns the fresh value of `key`, if a level has one. Does not load, does not copy to nearer levels, and does
    /// not count the call.
    pub async fn peek(&self, key: &str) -> Option<Cached> {
        // Before the lookup: a disk level may have entries of a former process.
        self.inner.ensure_background();
        let now = self.inner.now();
        match self.inner.levels.find(key, now, (0, usize::MAX), &self.inner.log).await {
            Lookup::Fresh(hit) => Some(hit.at(now)),
            Lookup::Stale(_) => None,
        }
    }

    /// Stores `value` under `key` on all levels and invalidates `key` on other instances.
    ///
    /// Returns when the nearest level has the value and the further levels either have it as well or took longer than
    /// the time limit. Those continue in the background.
    ///
    /// ```
    /// # async fn example(cache: anilibria_cache::Cache) {
    /// use anilibria_cache::NewValue;
    ///
    /// cache.set("genres", "[]").await;
    /// cache.set("title:9000", NewValue::new("{}").tag("titles")).await;
    /// # }
    /// ```
    pub async fn set(&self, key: &str, value: impl Into<NewValue>) {
        self.set_with(&Options::new(), key, value).await;
    }

    /// Like [`set`](Self::set), with options for this call: the lifetime of the value and the number of levels.
    pub async fn set_with(&self, options: &Options, key: &str, value: impl Into<NewValue>) {
        let policy = self.inner.policy(options);
        let (key, value) = (Arc::from(key), value.into());
        let (readable, is_readable) = oneshot::channel();
        let set = Arc::clone(&self.inner).set(policy, key, value, move || {
            // An error means that the caller has left.
            let _ = readable.send(());
        });
        let mut set = pin!(run_to_end(set));
        if let Either::Left(_) = future::select(is_readable, &mut set).await {
            // The nearest level has the value. After the time limit, further levels are written in the background.
            within(self.inner.write_limit(), set).await;
        }
    }

    /// Removes `key` from all levels.
    pub async fn remove(&self, key: &str) {
        self.invalidate(Invalidation::remove(Scope::key(key))).await;
    }

    /// Expires `key` on all levels. The next call loads the value. If that load fails, fail-safe may serve the old
    /// value as stale.
    pub async fn expire(&self, key: &str) {
        self.invalidate(Invalidation::expire(Scope::key(key))).await;
    }

    /// Removes all entries with `tag` from all levels. Returns the greatest number of entries that a level visited; see
    /// [`invalidate`](Self::invalidate).
    pub async fn remove_by_tag(&self, tag: impl Into<Tag>) -> u64 {
        self.invalidate(Invalidation::remove(Scope::tag(tag))).await
    }

    /// Expires all entries with `tag` on all levels. Returns the greatest number of entries that a level visited; see
    /// [`invalidate`](Self::invalidate).
    pub async fn expire_by_tag(&self, tag: impl Into<Tag>) -> u64 {
        self.invalidate(Invalidation::expire(Scope::tag(tag))).await
    }

    /// Removes all entries whose key matches `pattern` from all levels. Returns the greatest number of entries that a
    /// level visited.
    ///
    /// ```
    /// # async fn example(cache: anilibria_cache::Cache) {
    /// let removed = cache.clear_matching("titles:*").await;
    /// # }
    /// ```
    pub async fn clear_matching(&self, pattern: impl Into<Pattern>) -> u64 {
        self.invalidate(Invalidation::remove(Scope::matching(pattern))).await
    }

    /// Removes all entries of this cache from all levels.
    pub async fn clear(&self) {
        self.invalidate(Invalidation::remove(Scope::All)).await;
    }

    /// Applies `invalidation` to all levels and publishes it to other instances. Returns the greatest number of entries
    /// that a level visited. A level whose store invalidates a tag without visiting entries counts as 0.
    ///
    /// If a level or the backplane fails or is unavailable, a repair applies the invalidation later. Until then, values
    /// of the level that the invalidation covers count as expired or removed. A level that takes longer than its time
    /// limit continues in the background. The limit is 20 times longer unless the scope is a single key. Dropping this
    /// future does not cancel the invalidation.
    pub async fn invalidate(&self, invalidation: Invalidation) -> u64 {
        run_to_end(Arc::clone(&self.inner).invalidate(invalidation)).await.unwrap_or_default()
    }

    /// Ends the background work of the cache: loads, refreshes, repairs and the listener of the backplane. Waits until
    /// they and the writes in progress have ended, but not longer than the time limit of the slowest level.
    ///
    /// Dropping the last clone does the same without waiting. The stores are released with the last clone. Clones that
    /// are used afterwards still read and write the levels, but do not repair them. Instead of loading,
    /// [`get_or_load`](Self::get_or_load) returns [`LoadError::Interrupted`], or a stale value with fail-safe.
    pub async fn close(self) {
        self.inner.close();
        let limit = self.inner.write_limit();
        within(limit, future::join(self.inner.ended(), self.inner.writes.ended(&Scope::All))).await;
    }

    /// Returns a stream of the events of the cache from now on: hits, misses, failures, invalidations.
    ///
    /// An observer that is more than 1,024 events behind loses the oldest events and receives their
    /// [number](Event::Missed). Without an observer, events cost nothing.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use anilibria_cache::{Cache, Event, Invalidation, MemoryStore, Scope};
    /// use futures::StreamExt;
    ///
    /// let cache = Cache::builder().level(MemoryStore::new(1 << 20)).build();
    /// let mut events = cache.events();
    ///
    /// cache.remove("title:1").await;
    ///
    /// let removed = Invalidation::remove(Scope::key("title:1"));
    /// assert_eq!(events.next().await, Some(Event::Invalidated(removed)));
    /// # }
    /// ```
    pub fn events(&self) -> BoxStream<'static, Event> {
        self.inner.events.subscribe()
    }

    /// Pings all levels. Returns the results, nearest level first.
    pub async fn ping(&self) -> Vec<LevelPing> {
        self.inner.ping().await
    }

    /// Returns statistics of the cache since it was built, and of its levels. Calls every level.
    pub async fn stats(&self) -> CacheStats {
        self.inner.stats().await
    }
}

/// Runs `work` to its end, even if the returned future is dropped. Returns `None` if `work` panicked or its runtime
/// ended.
async fn run_to_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    // Work that completes without waiting, as on a level in memory, needs no task.
    let mut work = Box::pin(work);
    if let Some(done) = (&mut work).now_or_never() {
        return Some(done);
    }
    match Handle::try_current() {
        Ok(runtime) => runtime.spawn(work).await.ok(),
        Err(_no_runtime) => Some(work.await),
    }
}

impl From<Inner> for Cache {
    fn from(inner: Inner) -> Self {
        let inner = Arc::new(inner);
        Self { _last_clone: Arc::new(EndBackground(Arc::clone(&inner))), inner }
    }
}

impl Drop for EndBackground {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("levels", &self.inner.levels).finish_non_exhaustive()
    }
}
