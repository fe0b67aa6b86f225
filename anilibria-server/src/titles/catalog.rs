//! The local catalog: a copy of all releases, from which lists are built once it is loaded.

mod blocks;
mod changes;
mod disk;
mod mongo;
mod redis;
mod status;
mod store;
mod sync_task;

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

use self::{changes::Changes, store::Coverage};
pub use self::{
    disk::DiskCatalog,
    mongo::MongoCatalog,
    redis::RedisCatalog,
    status::{CatalogSource, CatalogStatus},
    store::{CatalogStore, CatalogUpdate, SharedCatalog},
    sync_task::SyncTask,
};
use crate::titles::metrics;

/// Timeout of reading the shared store at startup, if there is no catalog on disk. Afterwards [`SyncTask`] reads it.
const FIRST_READ_TIMEOUT: Duration = Duration::from_secs(2);

/// Options of [`LocalCatalog`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalCatalogOptions {
    /// Interval between two polls.
    pub interval: Duration,
    /// True if AniLibria is called at most four times a second, as is required for the public service.
    pub paced: bool,
}

/// Persistent stores of the catalog, and the candidate for the leader lease of polling AniLibria.
#[derive(Debug, Default)]
pub struct Stores {
    /// Store that only this instance reads.
    pub local: Option<Arc<dyn CatalogStore>>,
    /// Store that all instances read.
    pub shared: Option<Arc<dyn SharedCatalog>>,
    /// Candidate for the leader lease of polling AniLibria; `None` if each instance polls for itself.
    pub candidate: Option<Arc<Candidate>>,
}

/// The catalog in memory and its persistent stores. Cheap to clone.
#[derive(Clone)]
pub struct LocalCatalog {
    shared: Arc<State>,
}

struct State {
    client: Client,
    reflector: Reflector,
    /// Store that only this instance reads.
    local_store: Option<Arc<dyn CatalogStore>>,
    /// Store that all instances read.
    shared_store: Option<Arc<dyn SharedCatalog>>,
    /// Candidate for the leader lease, until [`SyncTask`] takes it.
    candidate: Mutex<Option<Arc<Candidate>>>,
    interval: Duration,
    status: Mutex<CatalogStatus>,
    /// Wakes [`SyncTask`] before its next poll is due.
    wake: Notify,
    /// Notifies the subscribers of every change of the catalog.
    changes: watch::Sender<()>,
}

