//! Keeps the mirrored catalogue up to date for as long as the service runs.

use std::{convert::Infallible, future::pending, sync::Arc, time::Duration};

use anilibria_cache::coordination::Candidate;
use anilibria_http::{
    metrics::count_error,
    trace::{ROOT, Sampler, root_span},
};
use time::OffsetDateTime;
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tracing::{Instrument as _, Span, field::Empty, info, info_span, warn};

use super::{Changes, Mirror};
use crate::titles::{
    Titles,
    notice::{Notice, Publish},
};

/// How often everything is read: ratings change without a trace elsewhere, and what is gone shows only so.
const FULL_PASS: Duration = Duration::from_hours(24);

/// How often the schedule and the genres are read.
const REFERENCES: Duration = Duration::from_hours(1);

/// The shortest time between two looks, however much happens.
const CALM: Duration = Duration::from_secs(1);

/// The longest wait after failures in a row.
const MAX_BACKOFF: Duration = Duration::from_mins(1);

/// How long changes are collected before the catalogue is saved.
const SAVE_AFTER: Duration = Duration::from_secs(5);

/// How often an instance looks for what another one has written.
const FOLLOW: Duration = Duration::from_secs(5);

/// After so many intervals without a sign of the one that asks AniLibria, and [`GRACE`] to elect another, an instance asks
/// for itself.
const SILENT_INTERVALS: u32 = 3;

const GRACE: Duration = Duration::from_secs(15);

/// How long the last save may take when the service stops. Together with the time that requests are waited for, this is
/// less than the ten seconds after which containers are killed.
const LAST_SAVE: Duration = Duration::from_millis(1500);

/// The task that keeps the catalogue up to date. It ends when it is dropped; [`stop`](Self::stop) saves, too.
#[derive(Debug)]
pub struct SyncTask {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl SyncTask {
    /// Starts the task for `titles`; `None` when they are not mirrored. What it finds to have changed at AniLibria, and nobody
    /// else tells of, it tells on `bus`, if there is one. `sampler` decides which looks are traced.
    pub fn start(titles: &Titles, bus: Option<Arc<dyn Publish>>, sampler: Sampler) -> Option<Self> {
        let mirror = titles.mirror()?.clone();
        let titles = titles.clone();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut syncing = Syncing::new(titles, mirror, bus, sampler);
            tokio::select! {
                // Whoever drops the sender wants no more than an end.
                told = stopped => if told.is_err() { return },
                never = syncing.run() => match never {},
            }
            if timeout(LAST_SAVE, syncing.finish()).await.is_err() {
                warn!("The catalogue could not be saved in time");
            }
        });
        Some(Self { stop, task })
    }

    /// Ends the task and saves what it has read.
    pub async fn stop(self) {
        // It fails only when the task has ended by itself.
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            warn!(%error, "The task that mirrors the catalogue broke off");
        }
    }
}

struct Syncing {
    titles: Titles,
    mirror: Mirror,
    bus: Option<Arc<dyn Publish>>,
    sampler: Sampler,
    /// Says whether it is this instance that asks AniLibria; without, it is.
    elector: Option<Candidate>,
    /// Whether it was so at the last step.
    is_poller: bool,
    /// When there was last a sign of the instance that does, and the time of it.
    heard: (Instant, Option<OffsetDateTime>),
    /// Whether something is still to be put where others read it.
    unshared: bool,
    full_pass_due: Instant,
    references_due: Instant,
    /// When the first change came that is not saved yet.
    unsaved_since: Option<Instant>,
    failures: u32,
}

impl Syncing {
    fn new(titles: Titles, mirror: Mirror, bus: Option<Arc<dyn Publish>>, sampler: Sampler) -> Self {
        let now = Instant::now();
        // What has changed since the last run is told at once, what is gone a little later. Without a last run, looking
        // for changes is a full pass.
        let is_kept = mirror.catalogue().is_some();
        let full_pass_due = now + if is_kept { mirror.shared.interval } else { FULL_PASS };
        Self {
            titles,
            elector: mirror.take_elector(),
            mirror,
            bus,
            sampler,
            is_poller: false,
            heard: (now, None),
            unshared: false,
            full_pass_due,
            references_due: now + REFERENCES,
            unsaved_since: None,
            failures: 0,
        }
    }

    async fn run(&mut self) -> Infallible {
        // What others have read meanwhile is nearer than AniLibria.
        self.follow().await;
        loop {
            let pause = self.step().await;
            self.save_if_due(pause).await;
            self.sleep(pause).await;
        }
    }

