//! The task that keeps the local catalog up to date with AniLibria.

use std::{convert::Infallible, error::Error as StdError, future::pending, sync::Arc, time::Duration};

use anilibria_cache::coordination::Candidate;
use anilibria_http::{
    metrics::count_error,
    trace::{ROOT_TARGET, Sampler, root_span},
};
use time::OffsetDateTime;
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tracing::{Instrument as _, Span, debug, field::Empty, info, info_span, warn};

use super::{Changes, LocalCatalog};
use crate::titles::{
    Titles,
    change::{Publish, TitleChange},
};

/// Interval between two full passes, which read the complete catalog. Only a full pass finds changed ratings and removed
/// titles.
const FULL_PASS_INTERVAL: Duration = Duration::from_hours(24);

/// Interval between two reads of the schedule and the genres.
const REFERENCES_INTERVAL: Duration = Duration::from_hours(1);

/// Minimum time between two polls, regardless of events.
const MIN_PAUSE: Duration = Duration::from_secs(1);

/// Maximum backoff after consecutive failures.
const MAX_BACKOFF: Duration = Duration::from_mins(1);

/// Time between a change and the write to the local store, during which further changes are collected.
const SAVE_DELAY: Duration = Duration::from_secs(5);

/// Interval between two reads of the shared store by a follower.
const FOLLOW_INTERVAL: Duration = Duration::from_secs(2);

/// Number of poll intervals without a heartbeat of the leader after which a follower polls AniLibria itself.
/// [`ELECTION_TIME`] is added to them.
const MISSED_INTERVALS: u32 = 3;

/// Time in which the instances can elect another leader.
const ELECTION_TIME: Duration = Duration::from_secs(15);

/// Timeout of the last save when the service stops. Together with the time to drain requests, it stays below the ten seconds
/// after which containers are killed.
const FINAL_SAVE_TIMEOUT: Duration = Duration::from_millis(1500);

/// Task that keeps the catalog up to date. Dropping it ends the task without a save; [`stop`](Self::stop) also saves the
/// catalog.
#[derive(Debug)]
pub struct SyncTask {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl SyncTask {
    /// Starts the task for `titles`; `None` if they have no local catalog. Changes that no other event covers are published to
    /// `bus`, if there is one. `sampler` selects the polls that are traced.
    pub fn start(titles: &Titles, bus: Option<Arc<dyn Publish>>, sampler: Sampler) -> Option<Self> {
        let local = titles.local_catalog()?.clone();
        let titles = titles.clone();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut sync = CatalogSync::new(titles, local, bus, sampler);
            tokio::select! {
                // If the sender is dropped, the task ends without a save.
                sent = stopped => if sent.is_err() { return },
                never = sync.run() => match never {},
            }
            if timeout(FINAL_SAVE_TIMEOUT, sync.finish()).await.is_err() {
                warn!("catalog not saved in time");
            }
        });
        Some(Self { stop, task })
    }

    /// Ends the task and saves the catalog.
    pub async fn stop(self) {
        // Sending fails only if the task has ended already.
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            warn!(%error, "catalog sync task failed");
        }
    }
}

/// Role of an instance in keeping the catalog up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Polls AniLibria for all instances, or is the only instance.
    Leader,
    /// Reads the catalog that the leader writes to the shared store.
    Follower,
    /// Polls AniLibria for itself, because the leader sends no heartbeats.
    Standalone,
}

/// State of the task.
struct CatalogSync {
    titles: Titles,
    local: LocalCatalog,
    bus: Option<Arc<dyn Publish>>,
    sampler: Sampler,
    /// Candidate for the leader lease of polling AniLibria; `None` if this instance always polls.
    candidate: Option<Arc<Candidate>>,
    /// Role at the last step.
    role: Role,
    /// Last heartbeat of the leader, after the time at which this instance received it.
    heartbeat: (Instant, Option<OffsetDateTime>),
    /// True if there are changes that are not written to the shared store yet.
    has_unshared_changes: bool,
    full_pass_due: Instant,
    references_due: Instant,
    /// Time of the first unsaved change.
    unsaved_since: Option<Instant>,
    failures: u32,
    /// Failures of reads of the shared store.
    reads: FailureLog,
    /// Failures of writes to the shared store.
    writes: FailureLog,
}

impl CatalogSync {
    fn new(titles: Titles, local: LocalCatalog, bus: Option<Arc<dyn Publish>>, sampler: Sampler) -> Self {
        let now = Instant::now();
        // The first poll finds the changes since the last run. A full pass after one interval finds the removals. Without a
        // stored catalog, the first poll reads the complete catalog.
        let is_stored = local.catalog().is_some();
        let full_pass_due = now + if is_stored { local.shared.interval } else { FULL_PASS_INTERVAL };
        Self {
            titles,
            candidate: local.take_candidate(),
            local,
            bus,
            sampler,
            role: Role::Follower,
            heartbeat: (now, None),
            has_unshared_changes: false,
            full_pass_due,
            references_due: now + REFERENCES_INTERVAL,
            unsaved_since: None,
            failures: 0,
            reads: FailureLog::new("read of the shared catalog"),
            writes: FailureLog::new("save of the shared catalog"),
        }
    }

