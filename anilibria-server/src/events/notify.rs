//! Notifications to the site's Node service about every event, at least once and in order per title.
//!
//! Pending events are stored in an outbox that survives a restart. With Redis, the outbox is stored there, and the instance that
//! holds the lease `notify` dispatches it. Without Redis, the outbox is on disk. Publishing and clients never wait for the Node
//! service.

mod backoff;
mod body;
mod dispatcher;
mod outbox;
pub mod statistics;
mod store;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anilibria_cache::{
    Redis,
    coordination::{Candidate, retry_until_done},
};
use anilibria_http::trace::Sampler;
use tokio::{sync::watch::Receiver, task::JoinHandle, time::sleep};
use tracing::{info, warn};

pub use self::store::{DiskOutboxStore, NoOutboxStore, OutboxStore, RedisOutboxStore};
use self::{backoff::STORE_RETRY_DELAY, dispatcher::Dispatcher, outbox::Outbox};
use crate::{
    config::NotifyConfig,
    events::{
        Realtime,
        bus::Bus,
        event::{Event, EventId},
        notify::statistics::NotificationStatistics,
    },
    node::NodeService,
    telemetry::report_leader,
};

/// Name of the leader lease for notifying the Node service.
const LEASE: &str = "notify";

/// TTL of the lease.
const LEASE_TTL: Duration = Duration::from_secs(5);

/// Notifications to the Node service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Notifications {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    node: NodeService,
    store: Box<dyn OutboxStore>,
    config: NotifyConfig,
    sampler: Sampler,
    state: Mutex<State>,
}

/// The outbox in memory. It is current only while this instance dispatches it.
#[derive(Debug, Default)]
struct State {
    outbox: Outbox,
    /// True if this instance dispatches the outbox.
    is_dispatching: bool,
}

impl Notifications {
    /// Creates notifications to `node`. Pending notifications are stored in `store`. If `sampler` is enabled, notifications are
    /// part of the traces of events. No notification is sent before [`start`](Self::start).
    pub fn new(
        node: NodeService,
        store: Box<dyn OutboxStore>,
        config: &NotifyConfig,
        sampler: Sampler,
    ) -> Self {
        let shared = Shared { node, store, config: config.clone(), sampler, state: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// Starts the task that notifies the Node service of events on the bus of `realtime`. With `redis`, only the instance that
    /// holds the lease sends notifications.
    pub fn start(&self, realtime: &Realtime, redis: Option<&Redis>) -> Notifier {
        let (shared, bus) = (Arc::clone(&self.shared), Arc::clone(realtime.bus()));
        if let Some(redis) = redis {
            let candidate = Candidate::campaign(redis.election(), LEASE, LEASE_TTL);
            report_leader("notifications", candidate.watch());
            let task = tokio::spawn(shared.run_with_lease(bus, candidate.watch()));
            return Notifier { task, candidate: Some(candidate) };
        }
        Notifier {
            task: tokio::spawn(shared.run_without_lease(bus, realtime.last_received())),
            candidate: None,
        }
    }

    /// Returns the statistics of the outbox of all instances; `None` if the store cannot be read.
    pub async fn statistics(&self) -> Option<NotificationStatistics> {
        {
            let state = self.shared.state();
            if state.is_dispatching {
                return Some(state.outbox.statistics());
            }
        }
        match self.shared.store.entries().await {
            Ok(entries) => Some(Outbox::read(entries).statistics()),
            Err(error) => {
                warn!(error = &*error, "outbox read failed, statistics without notifications");
                None
            }
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Dispatches the outbox of a single instance. `last_stored` is the last event that its bus had stored at the start.
    async fn run_without_lease(self: Arc<Self>, bus: Arc<dyn Bus>, last_stored: EventId) {
        // A bus that lacks the last received event has lost its journal and may reuse the id of that event.
        let last = self.load_outbox().await.filter(|last| *last <= last_stored);
        let last = last.unwrap_or_else(|| {
            self.state().outbox.set_last_received(last_stored);
            last_stored
        });
        Dispatcher::new(Arc::clone(&self), 0).run(&*bus, last).await;
    }

    /// Dispatches the outbox whenever this instance holds the leader lease.
    async fn run_with_lease(self: Arc<Self>, bus: Arc<dyn Bus>, mut lease: Receiver<Option<u64>>) {
        loop {
            let Ok(Some(token)) = lease.wait_for(Option::is_some).await.map(|token| *token) else { return };
            tokio::select! {
                // Dispatch stops at once when the lease is lost, because another instance may dispatch already.
                _ = lease.wait_for(|now| *now != Some(token)) => {}
                () = self.dispatch(&bus, token) => {}
            }
            self.state().is_dispatching = false;
            sleep(STORE_RETRY_DELAY).await;
        }
    }

    /// Dispatches the outbox with the fencing token `token`.
    async fn dispatch(self: &Arc<Self>, bus: &Arc<dyn Bus>, token: u64) {
        let last = match self.load_outbox().await {
            Some(last) => last,
            None => self.skip_past_events(bus).await,
        };
        Dispatcher::new(Arc::clone(self), token).run(&**bus, last).await;
    }

    /// Loads the stored outbox. Returns the last event that was added to the outbox; `None` if the store is empty.
    async fn load_outbox(&self) -> Option<EventId> {
        let entries = retry_until_done("outbox read failed", || self.store.entries()).await;
        let outbox = Outbox::read(entries);
        let (pending, last_received) = (outbox.pending_count(), outbox.last_received());
        *self.state() = State { outbox, is_dispatching: true };
        info!(pending, "dispatching notifications to the Node service");
        last_received
    }

    /// Marks the events stored in `bus` as received, because the Node service is notified only of later events. Returns the
    /// last of them.
    async fn skip_past_events(&self, bus: &Arc<dyn Bus>) -> EventId {
        let past = loop {
            match bus.past().await {
                Ok(past) => break past,
                Err(_) => sleep(STORE_RETRY_DELAY).await,
            }
        };
        let last = past.last().map(Event::id).unwrap_or_default();
        self.state().outbox.set_last_received(last);
        last
    }
}

/// Task that notifies the Node service of events while this instance is responsible for the outbox. Dropping it ends the task.
/// The next dispatcher sends the events that are still pending.
#[derive(Debug)]
pub struct Notifier {
    task: JoinHandle<()>,
    candidate: Option<Candidate>,
}

impl Notifier {
    /// Ends the task and releases the lease for another instance.
    pub async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
        if let Some(candidate) = self.candidate.take() {
            candidate.resign().await;
        }
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        self.task.abort();
    }
}
