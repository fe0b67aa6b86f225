//! The task that keeps the local catalog up to date.

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

/// Interval of full passes. Only a full pass finds changed ratings and removed titles.
const FULL_PASS: Duration = Duration::from_hours(24);

/// Interval at which the schedule and the genres are read.
const REFERENCES: Duration = Duration::from_hours(1);

/// Minimum time between two polls, regardless of events.
const CALM: Duration = Duration::from_secs(1);

/// Maximum backoff after consecutive failures.
const MAX_BACKOFF: Duration = Duration::from_mins(1);

/// Time for which changes are collected before the catalog is saved.
const SAVE_AFTER: Duration = Duration::from_secs(5);

/// Interval at which a follower reads what the leader has written.
const FOLLOW: Duration = Duration::from_secs(2);

/// Number of intervals without a sign of the leader after which a follower polls AniLibria itself. [`GRACE`] is added, to
/// elect another leader.
const SILENT_INTERVALS: u32 = 3;

const GRACE: Duration = Duration::from_secs(15);

/// Timeout of the last save when the service stops. Together with the time to drain requests, it is less than the ten
/// seconds after which containers are killed.
const LAST_SAVE: Duration = Duration::from_millis(1500);

/// Task that keeps the catalog up to date. Dropping it ends the task; [`stop`](Self::stop) also saves the catalog.
#[derive(Debug)]
pub struct SyncTask {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl SyncTask {
    /// Starts the task for `titles`; `None` if they have no local catalog. Changes that no other event covers are published on
    /// `bus`, if there is one. `sampler` decides which polls are traced.
    pub fn start(titles: &Titles, bus: Option<Arc<dyn Publish>>, sampler: Sampler) -> Option<Self> {
        let local = titles.local_catalog()?.clone();
        let titles = titles.clone();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut syncing = Syncing::new(titles, local, bus, sampler);
            tokio::select! {
                // If the sender is dropped, the task ends without saving.
                told = stopped => if told.is_err() { return },
                never = syncing.run() => match never {},
            }
            if timeout(LAST_SAVE, syncing.finish()).await.is_err() {
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

/// Part of an instance in keeping the catalog up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Polls AniLibria for all instances, or is the only one.
    Leader,
    /// Reads what the leader has written.
    Follower,
    /// Polls for itself, because there seems to be no leader.
    Alone,
}

struct Syncing {
    titles: Titles,
    local: LocalCatalog,
    bus: Option<Arc<dyn Publish>>,
    sampler: Sampler,
    /// Leader election for polling AniLibria; `None` if this instance always polls.
    elector: Option<Arc<Candidate>>,
    /// Role at the last step.
    role: Role,
    /// Time at which a new sign of the leader was received, and that sign.
    heard: (Instant, Option<OffsetDateTime>),
    /// True if changes have yet to be written to the shared store.
    unshared: bool,
    full_pass_due: Instant,
    references_due: Instant,
    /// Time of the first unsaved change.
    unsaved_since: Option<Instant>,
    failures: u32,
    /// Reads of the shared store.
    following: Recurring,
    /// Writes to the shared store.
    sharing: Recurring,
}

impl Syncing {
    fn new(titles: Titles, local: LocalCatalog, bus: Option<Arc<dyn Publish>>, sampler: Sampler) -> Self {
        let now = Instant::now();
        // Changes since the last run are published at once, removals by a full pass a little later. Without a stored
        // catalog, the first poll is a full pass.
        let is_kept = local.catalog().is_some();
        let full_pass_due = now + if is_kept { local.shared.interval } else { FULL_PASS };
        Self {
            titles,
            elector: local.take_elector(),
            local,
            bus,
            sampler,
            role: Role::Follower,
            heard: (now, None),
            unshared: false,
            full_pass_due,
            references_due: now + REFERENCES,
            unsaved_since: None,
            failures: 0,
            following: Recurring::new("read of the shared catalog"),
            sharing: Recurring::new("save of the shared catalog"),
        }
    }

    async fn run(&mut self) -> Infallible {
        // The shared store is read first, because it is faster than AniLibria.
        self.follow().await;
        loop {
            let pause = self.step().await;
            self.save_if_due(pause).await;
            self.sleep(pause).await;
        }
    }

    /// Polls AniLibria if this instance is the leader, or else reads what the leader has written. Returns the delay before
    /// the next step.
    async fn step(&mut self) -> Duration {
        let is_leader = self.elector.as_ref().is_none_or(|elector| elector.is_leader());
        if is_leader {
            self.lead().await;
        }
        let next_full_pass = is_leader.then(|| OffsetDateTime::now_utc() + self.until_full_pass());
        self.local.change_status(|status| {
            status.is_poller = is_leader;
            status.next_full_pass = next_full_pass;
        });
        if !is_leader {
            self.follow().await;
            self.assume(if self.hears_leader() { Role::Follower } else { Role::Alone });
        }
        match self.role {
            Role::Leader | Role::Alone => self.poll().await,
            Role::Follower => FOLLOW.min(self.local.shared.interval),
        }
    }

    /// Becomes leader, if it was not, and continues where the last leader stopped.
    async fn lead(&mut self) {
        let before = std::mem::replace(&mut self.role, Role::Leader);
        if before == Role::Leader || self.elector.is_none() {
            return;
        }
        // An instance that polled by itself has a newer catalog than the store.
        if before == Role::Follower {
            self.follow().await;
        }
        // A catalog that was followed is recent. A full pass takes long, so that changes come first.
        if self.local.catalog().is_some() {
            self.full_pass_due = self.full_pass_due.max(Instant::now() + self.local.shared.interval);
        }
    }

    /// Takes on a role other than that of the leader.
    fn assume(&mut self, role: Role) {
        match (std::mem::replace(&mut self.role, role), role) {
            (Role::Leader | Role::Follower, Role::Alone) => {
                warn!("no instance polls AniLibria for all, polling for this instance");
            }
            (Role::Alone, Role::Follower) => info!("another instance polls AniLibria again"),
            _ => {}
        }
    }

    /// Returns true if there was a sign of a leader lately.
    fn hears_leader(&self) -> bool {
        let limit = self.local.shared.interval.saturating_mul(SILENT_INTERVALS).saturating_add(GRACE);
        self.heard.0.elapsed() <= limit
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
            // The next leader begins to poll.
            () = self.lease_end() => return CALM,
            never = self.report_progress() => match never {},
        };
        self.local.note(&updated).await;
        let pause = match updated {
            Ok(mut changes) => {
                let failures = std::mem::take(&mut self.failures);
                if failures > 0 {
                    info!(failures, "catalog sync recovered");
                }
                if everything {
                    self.full_pass_due = Instant::now() + FULL_PASS;
                }
                self.unshared |= changes.any;
                self.share().await;
                let notices = std::mem::take(&mut changes.notices);
                self.tell(changes).await;
                self.publish(&notices).await;
                self.renew_references().await;
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
        self.share().await;
        pause
    }

    /// Reads the changes that other instances have written.
    async fn follow(&mut self) {
        match self.local.follow().await {
            Ok(Some((changes, sign))) => {
                self.following.succeeded();
                if self.heard.1 != sign {
                    self.heard = (Instant::now(), sign);
                }
                self.tell(changes).await;
            }
            Ok(None) => self.following.succeeded(),
            Err(error) => self.following.failed(&error),
        }
    }

    /// Waits until this instance loses the lease; forever if it does not poll as the leader.
    async fn lease_end(&self) {
        match self.elector.as_ref().filter(|_| self.role == Role::Leader) {
            // An error means that the campaign has ended.
            Some(elector) => drop(elector.watch().wait_for(Option::is_none).await),
            None => pending().await,
        }
    }

    /// Records during a long poll that the poll continues, so that the followers do not poll themselves.
    async fn report_progress(&self) -> Infallible {
        loop {
            sleep(GRACE / 3).await;
            self.local.note_progress().await;
        }
    }

    /// Writes changes to the shared store, or everything that the store has lost. This precedes the events, because other
    /// instances rebuild their answers from the store when they receive an event.
    async fn share(&mut self) {
        if self.unshared || (self.role == Role::Leader && !self.local.is_shared().await) {
            match self.local.share().await {
                Ok(()) => {
                    self.unshared = false;
                    self.sharing.succeeded();
                }
                Err(error) => {
                    self.unshared = true;
                    self.sharing.failed(&error);
                }
            }
        }
    }

    fn until_full_pass(&self) -> Duration {
        self.full_pass_due.saturating_duration_since(Instant::now())
    }

    /// Waits for `pause`, or until a change is signalled or the leader lease changes hands.
    async fn sleep(&self, pause: Duration) {
        let calm = CALM.min(pause);
        sleep(calm).await;
        let news = self.local.shared.news.notified();
        let changes_hands = async {
            let Some(elector) = &self.elector else { return pending().await };
            let mut lease = elector.watch();
            let _ = lease.wait_for(|token| token.is_some() != (self.role == Role::Leader)).await;
        };
        tokio::select! {
            () = news => {}
            () = changes_hands => {}
            () = sleep(pause.saturating_sub(calm)) => {}
        }
    }

    /// Saves unsaved changes and releases the lease. The local save comes first, because it is the least likely to fail. The
    /// lease comes last, because only the leader may write the shared store.
    async fn finish(&mut self) {
        if self.unsaved_since.is_some() {
            self.local.save().await;
        }
        if self.unshared {
            self.share().await;
        }
        if let Some(elector) = self.elector.take() {
            elector.resign_shared().await;
        }
    }

    /// Invalidates the answers built from the old catalog.
    async fn tell(&mut self, Changes { any, titles, .. }: Changes) {
        if !any {
            return;
        }
        let (changed, releases) = (titles.len(), self.local.status().releases);
        if changed > 0 {
            info!(changed, releases, "catalog changed");
        } else {
            debug!(releases, "catalog changed in details that no title shows");
        }
        self.titles.catalog_changed(&titles).await;
        self.unsaved_since.get_or_insert_with(Instant::now);
    }

    /// Publishes `notices` to all instances and other subscribers.
    async fn publish(&self, notices: &[TitleChange]) {
        let Some(bus) = &self.bus else { return };
        for notice in notices {
            if let Err(error) = bus.publish(notice).await {
                warn!(error = &*error, "changes of the catalog cannot be published");
                return;
            }
        }
    }

    async fn renew_references(&mut self) {
        if self.references_due <= Instant::now() {
            self.references_due = Instant::now() + REFERENCES;
            self.titles.renew_references().await;
        }
    }

    /// Saves changes that are old enough, or that would be before the next step.
    async fn save_if_due(&mut self, pause: Duration) {
        if self.unsaved_since.is_some_and(|since| since.elapsed() + pause >= SAVE_AFTER) {
            self.local.save().await;
            self.unsaved_since = None;
        }
    }
}

/// Work that is repeated, in the log: its first failure, and its recovery.
struct Recurring {
    name: &'static str,
    is_failing: bool,
}

impl Recurring {
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

/// Returns the span in which the local catalog is compared with AniLibria; none if `sampler` does not take it.
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
    fn waits_grow_to_a_minute() {
        assert_eq!([0, 1, 5, 6, 99].map(|failures| backoff(failures).as_secs()), [1, 2, 32, 60, 60]);
    }
}
