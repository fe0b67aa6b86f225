//! A cache of values of one type.

mod codec;

use std::{
    collections::HashMap,
    fmt,
    marker::PhantomData,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

pub use self::codec::Codec;
#[cfg(feature = "json")]
pub use self::codec::Json;
#[cfg(feature = "postcard")]
pub use self::codec::Postcard;
use crate::{
    cache::Cache,
    cached::Cached,
    error::{BoxError, LoadError},
    new_value::NewValue,
    options::Options,
    tag::Tag,
};

/// A [`Cache`] of values of the type `T`, which are bytes on further levels.
///
/// The nearest level keeps the decoded value with its bytes, so that a hit in memory does not decode. A value that was found
/// on a further level is decoded once. Bytes that the codec cannot decode, for instance from an older version of the
/// program, are removed and loaded again.
///
/// Several typed caches can share one cache if their keys differ. Cheap to clone; clones share the cache.
///
/// ```
/// # #[cfg(feature = "json")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use anilibria_cache::{Cache, Json, MemoryStore, TypedCache};
/// use serde::{Deserialize, Serialize};
/// use std::{convert::Infallible, time::Duration};
///
/// #[derive(Serialize, Deserialize)]
/// struct Title {
///     name: String,
/// }
///
/// let cache = Cache::builder().level(MemoryStore::new(64 << 20)).ttl(Duration::from_mins(5)).build();
/// let titles = TypedCache::<Title, _>::new(cache, Json);
///
/// let load = || async { Ok::<_, Infallible>(Title { name: "Naruto".into() }) };
/// let title = titles.get_or_load("title:1", [], load).await?;
///
/// assert_eq!(title.value().unwrap().name, "Naruto");
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "json"))]
/// # fn main() {}
/// ```
pub struct TypedCache<T, C> {
    cache: Cache,
    codec: Arc<C>,
    values: PhantomData<fn() -> T>,
}

/// A value with its origin, as a [`TypedCache`] returns it. Cheap to clone.
pub struct TypedCached<T> {
    value: Option<Arc<T>>,
    cached: Cached,
}

/// A value to be stored in a [`TypedCache`], with an optional TTL, tags and validator.
///
/// `T` and `Option<T>` convert to this type. `None` is an absent value.
#[derive(Clone, Debug)]
pub struct NewTypedValue<T> {
    value: Option<T>,
    ttl: Option<Duration>,
    tags: Vec<Tag>,
    validator: Option<Arc<str>>,
}

/// Errors of a load of a typed cache.
enum Failure<E> {
    Loader(Arc<E>),
    Codec(Arc<BoxError>),
}

