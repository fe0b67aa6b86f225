//! The cache itself: what stands above the stores.

use std::{fmt, panic::AssertUnwindSafe, sync::Arc};

use futures::FutureExt;
use tokio::runtime::Handle;
use tracing::Instrument;

use crate::{
    CacheStats, Cached, Clock, EmptyBuilder, Invalidation, LoadError, Loaded, Pattern, Scope, Source, Tag,
    level::Levels,
    single_flight::{Lead, Outcome, SingleFlight},
    stats::Counter,
};

/// Values by key, kept on one or more levels and loaded when no level has them.
///
/// Cheap to clone; clones are the same cache. A level that fails is skipped and logged, it is never the
/// caller's error.
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
/// println!("{} bytes from {:?}", title.value().len(), title.source());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Cache {
    inner: Arc<Inner>,
}

impl Cache {
    /// Begins a cache: add levels, nearest first, then options, then [`build`](crate::CacheBuilder::build).
    pub fn builder() -> EmptyBuilder {
        EmptyBuilder::new()
    }

    /// The value under `key`, loaded with `loader` if no level has it fresh.
    ///
    /// The levels are asked in order, and what a further one has is copied to the nearer ones. What the
    /// loader brings is put on all of them with `tags` and those it adds itself (see [`Loaded`]). `tags` are
    /// not looked at when the nearest level answers; an iterator that makes them on demand costs such a hit
    /// nothing.
    ///
    /// **One load per key.** Callers that ask for a key while it is being loaded wait for that load and share
    /// how it ends; other keys are not affected. (Callers whose `E` differs do not share a load: it could not
    /// be theirs.) An error reaches all who waited and is not kept, so the next call tries again. A panic of
    /// the loader reaches them as [`LoadError::Interrupted`].
    ///
    /// **Cancellation.** The load is a Tokio task of its own, in the tracing span of the caller that started
    /// it. Dropping this future, even that caller's, does not disturb it: the others get their value, and the
    /// work is not lost when everyone has left. That is why the loader has to own what it uses. It should
    /// have a time limit, for nobody else sets one. Outside of a Tokio runtime the load runs within this
    /// future instead, and dropping that ends it for all who wait.
    ///
    /// **Changes meanwhile.** When the key is set or removed, or one of its tags is, while it is being
    /// loaded, those who wait still get what was loaded, but it is not kept, for it may already be out of
    /// date.
    ///
    /// # Errors
    ///
    /// What the loader returned, or that it was interrupted; never that a level failed.
    pub async fn get_or_load<F, Fut, V, E>(
        &self,
        key: &str,
        tags: impl IntoIterator<Item = Tag>,
        loader: F,
    ) -> Result<Cached, LoadError<E>>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
        V: Into<Loaded> + 'static,
        E: Send + Sync + 'static,
    {
        if let Some((entry, source)) = self.inner.levels.fresh_now(key, self.inner.clock.now()) {
            self.inner.count(source);
            return Ok(Cached::new(entry, source));
        }

        let tags: Vec<Tag> = tags.into_iter().collect();
        let (waiter, lead) = self.inner.flights.join(key, &tags);
        if let Some(lead) = lead {
            let task = Arc::clone(&self.inner).answer(lead, tags, loader).in_current_span();
            match Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn(task)),
                // Boxed, or every call would carry room for it.
                Err(_no_runtime) => Box::pin(task).await,
            }
        } else {
            self.inner.coalesced.increment();
        }

        let outcome = waiter.outcome().await;
        self.inner.count(outcome.as_ref().map_or(Source::Loader, Cached::source));
        outcome
    }

    /// The fresh value under `key`, if a level has one. Loads nothing, copies nothing to nearer levels, and
    /// does not count.
    pub async fn peek(&self, key: &str) -> Option<Cached> {
        let (entry, source) = self.inner.levels.fresh(key, self.inner.clock.now()).await?;
        Some(Cached::new(entry, source))
    }

    /// Puts `value` under `key` on all levels.
    ///
    /// ```
    /// # async fn example(cache: anilibria_cache::Cache) {
    /// use anilibria_cache::Loaded;
    ///
    /// cache.set("genres", "[]").await;
    /// cache.set("title:9000", Loaded::new("{}").tag("titles")).await;
    /// # }
    /// ```
    pub async fn set(&self, key: &str, value: impl Into<Loaded>) {
        let Inner { levels, flights, clock, .. } = &*self.inner;
        let (value, now) = (value.into(), clock.now());
        flights.outdate(key);
        levels.set(key, &value, levels.nearest_entry(&value, now), now).await;
    }

    /// Drops `key` from all levels.
    pub async fn remove(&self, key: &str) {
        // First the loads, here and below: one that ends afterwards knows not to put the old value back.
        self.inner.flights.outdate(key);
        self.inner.levels.invalidate(&Invalidation::remove(Scope::key(key)), self.inner.clock.now()).await;
    }

    /// Drops everything that carries `tag` from all levels, and returns how many entries the fullest level
    /// dropped.
    pub async fn remove_by_tag(&self, tag: impl Into<Tag>) -> u64 {
        let tag = tag.into();
        self.inner.flights.outdate_tag(&tag);
        self.inner.levels.invalidate(&Invalidation::remove(Scope::Tag(tag)), self.inner.clock.now()).await
    }

    /// Drops every key that matches `pattern` from all levels, and returns how many the fullest level
    /// dropped.
    ///
    /// ```
    /// # async fn example(cache: anilibria_cache::Cache) {
    /// let removed = cache.clear_matching("titles:*").await;
    /// # }
    /// ```
    pub async fn clear_matching(&self, pattern: impl Into<Pattern>) -> u64 {
        let pattern = pattern.into();
        self.inner.flights.outdate_matching(&pattern);
        self.inner
            .levels
            .invalidate(&Invalidation::remove(Scope::Matching(pattern)), self.inner.clock.now())
            .await
    }

    /// Drops everything this cache keeps, on all levels.
    pub async fn clear(&self) {
        self.inner.flights.outdate_all();
        self.inner.levels.invalidate(&Invalidation::remove(Scope::All), self.inner.clock.now()).await;
    }

    /// What the cache has done since it was built, and what its levels keep. Asks every level.
    pub async fn stats(&self) -> CacheStats {
        let Inner { levels, misses, loads, load_failures, coalesced, .. } = &*self.inner;
        let misses = misses.get();
        let levels = levels.stats(misses).await;
        CacheStats {
            hits: levels.iter().map(|level| level.hits).sum(),
            misses,
            loads: loads.get(),
            load_failures: load_failures.get(),
            coalesced: coalesced.get(),
            levels,
        }
    }
}

