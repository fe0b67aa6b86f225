//! The task that forwards events from the bus to the clients of this instance.

use std::time::Duration;

use futures::StreamExt as _;
use tokio::{task::JoinHandle, time::timeout};
use tracing::warn;

use super::Realtime;
use crate::titles::Titles;

/// Timeout of invalidating the cache. It limits the delay of events to clients.
const INVALIDATION_TIMEOUT: Duration = Duration::from_millis(500);

/// Task that forwards events from the bus to clients. Dropping it ends the task.
#[derive(Debug)]
pub struct BusConsumer {
    task: JoinHandle<()>,
}

impl BusConsumer {
    /// Starts the task. Cached responses about the title of an event are invalidated before clients receive the event,
    /// because clients request the title at once.
    pub fn start(realtime: &Realtime, titles: &Titles) -> Self {
        let (hub, titles) = (realtime.hub().clone(), titles.clone());
        let mut events = realtime.bus().subscribe(realtime.last_received());
        let task = tokio::spawn(async move {
            while let Some(event) = events.next().await {
                if timeout(INVALIDATION_TIMEOUT, titles.expire_title(event.title_id())).await.is_err() {
                    warn!(
                        title_id = event.title_id(),
                        "cached responses of a changed title not invalidated in time"
                    );
                }
                // Lists are built from the local catalog, so the catalog must be updated too.
                if let Some(local_catalog) = titles.local_catalog() {
                    local_catalog.sync_soon();
                }
                hub.broadcast(event);
            }
        });
        Self { task }
    }
}

impl Drop for BusConsumer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