impl<T, C> TypedCache<T, C>
where
    T: Send + Sync + 'static,
    C: Codec<T>,
{
    /// Creates a typed view of `cache`.
    pub fn new(cache: Cache, codec: C) -> Self {
        Self { cache, codec: Arc::new(codec), values: PhantomData }
    }

    /// Returns the underlying cache of bytes, for invalidations and statistics.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Returns the value of `key`. Loads it with `loader` if no level has a fresh value. See [`Cache::get_or_load`].
    ///
    /// # Errors
    ///
    /// As for [`Cache::get_or_load`], and if the codec fails.
    pub async fn get_or_load<F, Fut, V, E>(
        &self,
        key: &str,
        tags: impl IntoIterator<Item = Tag>,
        loader: F,
    ) -> Result<TypedCached<T>, LoadError<E>>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
        V: Into<NewTypedValue<T>> + 'static,
        E: Send + Sync + 'static,
    {
        self.get_or_load_with(&Options::new(), key, tags, loader).await
    }

    /// Like [`get_or_load`](Self::get_or_load), with options for this call.
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
    ) -> Result<TypedCached<T>, LoadError<E>>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
        V: Into<NewTypedValue<T>> + 'static,
        E: Send + Sync + 'static,
    {
        if let Some(cached) = self.cache.nearest_fresh(key)
            && let Ok(cached) = self.decode(cached)
        {
            return Ok(cached);
        }
        let tags: Vec<_> = tags.into_iter().collect();
        // Kept for a second attempt, which follows if a level has bytes that are not a `T`.
        let loader = Arc::new(Mutex::new(Some(loader)));
        for attempt in 0..2 {
            let (loader, codec) = (Arc::clone(&loader), Arc::clone(&self.codec));
            let load = move |_| async move {
                let loader = loader.lock().unwrap_or_else(PoisonError::into_inner).take();
                let Some(loader) = loader else {
                    return Err(Failure::Codec(Arc::new("no value was loaded".into())));
                };
                let value = loader().await.map_err(|error| Failure::Loader(Arc::new(error)))?;
                encode(&*codec, value.into()).map_err(|error| Failure::Codec(Arc::new(error)))
            };
            let cached =
                self.cache.get_or_load_with(options, key, tags.clone(), load).await.map_err(public)?;
            match self.decode(cached) {
                Ok(cached) => return Ok(cached),
                Err(error) if attempt > 0 => return Err(LoadError::Codec(Arc::new(error))),
                Err(error) => self.undecodable(key, error).await,
            }
        }
        Err(LoadError::Interrupted)
    }

    /// Returns the values of `keys`, in their order. Loads the values that no level has with one call of `loader`. See
    /// [`Cache::get_or_load_many`].
    ///
    /// # Errors
    ///
    /// For each key as [`get_or_load`](Self::get_or_load).
    pub async fn get_or_load_many<K, F, Fut, M, V, E>(
        &self,
        keys: impl IntoIterator<Item = K>,
        loader: F,
    ) -> Vec<Result<TypedCached<T>, LoadError<E>>>
    where
        K: Into<Arc<str>>,
        F: Fn(Vec<Arc<str>>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<M, E>> + Send + 'static,
        M: IntoIterator<Item = (Arc<str>, V)> + 'static,
        V: Into<NewTypedValue<T>> + 'static,
        E: Send + Sync + 'static,
    {
        let keys: Vec<Arc<str>> = keys.into_iter().map(Into::into).collect();
        let (loader, codec) = (Arc::new(loader), Arc::clone(&self.codec));
        let load = move |keys| {
            let (loader, codec) = (Arc::clone(&loader), Arc::clone(&codec));
            async move {
                let values = loader(keys).await.map_err(|error| Failure::Loader(Arc::new(error)))?;
                let encoded =
                    values.into_iter().map(|(key, value)| Ok((key, encode(&*codec, value.into())?)));
                encoded.collect::<Result<HashMap<_, _>, _>>().map_err(|error| Failure::Codec(Arc::new(error)))
            }
        };
        let load = Arc::new(load);
        let mut outcomes = Vec::with_capacity(keys.len());
        let mut undecodable = Vec::new();
        let first = Arc::clone(&load);
        let cached = self.cache.get_or_load_many(keys.iter().cloned(), move |keys| first(keys)).await;
        for (at, cached) in cached.into_iter().enumerate() {
            outcomes.push(match cached.map_err(public).map(|cached| self.decode(cached)) {
                Ok(Ok(cached)) => Ok(cached),
                Ok(Err(error)) => {
                    self.undecodable(&keys[at], error).await;
                    undecodable.push(at);
                    Err(LoadError::Interrupted)
                }
                Err(error) => Err(error),
            });
        }
        if !undecodable.is_empty() {
            let again = undecodable.iter().map(|&at| Arc::clone(&keys[at]));
            let cached = self.cache.get_or_load_many(again, move |keys| load(keys)).await;
            for (at, cached) in undecodable.into_iter().zip(cached) {
                let decode = |cached| self.decode(cached).map_err(|error| LoadError::Codec(Arc::new(error)));
                outcomes[at] = cached.map_err(public).and_then(decode);
            }
        }
        outcomes
    }

    /// Returns the value of `key` if a level has it; see [`Cache::get`]. Returns `None` also if the codec cannot decode it.
    pub async fn get(&self, key: &str) -> Option<TypedCached<T>> {
        self.decode(self.cache.get(key).await?).ok()
    }

    /// Stores `value` under `key` on all levels; see [`Cache::set`].
    ///
    /// # Errors
    ///
    /// The codec cannot encode the value. The cache is unchanged.
    pub async fn set(&self, key: &str, value: impl Into<NewTypedValue<T>>) -> Result<(), BoxError> {
        self.cache.set(key, encode(&*self.codec, value.into())?).await;
        Ok(())
    }

    fn decode(&self, cached: Cached) -> Result<TypedCached<T>, BoxError> {
        let value = if cached.is_absent() {
            None
        } else {
            Some(cached.entry().decoded(|bytes| self.codec.decode(bytes))?)
        };
        Ok(TypedCached { value, cached })
    }

    async fn undecodable(&self, key: &str, error: BoxError) {
        tracing::debug!(key, %error, "cached value cannot be decoded, loading it");
        drop(error);
        self.cache.remove(key).await;
    }
}

