//! The catalogue in MongoDB, where instances share it and the site can read it.

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
    reflector::{Catalogue, CataloguePart},
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
use super::CatalogueStore;
use crate::{
    telemetry::database::{answered, measured},
    titles::{
        mapping::Mapping,
        sync_status::{Noted, Subject, SyncStatus},
    },
};

const COLLECTION: &str = "titles";

/// Titles that are written by one command.
const BATCH: usize = 100;

/// How long the server may take for one command.
const CALL: Duration = Duration::from_secs(5);

/// How long reading all titles may take.
const READ: Duration = Duration::from_mins(1);

/// Keeps each title as a document: its fields for the site to read and to find it by, and the entry as it is. Cheap to
/// clone.
///
/// Only what has changed is written. Instances that share the database learn from each other by [`news`](Self::news).
#[derive(Clone, Debug)]
pub struct MongoCatalogue {
    client: Client,
    database: Database,
    titles: Collection<RawDocumentBuf>,
    status: SyncStatus,
    indexes: Indexes,
    /// Held while something is read or written.
    known: Arc<Mutex<Known>>,
}

/// What is known to be in the collection.
#[derive(Debug, Default)]
struct Known {
    /// The number of the last save that was read; `None` before anything was.
    seen: Option<i64>,
    /// A digest of each entry.
    digests: HashMap<u32, u64>,
}

/// What other instances have done.
#[derive(Debug, Default)]
pub struct News {
    /// Releases that they have written.
    pub(super) parts: Vec<CataloguePart>,
    /// Whether that is all there is.
    pub(super) is_whole: bool,
    /// When one of them last asked AniLibria, as a mark that changes.
    pub(super) last_attempt: Option<OffsetDateTime>,
    /// When AniLibria last answered one of them.
    pub(super) last_sync: Option<OffsetDateTime>,
}

impl MongoCatalogue {
    /// Keeps the titles that `client` gives in `database`, which is not asked for anything yet.
    pub fn new(database: Database, client: Client, status: SyncStatus) -> Self {
        let titles = database.collection(COLLECTION);
        Self { client, database, titles, status, indexes: Indexes::default(), known: Arc::default() }
    }

    /// What other instances have written since this one last read or wrote, or everything when it has not.
    pub async fn news(&self) -> anyhow::Result<News> {
        let mut known = self.known.lock().await;
        // A first save that was never completed has left only a part.
        let Some(noted) = self.status.catalogue().await?.filter(|noted| noted.saved > 0) else {
            return Ok(News::default());
        };
        let (parts, is_whole) = match known.seen {
            Some(seen) if seen >= noted.saved => (Vec::new(), false),
            Some(seen) => self.since(seen, &noted, &mut known).await?,
            None => self.everything(&noted, &mut known).await?,
        };
        Ok(News {
            parts,
            is_whole,
            last_attempt: noted.last_attempt.map(moment),
            last_sync: noted.last_sync.map(moment),
        })
    }

    /// Notes that AniLibria was asked and how that went.
    pub async fn note(&self, outcome: Result<u64, String>) {
        self.status.note(Subject::Catalogue, outcome).await;
    }

    async fn since(
        &self,
        seen: i64,
        noted: &Noted,
        known: &mut Known,
    ) -> anyhow::Result<(Vec<CataloguePart>, bool)> {
        let (parts, digests) = self.find(doc! { "revision": { "$gt": seen } }).await?;
        known.digests.extend(digests);
        if known.digests.len() as u64 == noted.count {
            known.seen = Some(noted.saved);
            return Ok((parts, false));
        }
        // Something is gone, which no document tells.
        self.everything(noted, known).await
    }

    async fn everything(
        &self,
        noted: &Noted,
        known: &mut Known,
    ) -> anyhow::Result<(Vec<CataloguePart>, bool)> {
        let (parts, digests) = self.find(doc! {}).await?;
        known.digests = digests;
        known.seen = Some(noted.saved);
        // What somebody else has emptied or is still filling says nothing about what is gone.
        let is_whole = !parts.is_empty() && parts.len() as u64 == noted.count;
        Ok((parts, is_whole))
    }