impl LocalCatalog {
    /// Creates a local copy of the catalog of `client`. The initial contents come from the local store, which is faster to
    /// read, or else from the shared one. AniLibria receives no request before [`SyncTask`] starts.
    ///
    /// An unreadable store is not an error: [`SyncTask`] then reads the complete catalog from AniLibria.
    pub async fn open(
        client: &Client,
        Stores { local, shared, candidate }: Stores,
        LocalCatalogOptions { interval, paced }: LocalCatalogOptions,
    ) -> Self {
        let mut status = CatalogStatus::default();
        let mut stored = Catalog::default();
        if let Some(local) = &local {
            stored = read(CatalogSource::Disk, local.read()).await;
            status.source = Some(CatalogSource::Disk);
        }
        if let (true, Some(shared)) = (stored.is_empty(), &shared) {
            let in_time = async {
                timeout(FIRST_READ_TIMEOUT, shared.read())
                    .await
                    .context("the shared store did not respond in time")?
            };
            stored = read(shared.source(), in_time).await;
            status.source = Some(shared.source());
        }
        if stored.is_empty() {
            status.source = None;
        }
        status.releases = stored.len();
        let mut reflector = client.reflector().catalog(stored);
        if !paced {
            reflector = reflector.unpaced();
        }
        let shared = State {
            client: client.clone(),
            reflector: reflector.build(),
            local_store: local,
            shared_store: shared,
            candidate: Mutex::new(candidate),
            interval,
            status: Mutex::new(status),
            wake: Notify::new(),
            changes: watch::Sender::new(()),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Returns the current catalog; `None` before it is loaded.
    pub fn catalog(&self) -> Option<Arc<Catalog>> {
        Some(self.shared.reflector.catalog()).filter(|catalog| !catalog.is_empty())
    }

    /// Requests a poll before the next one is due. Call it when an event reports a change.
    pub fn sync_soon(&self) {
        self.shared.wake.notify_one();
    }

    /// Returns a receiver that is notified of every change of the catalog.
    pub fn subscribe(&self) -> watch::Receiver<()> {
        self.shared.changes.subscribe()
    }

    /// Returns the status of the local catalog.
    pub fn status(&self) -> CatalogStatus {
        self.shared.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the changes from AniLibria, or the complete catalog if `everything` is true, and returns the difference.
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
            Ok(()) => self.change_status(|status| status.poll_succeeded(after.len())),
            Err(error) => self.change_status(|status| status.poll_failed(error)),
        }
        result.map(|()| {
            let changes = self.notify_subscribers(Changes::between(&self.shared.client, &before, &after));
            let has_read_all = everything || before.is_empty();
            metrics::count_synced(if has_read_all { after.len() } else { changes.titles.len() });
            changes
        })
    }

    /// Records the outcome of [`update`](Self::update) in the shared store.
    async fn record_poll(&self, outcome: &anilibria_client::Result<Changes>) {
        if let Some(shared_store) = &self.shared.shared_store {
            let releases = self.shared.reflector.catalog().len() as u64;
            shared_store.record_poll(outcome.as_ref().map(|_| releases).map_err(ToString::to_string)).await;
        }
    }

    /// Records in the shared store that a long [`update`](Self::update) is still in progress.
    async fn record_progress(&self) {
        if let Some(shared_store) = &self.shared.shared_store {
            shared_store.record_progress().await;
        }
    }

    /// Reads the changes that other instances have written. Returns the difference, and the heartbeat of the instance that
    /// polls AniLibria; `None` without a shared store.
    async fn read_shared(&self) -> anyhow::Result<Option<(Changes, Option<OffsetDateTime>)>> {
        let Some(shared_store) = &self.shared.shared_store else { return Ok(None) };
        let CatalogUpdate { parts, coverage, heartbeat, last_sync } = shared_store.read_changes().await?;
        let reflector = &self.shared.reflector;
        let before = reflector.catalog();
        if !parts.is_empty() || coverage != Coverage::None {
            let written: HashSet<_> = parts.iter().map(CatalogPart::id).collect();
            let is_removed = |id: &ReleaseId| coverage.contains(*id) && !written.contains(id);
            let removed = before.iter().map(|entry| entry.id).filter(is_removed).collect();
            reflector.merge(parts, removed).await?;
        }
        let after = reflector.catalog();
        let changes = self.notify_subscribers(Changes::between(&self.shared.client, &before, &after));
        let source = changes.any.then(|| shared_store.source());
        self.change_status(|status| status.updated_from_store(after.len(), source, last_sync));
        Ok(Some((changes, heartbeat)))
    }

    /// Writes the catalog to the shared store, if there is one.
    async fn write_shared(&self) -> anyhow::Result<()> {
        let (Some(shared_store), Some(catalog)) = (&self.shared.shared_store, self.catalog()) else {
            return Ok(());
        };
        shared_store.write(catalog).await.inspect_err(|_| count_error("catalogue", "save"))
    }

    /// Returns true if the shared store contains the last write, or if there is no shared store.
    async fn is_shared_store_intact(&self) -> bool {
        match &self.shared.shared_store {
            Some(shared_store) => shared_store.is_intact().await,
            None => true,
        }
    }

    /// Writes the catalog to the local store. A failure is logged, and the next change is written again.
    async fn save(&self) {
        if let (Some(local_store), Some(catalog)) = (&self.shared.local_store, self.catalog())
            && let Err(error) = local_store.write(catalog).await
        {
            count_error("catalogue", "save");
            warn!(error = &*error, "catalog not saved on disk");
        }
    }

    /// Notifies the subscribers if the catalog has changed. Returns `changes`.
    fn notify_subscribers(&self, changes: Changes) -> Changes {
        if changes.any {
            self.shared.changes.send_replace(());
        }
        changes
    }

    fn change_status(&self, change: impl FnOnce(&mut CatalogStatus)) {
        change(&mut self.shared.status.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn take_candidate(&self) -> Option<Arc<Candidate>> {
        self.shared.candidate.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for LocalCatalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalCatalog").field("status", &self.status()).finish_non_exhaustive()
    }
}

/// Returns the result of `read`, which reads the store `source`. If the store is empty or unreadable, the catalog is empty.
async fn read(source: CatalogSource, read: impl Future<Output = anyhow::Result<Option<Catalog>>>) -> Catalog {
    let source = source.as_str();
    match read.await {
        Ok(Some(catalog)) => {
            info!(source, releases = catalog.len(), "saved catalog loaded");
            catalog
        }
        Ok(None) => Catalog::default(),
        Err(error) => {
            count_error("catalogue", "read");
            warn!(source, error = &*error, "saved catalog cannot be read");
            Catalog::default()
        }
    }
}
