//! The thread that writes. It commits the waiting jobs as one transaction and decides when they are made durable.

use std::{
    collections::HashSet,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use redb::{Database, Durability, Error};

use super::{
    builder::Limits,
    file::DiskFile,
    job::{Job, Work},
    tables::{Tables, Totals},
};

/// Number of changes after which a transaction takes no further jobs.
const BATCH: usize = 256;

/// Maximum number of expired entries that a transaction removes in addition to its jobs.
const SWEEP: usize = 256;

/// Maximum number of keys whose changes are not durable.
const MAX_UNFLUSHED: usize = 10_000;

/// Minimum time after a failure during which no entries are set. Opening the file again reads all of it.
const PAUSE: Duration = Duration::from_secs(1);

/// State that the writer shares with its callers.
pub(super) struct Shared {
    pub(super) file: DiskFile,
    pub(super) entries: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) evictions: AtomicU64,
    /// True if a read failed, possibly because the file is damaged, and a check by the writer is pending.
    pub(super) is_check_pending: AtomicBool,
}

impl Shared {
    fn update_totals(&self, totals: Totals) {
        // The numbers are only reported, so no ordering depends on them.
        self.entries.store(totals.entries, Ordering::Relaxed);
        self.bytes.store(totals.bytes, Ordering::Relaxed);
    }
}

/// The state of the writer thread.
pub(super) struct Writer {
    shared: Arc<Shared>,
    limits: Limits,
    jobs: Receiver<Job>,
    unflushed: Unflushed,
    paused_until: Option<Instant>,
    /// The job that closes the file.
    closing: Option<Job>,
}

/// Changes that are visible to readers but not durable.
#[derive(Default)]
struct Unflushed {
    keys: HashSet<String>,
    bytes: u64,
    since: Option<Instant>,
}

