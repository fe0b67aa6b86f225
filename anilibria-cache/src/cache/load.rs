//! The load of one key: the loader runs, and what it brings is kept.

use std::{panic::AssertUnwindSafe, pin::pin, sync::Arc, time::Duration};

use futures::{
    FutureExt,
    future::{self, BoxFuture},
};
use tokio::{runtime::Handle, task_local, time::sleep};
use tracing::{Instrument, debug_span};

use super::Inner;
use crate::{
    cached::Cached,
    clock::later,
    entry::Entry,
    error::LoadError,
    invalidation::{Invalidation, Scope},
    level::Write,
    levels::{Found, Lookup},
    loaded::Loaded,
    lock::Lease,
    patience::within,
    policy::Policy,
    single_flight::{Lead, Verdict},
    tag::Tag,
};

/// So often is looked whether the instance that loads a value has put it where this one can read it.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// For so long after it was written is the result of a load taken back if another instance tells that it was out of
/// date: longer than a message takes, and than a backplane takes to connect again.
const LINGER: Duration = Duration::from_secs(3);

/// For so long at most while no message may come through.
const LONGEST_LINGER: Duration = Duration::from_mins(10);

/// So often is looked whether messages come through again.
const LOOK_FOR_OTHERS_EVERY: Duration = Duration::from_millis(250);

task_local! {
    /// Set while a loader runs, so that a load which it starts can be told from one that a caller starts.
    static IN_LOADER: ();
}

/// The function of a loader, which gets the entry that there was before.
type Run<E> = dyn FnOnce(Option<Entry>) -> BoxFuture<'static, Result<Loaded, E>> + Send;

/// A loader with its own types erased. Only the error type stays, which is what callers of one load have in common.
pub(super) struct Loader<E> {
    run: Box<Run<E>>,
    /// True if another loader asked for this load. It runs under the permit of that loader: with a second permit,
    /// loaders that wait for each other's keys could hold all permits and wait for one.
    is_nested: bool,
}

