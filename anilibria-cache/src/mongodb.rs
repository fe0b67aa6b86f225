//! Entries in a MongoDB collection, shared by every process that uses it.

mod builder;
mod bulk;
mod calls;
mod document;
mod filter;
mod indexes;
mod pool;

use std::{
    collections::HashMap,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
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
    bulk::{Replacement, replace_many, with_ids},
    calls::Calls,
    document::{FRESH_UNTIL, ID, MAX_BYTES, REFRESH_AT},
    indexes::Indexes,
    pool::Pool,
};
use crate::{
    entry::Entry,
    error::{Error, Result},
    format::offload,
    invalidation::{Action, Invalidation},
    stats::StoreStats,
    store::Store,
};

const NAME: &str = "mongodb";

/// Error code of a write that would create a second document with the same `_id`.
const DUPLICATE_KEY: i32 = 11000;

/// Maximum number of retries of a write that lost a race with another one.
const MAX_LOSSES: usize = 4;

/// A [`Store`] in a MongoDB collection, for a last level that outlives the processes and the levels before it.
///
/// Each entry is one document. Reading, writing and invalidating cost one request each, for one key or many. The server
/// removes expired documents with a TTL index, within about a minute, and finds tags with another index. Both indexes
/// are created in the background after the first write. On a server that cannot create them the store works as well,
/// but is slower and keeps expired documents.
///
/// Clones share the entries and the connections.
///
/// The collection should hold nothing else. Invalidations do not touch other documents, reads report them as
/// [corrupt](Error::Corrupt) entries, and writes replace them if they have the same `_id`. The value, the tags and the
/// key of an entry may have 16 MB together, compressed.
///
/// Each call returns within [a time limit](MongoStoreBuilder::call_timeout). A request that has reached the server is
/// carried out even if its call times out or is dropped, for a minute at most. A failed write may therefore have taken
/// effect.
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
    /// Hosts and ports of the servers, with commas between them.
    host: String,
    prefix: String,
    calls: Calls,
    indexes: Indexes,
    pool: Pool,
}

/// An entry to write, with the time that the server keeps it.
type Write = (Arc<str>, Entry, Duration);

impl MongoStore {
    /// Creates a builder for a store at `uri`: `mongodb://user:password@host:port/database?options`, with `%` codes for special
    /// characters.
    pub fn builder(uri: impl Into<String>) -> MongoStoreBuilder {
        MongoStoreBuilder::new(uri.into())
    }

    fn new(
        collection: Collection<RawDocumentBuf>,
        host: String,
        prefix: String,
        calls: Calls,
        pool: Pool,
    ) -> Self {
        Self { collection, host, prefix, calls, indexes: Indexes::default(), pool }
    }

    fn id(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// Returns the database of the store, over the same connections, for other collections of the program.
    pub fn database(&self) -> Database {
        self.collection.client().database(&self.collection.namespace().db)
    }

    /// Returns the state of the connection pool.
    pub fn pool(&self) -> PoolStats {
        self.pool.stats()
    }

    /// Returns the result of `call`, or an error after the time limit.
    async fn run<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, DriverError>> + Send + 'static,
    ) -> Result<T> {
        self.calls.run(call).await?.map_err(|error| Error::unavailable(NAME, error))
    }

    /// Encodes the documents of `entries`, off the thread of the caller if they are large.
    async fn encode(&self, entries: Vec<Write>) -> Vec<Result<Replacement>> {
        let size = entries.iter().map(|(_, entry, _)| entry.value().len()).sum();
        let prefix = self.prefix.clone();
        let encode = move |(key, entry, keep_for): Write| {
            let id = format!("{prefix}{key}");
            let document = document::write(&id, &entry, keep_for)
                .map_err(|error| Error::rejected(NAME, &*key, error.to_string()))?;
            let bytes = document.as_bytes().len();
            if bytes > MAX_BYTES {
                return Err(Error::rejected(NAME, &*key, format!("{bytes} bytes; the limit is {MAX_BYTES}")));
            }
            Ok(Replacement { id, document })
        };
        offload(size, move || entries.into_iter().map(encode).collect()).await
    }

    /// Removes the documents under `keys`.
    async fn delete(&self, keys: &[Arc<str>]) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let (collection, filter) =
            (self.collection.clone(), with_ids(keys.iter().map(|key| self.id(key)).collect()));
        self.run(async move { collection.delete_many(filter).await }).await.map(drop)
    }
}