    async fn run(&mut self) -> Infallible {
        // The shared store is read first, because it is faster than AniLibria.
        self.read_shared().await;
        loop {
            let pause = self.step().await;
            self.save_if_due(pause).await;
            self.sleep(pause).await;
        }
    }

    /// Polls AniLibria if this instance is the leader, or else reads the shared store. Returns the delay before the next step.
    async fn step(&mut self) -> Duration {
        let is_leader = self.candidate.as_ref().is_none_or(|candidate| candidate.is_leader());
        if is_leader {
            self.become_leader().await;
        }
        let next_full_pass = is_leader.then(|| OffsetDateTime::now_utc() + self.until_full_pass());
        self.local.change_status(|status| {
            status.is_poller = is_leader;
            status.next_full_pass = next_full_pass;
        });
        if !is_leader {
            self.read_shared().await;
            self.set_role(if self.is_leader_alive() { Role::Follower } else { Role::Standalone });
        }
        match self.role {
            Role::Leader | Role::Standalone => self.poll().await,
            Role::Follower => FOLLOW_INTERVAL.min(self.local.shared.interval),
        }
    }

    /// Takes the role of the leader, unless this instance has it already, and reads the state of the previous leader.
    async fn become_leader(&mut self) {
        let before = std::mem::replace(&mut self.role, Role::Leader);
        if before == Role::Leader || self.candidate.is_none() {
            return;
        }
        // A standalone instance has a newer catalog than the shared store.
        if before == Role::Follower {
            self.read_shared().await;
        }
        // The catalog of a follower is recent. A full pass takes long, so a poll for changes precedes it.
        if self.local.catalog().is_some() {
            self.full_pass_due = self.full_pass_due.max(Instant::now() + self.local.shared.interval);
        }
    }

    /// Sets the role of an instance that is not the leader.
    fn set_role(&mut self, role: Role) {
        match (std::mem::replace(&mut self.role, role), role) {
            (Role::Leader | Role::Follower, Role::Standalone) => {
                warn!("no heartbeat of the catalog leader, this instance polls AniLibria itself");
            }
            (Role::Standalone, Role::Follower) => {
                info!("heartbeat of the catalog leader is back, this instance no longer polls AniLibria");
            }
            _ => {}
        }
    }

    /// Returns true if the last heartbeat of the leader is recent.
    fn is_leader_alive(&self) -> bool {
        let limit = self.local.shared.interval.saturating_mul(MISSED_INTERVALS).saturating_add(ELECTION_TIME);
        self.heartbeat.0.elapsed() <= limit
    }

    /// Polls AniLibria once.
    async fn poll(&mut self) -> Duration {
        let everything = self.full_pass_due <= Instant::now();
        let span = sync_span(self.sampler, everything);
        self.poll_in(everything, &span).instrument(span.clone()).await
    }

    /// Polls AniLibria once in `span`.
    async fn poll_in(&mut self, everything: bool, span: &Span) -> Duration {
        let updated = tokio::select! {
            updated = self.local.update(everything) => updated,
            // The next leader polls instead.
            () = self.lease_lost() => return MIN_PAUSE,
            never = self.record_progress() => match never {},
        };
        self.local.record_poll(&updated).await;
        let pause = match updated {
            Ok(mut changes) => {
                let failures = std::mem::take(&mut self.failures);
                if failures > 0 {
                    info!(failures, "catalog sync recovered");
                }
                if everything {
                    self.full_pass_due = Instant::now() + FULL_PASS_INTERVAL;
                }
                self.has_unshared_changes |= changes.any;
                self.write_shared().await;
                let to_publish = std::mem::take(&mut changes.to_publish);
                self.expire_responses(changes).await;
                self.publish(&to_publish).await;
                self.reload_references().await;
                return self.local.shared.interval;
            }
            Err(error) => {
                count_error("title_sync", error.kind());
                span.record("otel.status_code", "ERROR");
                let pause = backoff(self.failures);
                let (retry_in_seconds, error) = (pause.as_secs(), &error as &dyn StdError);
                if self.failures == 0 {
                    warn!(error, retry_in_seconds, "catalog sync failed, retrying");
                } else {
                    debug!(error, retry_in_seconds, "catalog sync is still failing");
                }
                self.failures = self.failures.saturating_add(1);
                pause
            }
        };
        self.write_shared().await;
        pause
    }

    /// Reads the changes that other instances have written to the shared store.
    async fn read_shared(&mut self) {
        match self.local.read_shared().await {
            Ok(Some((changes, heartbeat))) => {
                self.reads.succeeded();
                if self.heartbeat.1 != heartbeat {
                    self.heartbeat = (Instant::now(), heartbeat);
                }
                self.expire_responses(changes).await;
            }
            Ok(None) => self.reads.succeeded(),
            Err(error) => self.reads.failed(&error),
        }
    }

    /// Waits until this instance loses the leader lease. Never returns if this instance is not the leader.
    async fn lease_lost(&self) {
        match self.candidate.as_ref().filter(|_| self.role == Role::Leader) {
            // An error means that the campaign has ended.
            Some(candidate) => drop(candidate.watch().wait_for(Option::is_none).await),
            None => pending().await,
        }
    }

