//! The reflector, which keeps the catalog up to date.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::{
    sync::Mutex,
    task::spawn_blocking,
    time::{Instant, sleep},
};
use tracing::{debug, warn};

use super::{
    catalog::Catalog,
    part::CatalogPart,
    read::{LoadedCatalog, Reader},
};
use crate::{Client, Error, RateLimit, Result, model::ReleaseId, watch::head::Head};

/// Maximum wait after consecutive failures.
const MAX_BACKOFF: Duration = Duration::from_mins(5);

/// Minimum wait between two refreshes.
const MIN_REFRESH: Duration = Duration::from_millis(1);

/// Maximum number of releases that a refresh reads again because they could not be decoded before.
const MAX_RETRIED: usize = 100;

impl Client {
    /// Returns the settings of a [`Reflector`], which holds a local copy of the catalog.
    ///
    /// The reflector never reads from the cache of the client.
    pub fn reflector(&self) -> ReflectorBuilder {
        ReflectorBuilder {
            client: self.clone(),
            limit: Some(RateLimit::per_second(4).burst(1)),
            concurrency: 2,
            refresh_every: Duration::from_mins(1),
            reload_every: Duration::from_hours(24),
            catalog: Catalog::default(),
        }
    }
}

/// Settings of a [`Reflector`]; each setter names its default.
#[derive(Debug)]
#[must_use = "settings do nothing until the reflector is built"]
pub struct ReflectorBuilder {
    client: Client,
    limit: Option<RateLimit>,
    concurrency: usize,
    refresh_every: Duration,
    reload_every: Duration,
    catalog: Catalog,
}

impl ReflectorBuilder {
    /// Sets the maximum number of requests per second. Default: 4, which reads ten thousand releases in under two minutes.
    ///
    /// The requests count against the [limit of the client](crate::ClientBuilder::rate_limit) as well.
    pub fn requests_per_second(mut self, requests: u32) -> Self {
        self.limit = Some(RateLimit::per_second(requests).burst(1));
        self
    }

    /// Removes the rate limit of the reflector, for a test or for your own service. The limit of the client still applies.
    pub fn unpaced(mut self) -> Self {
        self.limit = None;
        self
    }

    /// Sets the maximum number of concurrent requests. Default: 2, at least 1.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// Sets the interval at which [`run`](Reflector::run) refreshes. Default: a minute, at least a millisecond.
    pub fn refresh_every(mut self, interval: Duration) -> Self {
        self.refresh_every = interval.max(MIN_REFRESH);
        self
    }

    /// Sets the interval at which [`run`](Reflector::run) loads the whole catalog again. Default: a day.
    ///
    /// Only a complete load finds changed ratings and favorites, and releases that were removed.
    pub fn reload_every(mut self, interval: Duration) -> Self {
        self.reload_every = interval;
        self
    }

    /// Sets the catalog to start with, for example one that was saved before a restart. Default: empty.
    pub fn catalog(mut self, catalog: Catalog) -> Self {
        self.catalog = catalog;
        self
    }

    /// Returns the reflector. It sends no request until [`load`](Reflector::load), [`refresh`](Reflector::refresh) or
    /// [`run`](Reflector::run) is called.
    pub fn build(self) -> Reflector {
        let Self { client, limit, concurrency, refresh_every, reload_every, catalog } = self;
        Reflector {
            inner: Arc::new(Inner {
                reader: Reader::new(client, limit, concurrency),
                catalog: RwLock::new(Arc::new(catalog)),
                state: Mutex::default(),
                refresh_every,
                reload_every,
            }),
        }
    }
}

/// A local copy of the whole catalog that is kept up to date. Cheap to clone: clones share the catalog.
///
/// [`run`](Self::run) keeps the catalog up to date. A program that schedules the requests itself calls [`load`](Self::load) and
/// [`refresh`](Self::refresh) instead.
///
/// # Cancel safety
///
/// All three methods may be cancelled at any time. The result of the unfinished load or refresh is lost, and the catalog stays
/// as it is.
#[derive(Clone)]
pub struct Reflector {
    inner: Arc<Inner>,
}

struct Inner {
    reader: Reader,
    /// Locked only to clone or to replace the pointer.
    catalog: RwLock<Arc<Catalog>>,
    /// Locked during requests, so that one load or refresh runs at a time.
    state: Mutex<State>,
    refresh_every: Duration,
    reload_every: Duration,
}

/// Progress of a reflector.
#[derive(Default)]
struct State {
    /// Time of the last complete load.
    loaded: Option<Instant>,
    /// Releases that could not be decoded when they were last read.
    unread: BTreeSet<ReleaseId>,
}

impl Reflector {
    /// Returns the current catalog. It is empty before the first load.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.inner.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns true if the catalog is not empty.
    pub fn is_loaded(&self) -> bool {
        !self.catalog().is_empty()
    }

