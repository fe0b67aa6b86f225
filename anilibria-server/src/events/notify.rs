//! Tells the site's Node service of every event, at least once and in order per title.
//!
//! Events wait in an outbox that outlives the process: in Redis, where one elected instance sees to it on behalf of all, or
//! else on disk. Nobody waits for the Node service: publishing and clients have nothing to do with it.

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

use anilibria_cache::{Redis, coordination::Candidate};
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

/// What the instance that tells the Node service is elected to.
const OFFICE: &str = "notify";

/// For how long, before it has to be confirmed.
const TERM: Duration = Duration::from_secs(5);

/// Tells the Node service of events. Cheap to clone.
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

/// The outbox as far as this instance knows it.
#[derive(Debug, Default)]
struct Held {
    outbox: Outbox,
    /// Whether this instance sees to it.
    is_ours: bool,
}

impl Notifications {
    /// Tells `node`, and keeps in `ledger` what it has yet to be told. `sampler` says whether
    /// that is a part of the traces of events. Nothing happens before [`start`](Self::start).
    pub fn new(node: NodeService, ledger: Box<dyn Ledger>, config: &NotifyConfig, sampler: Sampler) -> Self {
        let shared = Shared { node, ledger, config: config.clone(), sampler, held: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// Starts the task that tells the Node service of what is on the bus of `realtime`: on one of all instances that share
    /// `redis`.
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

    /// How the outbox is, whichever instance sees to it; `None` when the one that has it cannot be asked.
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
                warn!(%error, "The outbox cannot be read");
                None
            }
        }
    }
}

impl Shared {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to the outbox of a service that is alone; `opened` is the last event that its bus remembered from before.
    async fn serve_alone(self: Arc<Self>, bus: Arc<dyn Bus>, opened: EventId) {
        // A bus that does not remember what was heard has lost it, and may use its id again.
        let heard = self.take_over().await.filter(|heard| *heard <= opened);
        let heard = heard.unwrap_or_else(|| {
            self.held().outbox.begin(opened);
            opened
        });
        Desk::new(Arc::clone(&self), 0).run(&*bus, heard).await;
    }

    /// Sees to the outbox whenever this instance holds the office.
    async fn stand(self: Arc<Self>, bus: Arc<dyn Bus>, mut office: Receiver<Option<u64>>) {
        loop {
            let Ok(Some(token)) = office.wait_for(Option::is_some).await.map(|token| *token) else { return };
            tokio::select! {
                // It must not go on for a moment after it has lost the office: somebody else sees to it already.
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

    /// Goes on with what the last one to see to the outbox has left; says up to which event it has heard, if there was
    /// anybody.
    async fn take_over(&self) -> Option<EventId> {
        let mut has_warned = false;
        let entries = loop {
            match self.ledger.entries().await {
                Ok(entries) => break entries,
                Err(error) if !has_warned => {
                    has_warned = true;
                    warn!(%error, "The outbox cannot be read, trying on");
                }
                Err(_) => {}
            }
            sleep(LEDGER_AGAIN).await;
        };
        let outbox = Outbox::read(entries);
        let (pending, heard) = (outbox.pending(), outbox.heard());
        *self.held() = Held { outbox, is_ours: true };
        info!(pending, "The Node service is told of events");
        heard
    }

    /// The event after which the first one ever begins: what was before is no news.
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

/// The task that tells the Node service of events, or stands by to do so. It ends when it is dropped; what it has not told
/// by then is told by the next.
#[derive(Debug)]
pub struct Notifier {
    task: JoinHandle<()>,
    elector: Option<Candidate>,
}

impl Notifier {
    /// Ends the task and makes way for another instance.
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
