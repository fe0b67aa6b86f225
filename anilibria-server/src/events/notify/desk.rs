//! The dispatcher of the outbox: it receives events from the bus and notifies the Node service.

use std::{collections::HashSet, future, sync::Arc};

use anilibria_http::{
    metrics::count_error,
    trace::{ROOT_TARGET, Sampler, root_span},
};
use futures::StreamExt as _;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};
use tracing::{Instrument as _, Span, debug, field::Empty, info, info_span, warn};

use super::{
    Shared, letter,
    outbox::Outbox,
    pause::{self, LEDGER_AGAIN},
};
use crate::{
    events::{
        bus::{Bus, DESTINATION},
        event::{Event, EventId},
        metrics,
    },
    node::NotifyError,
};

/// Maximum number of concurrent notifications, each about another title.
const AT_A_TIME: usize = 8;

/// Maximum number of events received at a time.
const BATCH: usize = 64;

pub(super) struct Desk {
    shared: Arc<Shared>,
    token: u64,
    under_way: JoinSet<(Event, Result<(), NotifyError>)>,
    /// Titles with a notification in progress.
    busy: HashSet<u32>,
    /// Time of the next write to the ledger after a failed one.
    write_again: Option<Instant>,
}

/// Error of having lost the outbox to another instance.
struct Outdated;

impl Desk {
    pub(super) fn new(shared: Arc<Shared>, token: u64) -> Self {
        let (under_way, busy) = (JoinSet::new(), HashSet::new());
        Self { shared, token, under_way, busy, write_again: None }
    }

    /// Dispatches the outbox and the events on `bus` after `heard`, until another instance takes over.
    pub(super) async fn run(mut self, bus: &dyn Bus, heard: EventId) {
        let mut events = bus.subscribe(heard).ready_chunks(BATCH);
        loop {
            if let Err(Outdated) = self.save().await {
                return;
            }
            self.send(bus.system());
            let alarm = self.alarm();
            tokio::select! {
                heard = events.next() => match heard {
                    Some(heard) => self.accept(heard),
                    None => return,
                },
                Some(told) = self.under_way.join_next(), if !self.under_way.is_empty() => {
                    if let Ok((event, outcome)) = told {
                        self.settle(&event, outcome);
                    }
                }
                () = rings(alarm) => {}
            }
        }
    }

    fn outbox<T>(&self, work: impl FnOnce(&mut Outbox) -> T) -> T {
        work(&mut self.shared.held().outbox)
    }

    fn accept(&self, heard: Vec<Event>) {
        let limit = self.shared.config.notify_queue;
        self.outbox(|outbox| heard.into_iter().for_each(|event| outbox.accept(event, limit)));
    }

    /// Writes the changes to the ledger, or the whole outbox if the ledger may have missed one.
    async fn save(&mut self) -> Result<(), Outdated> {
        let change = match self.write_again {
            Some(at) if Instant::now() < at => return Ok(()),
            Some(_) => self.outbox(Outbox::whole),
            None => self.outbox(Outbox::take_unsaved),
        };
        if change.is_empty() {
            return Ok(());
        }
        match self.shared.ledger.change(change, self.token).await {
            Ok(true) => {
                if self.write_again.take().is_some() {
                    info!("outbox writable again");
                }
            }
            Ok(false) => return Err(Outdated),
            Err(error) => {
                if self.write_again.is_none() {
                    warn!(error = &*error, "outbox cannot be written, retrying");
                }
                self.write_again = Some(Instant::now() + LEDGER_AGAIN);
            }
        }
        Ok(())
    }

    /// Sends notifications that are due, up to the concurrency limit. `system` is the kind of the bus that the events came
    /// from.
    fn send(&mut self, system: &'static str) {
        let room = AT_A_TIME.saturating_sub(self.under_way.len());
        if room == 0 {
            return;
        }
        let due = self.outbox(|outbox| outbox.due(&self.busy, Instant::now()));
        for (event, tries) in due.into_iter().take(room) {
            self.busy.insert(event.title_id());
            let node = self.shared.node.clone();
            let span = span(self.shared.sampler, &event, tries + 1, system);
            let telling = async move {
                let key = event.id().to_string();
                let outcome = node.notify(&key, &letter::body(&event), event.origin()).await;
                note(&outcome);
                (event, outcome)
            };
            self.under_way.spawn(telling.instrument(span));
        }
    }

