//! The catalog in MongoDB, which all instances share and the site can read.

mod document;
mod indexes;

use std::{
    collections::HashMap,
    future::IntoFuture,
    hash::{DefaultHasher, Hasher as _},
    sync::Arc,
    time::Duration,
};

use anilibria_client::{
    Client,
    reflector::{Catalog, CatalogPart},
};
use anyhow::{Context as _, bail};
use async_trait::async_trait;
use mongodb::{
    Collection, Database,
    bson::{DateTime, Document, RawDocumentBuf, doc},
    error::Result as DriverResult,
};
use time::OffsetDateTime;
use tokio::{
    sync::Mutex,
    task::spawn_blocking,
    time::{Instant, timeout},
};
use tracing::{debug, warn};

use self::{document::ENTRY, indexes::Indexes};
use super::{
    CatalogSource, CatalogStore, SharedCatalog,
    store::{CatalogUpdate, Coverage},
};
use crate::{
    telemetry::database::{measured, measured_with_timeout},
    titles::{
        mapping::Mapping,
        sync_status::{CatalogRecord, SyncStatus, SyncTarget},
    },
};

const COLLECTION: &str = "titles";

/// Maximum number of titles per write command.
const BATCH: usize = 100;

/// Timeout of one command.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(5);

/// Timeout of reading all titles.
const READ_TIMEOUT: Duration = Duration::from_mins(1);

/// Store of the catalog with one document per title: the fields that the site queries, and the exact entry. Cheap to clone.
///
/// Only changes are written. Instances that share the database receive each other's changes from
/// [`read_changes`](SharedCatalog::read_changes).
#[derive(Clone, Debug)]
pub struct MongoCatalog {
    client: Client,
    database: Database,
    titles: Collection<RawDocumentBuf>,
    status: SyncStatus,
    indexes: Indexes,
    /// State of the last read or write. The lock is held during every read and write.
    known: Arc<Mutex<KnownState>>,
}

/// State of the collection, as this instance last read or wrote it.
#[derive(Debug, Default)]
struct KnownState {
    /// Number of the last save that was read; `None` before the first read.
    last_save: Option<i64>,
    /// Digest of each entry by title id.
    digests: HashMap<u32, u64>,
}

impl MongoCatalog {
    /// Creates a store in `database` of titles that `client` reads, without sending a command.
    pub fn new(database: Database, client: Client, status: SyncStatus) -> Self {
        let titles = database.collection(COLLECTION);
        Self { client, database, titles, status, indexes: Indexes::default(), known: Arc::default() }
    }

    /// Returns the titles that were saved after save number `last_save`.
    async fn read_since(
        &self,
        last_save: i64,
        record: &CatalogRecord,
        known: &mut KnownState,
    ) -> anyhow::Result<(Vec<CatalogPart>, Coverage)> {
        let (parts, digests) = self.find(doc! { "revision": { "$gt": last_save } }).await?;
        known.digests.extend(digests);
        if known.digests.len() as u64 == record.count {
            known.last_save = Some(record.saved);
            return Ok((parts, Coverage::None));
        }
        // The counts differ, so titles were removed. A query by revision does not return removed titles.
        self.read_all(record, known).await
    }

    /// Returns all titles.
    async fn read_all(
        &self,
        record: &CatalogRecord,
        known: &mut KnownState,
    ) -> anyhow::Result<(Vec<CatalogPart>, Coverage)> {
        let (parts, digests) = self.find(doc! {}).await?;
        known.digests = digests;
        known.last_save = Some(record.saved);
        // Another instance may have cleared the collection, or may still be filling it. A missing title is a removed title only
        // if the collection is complete.
        let is_complete = !parts.is_empty() && parts.len() as u64 == record.count;
        Ok((parts, if is_complete { Coverage::All } else { Coverage::None }))
    }

    /// Returns the readable titles that match `filter`, and the digests of their entries.
    async fn find(&self, filter: Document) -> anyhow::Result<(Vec<CatalogPart>, HashMap<u32, u64>)> {
        let read = async {
            let mut cursor = self.titles.find(filter).projection(doc! { ENTRY: 1 }).batch_size(1_000).await?;
            let mut entries = Vec::new();
            while cursor.advance().await? {
                entries.push(cursor.current().get_binary(ENTRY).map(|binary| binary.bytes.to_vec()).ok());
            }
            DriverResult::Ok(entries)
        };
        let in_time =
            async { anyhow::Ok(timeout(READ_TIMEOUT, read).await.context("reading the titles timed out")??) };
        let entries = measured("find", COLLECTION, in_time).await?;
        Ok(spawn_blocking(move || decode(&entries)).await?)
    }

    /// Writes `titles`, the changed parts of `catalog`, as save number `revision`.
    async fn upsert(&self, titles: &[ChangedTitle], catalog: &Catalog, revision: i64) -> anyhow::Result<()> {
        let mapping = Mapping::new(&self.client);
        let updates: Vec<_> = titles
            .iter()
            .map(|changed| {
                let fields = document::fields(mapping, catalog, &changed.part, &changed.bytes, revision);
                let id = changed.part.id().get().to_string();
                doc! { "q": { "_id": id }, "u": { "$set": fields }, "upsert": true }
            })
            .collect();
        let command = doc! { "update": COLLECTION, "updates": updates, "ordered": false };
        let response = run("update", self.database.run_command(command).into_future()).await?;
        if let Ok(errors) = response.get_array("writeErrors")
            && let Some(first) = errors.first()
        {
            bail!("{} of {} titles were not written: {first}", errors.len(), titles.len());
        }
        Ok(())
    }