/// The outcome of a transaction.
struct Outcome {
    counts: Vec<u64>,
    evicted: u64,
    totals: Option<Totals>,
    is_durable: bool,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, totals: Totals, limits: Limits, jobs: Receiver<Job>) -> Self {
        shared.update_totals(totals);
        Self { shared, limits, jobs, unflushed: Unflushed::default(), paused_until: None, closing: None }
    }

    /// Runs jobs until one closes the file or the last sender is dropped. Then closes the file.
    pub(super) fn run(mut self) {
        self.shrink(self.shared.bytes.load(Ordering::Relaxed).saturating_mul(4).max(4 << 20));
        loop {
            match self.next() {
                Ok(first) => {
                    let batch = self.batch(first);
                    self.take(batch);
                    if self.closing.is_some() {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = self.perform(&[], true) {
                        self.recover(&error);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let flushed = self.perform(&[], true);
        if let Err(error) = &flushed {
            tracing::warn!(%error, "cache file could not be flushed");
        }
        self.shared.file.close();
        if let Some(job) = self.closing {
            job.complete(flushed.map(|_| 0).map_err(Arc::new));
        }
    }

    fn next(&self) -> Result<Job, RecvTimeoutError> {
        match self.unflushed.since {
            None => self.jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(since) => self.jobs.recv_timeout(self.limits.flush_every.saturating_sub(since.elapsed())),
        }
    }

    /// Returns `first` and the jobs that wait behind it, up to the limits of one transaction. Until a transaction is
    /// flushed, the file holds both the bytes it writes and the bytes it replaces.
    fn batch(&mut self, first: Job) -> Vec<Job> {
        let (mut bytes, mut count) = (0_u64, 0);
        let mut batch = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next {
            if matches!(job.work, Work::Close) {
                self.closing = Some(job);
                break;
            }
            bytes = bytes.saturating_add(job.work.bytes());
            count += job.work.changes().len().max(1);
            batch.push(job);
            let has_room = count < BATCH && bytes < self.limits.max_unflushed_bytes();
            next = if has_room { self.jobs.try_recv().ok() } else { None };
        }
        batch
    }

    /// Runs `batch` and sends the results.
    fn take(&mut self, batch: Vec<Job>) {
        let is_paused = self.paused_until.is_some_and(|end| Instant::now() < end);
        // Invalidations are tried during a pause, too: until they succeed, the store serves outdated entries.
        let is_accepted = |job: &Job| !is_paused || matches!(job.work, Work::Invalidate(_));
        let (batch, refused): (Vec<Job>, Vec<Job>) = batch.into_iter().partition(is_accepted);
        for job in refused {
            job.complete(Err(Arc::new(Error::Io(io::Error::other(
                "the file has failed, writes are paused",
            )))));
        }
        let is_check_pending = self.shared.is_check_pending.swap(false, Ordering::AcqRel);
        if batch.is_empty() {
            return;
        }
        if is_check_pending || !self.shared.file.is_open() {
            self.recover(&Error::PreviousIo);
        }

        match self.perform(&batch, false) {
            Ok(counts) => {
                for (job, count) in batch.into_iter().zip(counts) {
                    job.complete(Ok(count));
                }
            }
            Err(error) => {
                // Before the results are sent, so that callers can read again once they know that their write failed.
                self.recover(&error);
                let error = Arc::new(error);
                for job in batch {
                    job.complete(Err(Arc::clone(&error)));
                }
            }
        }
    }

    /// Runs `batch` in one transaction and returns the result of each job. Flushes if that is due or if `flush` is
    /// true.
    fn perform(&mut self, batch: &[Job], flush: bool) -> Result<Vec<u64>, Error> {
        let flush = flush || self.must_flush(batch);
        let outcome = self.shared.file.with(|database| self.transact(database, batch, flush))?;

        if let Some(totals) = outcome.totals {
            self.shared.update_totals(totals);
        }
        self.shared.evictions.fetch_add(outcome.evicted, Ordering::Relaxed);
        if outcome.is_durable {
            self.unflushed = Unflushed::default();
            self.shrink(self.limits.max_bytes);
        } else if outcome.totals.is_some() {
            self.unflushed.add(batch);
        }
        Ok(outcome.counts)
    }

    fn transact(&self, database: &Database, batch: &[Job], flush: bool) -> Result<Outcome, Error> {
        let mut txn = database.begin_write()?;
        let mut tables = Tables::open(&txn)?;
        let mut counts = Vec::with_capacity(batch.len());
        for job in batch {
            counts.push(job.work.apply(&mut tables)?);
        }

        let has_touched = counts.iter().any(|&count| count > 0);
        let has_changed = has_touched || batch.iter().any(|job| !job.work.changes().is_empty());
        let is_durable = flush && (has_changed || self.unflushed.since.is_some());
        if !has_changed && !is_durable {
            drop(tables);
            txn.abort()?;
            return Ok(Outcome { counts, evicted: 0, totals: None, is_durable });
        }

        let now = batch.iter().map(|job| job.now).max().unwrap_or_default();
        tables.sweep(now, SWEEP)?;
        let evicted = tables.evict(self.limits.budget(), now)?;
        let totals = Some(tables.finish()?);
        if !is_durable {
            txn.set_durability(Durability::None).map_err(|error| Error::Corrupted(error.to_string()))?;
        }
        txn.commit()?;
        Ok(Outcome { counts, evicted, totals, is_durable })
    }

    /// Returns true if `batch` and all earlier changes must be made durable.
    ///
    /// An invalidation must be made durable even if it affected no entry: a covered entry may have been replaced just before,
    /// and a crash would restore that entry.
    fn must_flush(&self, batch: &[Job]) -> bool {
        batch.iter().any(|job| matches!(job.work, Work::Invalidate(_) | Work::Flush))
            || self.unflushed.since.is_some_and(|since| since.elapsed() >= self.limits.flush_every)
            || self.unflushed.bytes >= self.limits.max_unflushed_bytes()
            || self.unflushed.keys.len() >= MAX_UNFLUSHED
    }

    /// Opens the file again after `error`. The changes that were not flushed are lost, and the entries they replaced are
    /// removed.
    fn recover(&mut self, error: &Error) {
        let started = Instant::now();
        tracing::warn!(path = %self.shared.file.path().display(), %error, "cache file failed, opening it again");
        let unflushed = std::mem::take(&mut self.unflushed);
        let reopened = self.shared.file.reopen(|database| forget(database, &unflushed.keys));
        match reopened {
            Ok(totals) => self.shared.update_totals(totals),
            Err(error) => {
                // The entries must still be removed once the file can be opened.
                self.unflushed.keys = unflushed.keys;
                let source = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, source, "cache file stays closed for now");
            }
        }
        self.paused_until = Some(Instant::now() + PAUSE.max(started.elapsed() * 10));
    }

    /// Compacts the file if it is larger than `limit`. If it is still too large, removes half of the entries.
    fn shrink(&mut self, limit: u64) {
        let is_over = |shared: &Shared| shared.file.size().is_ok_and(|size| size > limit);
        if !is_over(&self.shared) {
            return;
        }
        let mut outcome = self.shared.file.compact();
        if outcome.is_ok() && is_over(&self.shared) && limit >= self.limits.max_bytes {
            outcome = self.halve().and_then(|()| self.shared.file.compact());
        }
        if let Err(error) = outcome {
            self.recover(&error);
        }
    }

    fn halve(&self) -> Result<(), Error> {
        let (evicted, totals) = self.shared.file.with(|database| {
            let txn = database.begin_write()?;
            let mut tables = Tables::open(&txn)?;
            let evicted = tables.evict(self.limits.max_bytes / 2, 0)?;
            let totals = tables.finish()?;
            txn.commit()?;
            Ok((evicted, totals))
        })?;
        self.shared.evictions.fetch_add(evicted, Ordering::Relaxed);
        self.shared.update_totals(totals);
        Ok(())
    }
}

impl Unflushed {
    fn add(&mut self, batch: &[Job]) {
        for job in batch {
            for change in job.work.changes() {
                self.since.get_or_insert_with(Instant::now);
                self.keys.insert(change.key().to_owned());
            }
            self.bytes = self.bytes.saturating_add(job.work.bytes());
        }
    }
}

/// Removes the entries under `keys`, which were replaced after the last flush and would be outdated.
fn forget(database: &Database, keys: &HashSet<String>) -> Result<(), Error> {
    if keys.is_empty() {
        return Ok(());
    }
    let txn = database.begin_write()?;
    let mut tables = Tables::open(&txn)?;
    for key in keys {
        tables.remove(key)?;
    }
    tables.finish()?;
    Ok(txn.commit()?)
}
