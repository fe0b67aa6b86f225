//! The dispatcher of the outbox, which receives events from the bus and notifies the Node service.

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
    Shared,
    backoff::{self, STORE_RETRY_DELAY},
    body,
    outbox::Outbox,
};
use crate::{
    events::{
        bus::{Bus, DESTINATION},
        event::{Event, EventId},
        metrics,
    },
    node::NotifyError,
};

/// Maximum number of concurrent notifications, at most one per title.
const MAX_CONCURRENT: usize = 8;

/// Maximum number of received events that are added to the outbox before it is written.
const BATCH_SIZE: usize = 64;

/// Dispatcher of the outbox.
pub(super) struct Dispatcher {
    shared: Arc<Shared>,
    /// Fencing token of the lease; 0 without a lease.
    token: u64,
    in_flight: JoinSet<(Event, Result<(), NotifyError>)>,
    /// Titles with a notification in progress.
    busy: HashSet<u32>,
    /// Time of the next write to the store, if the last write failed.
    retry_write_at: Option<Instant>,
}

/// Error of a write to the store after another instance has acquired the lease.
struct Fenced;

impl Dispatcher {
    pub(super) fn new(shared: Arc<Shared>, token: u64) -> Self {
        let (in_flight, busy) = (JoinSet::new(), HashSet::new());
        Self { shared, token, in_flight, busy, retry_write_at: None }
    }

    /// Dispatches the outbox and the events on `bus` after `last`. Returns when another instance has acquired the lease.
    pub(super) async fn run(mut self, bus: &dyn Bus, last: EventId) {
        let mut events = bus.subscribe(last).ready_chunks(BATCH_SIZE);
        loop {
            if let Err(Fenced) = self.save().await {
                return;
            }
            self.send(bus.system());
            let wakeup = self.next_wakeup();
            tokio::select! {
                received = events.next() => match received {
                    Some(received) => self.accept(received),
                    None => return,
                },
                Some(result) = self.in_flight.join_next(), if !self.in_flight.is_empty() => {
                    if let Ok((event, outcome)) = result {
                        self.handle_outcome(&event, outcome);
                    }
                }
                () = sleep_until_some(wakeup) => {}
            }
        }
    }

    fn outbox<T>(&self, work: impl FnOnce(&mut Outbox) -> T) -> T {
        work(&mut self.shared.state().outbox)
    }

    /// Adds received events to the outbox.
    fn accept(&self, events: Vec<Event>) {
        let limit = self.shared.config.notify_queue;
        self.outbox(|outbox| events.into_iter().for_each(|event| outbox.accept(event, limit)));
    }

    /// Writes the changes to the store, or the whole outbox if the last write failed.
    async fn save(&mut self) -> Result<(), Fenced> {
        let change = match self.retry_write_at {
            Some(at) if Instant::now() < at => return Ok(()),
            Some(_) => self.outbox(Outbox::all_fields),
            None => self.outbox(Outbox::take_changes),
        };
        if change.is_empty() {
            return Ok(());
        }
        match self.shared.store.change(change, self.token).await {
            Ok(true) => {
                if self.retry_write_at.take().is_some() {
                    info!("outbox available again");
                }
            }
            Ok(false) => return Err(Fenced),
            Err(error) => {
                if self.retry_write_at.is_none() {
                    warn!(error = &*error, "outbox write failed, retrying");
                }
                self.retry_write_at = Some(Instant::now() + STORE_RETRY_DELAY);
            }
        }
        Ok(())
    }

    /// Sends notifications that are due, up to the concurrency limit. `system` is the kind of the bus, for traces.
    fn send(&mut self, system: &'static str) {
        let free = MAX_CONCURRENT.saturating_sub(self.in_flight.len());
        if free == 0 {
            return;
        }
        let due = self.outbox(|outbox| outbox.due(&self.busy, Instant::now()));
        for (event, tries) in due.into_iter().take(free) {
            self.busy.insert(event.title_id());
            let node = self.shared.node.clone();
            let span = span(self.shared.sampler, &event, tries + 1, system);
            let request = async move {
                let key = event.id().to_string();
                let outcome = node.notify(&key, &body::render(&event), event.origin()).await;
                record_outcome(&outcome);
                (event, outcome)
            };
            self.in_flight.spawn(request.instrument(span));
        }
    }

    /// Removes an accepted event from the outbox, or handles the failure.
    fn handle_outcome(&mut self, event: &Event, outcome: Result<(), NotifyError>) {
        let id = event.id();
        self.busy.remove(&event.title_id());
        match outcome {
            Ok(()) => {
                metrics::record_node_notified(event.kind());
                self.outbox(|outbox| outbox.mark_sent(id));
            }
            Err(error) => {
                count_error("notify", error.error.kind());
                self.handle_failure(id, &error);
            }
        }
    }

    /// Schedules another attempt, or gives the event up after a final error or too many attempts.
    fn handle_failure(&self, id: EventId, error: &NotifyError) {
        let config = &self.shared.config;
        self.outbox(|outbox| match outbox.mark_failed(id) {
            None => {}
            Some(tries) if error.is_final() || tries >= config.notify_attempts => {
                outbox.give_up(id, error.to_string());
            }
            Some(tries) => {
                let delay = backoff::delay(tries, config.notify_retry, error.retry_after);
                let retry_in_seconds = delay.as_secs_f64();
                debug!(%id, %error, tries, retry_in_seconds, "notification failed, retrying");
                outbox.delay(id, delay);
            }
        });
    }

    /// Returns the time of the next attempt or write; `None` if there is none to wait for.
    fn next_wakeup(&self) -> Option<Instant> {
        let has_capacity = self.in_flight.len() < MAX_CONCURRENT;
        let due = has_capacity.then(|| self.outbox(|outbox| outbox.next_due(&self.busy))).flatten();
        [due, self.retry_write_at].into_iter().flatten().min()
    }
}

/// Records a failure in the current span.
fn record_outcome(outcome: &Result<(), NotifyError>) {
    if outcome.is_err() {
        Span::current().record("otel.status_code", "ERROR");
    }
}

/// Waits until `time`, or without end if there is none.
async fn sleep_until_some(time: Option<Instant>) {
    match time {
        Some(at) => sleep_until(at).await,
        None => future::pending().await,
    }
}

/// Returns the span of the `attempt`th notification about `event`, which was received over a bus of the kind `system`. The span
/// is part of the trace in which the event was published. Without such a trace, there is no span.
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
        titles::{change::TitleChange, model::title::TitleStatus},
    };

    #[test]
    fn notification_is_part_of_the_trace_of_the_event() {
        let _listening = tracing::subscriber::set_default(tracing_subscriber::registry());
        let (old, new) = (TitleStatus::Ongoing, TitleStatus::Completed);
        let untraced =
            Event::new(EventId::now(), &TitleChange::StatusChange { title_id: 7, old, new, version: 0 });
        let traced = untraced.clone().with_origin(TraceContext::parse(ORIGIN.as_bytes()));

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
