//! Entries in one file of the local disk.

mod builder;
mod closing;
pub(crate) mod database;
mod file;
mod job;
mod record;
mod tables;
mod writer;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Sender},
    },
    thread::{self, JoinHandle},
    time::SystemTime,
};

use async_trait::async_trait;
use redb::ReadableDatabase;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

pub use self::builder::DiskBuilder;
use self::{
    builder::Limits,
    file::DiskFile,
    job::{Change, Job, Work},
    record::Record,
    tables::{Reader, cost},
    writer::{Shared, Writer},
};
use crate::{
    entry::Entry,
    error::{BoxError, Error, Result},
    format::{decode, encode, millis, offload},
    invalidation::Invalidation,
    stats::StoreStats,
    store::Store,
    tag::Tag,
};

pub(crate) const NAME: &str = "disk";

/// Size of a job in the queue, beside its entries.
const JOB_BYTES: usize = 1024;

/// Maximum size of the queue: the most permits that can be acquired from a semaphore at once.
const MAX_QUEUE_BYTES: usize = 1 << 29;

/// Maximum number of entries that are written in one job.
const MAX_JOB_ENTRIES: usize = 256;

/// A [`Store`] in one file of the local disk, for entries that should survive a restart of the process.
///
/// The file is consistent at any moment, even if the process is killed or the power fails. After such a crash, the
/// entries that were set in the last [second](DiskBuilder::flush_every) may be lost, and the entries they replaced may
/// be back. Invalidations are never lost.
///
/// The store keeps at most a given number of bytes. Beyond that limit it removes expired entries first, then the entries
/// that were written longest ago. Reading does not write, so reading an entry does not protect it. Expired entries are
/// also removed by later writes.
///
/// A file that is far larger than its entries is compacted, after it was opened or when it has exceeded its limit. Calls
/// wait meanwhile, which can take seconds.
///
/// One thread writes, and commits the waiting jobs as one transaction. Async threads never access the file. A file that
/// fails, because the disk is full or because another program changed it, is opened again; entries that were not
/// flushed are dropped then.
///
/// Clones share the file. Dropping the last clone flushes and closes it. Within a Tokio runtime this happens on another
/// thread, which the shutdown of the runtime waits for; opening the file again in the same process waits, too. Outside
/// of a runtime, dropping the store blocks until the file is closed. [`close`](Self::close) reports errors.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> anilibria_cache::Result<()> {
/// # let folder = tempfile::tempdir().unwrap();
/// use anilibria_cache::{DiskStore, Entry, Lifetime, Store};
/// use std::time::{Duration, SystemTime};
///
/// let store = DiskStore::builder(folder.path().join("cache.redb")).max_bytes(64 << 20).open().await?;
/// let now = SystemTime::now();
/// let life = Lifetime::new(now, Duration::from_mins(5));
///
/// store.set("title:1", Entry::new("{}", life, []), now).await?;
///
/// assert_eq!(store.get("title:1", now).await?.unwrap().value(), "{}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct DiskStore(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    limits: Limits,
    jobs: Option<Sender<Job>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Limits the jobs in the queue, in bytes.
    room: Arc<Semaphore>,
    queue_bytes: usize,
    readers: Arc<Semaphore>,
}

impl DiskStore {
    /// Opens the store in the file at `path` with the default settings.
    ///
    /// # Errors
    ///
    /// See [`DiskBuilder::open`].
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self> {
        Self::builder(path).open().await
    }

    /// Creates a builder for a store in the file at `path`.
    pub fn builder(path: impl Into<PathBuf>) -> DiskBuilder {
        DiskBuilder::new(path.into())
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        self.0.shared.file.path()
    }

    /// Makes all entries durable that were set so far.
    ///
    /// # Errors
    ///
    /// The file could not be written. The entries that were not durable are lost.
    pub async fn flush(&self) -> Result<()> {
        self.submit(Work::Flush, 0).await.map(drop)
    }

    /// Flushes and closes the file. Another process can open it when the call returns.
    ///
    /// Later operations of this store and its clones fail with [`Error::Unavailable`].
    ///
    /// # Errors
    ///
    /// The file could not be flushed, or the store is closed already. The file is closed all the same.
    pub async fn close(&self) -> Result<()> {
        self.submit(Work::Close, 0).await.map(drop)
    }