    fn settle(&mut self, event: &Event, outcome: Result<(), NotifyError>) {
        let id = event.id();
        self.busy.remove(&event.title_id());
        match outcome {
            Ok(()) => {
                metrics::node_notified(event.kind());
                self.outbox(|outbox| outbox.sent(id));
            }
            Err(error) => {
                count_error("notify", error.error.kind());
                self.settle_failure(id, &error);
            }
        }
    }

    fn settle_failure(&self, id: EventId, error: &NotifyError) {
        let config = &self.shared.config;
        self.outbox(|outbox| match outbox.failed(id) {
            None => {}
            Some(tries) if error.is_final() || tries >= config.notify_attempts => {
                outbox.bury(id, error.to_string());
            }
            Some(tries) => {
                let pause = pause::after(tries, config.notify_retry, error.retry_after);
                let retry_in_seconds = pause.as_secs_f64();
                debug!(%id, %error, tries, retry_in_seconds, "notification failed, retrying");
                outbox.put_off(id, pause);
            }
        });
    }

    /// Returns the time of the next action that does not depend on new events.
    fn alarm(&self) -> Option<Instant> {
        let has_room = self.under_way.len() < AT_A_TIME;
        let due = has_room.then(|| self.outbox(|outbox| outbox.next_due(&self.busy))).flatten();
        [due, self.write_again].into_iter().flatten().min()
    }
}

/// Records the outcome in the trace.
fn note(outcome: &Result<(), NotifyError>) {
    if outcome.is_err() {
        Span::current().record("otel.status_code", "ERROR");
    }
}

async fn rings(alarm: Option<Instant>) {
    match alarm {
        Some(at) => sleep_until(at).await,
        None => future::pending().await,
    }
}

/// Returns the span of the `attempt`th notification about `event`, which came over a bus of the kind `system`. The span is
/// part of the trace in which the event was published; no span if there is none.
fn span(sampler: Sampler, event: &Event, attempt: usize, system: &'static str) -> Span {
    let Some(origin) = event.origin().filter(|_| sampler.is_enabled()) else { return Span::none() };
    let (event_id, kind, title_id) = (event.id(), event.kind(), event.title_id());
    root_span(true, || {
        let span = info_span!(
            target: ROOT_TARGET,
            "notify",
            otel.kind = "consumer",
            otel.status_code = Empty,
            messaging.system = system,
            messaging.operation.name = "notify",
            messaging.operation.type = "process",
            messaging.destination.name = DESTINATION,
            messaging.message.id = %event_id,
            %event_id,
            event_type = %kind,
            title_id,
            attempt,
            trace_id = Empty
        );
        origin.set_parent_of(&span);
        span
    })
}

#[cfg(test)]
mod tests {
    use anilibria_http::trace::TraceContext;

    use super::*;
    use crate::{
        events::event::tests::ORIGIN,
        titles::{model::title::TitleStatus, notice::Notice},
    };

    #[test]
    fn node_service_is_told_within_the_trace_of_the_event_or_within_none() {
        let _listening = tracing::subscriber::set_default(tracing_subscriber::registry());
        let (old, new) = (TitleStatus::Ongoing, TitleStatus::Completed);
        let untraced =
            Event::new(EventId::now(), &Notice::StatusChange { title_id: 7, old, new, version: 0 });
        let traced = untraced.clone().come_from(TraceContext::parse(ORIGIN.as_bytes()));

        for (sampler, event, is_traced) in [
            // The sampling decision of the first span applies to the whole trace.
            (Sampler::new(Some(0.0)), &traced, true),
            (Sampler::new(Some(1.0)), &untraced, false),
            (Sampler::default(), &traced, false),
        ] {
            assert_eq!(!span(sampler, event, 1, "redis").is_none(), is_traced, "{sampler:?}");
        }
    }
}
