//! The status of synchronisation with AniLibria, in a collection that the whole site can read.

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

/// Timeout of one call.
const CALL: Duration = Duration::from_secs(2);

/// Maximum number of titles that wait to be recorded; further ones are not recorded.
const WAITING: usize = 16;

/// Subject of a synchronisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The whole catalog.
    Catalog,
    /// One title.
    Title(u32),
}

impl Subject {
    /// Returns the title; `None` for the whole catalog.
    fn title_id(self) -> Option<u32> {
        match self {
            Self::Catalog => None,
            Self::Title(id) => Some(id),
        }
    }
}

/// A recorder of synchronisations. Cheap to clone.
///
/// A document has `service`, `entity_type`, `entity_id`, `last_attempt`, `last_sync` (the last success), `result` (`ok` or
/// `error`), `error` and `count`.
#[derive(Clone, Debug)]
pub struct SyncStatus {
    collection: Collection<Document>,
    waiting: Arc<Semaphore>,
    is_indexed: Arc<AtomicBool>,
}

/// Recorded status of the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    /// Number of the last completed save; 0 before the first.
    pub(crate) saved: i64,
    /// Number of releases after that save.
    pub(crate) count: u64,
    /// Time of the last request to AniLibria.
    pub(crate) last_attempt: Option<DateTime>,
    /// Time of the last successful request to AniLibria.
    pub(crate) last_sync: Option<DateTime>,
}

impl SyncStatus {
    /// Creates a status in `database`. It sends no command to the database yet.
    pub fn new(database: &Database) -> Self {
        Self {
            collection: database.collection(COLLECTION),
            waiting: Arc::new(Semaphore::new(WAITING)),
            is_indexed: Arc::default(),
        }
    }

    /// Records an outcome: the number of releases or episodes, or the error. A failure to record it is only logged.
    pub async fn note(&self, subject: Subject, outcome: Result<u64, String>) {
        let now = DateTime::now();
        let mut fields = doc! { "last_attempt": now };
        match outcome {
            Ok(count) => {
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                fields.extend(doc! { "last_sync": now, "result": "ok", "error": Bson::Null, "count": count });
            }
            Err(error) => fields.extend(doc! { "result": "error", "error": error }),
        }
        self.index().await;
        let update =
            self.collection.update_one(filter(subject), doc! { "$set": fields }).upsert(true).into_future();
        if let Err(error) = answer("update", update).await {
            debug!(%error, title_id = subject.title_id(), "outcome of a sync not recorded");
        }
    }

    /// Records an outcome in the background.
    pub fn note_later(&self, subject: Subject, outcome: Result<u64, String>) {
        if let Ok(turn) = Arc::clone(&self.waiting).try_acquire_owned() {
            let status = self.clone();
            tokio::spawn(async move {
                status.note(subject, outcome).await;
                drop(turn);
            });
        }
    }

    /// Returns the recorded status of the catalog; `None` if there is none.
    pub(crate) async fn catalog(&self) -> anyhow::Result<Option<Noted>> {
        let found = answer("find", self.collection.find_one(filter(Subject::Catalog)).into_future()).await?;
        Ok(found.map(|document| Noted {
            saved: number(&document, "saved"),
            count: number(&document, "saved_count").try_into().unwrap_or_default(),
            last_attempt: document.get_datetime("last_attempt").ok().copied(),
            last_sync: document.get_datetime("last_sync").ok().copied(),
        }))
    }

    /// Begins a save and returns its number, which is unique and greater than those before.
    pub(crate) async fn begin_save(&self) -> anyhow::Result<i64> {
        let update = self
            .collection
            .find_one_and_update(filter(Subject::Catalog), doc! { "$inc": { "revision": 1_i64 } })
            .upsert(true)
            .return_document(ReturnDocument::After);
        let document = answer("update", update.into_future()).await?;
        document.map(|document| number(&document, "revision")).context("a save without a number")
    }

    /// Records that save `number` is complete, with `count` releases.
    pub(crate) async fn end_save(&self, number: i64, count: usize) -> anyhow::Result<()> {
        let count = i64::try_from(count)?;
        let update = doc! { "$max": { "saved": number }, "$set": { "saved_count": count } };
        answer("update", self.collection.update_one(filter(Subject::Catalog), update).into_future())
            .await
            .map(drop)
    }

    /// Creates the index, once.
    async fn index(&self) {
        if self.is_indexed.load(Ordering::Relaxed) {
            return;
        }
        let keys = doc! { "service": 1, "entity_type": 1, "entity_id": 1 };
        let options = IndexOptions::builder().unique(true).build();
        let index = IndexModel::builder().keys(keys).options(options).build();
        match answer("create_index", self.collection.create_index(index).into_future()).await {
            Ok(_) => self.is_indexed.store(true, Ordering::Relaxed),
            Err(error) => debug!(%error, collection = COLLECTION, "index not created"),
        }
    }
}

fn filter(subject: Subject) -> Document {
    let (kind, id) = match subject {
        Subject::Catalog => ("catalogue", "all".to_owned()),
        Subject::Title(id) => ("title", id.to_string()),
    };
    doc! { "service": SERVICE, "entity_type": kind, "entity_id": id }
}

fn number(document: &Document, name: &str) -> i64 {
    match document.get(name) {
        Some(Bson::Int64(number)) => *number,
        Some(Bson::Int32(number)) => i64::from(*number),
        _ => 0,
    }
}

async fn answer<T>(
    operation: &'static str,
    call: impl Future<Output = DriverResult<T>>,
) -> anyhow::Result<T> {
    measured_with_timeout(operation, COLLECTION, CALL, call).await
}
