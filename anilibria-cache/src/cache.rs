//! The cache itself: what stands above the levels.

mod change;
mod get;
mod inner;
mod listen;
mod load;

use std::{fmt, sync::Arc};

use futures::FutureExt;
use tokio::runtime::Handle;

pub(crate) use self::inner::{Inner, Parts};
use self::{get::AtHand, load::boxed};
use crate::{
    cached::Cached,
    entry::Entry,
    error::LoadError,
    invalidation::{Invalidation, Scope},
    levels::Lookup,
    loaded::Loaded,
    options::Options,
    pattern::Pattern,
    stats::{CacheStats, LevelPing},
    tag::Tag,
};

/// Values by key, kept on one or more levels and loaded when no level has them.
///
/// Cheap to clone; clones are the same cache. A level that fails is counted, logged and skipped, it is never the
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
    /// The value under `key`, loaded with `loader` if no level has it fresh.
    ///
    /// The levels are asked in order, and what a further one has is copied to the nearer ones. What the loader brings is
    /// put on all of them with `tags` and those it adds itself (see [`Loaded`]). `tags` are not looked at when the
    /// nearest level answers; an iterator that makes them on demand costs such a hit nothing.
    ///
    /// **One load per key.** Callers that ask for a key while it is being loaded wait for that load and share how it
    /// ends; other keys are not affected. (Callers whose `E` differs do not share a load: it could not be theirs.) An
    /// error reaches all who waited and is not kept, so the next call tries again. A panic of the loader reaches them as
    /// [`LoadError::Interrupted`].
    ///
    /// **Stale values.** With [fail-safe](Options::fail_safe), who would get an error gets the value that ran out
    /// instead, if a level still has one; with a [soft time-out](Options::soft_timeout) also who would wait too long.
    ///
    /// **Cancellation.** The load is a Tokio task of its own, in the tracing span of the caller that started it. Dropping
    /// this future, even that caller's, does not disturb it: the others get their value, and the work is not lost when
    /// everyone has left. That is why the loader has to own what it uses. Outside of a Tokio runtime the load runs within
    /// this future instead, dropping that ends it for all who wait, and no time limit holds.
    ///
    /// **Changes meanwhile.** When the key is set or invalidated, or one of its tags is, while it is being loaded, those
    /// who wait still get what was loaded, but it is not kept, for it may already be out of date.
    ///
    /// # Errors
    ///
    /// What the loader returned, that it was interrupted or took too long; never that a level failed.
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
        match self.inner.at_hand(key) {
            AtHand::Fresh(cached) => Ok(cached),
            other => self.resume(other, &Options::new(), key, tags, |_previous| loader()).await,
        }
    }

    /// The same with options for this call, and a loader that is given the entry that ran out.
    ///
    /// A source that can tell whether a value has changed is asked with the [validator](Entry::validator) of the previous
    /// entry; if it has not, the loader returns that entry as [unchanged](Entry::unchanged), and nothing had to be
    /// transferred or rendered anew.
    ///
    /// ```
    /// # async fn example(cache: anilibria_cache::Cache) -> Result<(), anilibria_cache::LoadError<String>> {
    /// # async fn ask(etag: Option<String>) -> Result<Option<(String, String)>, String> { Ok(None) }
    /// use anilibria_cache::{Entry, Loaded, Options};
    /// use std::time::Duration;
    ///
    /// let load = |previous: Option<Entry>| async move {
    ///     let etag = previous.as_ref().and_then(Entry::validator).map(str::to_owned);
    ///     match (ask(etag).await?, previous) {
    ///         (Some((page, etag)), _) => Ok(Loaded::new(page).validator(etag)),
    ///         (None, Some(previous)) => Ok(previous.unchanged()),
    ///         (None, None) => Ok(Loaded::absent()),
    ///     }
    /// };
    /// let page = cache.get_or_load_with(&Options::new().ttl(Duration::from_secs(30)), "page", [], load).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`get_or_load`](Self::get_or_load).
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
        V: Into<Loaded> + 'static,
        E: Send + Sync + 'static,
    {
        match self.inner.at_hand(key) {
            AtHand::Fresh(cached) => Ok(cached),
            other => self.resume(other, options, key, tags, loader).await,
        }
    }

    /// What is left to do when the nearest level did not settle it.
    async fn resume<F, Fut, V, E>(
        &self,
        at_hand: AtHand,
        options: &Options,
        key: &str,
        tags: impl IntoIterator<Item = Tag>,
        loader: F,
    ) -> Result<Cached, LoadError<E>>
    where
        F: FnOnce(Option<Entry>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
        V: Into<Loaded> + 'static,
        E: Send + Sync + 'static,
    {
        let tags = tags.into_iter().collect();
        let outdated = match at_hand {
            AtHand::Fresh(cached) => return Ok(cached),
            AtHand::Due(cached) => {
                self.inner.refresh(options, key, tags, boxed(loader));
                return Ok(cached);
            }
            AtHand::Outdated(found) => found,
        };
        // Boxed, or every hit would carry room for all of it.
        let outcome = self.inner.get(options, key, tags, outdated, boxed(loader)).boxed().await;
        self.inner.count(&outcome);
        outcome
    }

    /// The fresh value under `key`, if a level has one. Loads nothing, copies nothing to nearer levels, and does not
    /// count.
    pub async fn peek(&self, key: &str) -> Option<Cached> {
        let now = self.inner.now();
        match self.inner.levels.find(key, now, 0, usize::MAX).await {
            Lookup::Fresh(found) => Some(Cached::new(found.entry, found.source, now)),
            Lookup::Nothing(_) => None,
        }
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
        self.set_with(&Options::new(), key, value).await;
    }

    /// The same with options for this call: how long the value lives, and on how many levels.
    pub async fn set_with(&self, options: &Options, key: &str, value: impl Into<Loaded>) {
        let policy = self.inner.policy(options);
        let (key, value) = (Arc::from(key), value.into());
        to_the_end(Arc::clone(&self.inner).set(policy, key, value)).await;
    }

    /// Drops `key` from all levels.
    pub async fn remove(&self, key: &str) {
        self.invalidate(Invalidation::remove(Scope::key(key))).await;
    }

    /// Takes `key` for no longer fresh on all levels. The next call loads it; if that fails, the old value is still there
    /// to be served as stale.
    pub async fn expire(&self, key: &str) {
        self.invalidate(Invalidation::expire(Scope::key(key))).await;
    }

    /// Drops everything that carries `tag` from all levels, and returns how many entries the fullest level dropped.
    pub async fn remove_by_tag(&self, tag: impl Into<Tag>) -> u64 {
        self.invalidate(Invalidation::remove(Scope::tag(tag))).await
    }

    /// Takes everything that carries `tag` for no longer fresh, and returns how many entries of the fullest level that
    /// was.
    pub async fn expire_by_tag(&self, tag: impl Into<Tag>) -> u64 {
        self.invalidate(Invalidation::expire(Scope::tag(tag))).await
    }

    /// Drops every key that matches `pattern` from all levels, and returns how many the fullest level dropped.
    ///
    /// ```
    /// # async fn example(cache: anilibria_cache::Cache) {
    /// let removed = cache.clear_matching("titles:*").await;
    /// # }
    /// ```
    pub async fn clear_matching(&self, pattern: impl Into<Pattern>) -> u64 {
        self.invalidate(Invalidation::remove(Scope::matching(pattern))).await
    }

    /// Drops everything this cache keeps, on all levels.
    pub async fn clear(&self) {
        self.invalidate(Invalidation::remove(Scope::All)).await;
    }

    /// Does what `invalidation` says on all levels and on all instances, and returns how many entries of the fullest
    /// level it was about.
    ///
    /// What cannot be told to a level or to the other instances now is remembered, and told them when they are back. Once
    /// begun it is brought to its end, even if this future is dropped.
    pub async fn invalidate(&self, invalidation: Invalidation) -> u64 {
        to_the_end(Arc::clone(&self.inner).invalidate(invalidation)).await.unwrap_or_default()
    }

    /// Whether each level answers, nearest first, and how fast.
    pub async fn ping(&self) -> Vec<LevelPing> {
        self.inner.ping().await
    }

    /// What the cache has done since it was built, and what its levels keep. Asks every level.
    pub async fn stats(&self) -> CacheStats {
        self.inner.stats().await
    }
}

/// Runs `work` as a task, so that it goes on when its caller leaves; `None` when it came to no end.
async fn to_the_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    // What is done at once, as in memory, needs no task.
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
        let weak = Arc::downgrade(&inner);
        inner.owner.is(weak);
        Self { inner }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("levels", &self.inner.levels).finish_non_exhaustive()
    }
}
