//! A caller who waits for the load of another.

use std::sync::Arc;

use tokio::sync::watch;

use super::validity::Validity;
use crate::{cached::Cached, error::LoadError, tag::Tag};

/// How a load ended.
pub(crate) type Outcome<E> = Result<Cached, LoadError<E>>;

/// How far a load has come.
#[derive(Debug)]
pub(crate) enum Stage<E> {
    /// The levels are asked, by one of the callers; if that one leaves, another takes its place.
    Asking,
    /// The loader runs, in a task of its own. This is what can be served meanwhile.
    Loading(Option<Cached>),
    /// It has ended.
    Done(Outcome<E>),
}

/// One who waits for a load to end.
pub(crate) struct Waiter<E> {
    stage: watch::Receiver<Stage<E>>,
    validity: Arc<Validity>,
    /// How many tags had been changed when it came.
    told: usize,
}

/// How waiting ended.
#[derive(Debug)]
pub(crate) enum Waited<E> {
    /// With this.
    Outcome(Outcome<E>),
    /// The loader runs; this can be served meanwhile.
    Loading(Option<Cached>),
    /// Who asked the levels left before the answer; somebody has to take its place.
    Deserted,
}

impl<E> Waiter<E> {
    pub(super) fn new(stage: watch::Receiver<Stage<E>>, validity: Arc<Validity>) -> Self {
        Self { stage, validity, told: 0 }
    }

    /// One more who waits for the same, unless it has ended, or what it loads was changed.
    pub(super) fn again_unless_done(&self) -> Option<Self> {
        let told = self.validity.told()?;
        let is_done = matches!(*self.stage.borrow(), Stage::Done(_));
        (!is_done).then(|| Self { told, ..self.clone() })
    }

    /// Waits until the levels have been asked.
    pub(crate) async fn asked(&mut self) -> Waited<E> {
        match self.stage.wait_for(|stage| !matches!(stage, Stage::Asking)).await {
            Ok(stage) => match &*stage {
                Stage::Asking => Waited::Deserted,
                Stage::Loading(meanwhile) => Waited::Loading(meanwhile.clone()),
                Stage::Done(outcome) => Waited::Outcome(outcome.clone()),
            },
            Err(_leader_is_gone) => Waited::Deserted,
        }
    }

    /// Whether a result that carries `tags` is new enough for one who came when it did: none of them had been changed
    /// since the load began.
    pub(crate) fn may_have(&self, tags: &[Tag]) -> bool {
        self.validity.held(self.told, tags)
    }

    /// Waits until the load has ended.
    pub(crate) async fn outcome(&mut self) -> Outcome<E> {
        match self.stage.wait_for(|stage| matches!(stage, Stage::Done(_))).await.as_deref() {
            Ok(Stage::Done(outcome)) => outcome.clone(),
            _ => Err(LoadError::Interrupted),
        }
    }
}

impl<E> Clone for Waiter<E> {
    fn clone(&self) -> Self {
        Self { stage: self.stage.clone(), validity: Arc::clone(&self.validity), told: self.told }
    }
}