    async fn delete(&self, ids: &[u32]) -> anyhow::Result<()> {
        for ids in ids.chunks(BATCH) {
            let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
            run("delete", self.titles.delete_many(doc! { "_id": { "$in": ids } }).into_future()).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl CatalogStore for MongoCatalog {
    async fn read(&self) -> anyhow::Result<Option<Catalog>> {
        self.read_changes().await?.into_catalog().await
    }

    async fn write(&self, catalog: Arc<Catalog>) -> anyhow::Result<()> {
        let mut known = self.known.lock().await;
        if known.last_save.is_none() {
            // The stored entries are read first, so that unchanged ones are not written again.
            let record = self.status.catalog().await?;
            let (_, digests) = self.find(doc! {}).await?;
            *known = KnownState { last_save: Some(record.map_or(0, |record| record.saved)), digests };
        }
        self.indexes.ensure(&self.titles).await;

        let digests = known.digests.clone();
        let compared = Arc::clone(&catalog);
        let (changed, removed) = spawn_blocking(move || differing(&compared, &digests)).await?;
        if changed.is_empty() && removed.is_empty() {
            return Ok(());
        }

        let begin = Instant::now();
        let revision = self.status.begin_save().await?;
        for titles in changed.chunks(BATCH) {
            self.upsert(titles, &catalog, revision).await?;
            known.digests.extend(titles.iter().map(|changed| (changed.part.id().get(), changed.digest)));
        }
        self.delete(&removed).await?;
        known.digests.retain(|id, _| !removed.contains(id));
        self.status.end_save(revision, known.digests.len()).await?;
        // If another instance saved in between, its changes are not read yet.
        if known.last_save.is_some_and(|last| last + 1 == revision) {
            known.last_save = Some(revision);
        }
        let duration_ms = begin.elapsed().as_secs_f64() * 1000.0;
        debug!(written = changed.len(), removed = removed.len(), duration_ms, "titles saved in MongoDB");
        Ok(())
    }
}

#[async_trait]
impl SharedCatalog for MongoCatalog {
    fn source(&self) -> CatalogSource {
        CatalogSource::Mongodb
    }

    async fn read_changes(&self) -> anyhow::Result<CatalogUpdate> {
        let mut known = self.known.lock().await;
        // Before the first save is complete, the collection contains only a part of the catalog.
        let Some(record) = self.status.catalog().await?.filter(|record| record.saved > 0) else {
            return Ok(CatalogUpdate::default());
        };
        let (parts, coverage) = match known.last_save {
            Some(last) if last >= record.saved => (Vec::new(), Coverage::None),
            Some(last) => self.read_since(last, &record, &mut known).await?,
            None => self.read_all(&record, &mut known).await?,
        };
        Ok(CatalogUpdate {
            parts,
            coverage,
            heartbeat: record.last_attempt.map(to_time),
            last_sync: record.last_sync.map(to_time),
        })
    }

    async fn record_poll(&self, outcome: Result<u64, String>) {
        self.status.record(SyncTarget::Catalog, outcome).await;
    }
}

/// A title that differs from its document.
#[derive(Debug)]
struct ChangedTitle {
    part: CatalogPart,
    bytes: Vec<u8>,
    digest: u64,
}

/// Compares `catalog` with the stored `digests`. Returns the new or changed titles, and the ids of removed titles.
fn differing(catalog: &Catalog, digests: &HashMap<u32, u64>) -> (Vec<ChangedTitle>, Vec<u32>) {
    let changed = catalog.parts().filter_map(|part| {
        let bytes = part.to_bytes();
        let digest = digest(&bytes);
        (digests.get(&part.id().get()) != Some(&digest)).then_some(ChangedTitle { part, bytes, digest })
    });
    let removed = digests.keys().copied().filter(|id| catalog.get(*id).is_none());
    (changed.collect(), removed.collect())
}

/// Decodes `entries` to titles, with their digests. Entries that are damaged or of another format version are skipped.
fn decode(entries: &[Option<Vec<u8>>]) -> (Vec<CatalogPart>, HashMap<u32, u64>) {
    let mut parts = Vec::with_capacity(entries.len());
    let mut digests = HashMap::with_capacity(entries.len());
    for bytes in entries.iter().flatten() {
        if let Ok(part) = CatalogPart::from_bytes(bytes) {
            digests.insert(part.id().get(), digest(bytes));
            parts.push(part);
        }
    }
    let unreadable = entries.len() - parts.len();
    if unreadable > 0 {
        warn!(unreadable, collection = COLLECTION, "unreadable titles in MongoDB skipped");
    }
    (parts, digests)
}

fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

fn to_time(date: DateTime) -> OffsetDateTime {
    date.to_system_time().into()
}

/// Runs a command with a timeout, and records its duration.
async fn run<T>(operation: &'static str, call: impl Future<Output = DriverResult<T>>) -> anyhow::Result<T> {
    measured_with_timeout(operation, COLLECTION, COMMAND_TIMEOUT, call).await
}