    async fn start(settings: DiskBuilder) -> Result<Self> {
        let DiskBuilder { path, limits, cache_bytes, readers, queue_bytes } = settings;
        let queue_bytes = queue_bytes.clamp(JOB_BYTES, MAX_QUEUE_BYTES);
        let (jobs, waiting) = mpsc::channel();
        let (opened, opening) = oneshot::channel();
        let open = move || {
            closing::wait_until_closed(&path);
            DiskFile::open(&path, cache_bytes)
        };
        let work = move || match open() {
            Ok((file, totals)) => {
                let shared = Arc::new(Shared {
                    file,
                    entries: AtomicU64::new(0),
                    bytes: AtomicU64::new(0),
                    evictions: AtomicU64::new(0),
                    is_check_pending: false.into(),
                });
                let writer = Writer::new(Arc::clone(&shared), totals, limits, waiting);
                let _ = opened.send(Ok(shared));
                writer.run();
            }
            Err(error) => drop(opened.send(Err(error))),
        };
        let writer = thread::Builder::new().name("cache-disk".into()).spawn(work).map_err(unavailable)?;
        let shared = opening.await.map_err(unavailable)?.map_err(unavailable)?;
        Ok(Self(Arc::new(Handle {
            shared,
            limits,
            jobs: Some(jobs),
            writer: Mutex::new(Some(writer)),
            room: Arc::new(Semaphore::new(queue_bytes)),
            queue_bytes,
            readers: Arc::new(Semaphore::new(readers)),
        })))
    }

    /// Reserves room in the queue for entries of `bytes` bytes. Entries larger than the queue take all of it.
    async fn reserve(&self, bytes: usize) -> Result<OwnedSemaphorePermit> {
        let bytes = JOB_BYTES.saturating_add(bytes).min(self.0.queue_bytes);
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Arc::clone(&self.0.room).acquire_many_owned(bytes).await.map_err(unavailable)
    }

    async fn submit(&self, work: Work, now: u64) -> Result<u64> {
        let room = self.reserve(0).await?;
        done(self.send(Some(room), work, now)?).await
    }

    /// Sends `work` to the writer, which runs it even if the reply is dropped.
    fn send(&self, room: Option<OwnedSemaphorePermit>, work: Work, now: u64) -> Result<Reply> {
        let (reply, receiver) = oneshot::channel();
        let sent = self.0.jobs.as_ref().is_some_and(|jobs| jobs.send(Job { work, now, reply, room }).is_ok());
        if sent { Ok(receiver) } else { Err(unavailable("the store is closed")) }
    }

    /// Encodes `entries`, off the thread of the caller if they are large. An expired entry becomes a removal.
    ///
    /// Returns the first error beside the entries that can be written.
    async fn encode(&self, entries: Vec<(Arc<str>, Entry)>, now: SystemTime) -> (Vec<Change>, Option<Error>) {
        let size = entries.iter().map(|(_, entry)| entry.value().len()).sum();
        let largest = self.0.limits.largest();
        let encoded = offload(size, move || {
            entries.into_iter().map(|(key, entry)| change(&key, &entry, largest, now)).collect::<Vec<_>>()
        });
        let (mut changes, mut first_error) = (Vec::new(), None);
        for result in encoded.await {
            match result {
                Ok(change) => changes.push(change),
                Err(error) => drop(first_error.get_or_insert(error)),
            }
        }
        (changes, first_error)
    }

    /// Returns the number of the first `entries` that make one job.
    fn job_length(&self, entries: &[(Arc<str>, Entry)]) -> usize {
        let limit = self
            .0
            .queue_bytes
            .min(usize::try_from(self.0.limits.max_unflushed_bytes()).unwrap_or(usize::MAX));
        let mut bytes = 0_usize;
        let fits = entries.iter().take(MAX_JOB_ENTRIES).take_while(|(_, entry)| {
            bytes = bytes.saturating_add(entry.value().len());
            bytes <= limit
        });
        fits.count().max(1)
    }

    /// Runs `work` on a thread for blocking work. The number of concurrent calls is limited.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T, redb::Error> + Send + 'static,
    ) -> Result<T> {
        let permit = Arc::clone(&self.0.readers).acquire_owned().await.map_err(unavailable)?;
        let shared = Arc::clone(&self.0.shared);
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work(&shared)
        });
        let result = task.await.map_err(unavailable)?;
        if result.is_err() {
            self.request_check();
        }
        result.map_err(unavailable)
    }

    /// Asks the writer to check the file, unless a check is pending.
    fn request_check(&self) {
        if self.0.shared.is_check_pending.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Some(jobs) = &self.0.jobs {
            let (reply, _) = oneshot::channel();
            // One job at a time needs no room. If the writer has ended, there is no file to check.
            let _ = jobs.send(Job { work: Work::Inspect, now: 0, reply, room: None });
        }
    }
}

