//! Status of the synchronisation with AniLibria, in a MongoDB collection that the site's services can read.

use std::{
    future::IntoFuture,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use mongodb::{
    Collection, Database, IndexModel,
    bson::{Bson, DateTime, Document, doc},
    error::Result as DriverResult,
    options::{IndexOptions, ReturnDocument},
};
use tokio::sync::Semaphore;
use tracing::debug;

use crate::telemetry::database::measured_with_timeout;

const COLLECTION: &str = "sync_status";

/// Name of this service in the collection.
const SERVICE: &str = "anilibria";

/// Timeout of one command.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(2);

/// Maximum number of outcomes that wait to be recorded in the background. Further outcomes are dropped.
const MAX_PENDING: usize = 16;

/// The catalog or a title, as the object of a synchronisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncTarget {
    /// The complete catalog.
    Catalog,
    /// One title.
    Title(u32),
}

impl SyncTarget {
    /// Returns the id of the title; `None` for the catalog.
    fn title_id(self) -> Option<u32> {
        match self {
            Self::Catalog => None,
            Self::Title(id) => Some(id),
        }
    }
}

/// Collection with the last outcome for each [`SyncTarget`]. Cheap to clone.
///
/// Each document has `service`, `entity_type`, `entity_id`, `last_attempt`, `last_sync` (the last success), `result` (`ok` or
/// `error`), `error` and `count`.
#[derive(Clone, Debug)]
pub struct SyncStatus {
    collection: Collection<Document>,
    pending: Arc<Semaphore>,
    is_indexed: Arc<AtomicBool>,
}

/// Recorded status of the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CatalogRecord {
    /// Number of the last completed save; 0 before the first.
    pub(crate) saved: i64,
    /// Number of releases after that save.
    pub(crate) count: u64,
    /// Time of the last poll of AniLibria, successful or not.
    pub(crate) last_attempt: Option<DateTime>,
    /// Time of the last successful poll of AniLibria.
    pub(crate) last_sync: Option<DateTime>,
}

impl SyncStatus {
    /// Creates a status in `database`, without sending a command.
    pub fn new(database: &Database) -> Self {
        Self {
            collection: database.collection(COLLECTION),
            pending: Arc::new(Semaphore::new(MAX_PENDING)),
            is_indexed: Arc::default(),
        }
    }

    /// Records the outcome of a synchronisation: the number of releases or episodes, or the error. If that fails, the failure
    /// is logged at level `debug`.
    pub async fn record(&self, target: SyncTarget, outcome: Result<u64, String>) {
        let now = DateTime::now();
        let mut fields = doc! { "last_attempt": now };
        match outcome {
            Ok(count) => {
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                fields.extend(doc! { "last_sync": now, "result": "ok", "error": Bson::Null, "count": count });
            }
            Err(error) => fields.extend(doc! { "result": "error", "error": error }),
        }
        self.create_index().await;
        let update =
            self.collection.update_one(filter(target), doc! { "$set": fields }).upsert(true).into_future();
        if let Err(error) = run("update", update).await {
            debug!(%error, title_id = target.title_id(), "outcome of a sync not recorded in MongoDB");
        }
    }

    /// Records an outcome in the background. Drops it if too many are pending.
    pub fn record_in_background(&self, target: SyncTarget, outcome: Result<u64, String>) {
        if let Ok(permit) = Arc::clone(&self.pending).try_acquire_owned() {
            let status = self.clone();
            tokio::spawn(async move {
                status.record(target, outcome).await;
                drop(permit);
            });
        }
    }

    /// Returns the recorded status of the catalog; `None` if there is none.
    pub(crate) async fn catalog(&self) -> anyhow::Result<Option<CatalogRecord>> {
        let found = run("find", self.collection.find_one(filter(SyncTarget::Catalog)).into_future()).await?;
        Ok(found.map(|document| CatalogRecord {
            saved: number(&document, "saved"),
            count: number(&document, "saved_count").try_into().unwrap_or_default(),
            last_attempt: document.get_datetime("last_attempt").ok().copied(),
            last_sync: document.get_datetime("last_sync").ok().copied(),
        }))
    }

    /// Begins a save and returns its number. Numbers are unique and increase.
    pub(crate) async fn begin_save(&self) -> anyhow::Result<i64> {
        let update = self
            .collection
            .find_one_and_update(filter(SyncTarget::Catalog), doc! { "$inc": { "revision": 1_i64 } })
            .upsert(true)
            .return_document(ReturnDocument::After);
        let document = run("update", update.into_future()).await?;
        document.map(|document| number(&document, "revision")).context("the save has no number")
    }

    /// Records that save `number` is complete, with `count` releases.
    pub(crate) async fn end_save(&self, number: i64, count: usize) -> anyhow::Result<()> {
        let count = i64::try_from(count)?;
        let update = doc! { "$max": { "saved": number }, "$set": { "saved_count": count } };
        run("update", self.collection.update_one(filter(SyncTarget::Catalog), update).into_future())
            .await
            .map(drop)
    }

    /// Creates the index, unless an earlier call did.
    async fn create_index(&self) {
        if self.is_indexed.load(Ordering::Relaxed) {
            return;
        }
        let keys = doc! { "service": 1, "entity_type": 1, "entity_id": 1 };
        let options = IndexOptions::builder().unique(true).build();
        let index = IndexModel::builder().keys(keys).options(options).build();
        match run("create_index", self.collection.create_index(index).into_future()).await {
            Ok(_) => self.is_indexed.store(true, Ordering::Relaxed),
            Err(error) => debug!(%error, collection = COLLECTION, "MongoDB index not created"),
        }
    }
}

/// Returns the filter that selects the document of `target`.
fn filter(target: SyncTarget) -> Document {
    let (kind, id) = match target {
        SyncTarget::Catalog => ("catalogue", "all".to_owned()),
        SyncTarget::Title(id) => ("title", id.to_string()),
    };
    doc! { "service": SERVICE, "entity_type": kind, "entity_id": id }
}

/// Returns the integer field `name` of `document`; 0 if it is missing.
fn number(document: &Document, name: &str) -> i64 {
    match document.get(name) {
        Some(Bson::Int64(number)) => *number,
        Some(Bson::Int32(number)) => i64::from(*number),
        _ => 0,
    }
}

/// Runs a command with a timeout, and records its duration.
async fn run<T>(operation: &'static str, call: impl Future<Output = DriverResult<T>>) -> anyhow::Result<T> {
    measured_with_timeout(operation, COLLECTION, COMMAND_TIMEOUT, call).await
}
