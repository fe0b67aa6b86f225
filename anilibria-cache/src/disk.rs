//! Entries in one file of the local disk.

mod builder;
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
    job::{Job, Work},
    record::Record,
    tables::{cost, read},
    writer::{Shared, Writer},
};
use crate::{
    entry::Entry,
    error::{BoxError, Error, Result},
    format::{decode, encode, millis},
    invalidation::Invalidation,
    stats::StoreStats,
    store::Store,
    tag::Tag,
};

pub(crate) const NAME: &str = "disk";

/// What a job takes of the room for those that wait, beside its entry.
const JOB_BYTES: usize = 1024;

/// As much room as a semaphore can hand out at once.
const MAX_QUEUE_BYTES: usize = 1 << 29;

/// A [`Store`] in one file of the local disk, for what should survive a restart of the process.
///
/// The file is good at any moment, even if the process is killed or the power fails. What was set in the last
/// [second](DiskBuilder::flush_every) before that may be lost, and the entry it replaced be there again; what was
/// invalidated stays so.
///
/// It keeps at most a number of bytes. Beyond that it drops what has expired, then what was written longest ago. Reading
/// does not write, so being asked for does not count. Expired entries are also dropped in passing, by later writes.
///
/// A file that takes far more of the disk than its entries do is compacted, after it was opened or when it has
/// outgrown its bound. Calls wait meanwhile, which can take seconds.
///
/// One thread writes, and takes what waits as one transaction. A file that fails, because the disk is full or because
/// somebody else changed it, is opened again; what was not flushed is dropped then. Clones are the same store. Dropping
/// the last one waits until the file is flushed and closed.
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
    /// Bounds the jobs that wait, in bytes.
    room: Arc<Semaphore>,
    queue_bytes: usize,
    readers: Arc<Semaphore>,
}

impl DiskStore {
    /// The store in the file at `path`, with the default settings.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self> {
        Self::builder(path).open().await
    }

    /// Settings for a store in the file at `path`.
    pub fn builder(path: impl Into<PathBuf>) -> DiskBuilder {
        DiskBuilder::new(path.into())
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        self.0.shared.file.path()
    }

    /// Makes durable what was set so far.
    pub async fn flush(&self) -> Result<()> {
        self.ask(Work::Flush, 0).await.map(drop)
    }

    async fn start(settings: DiskBuilder) -> Result<Self> {
        let DiskBuilder { path, limits, cache_bytes, readers, queue_bytes } = settings;
        let queue_bytes = queue_bytes.clamp(JOB_BYTES, MAX_QUEUE_BYTES);
        let (jobs, waiting) = mpsc::channel();
        let (opened, opening) = oneshot::channel();
        let work = move || match DiskFile::open(&path, cache_bytes) {
            Ok((file, totals)) => {
                let shared = Arc::new(Shared {
                    file,
                    entries: AtomicU64::new(0),
                    bytes: AtomicU64::new(0),
                    evictions: AtomicU64::new(0),
                    is_suspect: false.into(),
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

    /// Waits until there is room for a job of `bytes` bytes; one larger than all room takes all of it.
    async fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit> {
        let bytes = JOB_BYTES.saturating_add(bytes).min(self.0.queue_bytes);
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Arc::clone(&self.0.room).acquire_many_owned(bytes).await.map_err(unavailable)
    }

    async fn ask(&self, work: Work, now: u64) -> Result<u64> {
        let room = self.room(0).await?;
        self.ask_in(Some(room), work, now).await
    }

    /// Hands `work` to the writer and waits until it has taken effect. It does so also when nobody waits any longer.
    async fn ask_in(&self, room: Option<OwnedSemaphorePermit>, work: Work, now: u64) -> Result<u64> {
        let (reply, answer) = oneshot::channel();
        let sent = self.0.jobs.as_ref().is_some_and(|jobs| jobs.send(Job { work, now, reply, room }).is_ok());
        if !sent {
            return Err(unavailable("the store is closed"));
        }
        answer.await.map_err(unavailable)?.map_err(unavailable)
    }

    /// Runs `work` on a thread where it may block, together with few others.
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
            self.suspect();
        }
        result.map_err(unavailable)
    }

    /// Asks the writer to look after the file, unless it has been asked already.
    fn suspect(&self) {
        if self.0.shared.is_suspect.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Some(jobs) = &self.0.jobs {
            let (reply, _) = oneshot::channel();
            // One at a time needs no room. If the writer is gone, there is nothing to look after.
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
            let bytes = shared.file.with(|database| read(&database.begin_read()?, &name, millis(now)))?;
            // Here, because a large value takes its time.
            Ok(bytes.map(|bytes| decode(bytes.into())))
        });
        match found.await? {
            None => Ok(None),
            Some(Ok(entry)) => Ok(Some(entry).filter(|entry| !entry.is_expired(now))),
            Some(Err(error)) => Err(Error::corrupt(NAME, key, error)),
        }
    }

    async fn set(&self, key: &str, entry: Entry, now: SystemTime) -> Result<()> {
        let room = self.room(entry.value().len()).await?;
        if entry.is_expired(now) {
            return self.ask_in(Some(room), Work::Remove(key.to_owned()), millis(now)).await.map(drop);
        }

        let (encoded, entry) =
            tokio::task::spawn_blocking(move || (encode(&entry), entry)).await.map_err(unavailable)?;
        let bytes = encoded.map_err(|error| Error::rejected(NAME, key, error.to_string()))?;
        let cost = cost(key, bytes.len(), entry.tags().iter().map(Tag::as_str));
        let largest = self.0.limits.largest();
        if cost > largest {
            return Err(Error::rejected(NAME, key, format!("it takes {cost} bytes and may take {largest}")));
        }
        let work = Work::Put { key: key.to_owned(), record: Record::new(&entry, cost), bytes: bytes.into() };
        self.ask_in(Some(room), work, millis(now)).await.map(drop)
    }

    async fn invalidate(&self, invalidation: &Invalidation, now: SystemTime) -> Result<u64> {
        self.ask(Work::Invalidate(invalidation.clone()), millis(now)).await
    }

    async fn ping(&self) -> Result<()> {
        self.read(|shared| shared.file.with(|database| Ok(database.begin_read()?.close()?))).await
    }

    /// The bytes are reckoned, rather too high than too low; the file is larger, by what it has free.
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
        drop(self.jobs.take());
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        // If the writer panicked, its file is closed by now.
        let _ = writer.map(JoinHandle::join);
    }
}

fn unavailable(source: impl Into<BoxError>) -> Error {
    Error::unavailable(NAME, source)
}
