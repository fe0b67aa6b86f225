//! The catalog in MongoDB, which instances share and the site can read.

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
use tracing::warn;

use self::{document::ENTRY, indexes::Indexes};
use super::{
    CatalogSource, CatalogStore, SharedCatalog,
    store::{Covered, News},
};
use crate::{
    telemetry::database::{measured, measured_with_timeout},
    titles::{
        mapping::Mapping,
        sync_status::{Noted, Subject, SyncStatus},
    },
};

const COLLECTION: &str = "titles";

/// Maximum number of titles per write command.
const BATCH: usize = 100;

/// Timeout of one command.
const CALL: Duration = Duration::from_secs(5);

/// Timeout of reading all titles.
const READ: Duration = Duration::from_mins(1);

/// Store of each title as a document: fields that the site reads and queries, and the exact entry. Cheap to clone.
///
/// Only changes are written. Instances that share the database receive each other's changes from [`news`](SharedCatalog::news).
#[derive(Clone, Debug)]
pub struct MongoCatalog {
    client: Client,
    database: Database,
    titles: Collection<RawDocumentBuf>,
    status: SyncStatus,
    indexes: Indexes,
    /// Held during every read and write.
    known: Arc<Mutex<Known>>,
}

/// Contents of the collection as known to this instance.
#[derive(Debug, Default)]
struct Known {
    /// Number of the last save that was read; `None` before the first read.
    seen: Option<i64>,
    /// Digest of each entry by title id.
    digests: HashMap<u32, u64>,
}

impl MongoCatalog {
    /// Creates a store in `database` of titles that `client` reads. It sends no command to the database yet.
    pub fn new(database: Database, client: Client, status: SyncStatus) -> Self {
        let titles = database.collection(COLLECTION);
        Self { client, database, titles, status, indexes: Indexes::default(), known: Arc::default() }
    }

    async fn since(
        &self,
        seen: i64,
        noted: &Noted,
        known: &mut Known,
    ) -> anyhow::Result<(Vec<CatalogPart>, Covered)> {
        let (parts, digests) = self.find(doc! { "revision": { "$gt": seen } }).await?;
        known.digests.extend(digests);
        if known.digests.len() as u64 == noted.count {
            known.seen = Some(noted.saved);
            return Ok((parts, Covered::Nothing));
        }
        // The counts differ, so titles were removed. A query by revision does not return removed titles.
        self.everything(noted, known).await
    }

    async fn everything(
        &self,
        noted: &Noted,
        known: &mut Known,
    ) -> anyhow::Result<(Vec<CatalogPart>, Covered)> {
        let (parts, digests) = self.find(doc! {}).await?;
        known.digests = digests;
        known.seen = Some(noted.saved);
        // If another instance has cleared the collection or is still filling it, a missing title does not mean a removed
        // one.
        let is_whole = !parts.is_empty() && parts.len() as u64 == noted.count;
        Ok((parts, if is_whole { Covered::Everything } else { Covered::Nothing }))
    }