    /// The titles that `filter` matches, but for those that cannot be read, and the digests of their entries.
    async fn find(&self, filter: Document) -> anyhow::Result<(Vec<CataloguePart>, HashMap<u32, u64>)> {
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

    /// Writes `titles`, the parts of `catalogue` that have changed, as save `revision`.
    async fn upsert(&self, titles: &[Changed], catalogue: &Catalogue, revision: i64) -> anyhow::Result<()> {
        let mapping = Mapping::new(&self.client);
        let updates: Vec<_> = titles
            .iter()
            .map(|changed| {
                let fields = document::fields(mapping, catalogue, &changed.part, &changed.bytes, revision);
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
impl CatalogueStore for MongoCatalogue {
    async fn read(&self) -> anyhow::Result<Option<Catalogue>> {
        let News { parts, .. } = self.news().await?;
        if parts.is_empty() {
            return Ok(None);
        }
        Ok(Some(spawn_blocking(move || parts.into_iter().collect()).await?))
    }

    async fn write(&self, catalogue: Arc<Catalogue>) -> anyhow::Result<()> {
        let mut known = self.known.lock().await;
        if known.seen.is_none() {
            // What is there already need not be written.
            let noted = self.status.catalogue().await?;
            let (_, digests) = self.find(doc! {}).await?;
            *known = Known { seen: Some(noted.map_or(0, |noted| noted.saved)), digests };
        }
        self.indexes.ensure(&self.titles).await;

        let digests = known.digests.clone();
        let compared = Arc::clone(&catalogue);
        let (changed, gone) = spawn_blocking(move || differing(&compared, &digests)).await?;
        if changed.is_empty() && gone.is_empty() {
            return Ok(());
        }

        let begin = Instant::now();
        let revision = self.status.begin_save().await?;
        for titles in changed.chunks(BATCH) {
            self.upsert(titles, &catalogue, revision).await?;
            known.digests.extend(titles.iter().map(|changed| (changed.part.id().get(), changed.digest)));
        }
        self.delete(&gone).await?;
        known.digests.retain(|id, _| !gone.contains(id));
        self.status.end_save(revision, known.digests.len()).await?;
        // What others have saved in between is still to be read.
        if known.seen.is_some_and(|seen| seen + 1 == revision) {
            known.seen = Some(revision);
        }
        tracing::debug!(written = changed.len(), gone = gone.len(), took = ?begin.elapsed(), "Titles saved");
        Ok(())
    }
}

/// A title that is not as it is in the collection.
#[derive(Debug)]
struct Changed {
    part: CataloguePart,
    bytes: Vec<u8>,
    digest: u64,
}

/// What of `catalogue` is new or another than `digests` say, and what they have that is not there.
fn differing(catalogue: &Catalogue, digests: &HashMap<u32, u64>) -> (Vec<Changed>, Vec<u32>) {
    let changed = catalogue.parts().filter_map(|part| {
        let bytes = part.to_bytes();
        let digest = digest(&bytes);
        (digests.get(&part.id().get()) != Some(&digest)).then_some(Changed { part, bytes, digest })
    });
    let gone = digests.keys().copied().filter(|id| catalogue.get(*id).is_none());
    (changed.collect(), gone.collect())
}

/// The titles that `entries` are, with their digests. What is damaged or not ours is left out.
fn decode(entries: &[Option<Vec<u8>>]) -> (Vec<CataloguePart>, HashMap<u32, u64>) {
    let mut parts = Vec::with_capacity(entries.len());
    let mut digests = HashMap::with_capacity(entries.len());
    for bytes in entries.iter().flatten() {
        if let Ok(part) = CataloguePart::from_bytes(bytes) {
            digests.insert(part.id().get(), digest(bytes));
            parts.push(part);
        }
    }
    let unreadable = entries.len() - parts.len();
    if unreadable > 0 {
        warn!(unreadable, collection = COLLECTION, "Some saved titles cannot be read and are left out");
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
    answered(operation, COLLECTION, CALL, call).await
}
