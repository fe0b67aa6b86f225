//! The one caller who sees to it that a load ends.

use std::sync::Arc;

use tokio::sync::watch;

use super::{
    SingleFlight,
    validity::{Validity, Verdict},
    waiter::{Outcome, Stage},
};
use crate::{cached::Cached, tag::Tag};

/// The duty to end a load. Dropped without an [`answer`](Lead::answer), it tells the waiters that nothing will come from
/// here.
pub(crate) struct Lead<E> {
    flights: Arc<SingleFlight>,
    key: Arc<str>,
    validity: Arc<Validity>,
    stage: watch::Sender<Stage<E>>,
}

impl<E> Lead<E> {
    pub(super) fn new(
        flights: Arc<SingleFlight>,
        key: Arc<str>,
        validity: Arc<Validity>,
        stage: watch::Sender<Stage<E>>,
    ) -> Self {
        Self { flights, key, validity, stage }
    }

    /// The key that is loaded.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// What may become of a result that carries `tags`.
    pub(crate) fn verdict(&self, tags: &[Tag]) -> Verdict {
        match self.validity.verdict(tags) {
            Verdict::Keep => self.flights.under_way(&self.key, tags).map_or(Verdict::Keep, Verdict::TakeBack),
            verdict => verdict,
        }
    }

    /// Waits until something was changed that the verdict may depend on. Only one can wait.
    pub(crate) async fn changed(&self) {
        self.validity.changed().await;
    }

    /// The loader begins to run; `meanwhile` can be served.
    pub(crate) fn begin_loading(&self, meanwhile: Option<Cached>) {
        self.stage.send_replace(Stage::Loading(meanwhile));
    }

    /// Hands `outcome` to all waiters. Later callers start another load; this one still hears what changes until it is
    /// dropped.
    pub(crate) fn answer(&self, outcome: Outcome<E>) {
        self.stage.send_replace(Stage::Done(outcome));
    }
}

impl<E> Drop for Lead<E> {
    fn drop(&mut self) {
        self.flights.end(&self.key, &self.validity);
    }
}