    /// Looks at AniLibria, or at what the instance has written that does; how long to wait before the next time.
    async fn step(&mut self) -> Duration {
        let is_poller = self.elector.as_ref().is_none_or(Candidate::is_leader);
        self.is_poller = is_poller;
        let next_full_pass = is_poller.then(|| OffsetDateTime::now_utc() + self.until_full_pass());
        self.mirror.change_status(|status| {
            status.is_poller = is_poller;
            status.next_full_pass = next_full_pass;
        });
        if is_poller {
            return self.poll().await;
        }
        self.follow().await;
        let interval = self.mirror.shared.interval;
        if self.heard.0.elapsed() > interval.saturating_mul(SILENT_INTERVALS).saturating_add(GRACE) {
            self.heard.0 = Instant::now();
            warn!("No instance seems to look at AniLibria; this one does for now");
            self.poll().await;
        }
        FOLLOW.min(interval)
    }

    /// Looks at AniLibria once.
    async fn poll(&mut self) -> Duration {
        let everything = self.full_pass_due <= Instant::now();
        let span = sync_span(self.sampler, everything);
        self.look(everything, &span).instrument(span.clone()).await
    }

    /// Looks within `span`.
    async fn look(&mut self, everything: bool, span: &Span) -> Duration {
        let pause = match self.mirror.update(everything).await {
            Ok(mut changes) => {
                self.failures = 0;
                if everything {
                    self.full_pass_due = Instant::now() + FULL_PASS;
                }
                self.unshared |= changes.any;
                self.share().await;
                let notices = std::mem::take(&mut changes.notices);
                self.tell(changes).await;
                self.publish(&notices).await;
                self.renew_references().await;
                return self.mirror.shared.interval;
            }
            Err(error) => {
                count_error("title_sync", error.kind());
                span.record("otel.status_code", "ERROR");
                let pause = backoff(self.failures);
                self.failures = self.failures.saturating_add(1);
                warn!(%error, ?pause, "The catalogue could not be read, trying again");
                pause
            }
        };
        self.share().await;
        pause
    }

    /// Looks at what others have written.
    async fn follow(&mut self) {
        match self.mirror.follow().await {
            Ok(Some((changes, sign))) => {
                if self.heard.1 != sign {
                    self.heard = (Instant::now(), sign);
                }
                self.tell(changes).await;
            }
            Ok(None) => {}
            Err(error) => warn!(%error, "What other instances have read cannot be seen"),
        }
    }

    /// Puts what has changed where others read it: before they are told, or they would make their answers of the old.
    async fn share(&mut self) {
        if self.unshared {
            self.unshared = !self.mirror.share().await;
        }
    }

    fn until_full_pass(&self) -> Duration {
        self.full_pass_due.saturating_duration_since(Instant::now())
    }

    /// Waits, but not for longer than until there is news, or it falls to this instance to look at AniLibria.
    async fn sleep(&self, pause: Duration) {
        let calm = CALM.min(pause);
        sleep(calm).await;
        let news = self.mirror.shared.news.notified();
        let changes_hands = async {
            let Some(elector) = &self.elector else { return pending().await };
            let mut office = elector.watch();
            let _ = office.wait_for(|token| token.is_some() != self.is_poller).await;
        };
        tokio::select! {
            () = news => {}
            () = changes_hands => {}
            () = sleep(pause.saturating_sub(calm)) => {}
        }
    }

    /// Saves what is not saved yet and makes way for another instance; what is most certain to work comes first.
    async fn finish(&mut self) {
        if self.unsaved_since.is_some() {
            self.mirror.save().await;
        }
        if let Some(elector) = self.elector.take() {
            elector.resign().await;
        }
        self.share().await;
    }

    /// Lets what was made of the old catalogue go.
    async fn tell(&mut self, Changes { any, titles, .. }: Changes) {
        if !any {
            return;
        }
        info!(changed = titles.len(), releases = self.mirror.status().releases, "The catalogue has changed");
        self.titles.catalogue_changed(&titles).await;
        self.unsaved_since.get_or_insert_with(Instant::now);
    }

    /// Tells all instances, and whoever else wants to know.
    async fn publish(&self, notices: &[Notice]) {
        let Some(bus) = &self.bus else { return };
        for notice in notices {
            if let Err(error) = bus.publish(notice).await {
                warn!(%error, "What has changed cannot be published");
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

    /// Saves changes that are old enough, or that would be before there is another chance.
    async fn save_if_due(&mut self, pause: Duration) {
        if self.unsaved_since.is_some_and(|since| since.elapsed() + pause >= SAVE_AFTER) {
            self.mirror.save().await;
            self.unsaved_since = None;
        }
    }
}

/// Returns the span in which the mirrored catalogue is compared with AniLibria; none if `sampler` does not take it.
fn sync_span(sampler: Sampler, everything: bool) -> Span {
    root_span(sampler.takes(None), || {
        info_span!(
            target: ROOT,
            "catalogue_sync",
            sync.everything = everything,
            otel.status_code = Empty,
            trace_id = Empty
        )
    })
}

/// The wait after so many failures in a row before the last.
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