fn encode<T, C>(codec: &C, value: NewTypedValue<T>) -> Result<NewValue, BoxError>
where
    T: Send + Sync + 'static,
    C: Codec<T>,
{
    let NewTypedValue { value, ttl, tags, validator } = value;
    let mut loaded = match value {
        Some(value) => {
            let loaded = NewValue::new(codec.encode(&value)?);
            // The slot is empty.
            let _ = loaded.decoded.set(Arc::new(value));
            loaded
        }
        None => NewValue::absent(),
    };
    loaded.ttl = ttl;
    loaded.validator = validator;
    Ok(loaded.tags(tags))
}

fn public<E>(error: LoadError<Failure<E>>) -> LoadError<E> {
    match error {
        LoadError::Failed(failure) => match &*failure {
            Failure::Loader(error) => LoadError::Failed(Arc::clone(error)),
            Failure::Codec(error) => LoadError::Codec(Arc::clone(error)),
        },
        LoadError::Interrupted => LoadError::Interrupted,
        LoadError::TimedOut => LoadError::TimedOut,
        LoadError::Codec(error) => LoadError::Codec(error),
    }
}

impl<T> TypedCached<T> {
    /// Returns the value, or `None` if it is [absent](NewTypedValue::absent).
    pub fn value(&self) -> Option<&Arc<T>> {
        self.value.as_ref()
    }

    /// Returns the owned value, or `None` if it is absent.
    pub fn into_value(self) -> Option<Arc<T>> {
        self.value
    }

    /// Returns the bytes of the value with origin, lifetime and tags.
    pub fn cached(&self) -> &Cached {
        &self.cached
    }

    /// Returns true if the value is stale: a new value could not be loaded, or not in time.
    pub fn is_stale(&self) -> bool {
        self.cached.is_stale()
    }
}

impl<T> NewTypedValue<T> {
    /// Creates a value without tags. Its TTL is the TTL of each level.
    pub fn new(value: T) -> Self {
        Self { value: Some(value), ..Self::absent() }
    }

    /// Creates an absent value; see [`NewValue::absent`].
    pub fn absent() -> Self {
        Self { value: None, ttl: None, tags: Vec::new(), validator: None }
    }

    /// Sets the TTL of the value on every level. Default: the TTL of each level.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Adds a tag.
    pub fn tag(mut self, tag: impl Into<Tag>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Sets the validator of the value; see [`NewValue::validator`].
    pub fn validator(mut self, validator: impl Into<Arc<str>>) -> Self {
        self.validator = Some(validator.into());
        self
    }
}

impl<T> From<T> for NewTypedValue<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// Converts `None` to an [absent](NewTypedValue::absent) value.
impl<T> From<Option<T>> for NewTypedValue<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(Self::absent, Self::new)
    }
}

impl<T, C> Clone for TypedCache<T, C> {
    fn clone(&self) -> Self {
        Self { cache: self.cache.clone(), codec: Arc::clone(&self.codec), values: PhantomData }
    }
}

impl<T, C> fmt::Debug for TypedCache<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedCache").field("cache", &self.cache).finish_non_exhaustive()
    }
}

impl<T> Clone for TypedCached<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), cached: self.cached.clone() }
    }
}

impl<T: fmt::Debug> fmt::Debug for TypedCached<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedCached").field("value", &self.value).field("cached", &self.cached).finish()
    }
}