    /// Loads the whole catalog, with two requests for each 50 releases.
    ///
    /// Changes during the load are read by the next [`refresh`](Self::refresh). A release that cannot be decoded is logged once
    /// and keeps its previous entry. Each refresh reads it again.
    ///
    /// # Errors
    ///
    /// The error of a request. [`Error::Interrupted`] if the catalog has less than nine tenths of the releases that the service
    /// announces, or if no release can be decoded.
    pub async fn load(&self) -> Result<()> {
        let mut state = self.inner.state.lock().await;
        self.read_everything(&mut state).await
    }

    /// Reads the releases that have changed, and returns their number. Sends one request if nothing has changed.
    ///
    /// Loads the whole catalog if it is empty, or if more than 300 releases have changed.
    ///
    /// Releases that could not be decoded are read again, 100 of them at most.
    ///
    /// # Errors
    ///
    /// The errors of [`load`](Self::load).
    pub async fn refresh(&self) -> Result<usize> {
        let mut state = self.inner.state.lock().await;
        let old = self.catalog();
        let is_known = |head: &Head| old.get(head.id).is_some_and(|entry| entry.head() == *head);
        let changed = if old.is_empty() { None } else { self.inner.reader.changed(is_known).await? };
        let Some(changed) = changed else {
            self.read_everything(&mut state).await?;
            return Ok(self.catalog().len());
        };
        let ids: BTreeSet<_> =
            changed.into_iter().chain(state.unread.iter().copied().take(MAX_RETRIED)).collect();
        if ids.is_empty() {
            return Ok(0);
        }
        let ids: Vec<_> = ids.into_iter().collect();
        let (releases, unread) = self.inner.reader.releases(&ids).await?;
        let changed = releases.len();
        if changed > 0 {
            self.replace(move || old.with(&releases)).await?;
        }
        state.unread.retain(|id| ids.binary_search(id).is_err());
        state.unread.extend(unread);
        debug!(changed, "catalog refreshed");
        Ok(changed)
    }

    /// Adds `parts` that were read elsewhere, such as by another instance, and removes the releases `gone`. Waits for a
    /// [`load`](Self::load) or [`refresh`](Self::refresh) in progress.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`] if the runtime is shutting down.
    pub async fn merge(&self, parts: Vec<CatalogPart>, gone: Vec<ReleaseId>) -> Result<()> {
        let _one_at_a_time = self.inner.state.lock().await;
        let old = self.catalog();
        self.replace(move || old.with_parts(parts, gone)).await
    }

    /// Keeps the catalog up to date. Never returns.
    ///
    /// Loads the whole catalog first, and again at [long intervals](ReflectorBuilder::reload_every). Reads changes at [short
    /// intervals](ReflectorBuilder::refresh_every). If a request fails, the catalog stays as it is and the error is logged. The
    /// wait before the next attempt then doubles each time, up to five minutes.
    pub async fn run(&self) -> Infallible {
        let mut failed: u32 = 0;
        loop {
            let result = if self.is_due().await { self.load().await } else { self.refresh().await.map(drop) };
            match result {
                Ok(()) => {
                    failed = 0;
                    sleep(self.inner.refresh_every).await;
                }
                Err(error) => {
                    let backoff = Duration::from_secs(1).saturating_mul(2_u32.saturating_pow(failed));
                    failed = failed.saturating_add(1);
                    warn!(%error, "catalog load or refresh failed, retrying");
                    sleep(backoff.min(MAX_BACKOFF)).await;
                }
            }
        }
    }

    async fn is_due(&self) -> bool {
        let loaded = self.inner.state.lock().await.loaded;
        loaded.is_none_or(|at| at.elapsed() >= self.inner.reload_every)
    }

    async fn read_everything(&self, state: &mut State) -> Result<()> {
        let LoadedCatalog { entries, genres, unread } = self.inner.reader.load_all(&self.catalog()).await?;
        debug!(releases = entries.len(), unread = unread.len(), "catalog loaded");
        self.replace(move || Catalog::new(entries, Arc::new(genres))).await?;
        *state = State { loaded: Some(Instant::now()), unread };
        Ok(())
    }

    /// Replaces the catalog. Builds the search index on a blocking thread, because that takes some milliseconds.
    async fn replace(&self, make: impl FnOnce() -> Catalog + Send + 'static) -> Result<()> {
        let catalog = spawn_blocking(make)
            .await
            .map_err(|task| Error::Interrupted { host: String::new(), source: Arc::new(task) })?;
        *self.inner.catalog.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
        Ok(())
    }
}

impl fmt::Debug for Reflector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reflector").field("catalog", &self.catalog()).finish_non_exhaustive()
    }
}