/// Erases the types of `loader`. Call it where the load is asked for: it notes whether that is inside of a loader.
pub(super) fn boxed<F, Fut, V, E>(loader: F) -> Loader<E>
where
    F: FnOnce(Option<Entry>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<V, E>> + Send + 'static,
    V: Into<Loaded> + 'static,
    E: 'static,
{
    let run = |previous| IN_LOADER.scope((), async move { loader(previous).await.map(Into::into) }).boxed();
    Loader { run: Box::new(run), is_nested: IN_LOADER.try_with(|()| ()).is_ok() }
}

/// What a load is made of.
pub(super) struct Load<E> {
    pub(super) policy: Policy,
    pub(super) tags: Vec<Tag>,
    pub(super) loader: Loader<E>,
    /// What the levels have, fresh or not.
    pub(super) previous: Option<Found>,
}

/// Which instance loads.
enum Turn {
    /// This one; with a lease if the others know of it.
    Ours(Option<Lease>),
    /// Another one has.
    Found(Found),
}

impl Inner {
    /// Loads, answers all who wait, and keeps what was loaded.
    pub(super) async fn load<E>(self: Arc<Self>, lead: Lead<E>, job: Load<E>) {
        let Load { policy, tags, loader, previous } = job;
        let resyncs = self.counters.resyncs.get();
        let lease = match self.turn(lead.key(), &policy).await {
            Turn::Ours(lease) => lease,
            Turn::Found(found) => {
                self.back_fill(&lead, &found, &policy).await;
                lead.answer(Ok(Cached::new(found.entry, found.source, self.now())));
                return;
            }
        };

        let entry = previous.as_ref().map(|found| found.entry.clone());
        let loaded =
            within(policy.load_limit, self.run(loader, entry)).await.unwrap_or(Err(LoadError::TimedOut));
        let kept = match loaded {
            Ok(loaded) => self.keep(&lead, loaded.tags(tags), &policy).await,
            Err(error) => {
                self.make_do(&lead, error, previous, &policy).await;
                None
            }
        };
        if let (Some(lease), Some((lock, _))) = (lease, &self.lock) {
            // One that cannot be given back ends by itself.
            let _ = lock.unlock(lead.key(), lease).await;
        }
        if let Some(entry) = kept {
            self.linger(&lead, &entry, resyncs).await;
        }
    }

    /// What `loader` brings; a panic ends here.
    async fn run<E>(&self, loader: Loader<E>, previous: Option<Entry>) -> Result<Loaded, LoadError<E>> {
        // The semaphore is never closed.
        let _permit = if loader.is_nested { None } else { self.loading.acquire().await.ok() };
        self.counters.loads.increment();
        // Nothing that the loader touched is seen again after a panic: it owned all of it.
        match AssertUnwindSafe(async { (loader.run)(previous).await }).catch_unwind().await {
            Ok(result) => result.map_err(|error| LoadError::Failed(Arc::new(error))),
            Err(_panic) => Err(LoadError::Interrupted),
        }
    }

    /// Whether this instance is the one to load, or another has done so.
    async fn turn(&self, key: &str, policy: &Policy) -> Turn {
        let Some((lock, lease)) = &self.lock else {
            return Turn::Ours(None);
        };
        if Handle::try_current().is_err() {
            return Turn::Ours(None);
        }
        let mut waited = Duration::ZERO;
        loop {
            let taken = within(*lease, lock.try_lock(key, *lease)).await;
            let taken = match taken {
                Some(Ok(taken)) => taken,
                Some(Err(error)) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(lock = lock.name(), error, "cannot lock a load, going on without");
                    return Turn::Ours(None);
                }
                None => return Turn::Ours(None),
            };
            // Also who has the lock looks: it may have waited just long enough for another to be done.
            if let Lookup::Fresh(found) = self.levels.find(key, self.now(), 1, policy.levels).await
                && !found.entry.lifetime().is_due(self.now())
            {
                if let Some(lease) = taken {
                    let _ = lock.unlock(key, lease).await;
                }
                return Turn::Found(found);
            }
            if taken.is_some() || waited >= *lease {
                return Turn::Ours(taken);
            }
            sleep(LOOK_EVERY).await;
            waited += LOOK_EVERY;
        }
    }

    /// Puts what a further level had into the nearer ones, unless it was changed meanwhile.
    pub(super) async fn back_fill<E>(&self, lead: &Lead<E>, found: &Found, policy: &Policy) {
        if found.level == 0 {
            return;
        }
        let _turn = self.turns.of(lead.key()).await;
        if lead.verdict(found.entry.tags()) == Verdict::Keep {
            self.levels.back_fill(lead.key(), found, policy, self.now()).await;
            self.take_back(lead, found.entry.tags()).await;
        }
    }

    /// Answers with what was loaded and puts it on the levels, unless it was changed meanwhile. Returns what is kept.
    async fn keep<E>(&self, lead: &Lead<E>, loaded: Loaded, policy: &Policy) -> Option<Entry> {
        let key = lead.key();
        let (now, luck) = (self.now(), fastrand::f64());
        let entry = self.levels.nearest_entry(&loaded, policy, now, luck);
        let _turn = self.turns.of(key).await;
        if lead.verdict(entry.tags()) != Verdict::Keep {
            lead.answer(Ok(Cached::loaded(entry)));
            return None;
        }
        let store = async {
            self.levels.set_nearest(key, entry.clone(), now, Write::Renews).await;
            // The further levels are not what the callers wait for.
            lead.answer(Ok(Cached::loaded(entry.clone())));
            self.levels.set_further(key, (&loaded, &entry), policy, now, luck, Write::Renews).await;
        };
        store.instrument(debug_span!("cache_store")).await;
        self.take_back(lead, entry.tags()).await;
        Some(entry)
    }

    /// Answers with what there was before, or else with the error.
    async fn make_do<E>(
        &self,
        lead: &Lead<E>,
        error: LoadError<E>,
        previous: Option<Found>,
        policy: &Policy,
    ) {
        self.counters.load_failures.increment();
        let now = self.now();
        let usable = |found: &Found| {
            let entry = &found.entry;
            entry.is_fresh(now) || (policy.serves_stale() && !entry.is_expired(now))
        };
        let Some(found) = previous.filter(usable) else {
            lead.answer(Err(error));
            return;
        };
        tracing::debug!(key = lead.key(), "loading failed, the old value is served");
        let life = self.levels.nearest_lifetime(&found, policy, now);
        let waiting = found.entry.clone().with_lifetime(life.refresh_at(later(now, policy.retry_pause)));
        let _turn = self.turns.of(lead.key()).await;
        if lead.verdict(found.entry.tags()) == Verdict::Keep {
            self.levels.set_nearest(lead.key(), waiting, now, Write::Renews).await;
            self.take_back(lead, found.entry.tags()).await;
        }
        lead.answer(Ok(Cached::new(found.entry, found.source, now)));
    }

    /// Takes back what was just written if it was invalidated meanwhile.
    async fn take_back<E>(&self, lead: &Lead<E>, tags: &[Tag]) {
        if let Verdict::TakeBack(action) = lead.verdict(tags) {
            let out_of_date = Invalidation { scope: Scope::key(lead.key()), action };
            self.levels.invalidate(&out_of_date, self.now()).await;
            // It may have been found while it was there; then it is not to be copied to nearer levels.
            self.flights.outdate(&out_of_date);
        }
    }

    /// Stays within reach for a while after `entry` was kept, to take it back.
    ///
    /// Another instance may invalidate on the shared levels before this one writes there, and its message arrive after.
    ///
    /// If this one has been cut off since it began, when the count was `resyncs`, the others were told before there was
    /// anything to tell, and may have copied it: they are told again. In all other cases they know.
    async fn linger<E>(&self, lead: &Lead<E>, entry: &Entry, resyncs: u64) {
        if self.outbox.is_none() || Handle::try_current().is_err() {
            return;
        }
        // The many loads of a busy moment do not all linger: there is a limit to what is remembered of them.
        let Ok(_permit) = self.lingering.try_acquire() else {
            return;
        };
        let taken_back = async {
            while lead.verdict(entry.tags()) == Verdict::Keep {
                lead.changed().await;
            }
            let turn = self.turns.of(lead.key()).await;
            let verdict = lead.verdict(entry.tags());
            self.take_back(lead, entry.tags()).await;
            drop(turn);
            if let Verdict::TakeBack(action) = verdict
                && self.counters.resyncs.get() > resyncs
            {
                self.publish(&Invalidation { scope: Scope::key(lead.key()), action }).await;
            }
        };
        let patience = async {
            while self.may_be_cut_off() {
                sleep(LOOK_FOR_OTHERS_EVERY).await;
            }
            sleep(LINGER).await;
        };
        within(LONGEST_LINGER, future::select(pin!(taken_back), pin!(patience))).await;
    }

    /// Whether messages of other instances may not come through, as far as can be seen from what this one sends.
    fn may_be_cut_off(&self) -> bool {
        self.levels.is_shared_away() || self.outbox.as_ref().is_some_and(|outbox| outbox.waiting() > 0)
    }
}
