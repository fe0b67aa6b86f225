//! The task that reads the franchises and keeps the index up to date. The numbers of seasons are derived from the franchises.

use std::{sync::Arc, time::Duration};

use anilibria_client::{Client, RateLimit};
use anilibria_torznab::Franchises;
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep_until},
};
use tracing::{info, warn};

use super::indexer::Indexer;

/// Interval between two reads. Franchises change when a new season begins.
const INTERVAL: Duration = Duration::from_hours(12);

/// Delay before a failed read is repeated.
const RETRY_DELAY: Duration = Duration::from_mins(10);

/// Maximum number of calls to AniLibria per second, in addition to those that requests to the service cause.
const CALLS_PER_SECOND: u32 = 2;

/// Maximum number of calls per second to the service's own sandbox.
const SANDBOX_CALLS_PER_SECOND: u32 = 1000;

/// Task that keeps the franchises up to date. Dropping it ends the task.
#[derive(Debug)]
pub struct FranchiseTask(JoinHandle<()>);

impl FranchiseTask {
    /// Starts the task. If `is_paced` is true, it calls AniLibria at most [`CALLS_PER_SECOND`] times a second.
    pub(super) fn start(indexer: Arc<Indexer>, is_paced: bool) -> Self {
        let rate = if is_paced { CALLS_PER_SECOND } else { SANDBOX_CALLS_PER_SECOND };
        Self(tokio::spawn(async move { run(&indexer, rate).await }))
    }
}

impl Drop for FranchiseTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Reads the franchises once the catalog is loaded and then at intervals, and updates the index after each change. A failed read
/// leaves the previous franchises.
async fn run(indexer: &Indexer, rate: u32) {
    let client = indexer.titles().client().rate_limited(RateLimit::per_second(rate));
    let mut changed = indexer.local_catalog().subscribe();
    while indexer.local_catalog().catalog().is_none() {
        if changed.changed().await.is_err() {
            return;
        }
    }
    let mut has_failed = false;
    let mut next_read = Instant::now();
    loop {
        tokio::select! {
            () = sleep_until(next_read) => {
                has_failed = !read(indexer, &client, has_failed).await;
                next_read = Instant::now() + if has_failed { RETRY_DELAY } else { INTERVAL };
            }
            change = changed.changed() => if change.is_err() {
                return;
            }
        }
        indexer.update().await;
    }
}

/// Reads the franchises. Returns true on success. Only the first failure and the success after it are logged.
async fn read(indexer: &Indexer, client: &Client, had_failed: bool) -> bool {
    match Franchises::read(client).await {
        Ok(franchises) => {
            if had_failed {
                info!(franchises = franchises.len(), "franchises read after a failure");
            }
            indexer.set_franchises(franchises);
            true
        }
        Err(error) => {
            if !had_failed {
                warn!(%error, "franchises not read, using the previous ones");
            }
            false
        }
    }
}
