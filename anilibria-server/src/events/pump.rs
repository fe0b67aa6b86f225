//! Brings events from the bus to the clients of this instance.

use std::time::Duration;

use futures::StreamExt as _;
use tokio::{task::JoinHandle, time::timeout};
use tracing::warn;

use super::Realtime;
use crate::titles::Titles;

/// How long the cache may take to let go of what is no longer right; clients should not wait for it.
const PATIENCE: Duration = Duration::from_millis(500);

/// The task that brings events from the bus to clients. It ends when it is dropped.
#[derive(Debug)]
pub struct Pump {
    task: JoinHandle<()>,
}

impl Pump {
    /// Starts the task. Before clients hear of an event, `titles` lets go of what was known: they come to ask at once.
    pub fn start(realtime: &Realtime, titles: &Titles) -> Self {
        let (hub, titles) = (realtime.hub().clone(), titles.clone());
        let mut events = realtime.bus().subscribe(realtime.heard());
        let task = tokio::spawn(async move {
            while let Some(event) = events.next().await {
                if timeout(PATIENCE, titles.changed(event.title_id())).await.is_err() {
                    warn!(title_id = event.title_id(), "The cache takes long to let go of what has changed");
                }
                // Lists are made from the mirrored catalogue, which has to learn of it, too.
                if let Some(mirror) = titles.mirror() {
                    mirror.hurry();
                }
                hub.broadcast(event);
            }
        });
        Self { task }
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.task.abort();
    }
}
