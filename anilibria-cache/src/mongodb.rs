//! Entries in a MongoDB collection, shared by every process that uses it.

mod builder;
mod calls;
mod document;
mod filter;
mod indexes;
mod pool;

use std::{fmt, time::SystemTime};

use async_trait::async_trait;
use mongodb::{
    Collection, Database,
    bson::{Bson, Document, RawDocumentBuf, doc},
    error::{Error as DriverError, ErrorKind, WriteFailure},
};

pub use self::{
    builder::{MongoConfigError, MongoStoreBuilder},
    pool::PoolStats,
};
use self::{
    calls::Calls,
    document::{FRESH_UNTIL, ID, MAX_BYTES, REFRESH_AT},
    indexes::Indexes,
    pool::Pool,
};
use crate::{
    entry::Entry,
    error::{Error, Result},
    invalidation::{Action, Invalidation},
    stats::StoreStats,
    store::Store,
};

const NAME: &str = "mongodb";

/// What the server answers to a write that would make a second document of one `_id`.
const DUPLICATE_KEY: i32 = 11000;

/// How often a write may lose a race before it gives up.
const MAX_LOSSES: usize = 4;

/// A [`Store`] in a MongoDB collection; a last level that outlives the processes and the caches before it.
///
/// One entry is one document. Reading, writing and invalidating cost one request each. The server drops what has
/// expired (a TTL index, within a minute or so) and finds tags (another index); both are made in the background after
/// the first write. On a server that cannot make them the store works too, slower and with more to keep.
/// Clones are the same store with the same connections.
///
/// The collection should be its own. Other documents in it are spared by every invalidation, and are
/// [corrupt](Error::Corrupt) entries to a read; one is replaced if an entry is put under its `_id`. Values, tags and
/// keys may come to 16 MB together, compressed.
///
/// Each call ends within [a time limit](MongoStoreBuilder::call_timeout), whatever the server does. What a call that
/// ends or is dropped early has begun at the server goes on, for a minute at most; that a write did not end well does
/// not mean that it has no effect.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use anilibria_cache::{Entry, Lifetime, MongoStore, Store};
/// use std::time::{Duration, SystemTime};
///
/// let store = MongoStore::builder("mongodb://localhost/site").collection("pages").connect().await?;
/// let now = SystemTime::now();
///
/// store.set("title:1", Entry::new("{}", Lifetime::new(now, Duration::from_mins(5)), []), now).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MongoStore {
    collection: Collection<RawDocumentBuf>,
    prefix: String,
    calls: Calls,
    indexes: Indexes,
    pool: Pool,
}

impl MongoStore {
    /// Begins a store at `uri`: `mongodb://user:password@host:port/database?options`, with `%` codes for special
    /// characters.
    pub fn builder(uri: impl Into<String>) -> MongoStoreBuilder {
        MongoStoreBuilder::new(uri.into())
    }

    fn new(collection: Collection<RawDocumentBuf>, prefix: String, calls: Calls, pool: Pool) -> Self {
        Self { collection, prefix, calls, indexes: Indexes::default(), pool }
    }

    fn id(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// The database it is in, over the same connections: for what else a program keeps there.
    pub fn database(&self) -> Database {
        self.collection.client().database(&self.collection.namespace().db)
    }

    /// How its connections are used.
    pub fn pool(&self) -> PoolStats {
        self.pool.stats()
    }

    /// What the server answers to `call`, in time.
    async fn answer<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, DriverError>> + Send + 'static,
    ) -> Result<T> {
        self.calls.run(call).await?.map_err(|error| Error::unavailable(NAME, error))
    }
}

#[async_trait]
impl Store for MongoStore {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn get(&self, key: &str, now: SystemTime) -> Result<Option<Entry>> {
        let (collection, id) = (self.collection.clone(), self.id(key));
        let found = self.answer(async move { collection.find_one(doc! { ID.as_str(): id }).await }).await?;
        let entry =
            found.map(document::read).transpose().map_err(|error| Error::corrupt(NAME, key, error))?;
        Ok(entry.filter(|entry| !entry.is_expired(now)))
    }