#[async_trait]
impl Store for DiskStore {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn get(&self, key: &str, now: SystemTime) -> Result<Option<Entry>> {
        let name = key.to_owned();
        let found = self.read(move |shared| {
            let bytes =
                shared.file.with(|database| Reader::new(&database.begin_read()?)?.get(&name, millis(now)))?;
            // On this thread, because decompressing a large value takes long.
            Ok(bytes.map(|bytes| decode(bytes.into())))
        });
        match found.await? {
            None => Ok(None),
            Some(Ok(entry)) => Ok(Some(entry).filter(|entry| !entry.is_expired(now))),
            Some(Err(error)) => Err(Error::corrupt(NAME, key, error)),
        }
    }

    /// Reads all entries in one transaction.
    async fn get_many(&self, keys: &[&str], now: SystemTime) -> Result<Vec<Option<Entry>>> {
        let keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
        self.read(move |shared| {
            let found: Vec<_> = shared.file.with(|database| {
                let reader = Reader::new(&database.begin_read()?)?;
                keys.iter().map(|key| reader.get(key, millis(now))).collect()
            })?;
            let entries = found.into_iter().map(|bytes| decode(bytes?.into()).ok());
            Ok(entries.map(|entry| entry.filter(|entry| !entry.is_expired(now))).collect())
        })
        .await
    }

    async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<()> {
        self.set_many(vec![(key.into(), entry)], now).await
    }

    /// Writes up to 256 entries in one transaction.
    async fn set_many(&self, mut entries: Vec<(Arc<str>, Entry)>, now: SystemTime) -> Result<()> {
        let (mut replies, mut first_error) = (Vec::new(), None);
        while !entries.is_empty() {
            let rest = entries.split_off(self.job_length(&entries));
            let room = self.reserve(entries.iter().map(|(_, entry)| entry.value().len()).sum()).await?;
            let (changes, error) = self.encode(std::mem::replace(&mut entries, rest), now).await;
            first_error = first_error.or(error);
            if !changes.is_empty() {
                replies.push(self.send(Some(room), Work::Write(changes), millis(now))?);
            }
        }
        for reply in replies {
            first_error = first_error.or(done(reply).await.err());
        }
        first_error.map_or(Ok(()), Err)
    }

    async fn invalidate(&self, invalidation: &Invalidation, now: SystemTime) -> Result<u64> {
        self.submit(Work::Invalidate(invalidation.clone()), millis(now)).await
    }

    async fn ping(&self) -> Result<()> {
        self.read(|shared| shared.file.with(|database| Ok(database.begin_read()?.close()?))).await
    }

    /// Returns an estimate of the bytes, which is rather too high than too low. The file also has free space.
    async fn stats(&self) -> Result<StoreStats> {
        let number = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let shared = &self.0.shared;
        let stats = StoreStats::new(number(&shared.entries), number(&shared.bytes));
        Ok(stats.evictions(number(&shared.evictions)))
    }
}

impl fmt::Debug for DiskStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskStore")
            .field("path", &self.path())
            .field("max_bytes", &self.0.limits.max_bytes)
            .finish_non_exhaustive()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // Without a sender, the writer ends.
        drop(self.jobs.take());
        if let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            closing::close(Arc::clone(&self.shared), writer);
        }
    }
}

type Reply = oneshot::Receiver<Result<u64, Arc<redb::Error>>>;

/// Waits until a job is done.
async fn done(reply: Reply) -> Result<u64> {
    reply.await.map_err(unavailable)?.map_err(unavailable)
}

/// Encodes `entry`. Rejects it if it takes more than `largest` bytes of the file.
fn change(key: &str, entry: &Entry, largest: u64, now: SystemTime) -> Result<Change> {
    if entry.is_expired(now) {
        return Ok(Change::Remove { key: key.to_owned() });
    }
    let bytes = encode(entry).map_err(|error| Error::rejected(NAME, key, error.to_string()))?;
    let cost = cost(key, bytes.len(), entry.tags().iter().map(Tag::as_str));
    if cost > largest {
        return Err(Error::rejected(NAME, key, format!("{cost} bytes of the file; the limit is {largest}")));
    }
    Ok(Change::Put { key: key.to_owned(), record: Record::new(entry, cost), bytes })
}

fn unavailable(source: impl Into<BoxError>) -> Error {
    Error::unavailable(NAME, source)
}
