//! The mirrored catalogue: what lists are answered from once it is loaded.

mod changes;
mod disk;
mod mongo;
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
    reflector::{Catalogue, CataloguePart, Reflector},
};
use anilibria_http::metrics::count_error;
use anyhow::Context as _;
use time::OffsetDateTime;
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};
use tracing::{info, warn};

use self::changes::Changes;
pub use self::{
    disk::DiskCatalogue,
    mongo::{MongoCatalogue, News},
    status::{CatalogueSource, CatalogueStatus},
    store::CatalogueStore,
    sync::SyncTask,
};
use crate::titles::metrics;

/// How long the service waits for MongoDB at its start when there is nothing on disk; later it is read in the background.
const FIRST_READ: Duration = Duration::from_secs(2);

/// How the catalogue is mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MirrorOptions {
    /// Time between two looks for what has changed.
    pub interval: Duration,
    /// Whether AniLibria is asked four times a second at most, as the public service should be.
    pub paced: bool,
}

/// Where the catalogue outlives the process, and who of several instances looks at AniLibria.
#[derive(Debug, Default)]
pub struct Stores {
    /// What this instance alone reads.
    pub own: Option<Arc<dyn CatalogueStore>>,
    /// What all instances read.
    pub shared: Option<MongoCatalogue>,
    /// Stands for the office of asking AniLibria on behalf of all; without, each instance asks for itself.
    pub elector: Option<Candidate>,
}

/// The catalogue in memory and where it outlives the process. Cheap to clone.
#[derive(Clone)]
pub struct Mirror {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    reflector: Reflector,
    own: Option<Arc<dyn CatalogueStore>>,
    database: Option<MongoCatalogue>,
    /// Taken by the task that keeps the catalogue up to date.
    elector: Mutex<Option<Candidate>>,
    interval: Duration,
    status: Mutex<CatalogueStatus>,
    /// Wakes the task that keeps the catalogue up to date.
    news: Notify,
    /// Changes with the catalogue.
    bell: watch::Sender<()>,
}