    async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<()> {
        let (collection, id) = (self.collection.clone(), self.id(key));
        let Some(keep_for) = entry.lifetime().keep_for(now) else {
            let delete = async move { collection.delete_one(doc! { ID.as_str(): id }).await };
            return self.answer(delete).await.map(drop);
        };
        let document = document::write(&id, &entry, keep_for)
            .map_err(|error| Error::rejected(NAME, key, error.to_string()))?;
        let bytes = document.as_bytes().len();
        if bytes > MAX_BYTES {
            return Err(Error::rejected(NAME, key, format!("{bytes} bytes; a document holds {MAX_BYTES}")));
        }

        let written = self.calls.run(async move { replace(&collection, &id, &document).await }).await?;
        written.map_err(|error| match rejection(&error) {
            Some(reason) => Error::rejected(NAME, key, reason),
            None => Error::unavailable(NAME, error),
        })?;
        self.indexes.ensure(&self.collection);
        Ok(())
    }

    async fn invalidate(&self, invalidation: &Invalidation, now: SystemTime) -> Result<u64> {
        let collection = self.collection.clone();
        let filter = filter::of(&invalidation.scope, &self.prefix);
        match invalidation.action {
            Action::Remove => {
                let removed = self.answer(async move { collection.delete_many(filter).await }).await?;
                Ok(removed.deleted_count)
            }
            Action::Expire => {
                let now = document::date(now);
                let earlier = doc! { "$min": { REFRESH_AT.as_str(): now, FRESH_UNTIL.as_str(): now } };
                let expired =
                    self.answer(async move { collection.update_many(filter, earlier).await }).await?;
                Ok(expired.matched_count)
            }
        }
    }

    async fn ping(&self) -> Result<()> {
        // The server may do them yet, though they were given up.
        self.calls.settled().await?;
        let database = self.database();
        self.answer(async move { database.run_command(doc! { "ping": 1 }).await }).await.map(drop)
    }

    /// Counts all documents of the collection, whoever wrote them; 0 bytes if the server does not tell.
    async fn stats(&self) -> Result<StoreStats> {
        let (database, collection) = (self.database(), self.collection.clone());
        let stats = doc! { "collStats": collection.name() };
        if let Ok(stats) = self.calls.run(async move { database.run_command(stats).await }).await? {
            return Ok(StoreStats::new(number(&stats, "count"), number(&stats, "size")));
        }
        // Some servers cannot say more, and some users may not ask.
        let count = self.answer(async move { collection.estimated_document_count().await }).await?;
        Ok(StoreStats::new(count, 0))
    }
}

impl fmt::Debug for MongoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStore")
            .field("collection", &self.collection.namespace().to_string())
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// Puts `document` in the place of the one with this `id`, or where there is none.
async fn replace(
    collection: &Collection<RawDocumentBuf>,
    id: &str,
    document: &RawDocumentBuf,
) -> Result<(), DriverError> {
    let mut losses = 0;
    loop {
        match collection.replace_one(doc! { ID.as_str(): id }, document).upsert(true).await {
            // Another process has just made the document. It is there now, unless it was removed again.
            Err(error) if is_duplicate(&error) && losses < MAX_LOSSES => losses += 1,
            result => return result.map(drop),
        }
    }
}

fn is_duplicate(error: &DriverError) -> bool {
    matches!(&*error.kind, ErrorKind::Write(WriteFailure::WriteError(error)) if error.code == DUPLICATE_KEY)
}

/// Why the server will never take the document, if that is what `error` says.
fn rejection(error: &DriverError) -> Option<String> {
    match &*error.kind {
        ErrorKind::Write(WriteFailure::WriteError(error)) if error.code != DUPLICATE_KEY => {
            Some(error.message.clone())
        }
        _ => None,
    }
}

/// A number of a server that may write it as any kind of number.
fn number(document: &Document, name: &str) -> u64 {
    match document.get(name) {
        Some(Bson::Int32(number)) => u64::try_from(*number).unwrap_or_default(),
        Some(Bson::Int64(number)) => u64::try_from(*number).unwrap_or_default(),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` cuts off, which is meant"
        )]
        Some(Bson::Double(number)) => *number as u64,
        _ => 0,
    }
}
