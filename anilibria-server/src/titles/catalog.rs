//! The local catalog. Lists are answered from it once it is loaded.

mod blocks;
mod changes;
mod disk;
mod mongo;
mod redis;
mod status;
mod store;
mod sync;

use std::{
    collections::HashSet,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anilibria_cache::coordination::Candidate;
use anilibria_client::{
    Client,
    model::ReleaseId,
    reflector::{Catalog, CatalogPart, Reflector},
};
use anilibria_http::metrics::count_error;
use anyhow::Context as _;
use time::OffsetDateTime;
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};
use tracing::{info, warn};

use self::{changes::Changes, store::Covered};
pub use self::{
    disk::DiskCatalog,
    mongo::MongoCatalog,
    redis::RedisCatalog,
    status::{CatalogSource, CatalogStatus},
    store::{CatalogStore, News, SharedCatalog},
    sync::SyncTask,
};
use crate::titles::metrics;

/// Timeout of reading from the shared store at startup when there is no catalog on disk. Afterwards it is read in the background.
const FIRST_READ: Duration = Duration::from_secs(2);

/// Options of [`LocalCatalog`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalCatalogOptions {
    /// Interval between two polls.
    pub interval: Duration,
    /// True if AniLibria is called at most four times a second, as is required for the public service.
    pub paced: bool,
}

/// Persistent stores of the catalog, and the leader election for polling AniLibria.
#[derive(Debug, Default)]
pub struct Stores {
    /// Store that only this instance reads.
    pub own: Option<Arc<dyn CatalogStore>>,
    /// Store that all instances read.
    pub shared: Option<Arc<dyn SharedCatalog>>,
    /// Candidate for the leader lease of polling AniLibria; `None` if each instance polls for itself.
    pub elector: Option<Arc<Candidate>>,
}

/// The catalog in memory and its persistent stores. Cheap to clone.
#[derive(Clone)]
pub struct LocalCatalog {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    reflector: Reflector,
    own: Option<Arc<dyn CatalogStore>>,
    /// Store that all instances read.
    common: Option<Arc<dyn SharedCatalog>>,
    /// Taken by the task that keeps the catalog up to date.
    elector: Mutex<Option<Arc<Candidate>>>,
    interval: Duration,
    status: Mutex<CatalogStatus>,
    /// Wakes the task that keeps the catalog up to date.
    news: Notify,
    /// Notified of every change of the catalog.
    bell: watch::Sender<()>,
}