    /// Returns the titles that match `filter`, without unreadable ones, and the digests of their entries.
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
            async { anyhow::Ok(timeout(READ, read).await.context("reading all titles takes too long")??) };
        let entries = measured("find", COLLECTION, in_time).await?;
        Ok(spawn_blocking(move || decode(&entries)).await?)
    }

    /// Writes `titles`, the changed parts of `catalog`, as save number `revision`.
    async fn upsert(&self, titles: &[Changed], catalog: &Catalog, revision: i64) -> anyhow::Result<()> {
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
        let answer = answer("update", self.database.run_command(command).into_future()).await?;
        if let Ok(errors) = answer.get_array("writeErrors")
            && let Some(first) = errors.first()
        {
            bail!("{} of {} titles were not written: {first}", errors.len(), titles.len());
        }
        Ok(())
    }

    async fn delete(&self, ids: &[u32]) -> anyhow::Result<()> {
        for ids in ids.chunks(BATCH) {
            let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
            answer("delete", self.titles.delete_many(doc! { "_id": { "$in": ids } }).into_future()).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl CatalogStore for MongoCatalog {
    async fn read(&self) -> anyhow::Result<Option<Catalog>> {
        self.news().await?.into_catalog().await
    }

    async fn write(&self, catalog: Arc<Catalog>) -> anyhow::Result<()> {
        let mut known = self.known.lock().await;
        if known.seen.is_none() {
            // Existing entries are read first, so that unchanged ones are not written again.
            let noted = self.status.catalog().await?;
            let (_, digests) = self.find(doc! {}).await?;
            *known = Known { seen: Some(noted.map_or(0, |noted| noted.saved)), digests };
        }
        self.indexes.ensure(&self.titles).await;

        let digests = known.digests.clone();
        let compared = Arc::clone(&catalog);
        let (changed, gone) = spawn_blocking(move || differing(&compared, &digests)).await?;
        if changed.is_empty() && gone.is_empty() {
            return Ok(());
        }

        let begin = Instant::now();
        let revision = self.status.begin_save().await?;
        for titles in changed.chunks(BATCH) {
            self.upsert(titles, &catalog, revision).await?;
            known.digests.extend(titles.iter().map(|changed| (changed.part.id().get(), changed.digest)));
        }
        self.delete(&gone).await?;
        known.digests.retain(|id, _| !gone.contains(id));
        self.status.end_save(revision, known.digests.len()).await?;
        // If other instances saved in between, their changes have yet to be read.
        if known.seen.is_some_and(|seen| seen + 1 == revision) {
            known.seen = Some(revision);
        }
        let duration_ms = begin.elapsed().as_secs_f64() * 1000.0;
        tracing::debug!(written = changed.len(), gone = gone.len(), duration_ms, "titles saved in MongoDB");
        Ok(())
    }
}

#[async_trait]
impl SharedCatalog for MongoCatalog {
    fn source(&self) -> CatalogSource {
        CatalogSource::Mongodb
    }

    async fn news(&self) -> anyhow::Result<News> {
        let mut known = self.known.lock().await;
        // If the first save was never completed, the collection holds only a part of the catalog.
        let Some(noted) = self.status.catalog().await?.filter(|noted| noted.saved > 0) else {
            return Ok(News::default());
        };
        let (parts, covered) = match known.seen {
            Some(seen) if seen >= noted.saved => (Vec::new(), Covered::Nothing),
            Some(seen) => self.since(seen, &noted, &mut known).await?,
            None => self.everything(&noted, &mut known).await?,
        };
        Ok(News {
            parts,
            covered,
            sign: noted.last_attempt.map(moment),
            last_sync: noted.last_sync.map(moment),
        })
    }

    async fn note(&self, outcome: Result<u64, String>) {
        self.status.note(Subject::Catalog, outcome).await;
    }
}

/// A title that differs from its document.
#[derive(Debug)]
struct Changed {
    part: CatalogPart,
    bytes: Vec<u8>,
    digest: u64,
}

/// Compares `catalog` with `digests`. Returns the new or changed titles, and the ids of removed ones.
fn differing(catalog: &Catalog, digests: &HashMap<u32, u64>) -> (Vec<Changed>, Vec<u32>) {
    let changed = catalog.parts().filter_map(|part| {
        let bytes = part.to_bytes();
        let digest = digest(&bytes);
        (digests.get(&part.id().get()) != Some(&digest)).then_some(Changed { part, bytes, digest })
    });
    let gone = digests.keys().copied().filter(|id| catalog.get(*id).is_none());
    (changed.collect(), gone.collect())
}

/// Decodes `entries` to titles, with their digests. Damaged and foreign entries are skipped.
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

fn moment(date: DateTime) -> OffsetDateTime {
    date.to_system_time().into()
}

async fn answer<T>(
    operation: &'static str,
    call: impl Future<Output = DriverResult<T>>,
) -> anyhow::Result<T> {
    measured_with_timeout(operation, COLLECTION, CALL, call).await
}
