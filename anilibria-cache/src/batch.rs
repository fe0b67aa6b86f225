//! A loader that combines requests for single keys into batches.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{
    FutureExt,
    future::{self, BoxFuture},
};
use tokio::{
    runtime::Handle,
    sync::{Notify, watch},
    time::sleep,
};
use tracing::Instrument;

use crate::{cache::Cache, cached::Cached, error::LoadError, new_value::NewValue, options::Options};

type Outcome<E> = Result<Cached, LoadError<E>>;
type Outcomes<E> = Arc<HashMap<Arc<str>, Outcome<E>>>;
type LoadBatch<E> = dyn Fn(Vec<Arc<str>>) -> BoxFuture<'static, Vec<Outcome<E>>> + Send + Sync;

/// Default of [`BatchLoader::max_keys`].
const MAX_KEYS: usize = 100;

/// A loader of single keys that collects the keys requested within a short time and loads them with one call.
///
/// Created by [`Cache::batch_loader`]. Cheap to clone; clones share their batches.
pub struct BatchLoader<E> {
    cache: Cache,
    load: Arc<LoadBatch<E>>,
    window: Duration,
    max_keys: usize,
    open: Arc<Mutex<Option<Batch<E>>>>,
}

/// Keys that are being collected.
struct Batch<E> {
    keys: Arc<Mutex<Vec<Arc<str>>>>,
    is_full: Arc<Notify>,
    outcomes: watch::Receiver<Option<Outcomes<E>>>,
}

impl Cache {
    /// Returns a loader that collects the keys that are requested within `window` and that no level has, and
    /// loads them with one call of `loader`. See [`get_or_load_many`](Self::get_or_load_many) for the arguments of the
    /// loader.
    ///
    /// A window of a few milliseconds suits a database: requests that arrive together become one query.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), anilibria_cache::LoadError<String>> {
    /// use anilibria_cache::{Cache, MemoryStore};
    /// use std::{collections::HashMap, sync::Arc, time::Duration};
    ///
    /// let cache = Cache::builder().level(MemoryStore::new(64 << 20)).build();
    /// let users = cache.batch_loader(Duration::from_millis(2), |keys: Vec<Arc<str>>| async move {
    ///     // For instance `SELECT … WHERE id IN (…)`.
    ///     Ok::<HashMap<_, _>, String>(keys.into_iter().map(|key| (key, "a row")).collect())
    /// });
    ///
    /// let (one, two) = futures::future::join(users.get("user:1"), users.get("user:2")).await;
    ///
    /// assert_eq!((one?.value(), two?.value()), (&"a row".into(), &"a row".into()));
    /// assert_eq!(cache.stats().await.loads, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn batch_loader<F, Fut, M, V, E>(&self, window: Duration, loader: F) -> BatchLoader<E>
    where
        F: Fn(Vec<Arc<str>>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<M, E>> + Send + 'static,
        M: IntoIterator<Item = (Arc<str>, V)> + 'static,
        V: Into<NewValue> + 'static,
        E: Send + Sync + 'static,
    {
        let (cache, loader) = (self.clone(), Arc::new(loader));
        let load = move |keys| {
            let (cache, loader) = (cache.clone(), Arc::clone(&loader));
            async move { cache.get_or_load_many_with(&Options::new(), keys, move |keys| loader(keys)).await }
                .boxed()
        };
        BatchLoader {
            cache: self.clone(),
            load: Arc::new(load),
            window,
            max_keys: MAX_KEYS,
            open: Arc::default(),
        }
    }
}

impl<E: Send + Sync + 'static> BatchLoader<E> {
    /// Sets the maximum number of keys of one call. A full batch is loaded at once. Default: 100.
    pub fn max_keys(mut self, count: usize) -> Self {
        self.max_keys = count.max(1);
        self
    }

    /// Returns the value of `key`, from a level or from the next call of the loader.
    ///
    /// # Errors
    ///
    /// As for [`Cache::get_or_load`].
    ///
    /// # Cancel safety
    ///
    /// A collected key is loaded even if its future is dropped.
    pub async fn get(&self, key: impl Into<Arc<str>>) -> Result<Cached, LoadError<E>> {
        let key = key.into();
        if let Some(cached) = self.cache.nearest_fresh(&key) {
            return Ok(cached);
        }
        let Ok(runtime) = Handle::try_current() else {
            return (self.load)(vec![key]).await.pop().unwrap_or(Err(LoadError::Interrupted));
        };
        let mut outcomes = self.collect(&key, &runtime);
        // An error means that the runtime has ended.
        match outcomes.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(outcomes)) => outcomes.get(&key).cloned().unwrap_or(Err(LoadError::Interrupted)),
            _ => Err(LoadError::Interrupted),
        }
    }

    /// Adds `key` to the open batch, or opens one.
    fn collect(&self, key: &Arc<str>, runtime: &Handle) -> watch::Receiver<Option<Outcomes<E>>> {
        let mut open = lock(&self.open);
        let batch = open.get_or_insert_with(|| {
            let (sender, outcomes) = watch::channel(None);
            let (keys, is_full) = (Arc::<Mutex<Vec<_>>>::default(), Arc::new(Notify::new()));
            let task = self.clone().load_batch(sender, Arc::clone(&keys), Arc::clone(&is_full));
            runtime.spawn(task.in_current_span());
            Batch { keys, is_full, outcomes }
        });
        let count = {
            let mut keys = lock(&batch.keys);
            keys.push(Arc::clone(key));
            keys.len()
        };
        let outcomes = batch.outcomes.clone();
        if count >= self.max_keys {
            batch.is_full.notify_one();
            // The next key opens another batch, even if this one is loaded later.
            *open = None;
        }
        outcomes
    }

    async fn load_batch(
        self,
        outcomes: watch::Sender<Option<Outcomes<E>>>,
        keys: Arc<Mutex<Vec<Arc<str>>>>,
        is_full: Arc<Notify>,
    ) {
        future::select(Box::pin(is_full.notified()), Box::pin(sleep(self.window))).await;
        // A full batch is closed already, and another one may be open.
        lock(&self.open).take_if(|batch| Arc::ptr_eq(&batch.keys, &keys));
        let keys = std::mem::take(&mut *lock(&keys));
        let loaded = (self.load)(keys.clone()).await;
        outcomes.send_replace(Some(Arc::new(keys.into_iter().zip(loaded).collect())));
    }
}

impl<E> Clone for BatchLoader<E> {
    fn clone(&self) -> Self {
        Self {
            cache: self.cache.clone(),
            load: Arc::clone(&self.load),
            window: self.window,
            max_keys: self.max_keys,
            open: Arc::clone(&self.open),
        }
    }
}

impl<E> fmt::Debug for BatchLoader<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchLoader")
            .field("window", &self.window)
            .field("max_keys", &self.max_keys)
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