impl LocalCatalog {
    /// Creates a local copy of the catalog of `client`, with the initial contents from `stores`: from the store of this
    /// instance, which is faster to read, or else from the shared one. It makes no request before [`SyncTask`] does.
    ///
    /// An unreadable store is not an error: the whole catalog is read from AniLibria.
    pub async fn open(
        client: &Client,
        Stores { own, shared, elector }: Stores,
        LocalCatalogOptions { interval, paced }: LocalCatalogOptions,
    ) -> Self {
        let mut status = CatalogStatus::default();
        let mut kept = Catalog::default();
        if let Some(own) = &own {
            kept = read(own.read()).await;
            status.source = Some(CatalogSource::Disk);
        }
        if let (true, Some(shared)) = (kept.is_empty(), &shared) {
            let in_time = async {
                timeout(FIRST_READ, shared.read()).await.context("the shared store does not answer")?
            };
            kept = read(in_time).await;
            status.source = Some(shared.source());
        }
        if kept.is_empty() {
            status.source = None;
        }
        status.releases = kept.len();
        let mut reflector = client.reflector().catalog(kept);
        if !paced {
            reflector = reflector.unpaced();
        }
        let shared = Shared {
            client: client.clone(),
            reflector: reflector.build(),
            own,
            common: shared,
            elector: Mutex::new(elector),
            interval,
            status: Mutex::new(status),
            news: Notify::new(),
            bell: watch::Sender::new(()),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Returns the current catalog; `None` before it is loaded.
    pub fn catalog(&self) -> Option<Arc<Catalog>> {
        Some(self.shared.reflector.catalog()).filter(|catalog| !catalog.is_empty())
    }

    /// Requests an early poll, because AniLibria has reported a change.
    pub fn sync_soon(&self) {
        self.shared.news.notify_one();
    }

    /// Returns a receiver that is notified of every change of the catalog.
    pub fn changed(&self) -> watch::Receiver<()> {
        self.shared.bell.subscribe()
    }

    /// Returns the status of the copy.
    pub fn status(&self) -> CatalogStatus {
        self.shared.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the changes, or everything, and returns the difference.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the catalog unchanged.
    async fn update(&self, everything: bool) -> anilibria_client::Result<Changes> {
        let reflector = &self.shared.reflector;
        let before = reflector.catalog();
        let result = if everything { reflector.load().await } else { reflector.refresh().await.map(drop) };
        let after = reflector.catalog();
        match &result {
            Ok(()) => self.change_status(|status| status.synced(after.len())),
            Err(error) => self.change_status(|status| status.failed(error)),
        }
        result.map(|()| {
            let changes = self.told(Changes::between(&self.shared.client, &before, &after));
            let has_read_all = everything || before.is_empty();
            metrics::synced(if has_read_all { after.len() } else { changes.titles.len() });
            changes
        })
    }

    /// Records the outcome of [`update`](Self::update) in the shared store.
    async fn note(&self, outcome: &anilibria_client::Result<Changes>) {
        if let Some(common) = &self.shared.common {
            let releases = self.shared.reflector.catalog().len() as u64;
            common.note(outcome.as_ref().map(|_| releases).map_err(ToString::to_string)).await;
        }
    }

    /// Records in the shared store that a long [`update`](Self::update) continues.
    async fn note_progress(&self) {
        if let Some(common) = &self.shared.common {
            common.note_progress().await;
        }
    }

    /// Reads the changes that other instances have written. Returns the difference and the sign that one of them polls
    /// AniLibria; `None` without a shared store.
    async fn follow(&self) -> anyhow::Result<Option<(Changes, Option<OffsetDateTime>)>> {
        let Some(common) = &self.shared.common else { return Ok(None) };
        let News { parts, covered, sign, last_sync } = common.news().await?;
        let reflector = &self.shared.reflector;
        let before = reflector.catalog();
        if !parts.is_empty() || covered != Covered::Nothing {
            let there: HashSet<_> = parts.iter().map(CatalogPart::id).collect();
            let is_gone = |id: &ReleaseId| covered.contains(*id) && !there.contains(id);
            let gone = before.iter().map(|entry| entry.id).filter(is_gone).collect();
            reflector.merge(parts, gone).await?;
        }
        let after = reflector.catalog();
        let changes = self.told(Changes::between(&self.shared.client, &before, &after));
        let source = changes.any.then(|| common.source());
        self.change_status(|status| status.followed(after.len(), source, last_sync));
        Ok(Some((changes, sign)))
    }

    /// Writes the catalog to the shared store, if there is one.
    async fn share(&self) -> anyhow::Result<()> {
        let (Some(common), Some(catalog)) = (&self.shared.common, self.catalog()) else { return Ok(()) };
        common.write(catalog).await.inspect_err(|_| count_error("catalogue", "save"))
    }

    /// Returns true if the shared store contains the last write, or if there is no shared store.
    async fn is_shared(&self) -> bool {
        match &self.shared.common {
            Some(common) => common.is_intact().await,
            None => true,
        }
    }

    /// Writes the catalog to the store of this instance. A failure is logged; the next change tries again.
    async fn save(&self) {
        if let (Some(own), Some(catalog)) = (&self.shared.own, self.catalog())
            && let Err(error) = own.write(catalog).await
        {
            count_error("catalogue", "save");
            warn!(error = &*error, "catalog not saved on disk");
        }
    }

    /// Notifies the subscribers if the catalog has changed.
    fn told(&self, changes: Changes) -> Changes {
        if changes.any {
            self.shared.bell.send_replace(());
        }
        changes
    }

    fn change_status(&self, change: impl FnOnce(&mut CatalogStatus)) {
        change(&mut self.shared.status.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn take_elector(&self) -> Option<Arc<Candidate>> {
        self.shared.elector.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for LocalCatalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalCatalog").field("status", &self.status()).finish_non_exhaustive()
    }
}

async fn read(store: impl Future<Output = anyhow::Result<Option<Catalog>>>) -> Catalog {
    match store.await {
        Ok(Some(catalog)) => {
            info!(releases = catalog.len(), "saved catalog loaded");
            catalog
        }
        Ok(None) => Catalog::default(),
        Err(error) => {
            count_error("catalogue", "read");
            warn!(error = &*error, "saved catalog cannot be read");
            Catalog::default()
        }
    }
}
