//! Keeping the catalogue up to date.

use std::{
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

use super::{catalogue::Catalogue, part::CataloguePart, read::Reader};
use crate::{Client, Error, Result, model::ReleaseId, watch::head::Head};

/// The longest wait after failures in a row.
const MAX_BACKOFF: Duration = Duration::from_mins(5);

impl Client {
    /// Mirrors the whole catalogue in memory.
    pub fn reflector(&self) -> ReflectorBuilder {
        ReflectorBuilder {
            client: self.clone(),
            gap: Duration::from_millis(250),
            concurrency: 2,
            refresh_every: Duration::from_mins(1),
            reload_every: Duration::from_hours(24),
            catalogue: Catalogue::default(),
        }
    }
}

/// Settings for a [`Reflector`]; each setter says its default.
#[derive(Debug)]
#[must_use = "settings do nothing until the reflector is built"]
pub struct ReflectorBuilder {
    client: Client,
    gap: Duration,
    concurrency: usize,
    refresh_every: Duration,
    reload_every: Duration,
    catalogue: Catalogue,
}

impl ReflectorBuilder {
    /// The most calls a second. Default: 4, which reads ten thousand releases in under two minutes.
    pub fn requests_per_second(mut self, requests: u32) -> Self {
        self.gap = Duration::from_secs(1) / requests.max(1);
        self
    }

    /// Asks as fast as the service answers: for a service of your own.
    pub fn unpaced(mut self) -> Self {
        self.gap = Duration::ZERO;
        self
    }

    /// The most calls at a time. Default: 2, at least 1.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// How often [`run`](Reflector::run) refreshes. Default: every minute.
    pub fn refresh_every(mut self, interval: Duration) -> Self {
        self.refresh_every = interval;
        self
    }

    /// How often [`run`](Reflector::run) reads everything. Default: once a day.
    ///
    /// Ratings and favourites change without a trace elsewhere, and a release that is gone shows only so.
    pub fn reload_every(mut self, interval: Duration) -> Self {
        self.reload_every = interval;
        self
    }

    /// What to begin with, such as the catalogue of the last run. Default: nothing.
    pub fn catalogue(mut self, catalogue: Catalogue) -> Self {
        self.catalogue = catalogue;
        self
    }

    /// The reflector. It asks for nothing until it is told to.
    pub fn build(self) -> Reflector {
        let Self { client, gap, concurrency, refresh_every, reload_every, catalogue } = self;
        Reflector {
            inner: Arc::new(Inner {
                reader: Reader::new(client, gap, concurrency),
                catalogue: RwLock::new(Arc::new(catalogue)),
                loaded: Mutex::default(),
                refresh_every,
                reload_every,
            }),
        }
    }
}

/// Mirrors the whole catalogue in memory. Cheap to clone; clones share it.
///
/// [`run`](Self::run) keeps it up to date; [`load`](Self::load) and [`refresh`](Self::refresh) are for a program that
/// decides for itself when. All three may be dropped at any time: what was read by then is lost, the catalogue stays.
#[derive(Clone)]
pub struct Reflector {
    inner: Arc<Inner>,
}

struct Inner {
    reader: Reader,
    /// Held only to clone or to replace what is in it.
    catalogue: RwLock<Arc<Catalogue>>,
    /// When everything was last read. Held while the service is asked, so that it is asked once.
    loaded: Mutex<Option<Instant>>,
    refresh_every: Duration,
    reload_every: Duration,
}

impl Reflector {
    /// The catalogue as it is now; empty before the first load.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.inner.catalogue.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether there is a catalogue to answer from.
    pub fn is_loaded(&self) -> bool {
        !self.catalogue().is_empty()
    }

    /// Reads everything: two calls for 50 releases.
    ///
    /// What has changed meanwhile is left to [`refresh`](Self::refresh). A catalogue that ends before nine tenths of
    /// what the service says is an error.
    pub async fn load(&self) -> Result<()> {
        let mut loaded = self.inner.loaded.lock().await;
        self.read_everything().await?;
        *loaded = Some(Instant::now());
        Ok(())
    }

    /// Reads what has changed since, and tells how many releases that were; everything when nothing was read before
    /// or when more has changed than 300 releases show. One call when nothing has changed.
    pub async fn refresh(&self) -> Result<usize> {
        let mut loaded = self.inner.loaded.lock().await;
        let old = self.catalogue();
        let is_known = |head: &Head| old.get(head.id).is_some_and(|entry| entry.head() == *head);
        let news = if old.is_empty() { None } else { self.inner.reader.news(is_known).await? };
        let Some(news) = news else {
            self.read_everything().await?;
            *loaded = Some(Instant::now());
            return Ok(self.catalogue().len());
        };
        if news.is_empty() {
            return Ok(0);
        }
        let releases = self.inner.reader.releases(&news).await?;
        let changed = releases.len();
        self.replace(move || old.with(&releases)).await?;
        debug!(changed, "catalogue refreshed");
        Ok(changed)
    }

    /// Takes in what was read elsewhere, say by another instance: `parts` in place of what is there of them, and nothing
    /// of what has `gone`. Waits for a [`load`](Self::load) or [`refresh`](Self::refresh) that is under way.
    pub async fn merge(&self, parts: Vec<CataloguePart>, gone: Vec<ReleaseId>) -> Result<()> {
        let _one_at_a_time = self.inner.loaded.lock().await;
        let old = self.catalogue();
        self.replace(move || old.with_parts(parts, gone)).await
    }

    /// Keeps the catalogue up to date for ever: everything at first and then [now and
    /// then](ReflectorBuilder::reload_every), what has changed [in between](ReflectorBuilder::refresh_every). When the
    /// service fails, the catalogue stays as it is, the failure is logged, and the next attempt comes later each time,
    /// up to five minutes.
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
                    warn!(%error, "the catalogue could not be read, trying again");
                    sleep(backoff.min(MAX_BACKOFF)).await;
                }
            }
        }
    }

    async fn is_due(&self) -> bool {
        let loaded = *self.inner.loaded.lock().await;
        loaded.is_none_or(|at| at.elapsed() >= self.inner.reload_every)
    }

    async fn read_everything(&self) -> Result<()> {
        let (entries, genres) = self.inner.reader.everything().await?;
        debug!(releases = entries.len(), "catalogue read");
        self.replace(move || Catalogue::new(entries, Arc::new(genres))).await
    }

    /// Puts another catalogue in place. Making its index takes some milliseconds, too long for the threads that answer.
    async fn replace(&self, make: impl FnOnce() -> Catalogue + Send + 'static) -> Result<()> {
        let catalogue = spawn_blocking(make)
            .await
            .map_err(|task| Error::Interrupted { host: String::new(), source: std::sync::Arc::new(task) })?;
        *self.inner.catalogue.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalogue);
        Ok(())
    }
}

impl fmt::Debug for Reflector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reflector").field("catalogue", &self.catalogue()).finish_non_exhaustive()
    }
}
