//! Entries in a MongoDB collection, shared by every process that uses it.

mod builder;
mod document;
mod filter;
mod indexes;

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use mongodb::{
    Collection,
    bson::{Bson, Document, RawDocumentBuf, doc},
    error::{Error as DriverError, ErrorKind, WriteFailure},
};
use tokio::time::timeout;

pub use self::builder::{MongoConfigError, MongoStoreBuilder};
use self::{
    document::{FRESH_UNTIL, ID, MAX_BYTES, REFRESH_AT},
    indexes::Indexes,
};
use crate::{Action, Entry, Error, Invalidation, Result, Store, StoreStats};

const NAME: &str = "mongodb";

/// What the server answers to a write that would make a second document of one `_id`.
const DUPLICATE_KEY: i32 = 11000;

/// How often a write may lose a race.
const TRIES: usize = 5;

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
/// Each call ends within [a time limit](MongoStoreBuilder::call_timeout), whatever the server does. A call that is
/// dropped earlier costs its connection, nothing else.
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
    call_timeout: Duration,
    indexes: Indexes,
}

impl MongoStore {
    /// Begins a store at `uri`: `mongodb://user:password@host:port/database?options`, with `%` codes for special
    /// characters.
    pub fn builder(uri: impl Into<String>) -> MongoStoreBuilder {
        MongoStoreBuilder::new(uri.into())
    }

    fn new(collection: Collection<RawDocumentBuf>, prefix: String, call_timeout: Duration) -> Self {
        Self { collection, prefix, call_timeout, indexes: Indexes::default() }
    }

    fn id(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// What the server answers to `call`, in time.
    async fn answer<T>(
        &self,
        call: impl IntoFuture<Output = Result<T, DriverError>, IntoFuture: Send>,
    ) -> Result<T> {
        self.attempt(call).await?.map_err(|error| Error::unavailable(NAME, error))
    }

    /// The same, with what the driver says when it fails.
    async fn attempt<T>(
        &self,
        call: impl IntoFuture<Output = Result<T, DriverError>, IntoFuture: Send>,
    ) -> Result<Result<T, DriverError>> {
        // The driver waits for ever for an answer on an open connection.
        timeout(self.call_timeout, call).await.map_err(|elapsed| Error::unavailable(NAME, elapsed))
    }

    async fn put(&self, key: &str, document: RawDocumentBuf) -> Result<()> {
        let replace = || {
            let filter = doc! { ID.as_str(): self.id(key) };
            self.attempt(self.collection.replace_one(filter, &document).upsert(true))
        };

        // Who loses the race to make a document finds it there the next time, unless it has been removed by then.
        let mut replaced = replace().await?;
        for _ in 1..TRIES {
            if !replaced.as_ref().is_err_and(is_duplicate) {
                break;
            }
            replaced = replace().await?;
        }
        replaced.map(drop).map_err(|error| match rejection(&error) {
            Some(reason) => Error::rejected(NAME, key, reason),
            None => Error::unavailable(NAME, error),
        })
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
        let found = self.answer(self.collection.find_one(doc! { ID.as_str(): self.id(key) })).await?;
        let entry =
            found.map(document::read).transpose().map_err(|error| Error::corrupt(NAME, key, error))?;
        Ok(entry.filter(|entry| !entry.is_expired(now)))
    }

    async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<()> {
        let Some(keep_for) = entry.lifetime().keep_for(now) else {
            return self
                .answer(self.collection.delete_one(doc! { ID.as_str(): self.id(key) }))
                .await
                .map(drop);
        };
        let document = document::write(&self.id(key), &entry, keep_for)
            .map_err(|error| Error::rejected(NAME, key, error.to_string()))?;
        let bytes = document.as_bytes().len();
        if bytes > MAX_BYTES {
            return Err(Error::rejected(NAME, key, format!("{bytes} bytes; a document holds {MAX_BYTES}")));
        }

        self.put(key, document).await?;
        self.indexes.ensure(&self.collection);
        Ok(())
    }

    async fn invalidate(&self, invalidation: &Invalidation, now: SystemTime) -> Result<u64> {
        let filter = filter::of(&invalidation.scope, &self.prefix);
        match invalidation.action {
            Action::Remove => Ok(self.answer(self.collection.delete_many(filter)).await?.deleted_count),
            Action::Expire => {
                let now = document::date(now);
                let earlier = doc! { "$min": { REFRESH_AT.as_str(): now, FRESH_UNTIL.as_str(): now } };
                Ok(self.answer(self.collection.update_many(filter, earlier)).await?.matched_count)
            }
        }
    }

    async fn ping(&self) -> Result<()> {
        let database = self.collection.client().database(&self.collection.namespace().db);
        self.answer(database.run_command(doc! { "ping": 1 })).await.map(drop)
    }

    /// Counts all documents of the collection, whoever wrote them; 0 bytes if the server does not tell.
    async fn stats(&self) -> Result<StoreStats> {
        let namespace = self.collection.namespace();
        let database = self.collection.client().database(&namespace.db);
        let stats = self.attempt(database.run_command(doc! { "collStats": namespace.coll })).await?;
        match stats {
            Ok(stats) => Ok(StoreStats::new(number(&stats, "count"), number(&stats, "size"))),
            // Some servers, and some users, may not.
            Err(_) => Ok(StoreStats::new(self.answer(self.collection.estimated_document_count()).await?, 0)),
        }
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
