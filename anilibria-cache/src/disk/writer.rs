//! The thread that alone writes: it takes what waits as one transaction, and decides when that is made durable.

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

/// How many jobs make one transaction at most.
const BATCH: usize = 256;

/// How many expired entries a transaction drops beside what it is for.
const SWEEP: usize = 256;

/// How many keys may wait to be made durable.
const MAX_UNFLUSHED: usize = 10_000;

/// For so long at least nothing is set after a failure: opening the file again reads all of it.
const PAUSE: Duration = Duration::from_secs(1);

/// What the writer and its callers share.
pub(super) struct Shared {
    pub(super) file: DiskFile,
    pub(super) entries: AtomicU64,
    pub(super) bytes: AtomicU64,
    pub(super) evictions: AtomicU64,
    /// A reader met with an error that may be due to the state of the file, and has told the writer so.
    pub(super) is_suspect: AtomicBool,
}

impl Shared {
    fn note(&self, totals: Totals) {
        // Nothing is ordered by these numbers; they are only ever reported.
        self.entries.store(totals.entries, Ordering::Relaxed);
        self.bytes.store(totals.bytes, Ordering::Relaxed);
    }
}

/// The one who writes.
pub(super) struct Writer {
    shared: Arc<Shared>,
    limits: Limits,
    jobs: Receiver<Job>,
    unflushed: Unflushed,
    paused_until: Option<Instant>,
}

/// What readers see but a crash would take back.
#[derive(Default)]
struct Unflushed {
    keys: HashSet<String>,
    bytes: u64,
    since: Option<Instant>,
}

/// What a transaction has done.
struct Outcome {
    counts: Vec<u64>,
    evicted: u64,
    totals: Option<Totals>,
    is_durable: bool,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, totals: Totals, limits: Limits, jobs: Receiver<Job>) -> Self {
        shared.note(totals);
        Self { shared, limits, jobs, unflushed: Unflushed::default(), paused_until: None }
    }

    /// Works until nobody can ask for anything any more, then closes the file.
    pub(super) fn run(mut self) {
        self.shrink(self.shared.bytes.load(Ordering::Relaxed).saturating_mul(4).max(4 << 20));
        loop {
            match self.next() {
                Ok(first) => {
                    let batch = self.batch(first);
                    self.take(batch);
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = self.perform(&[], true) {
                        self.recover(&error);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if let Err(error) = self.perform(&[], true) {
            tracing::warn!(%error, "cache file could not be flushed");
        }
        self.shared.file.close();
    }

    fn next(&self) -> Result<Job, RecvTimeoutError> {
        match self.unflushed.since {
            None => self.jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(since) => self.jobs.recv_timeout(self.limits.flush_every.saturating_sub(since.elapsed())),
        }
    }

    /// `first` and what waits with it, as much as one transaction should do: until it is done, the file has room for
    /// both what it writes and what that replaces.
    fn batch(&self, first: Job) -> Vec<Job> {
        let mut bytes = first.work.bytes();
        let mut batch = vec![first];
        while batch.len() < BATCH && bytes < self.limits.max_unflushed_bytes() {
            let Ok(job) = self.jobs.try_recv() else { break };
            bytes = bytes.saturating_add(job.work.bytes());
            batch.push(job);
        }
        batch
    }

    /// Does what `batch` asks for and tells those who wait.
    fn take(&mut self, batch: Vec<Job>) {
        let is_paused = self.paused_until.is_some_and(|end| Instant::now() < end);
        // An invalidation is tried even so: until it is done, the store tells what is no longer true.
        let is_accepted = |job: &Job| !is_paused || matches!(job.work, Work::Invalidate(_));
        let (batch, refused): (Vec<Job>, Vec<Job>) = batch.into_iter().partition(is_accepted);
        for job in refused {
            job.answer(Err(Arc::new(Error::Io(io::Error::other(
                "the file has just failed, nothing is set yet",
            )))));
        }
        let is_suspect = self.shared.is_suspect.swap(false, Ordering::AcqRel);
        if batch.is_empty() {
            return;
        }
        if is_suspect || !self.shared.file.is_open() {
            self.recover(&Error::PreviousIo);
        }

        match self.perform(&batch, false) {
            Ok(counts) => {
                for (job, count) in batch.into_iter().zip(counts) {
                    job.answer(Ok(count));
                }
            }
            Err(error) => {
                // Before the answers: who is told that a write failed can read again.
                self.recover(&error);
                let error = Arc::new(error);
                for job in batch {
                    job.answer(Err(Arc::clone(&error)));
                }
            }
        }
    }

    /// Does all of `batch` as one and says what came of each job. Flushes if that is due, or `flush` says so.
    fn perform(&mut self, batch: &[Job], flush: bool) -> Result<Vec<u64>, Error> {
        let flush = flush || self.must_flush(batch);
        let outcome = self.shared.file.with(|database| self.transact(database, batch, flush))?;

        if let Some(totals) = outcome.totals {
            self.shared.note(totals);
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
            counts.push(job.work.apply(&mut tables, job.now)?);
        }

        let has_touched = counts.iter().any(|&count| count > 0);
        let has_changed = has_touched || batch.iter().any(|job| job.work.changes());
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

    /// Whether `batch` has to be durable, with all that is not yet.
    ///
    /// An invalidation does so even if it has touched nothing: what it is about may have been replaced just before, and
    /// a crash would bring that back.
    fn must_flush(&self, batch: &[Job]) -> bool {
        batch.iter().any(|job| matches!(job.work, Work::Invalidate(_) | Work::Flush))
            || self.unflushed.since.is_some_and(|since| since.elapsed() >= self.limits.flush_every)
            || self.unflushed.bytes >= self.limits.max_unflushed_bytes()
            || self.unflushed.keys.len() >= MAX_UNFLUSHED
    }

    /// Opens the file anew after `error`. What was not flushed is gone then, and so is what it had replaced.
    fn recover(&mut self, error: &Error) {
        let started = Instant::now();
        tracing::warn!(path = %self.shared.file.path().display(), %error, "cache file failed, opening it again");
        let unflushed = std::mem::take(&mut self.unflushed);
        let reopened = self.shared.file.reopen(|database| forget(database, &unflushed.keys));
        match reopened {
            Ok(totals) => self.shared.note(totals),
            Err(error) => {
                // They are still to be forgotten once the file can be opened.
                self.unflushed.keys = unflushed.keys;
                let source = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, source, "cache file stays closed for now");
            }
        }
        self.paused_until = Some(Instant::now() + PAUSE.max(started.elapsed() * 10));
    }

    /// Makes the file smaller if it is larger than `limit`: by moving its contents together, and if that does not do,
    /// by dropping half of them.
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
        self.shared.note(totals);
        Ok(())
    }
}

impl Unflushed {
    fn add(&mut self, batch: &[Job]) {
        for job in batch {
            if let Work::Put { key, .. } | Work::Remove(key) = &job.work {
                self.since.get_or_insert_with(Instant::now);
                self.keys.insert(key.clone());
                self.bytes = self.bytes.saturating_add(job.work.bytes());
            }
        }
    }
}

/// Removes what was replaced after the file was flushed: it would be an older value come back.
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