impl Mirror {
    /// A mirror of what `client` gives, beginning with what `stores` hold: what this instance has for itself, which is at
    /// hand, or else what all share. It asks for nothing before [`SyncTask`] does.
    ///
    /// A store that cannot be read is no error: everything is read anew.
    pub async fn open(
        client: &Client,
        Stores { own, shared, elector }: Stores,
        MirrorOptions { interval, paced }: MirrorOptions,
    ) -> Self {
        let mut status = CatalogueStatus::default();
        let mut kept = Catalogue::default();
        if let Some(own) = &own {
            kept = read(own.read()).await;
            status.source = Some(CatalogueSource::Disk);
        }
        if let (true, Some(shared)) = (kept.is_empty(), &shared) {
            let in_time =
                async { timeout(FIRST_READ, shared.read()).await.context("MongoDB gives no answer")? };
            kept = read(in_time).await;
            status.source = Some(CatalogueSource::Mongodb);
        }
        if kept.is_empty() {
            status.source = None;
        }
        status.releases = kept.len();
        let mut reflector = client.reflector().catalogue(kept);
        if !paced {
            reflector = reflector.unpaced();
        }
        let shared = Shared {
            client: client.clone(),
            reflector: reflector.build(),
            own,
            database: shared,
            elector: Mutex::new(elector),
            interval,
            status: Mutex::new(status),
            news: Notify::new(),
            bell: watch::Sender::new(()),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The catalogue as it is now; `None` before it is loaded.
    pub fn catalogue(&self) -> Option<Arc<Catalogue>> {
        Some(self.shared.reflector.catalogue()).filter(|catalogue| !catalogue.is_empty())
    }

    /// Something has happened at AniLibria: what has changed is read soon, and not only when it is due.
    pub fn hurry(&self) {
        self.shared.news.notify_one();
    }

    /// Changes whenever the catalogue has.
    pub fn changed(&self) -> watch::Receiver<()> {
        self.shared.bell.subscribe()
    }

    /// How the mirror is.
    pub fn status(&self) -> CatalogueStatus {
        self.shared.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads what has changed, or everything, and tells what is different now.
    async fn update(&self, everything: bool) -> anilibria_client::Result<Changes> {
        let reflector = &self.shared.reflector;
        let before = reflector.catalogue();
        let result = if everything { reflector.load().await } else { reflector.refresh().await.map(drop) };
        let after = reflector.catalogue();
        let outcome = match &result {
            Ok(()) => {
                self.change_status(|status| status.synced(after.len()));
                Ok(after.len() as u64)
            }
            Err(error) => {
                self.change_status(|status| status.failed(error));
                Err(error.to_string())
            }
        };
        if let Some(database) = &self.shared.database {
            database.note(outcome).await;
        }
        result.map(|()| {
            let changes = self.told(Changes::between(&self.shared.client, &before, &after));
            let has_read_all = everything || before.is_empty();
            metrics::synced(if has_read_all { after.len() } else { changes.titles.len() });
            changes
        })
    }

    /// Takes in what other instances have written, and tells what is different now and when one of them last asked
    /// AniLibria. `None` without a store that they share.
    async fn follow(&self) -> anyhow::Result<Option<(Changes, Option<OffsetDateTime>)>> {
        let Some(shared) = &self.shared.database else { return Ok(None) };
        let News { parts, is_whole, last_attempt, last_sync } = shared.news().await?;
        let reflector = &self.shared.reflector;
        let before = reflector.catalogue();
        if !parts.is_empty() {
            let there: HashSet<_> = parts.iter().map(CataloguePart::id).collect();
            let is_gone = |id: &ReleaseId| is_whole && !there.contains(id);
            let gone = before.iter().map(|entry| entry.id).filter(is_gone).collect();
            reflector.merge(parts, gone).await?;
        }
        let after = reflector.catalogue();
        let changes = self.told(Changes::between(&self.shared.client, &before, &after));
        self.change_status(|status| status.followed(after.len(), changes.any, last_sync));
        Ok(Some((changes, last_attempt)))
    }

    /// Puts the catalogue where all instances read it; says whether it is there. Without such a place it is.
    async fn share(&self) -> bool {
        let (Some(shared), Some(catalogue)) = (&self.shared.database, self.catalogue()) else { return true };
        let written = shared.write(catalogue).await;
        if let Err(error) = &written {
            count_error("catalogue", "save");
            warn!(%error, "The catalogue could not be saved in MongoDB, trying again");
        }
        written.is_ok()
    }

    /// Puts the catalogue where this instance alone reads it. That it could not be is logged: the next change tries
    /// again.
    async fn save(&self) {
        if let (Some(own), Some(catalogue)) = (&self.shared.own, self.catalogue())
            && let Err(error) = own.write(catalogue).await
        {
            count_error("catalogue", "save");
            warn!(%error, "The catalogue could not be saved");
        }
    }

    /// Wakes those who wait for the catalogue to change, if it has.
    fn told(&self, changes: Changes) -> Changes {
        if changes.any {
            self.shared.bell.send_replace(());
        }
        changes
    }

    fn change_status(&self, change: impl FnOnce(&mut CatalogueStatus)) {
        change(&mut self.shared.status.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn take_elector(&self) -> Option<Candidate> {
        self.shared.elector.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirror").field("status", &self.status()).finish_non_exhaustive()
    }
}

async fn read(store: impl Future<Output = anyhow::Result<Option<Catalogue>>>) -> Catalogue {
    match store.await {
        Ok(Some(catalogue)) => {
            info!(
                releases = catalogue.len(),
                "The catalogue of the last run is served until there is a newer one"
            );
            catalogue
        }
        Ok(None) => Catalogue::default(),
        Err(error) => {
            count_error("catalogue", "read");
            warn!(%error, "A saved catalogue cannot be read");
            Catalogue::default()
        }
    }
}