impl From<Inner> for Cache {
    fn from(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("levels", &self.inner.levels).finish_non_exhaustive()
    }
}

/// What the clones of a cache share.
pub(crate) struct Inner {
    levels: Levels,
    flights: Arc<SingleFlight>,
    clock: Arc<dyn Clock>,
    misses: Counter,
    loads: Counter,
    load_failures: Counter,
    coalesced: Counter,
}

impl Inner {
    pub(crate) fn new(levels: Levels, clock: Arc<dyn Clock>) -> Self {
        Self {
            levels,
            flights: Arc::default(),
            clock,
            misses: Counter::default(),
            loads: Counter::default(),
            load_failures: Counter::default(),
            coalesced: Counter::default(),
        }
    }

    /// Ends a load: answers all who wait for it.
    async fn answer<F, Fut, V, E>(self: Arc<Self>, lead: Lead<E>, tags: Vec<Tag>, loader: F)
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
        V: Into<Loaded>,
    {
        // Levels first: another load may have ended between this one's look at the nearest one and its start,
        // and a further level is asked once for all who wait.
        let outcome = match self.read(&lead).await {
            Some(cached) => Ok(cached),
            None => self.load(&lead, tags, loader).await,
        };
        lead.finish(outcome);
    }

    async fn read<E>(&self, lead: &Lead<E>) -> Option<Cached> {
        let now = self.clock.now();
        let (entry, source) = self.levels.fresh(lead.key(), now).await?;
        if let Source::Level { index: found_at @ 1.., .. } = source {
            let back_fill = self.levels.back_fill(found_at, lead.key(), &entry, now);
            self.keep(lead, entry.tags(), back_fill).await;
        }
        Some(Cached::new(entry, source))
    }

    async fn load<F, Fut, V, E>(&self, lead: &Lead<E>, tags: Vec<Tag>, loader: F) -> Outcome<E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>>,
        V: Into<Loaded>,
    {
        self.loads.increment();
        let value = run(loader).await.inspect_err(|_| self.load_failures.increment())?.tags(tags);

        let now = self.clock.now();
        let entry = self.levels.nearest_entry(&value, now);
        let set = self.levels.set(lead.key(), &value, entry.clone(), now);
        self.keep(lead, entry.tags(), set).await;
        Ok(Cached::new(entry, Source::Loader))
    }

    /// Does `write`, unless what it writes was changed since the load began; takes it back if that happens
    /// meanwhile.
    async fn keep<E>(&self, lead: &Lead<E>, tags: &[Tag], write: impl Future<Output = ()>) {
        if !lead.may_keep(tags) {
            return;
        }
        write.await;
        if !lead.may_keep(tags) {
            self.levels.invalidate(&Invalidation::remove(Scope::key(lead.key())), self.clock.now()).await;
        }
    }

    fn count(&self, source: Source) {
        match source {
            Source::Level { index, .. } => self.levels.count_hit(index),
            Source::Loader => self.misses.increment(),
        }
    }
}

/// What `loader` brings; a panic ends here.
async fn run<F, Fut, V, E>(loader: F) -> Result<Loaded, LoadError<E>>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<V, E>>,
    V: Into<Loaded>,
{
    // Nothing that the loader touched is seen again after a panic: it owned all of it.
    match AssertUnwindSafe(async { loader().await }).catch_unwind().await {
        Ok(Ok(value)) => Ok(value.into()),
        Ok(Err(error)) => Err(LoadError::Failed(Arc::new(error))),
        Err(_panic) => Err(LoadError::Interrupted),
    }
}