#[async_trait]
impl Store for MongoStore {
    fn name(&self) -> &'static str {
        NAME
    }

    fn host(&self) -> Option<String> {
        Some(self.host.clone())
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn get(&self, key: &str, now: SystemTime) -> Result<Option<Entry>> {
        let (collection, id) = (self.collection.clone(), self.id(key));
        let found = self.run(async move { collection.find_one(doc! { ID.as_str(): id }).await }).await?;
        let Some(bytes) = found.map(|document| Bytes::from(document.into_bytes())) else {
            return Ok(None);
        };
        let entry = offload(document::decoded_size(&bytes), move || document::read(&bytes)).await;
        let entry = entry.map_err(|error| Error::corrupt(NAME, key, error))?;
        Ok(Some(entry).filter(|entry| !entry.is_expired(now)))
    }

    /// Sends one request for all keys. The server splits a reply of more than 16 MB.
    async fn get_many(&self, keys: &[&str], now: SystemTime) -> Result<Vec<Option<Entry>>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let (collection, filter) =
            (self.collection.clone(), with_ids(keys.iter().map(|key| self.id(key)).collect()));
        // With room for one more document, the server knows that there are no others.
        let batch_size = u32::try_from(keys.len()).unwrap_or(u32::MAX).saturating_add(1);
        let found: Vec<RawDocumentBuf> = self
            .run(async move { collection.find(filter).batch_size(batch_size).await?.try_collect().await })
            .await?;

        let found: Vec<_> = found.into_iter().map(|document| Bytes::from(document.into_bytes())).collect();
        let size = found.iter().map(|bytes| document::decoded_size(bytes)).sum();
        let decode = move |bytes: Bytes| {
            let entry = document::read(&bytes).ok().filter(|entry| !entry.is_expired(now))?;
            Some((document::id(&bytes)?.to_owned(), entry))
        };
        let entries: HashMap<_, _> =
            offload(size, move || found.into_iter().filter_map(decode).collect()).await;
        Ok(keys.iter().map(|key| entries.get(&self.id(key)).cloned()).collect())
    }

    async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<()> {
        self.set_many(vec![(key.into(), entry)], now).await
    }

    /// Sends one request for all entries, or one for each 15 MiB or 1,000 of them. Expired entries take another one.
    async fn set_many(&self, entries: Vec<(Arc<str>, Entry)>, now: SystemTime) -> Result<()> {
        let (mut expired, mut writes) = (Vec::new(), Vec::new());
        for (key, entry) in entries {
            match entry.keep_for(now) {
                Some(keep_for) => writes.push((key, entry, keep_for)),
                None => expired.push(key),
            }
        }
        self.delete(&expired).await?;
        if writes.is_empty() {
            return Ok(());
        }

        let (mut documents, mut first_error) = (Vec::new(), None);
        for result in self.encode(writes).await {
            match result {
                Ok(document) => documents.push(document),
                Err(error) => drop(first_error.get_or_insert(error)),
            }
        }
        let collection = self.collection.clone();
        let written = self.run(async move {
            let rejected = replace_many(&collection, &documents).await?;
            let first = rejected.into_iter().next();
            Ok(first.and_then(|first| Some((documents.into_iter().nth(first.index)?.id, first.reason))))
        });
        if let Some((id, reason)) = written.await? {
            let key = id.strip_prefix(&*self.prefix).unwrap_or(&id);
            first_error.get_or_insert_with(|| Error::rejected(NAME, key, reason));
        }
        self.indexes.ensure(&self.collection);
        first_error.map_or(Ok(()), Err)
    }

    async fn invalidate(&self, invalidation: &Invalidation, _: SystemTime) -> Result<u64> {
        let collection = self.collection.clone();
        let filter = filter::of(&invalidation.scope, &self.prefix);
        match invalidation.action {
            Action::Remove => {
                let removed = self.run(async move { collection.delete_many(filter).await }).await?;
                Ok(removed.deleted_count)
            }
            Action::Expire => {
                let never = document::date(SystemTime::UNIX_EPOCH);
                let expiry = doc! { "$set": { REFRESH_AT.as_str(): never, FRESH_UNTIL.as_str(): never } };
                let expired = self.run(async move { collection.update_many(filter, expiry).await }).await?;
                Ok(expired.matched_count)
            }
        }
    }

    async fn ping(&self) -> Result<()> {
        // The server may still carry out requests whose callers have stopped waiting.
        self.calls.wait_for_abandoned().await?;
        let database = self.database();
        self.run(async move { database.run_command(doc! { "ping": 1 }).await }).await.map(drop)
    }

    /// Counts all documents of the collection, including those of other programs. Returns 0 bytes if the server does not
    /// report the size.
    async fn stats(&self) -> Result<StoreStats> {
        let (database, collection) = (self.database(), self.collection.clone());
        let stats = doc! { "collStats": collection.name() };
        if let Ok(stats) = self.calls.run(async move { database.run_command(stats).await }).await? {
            return Ok(StoreStats::new(number(&stats, "count"), number(&stats, "size")));
        }
        // Some servers do not support the command, and some users may not run it.
        let count = self.run(async move { collection.estimated_document_count().await }).await?;
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

/// Replaces the document with this `id`, or inserts it.
async fn replace(
    collection: &Collection<RawDocumentBuf>,
    id: &str,
    document: &RawDocumentBuf,
) -> Result<(), DriverError> {
    let mut losses = 0;
    loop {
        match collection.replace_one(doc! { ID.as_str(): id }, document).upsert(true).await {
            // Another process has just inserted the document.
            Err(error) if is_duplicate(&error) && losses < MAX_LOSSES => losses += 1,
            result => return result.map(drop),
        }
    }
}

fn is_duplicate(error: &DriverError) -> bool {
    matches!(&*error.kind, ErrorKind::Write(WriteFailure::WriteError(error)) if error.code == DUPLICATE_KEY)
}

/// Returns the reason if the server will never accept the document.
fn rejection(error: &DriverError) -> Option<String> {
    match &*error.kind {
        ErrorKind::Write(WriteFailure::WriteError(error)) if error.code != DUPLICATE_KEY => {
            Some(error.message.clone())
        }
        _ => None,
    }
}

/// Returns a number field of any numeric type, or 0.
fn number(document: &Document, name: &str) -> u64 {
    match document.get(name) {
        Some(Bson::Int32(number)) => u64::try_from(*number).unwrap_or_default(),
        Some(Bson::Int64(number)) => u64::try_from(*number).unwrap_or_default(),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates and truncates, which is intended"
        )]
        Some(Bson::Double(number)) => *number as u64,
        _ => 0,
    }
}
