//! Notifications to the site's Node service about every event, at least once and in order per title.
//!
//! Events wait in an outbox that survives a restart. With Redis, the outbox is stored there and one elected instance
//! dispatches it on behalf of all; otherwise it is on disk. Publishing and clients never wait for the Node service.

mod desk;
mod ledger;
mod letter;
pub mod model;
mod outbox;
mod pause;

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

pub use self::ledger::{DiskLedger, Ledger, NoLedger, RedisLedger};
use self::{desk::Desk, outbox::Outbox, pause::LEDGER_AGAIN};
use crate::{
    config::NotifyConfig,
    events::{
        Realtime,
        bus::Bus,
        event::{Event, EventId},
        notify::model::NotificationStatistics,
    },
    node::NodeService,
    telemetry::report_leader,
};

/// Name of the leader lease for notifying the Node service.
const OFFICE: &str = "notify";

/// Lease TTL, within which the lease must be renewed.
const TERM: Duration = Duration::from_secs(5);

/// Notifications to the Node service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Notifications {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    node: NodeService,
    ledger: Box<dyn Ledger>,
    config: NotifyConfig,
    sampler: Sampler,
    held: Mutex<Held>,
}

/// The outbox as known to this instance.
#[derive(Debug, Default)]
struct Held {
    outbox: Outbox,
    /// True if this instance dispatches the outbox.
    is_ours: bool,
}

impl Notifications {
    /// Creates notifications to `node`, with the pending ones stored in `ledger`. `sampler` decides whether notifications
    /// are part of the traces of events. No notification is sent before [`start`](Self::start).
    pub fn new(node: NodeService, ledger: Box<dyn Ledger>, config: &NotifyConfig, sampler: Sampler) -> Self {
        let shared = Shared { node, ledger, config: config.clone(), sampler, held: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// Starts the task that notifies the Node service of events on the bus of `realtime`. One of all instances that share
    /// `redis` does so.
    pub fn start(&self, realtime: &Realtime, redis: Option<&Redis>) -> Notifier {
        let (shared, bus) = (Arc::clone(&self.shared), Arc::clone(realtime.bus()));
        if let Some(redis) = redis {
            let elector = Candidate::campaign(redis.election(), OFFICE, TERM);
            report_leader("notifications", elector.watch());
            let task = tokio::spawn(shared.stand(bus, elector.watch()));
            return Notifier { task, elector: Some(elector) };
        }
        Notifier { task: tokio::spawn(shared.serve_alone(bus, realtime.heard())), elector: None }
    }

    /// Returns the statistics of the outbox, whichever instance dispatches it; `None` if they cannot be read.
    pub async fn statistics(&self) -> Option<NotificationStatistics> {
        {
            let held = self.shared.held();
            if held.is_ours {
                return Some(held.outbox.statistics());
            }
        }
        match self.shared.ledger.entries().await {
            Ok(entries) => Some(Outbox::read(entries).statistics()),
            Err(error) => {
                warn!(error = &*error, "outbox cannot be read");
                None
            }
        }
    }
}

impl Shared {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Dispatches the outbox of a single instance. `opened` is the last event that its bus had stored at the start.
    async fn serve_alone(self: Arc<Self>, bus: Arc<dyn Bus>, opened: EventId) {
        // A bus that lacks the last received event has lost its journal and may reuse the id of that event.
        let heard = self.take_over().await.filter(|heard| *heard <= opened);
        let heard = heard.unwrap_or_else(|| {
            self.held().outbox.begin(opened);
            opened
        });
        Desk::new(Arc::clone(&self), 0).run(&*bus, heard).await;
    }

    /// Dispatches the outbox whenever this instance holds the leader lease.
    async fn stand(self: Arc<Self>, bus: Arc<dyn Bus>, mut office: Receiver<Option<u64>>) {
        loop {
            let Ok(Some(token)) = office.wait_for(Option::is_some).await.map(|token| *token) else { return };
            tokio::select! {
                // Dispatch stops at once when the lease is lost, because another instance may dispatch already.
                _ = office.wait_for(|now| *now != Some(token)) => {}
                () = self.serve(&bus, token) => {}
            }
            self.held().is_ours = false;
            sleep(LEDGER_AGAIN).await;
        }
    }

    async fn serve(self: &Arc<Self>, bus: &Arc<dyn Bus>, token: u64) {
        let heard = self.take_over().await;
        let heard = match heard {
            Some(heard) => heard,
            None => self.begin(bus).await,
        };
        Desk::new(Arc::clone(self), token).run(&**bus, heard).await;
    }

    /// Loads the outbox that the last dispatcher left. Returns the last event that it received, if there was a dispatcher.
    async fn take_over(&self) -> Option<EventId> {
        let entries = retry_until_done("outbox cannot be read", || self.ledger.entries()).await;
        let outbox = Outbox::read(entries);
        let (pending, heard) = (outbox.pending(), outbox.heard());
        *self.held() = Held { outbox, is_ours: true };
        info!(pending, "dispatching notifications to the Node service");
        heard
    }

    /// Returns the event after which the very first dispatcher begins. Earlier events are not sent.
    async fn begin(&self, bus: &Arc<dyn Bus>) -> EventId {
        let past = loop {
            match bus.past().await {
                Ok(past) => break past,
                Err(_) => sleep(LEDGER_AGAIN).await,
            }
        };
        let last = past.last().map(Event::id).unwrap_or_default();
        self.held().outbox.begin(last);
        last
    }
}

/// Task that notifies the Node service of events, or stands by to do so. Dropping it ends the task. Events still pending
/// then are sent by the next dispatcher.
#[derive(Debug)]
pub struct Notifier {
    task: JoinHandle<()>,
    elector: Option<Candidate>,
}

impl Notifier {
    /// Ends the task and releases the lease for another instance.
    pub async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
        if let Some(elector) = self.elector.take() {
            elector.resign().await;
        }
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        self.task.abort();
    }
}