    /// Sends heartbeats during a long poll, so that the followers do not poll AniLibria themselves.
    async fn record_progress(&self) -> Infallible {
        loop {
            sleep(ELECTION_TIME / 3).await;
            self.local.record_progress().await;
        }
    }

    /// Writes changes to the shared store, or the data that the store has lost. Call it before the events are published:
    /// other instances rebuild their responses from the store when they receive an event.
    async fn write_shared(&mut self) {
        if self.has_unshared_changes
            || (self.role == Role::Leader && !self.local.is_shared_store_intact().await)
        {
            match self.local.write_shared().await {
                Ok(()) => {
                    self.has_unshared_changes = false;
                    self.writes.succeeded();
                }
                Err(error) => {
                    self.has_unshared_changes = true;
                    self.writes.failed(&error);
                }
            }
        }
    }

    fn until_full_pass(&self) -> Duration {
        self.full_pass_due.saturating_duration_since(Instant::now())
    }

    /// Waits for `pause`. Returns earlier if a poll is requested, or if this instance gets or loses the leader lease. Waits for
    /// at least [`MIN_PAUSE`], unless `pause` is shorter.
    async fn sleep(&self, pause: Duration) {
        let min_pause = MIN_PAUSE.min(pause);
        sleep(min_pause).await;
        let woken = self.local.shared.wake.notified();
        let role_changes = async {
            let Some(candidate) = &self.candidate else { return pending().await };
            let mut lease = candidate.watch();
            let _ = lease.wait_for(|token| token.is_some() != (self.role == Role::Leader)).await;
        };
        tokio::select! {
            () = woken => {}
            () = role_changes => {}
            () = sleep(pause.saturating_sub(min_pause)) => {}
        }
    }

    /// Writes unsaved changes to both stores and resigns the leader lease. The local store is written first, because that is
    /// the least likely to fail. The lease is resigned last, because only the leader may write the shared store.
    async fn finish(&mut self) {
        if self.unsaved_since.is_some() {
            self.local.save().await;
        }
        if self.has_unshared_changes {
            self.write_shared().await;
        }
        if let Some(candidate) = self.candidate.take() {
            candidate.resign_shared().await;
        }
    }

    /// Expires the cached responses that were built from the previous catalog.
    async fn expire_responses(&mut self, Changes { any, titles, .. }: Changes) {
        if !any {
            return;
        }
        let (changed, releases) = (titles.len(), self.local.status().releases);
        if changed > 0 {
            info!(changed, releases, "catalog changed");
        } else {
            debug!(releases, "catalog changed in fields that no response contains");
        }
        self.titles.expire_titles(&titles).await;
        self.unsaved_since.get_or_insert_with(Instant::now);
    }

    /// Publishes `changes` to all instances and other subscribers.
    async fn publish(&self, changes: &[TitleChange]) {
        let Some(bus) = &self.bus else { return };
        for change in changes {
            if let Err(error) = bus.publish(change).await {
                warn!(error = &*error, "catalog changes not published");
                return;
            }
        }
    }

    async fn reload_references(&mut self) {
        if self.references_due <= Instant::now() {
            self.references_due = Instant::now() + REFERENCES_INTERVAL;
            self.titles.reload_references().await;
        }
    }

    /// Writes the catalog to the local store, if the first unsaved change is [`SAVE_DELAY`] old now or will be before the next
    /// step.
    async fn save_if_due(&mut self, pause: Duration) {
        if self.unsaved_since.is_some_and(|since| since.elapsed() + pause >= SAVE_DELAY) {
            self.local.save().await;
            self.unsaved_since = None;
        }
    }
}

/// Log of a repeated operation: logs the first of consecutive failures, and the success after them.
struct FailureLog {
    name: &'static str,
    is_failing: bool,
}

impl FailureLog {
    fn new(name: &'static str) -> Self {
        Self { name, is_failing: false }
    }

    fn failed(&mut self, error: &anyhow::Error) {
        if !std::mem::replace(&mut self.is_failing, true) {
            warn!(error = &**error, "{} failed, retrying", self.name);
        }
    }

    fn succeeded(&mut self) {
        if std::mem::take(&mut self.is_failing) {
            info!("{} recovered", self.name);
        }
    }
}

/// Returns the span of a poll of AniLibria; a disabled span if `sampler` does not select it.
fn sync_span(sampler: Sampler, everything: bool) -> Span {
    root_span(sampler.should_sample(None), || {
        info_span!(
            target: ROOT_TARGET,
            "catalogue_sync",
            sync.everything = everything,
            otel.status_code = Empty,
            trace_id = Empty
        )
    })
}

/// Returns the backoff after the given number of earlier consecutive failures.
fn backoff(failures: u32) -> Duration {
    Duration::from_secs(1).saturating_mul(2_u32.saturating_pow(failures)).min(MAX_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_a_minute() {
        assert_eq!([0, 1, 5, 6, 99].map(|failures| backoff(failures).as_secs()), [1, 2, 32, 60, 60]);
    }
}
