//! Single titles from the Node service, for when neither AniLibria nor any stored copy provides them.
//!
//! They are not stored in the cache, where they would shadow AniLibria's answers after it recovers.

use std::{
    error::Error as StdError,
    fmt,
    time::{Duration, Instant},
};

use anilibria_client::Client;
use anilibria_http::{
    envelope::{DataSource, One},
    metrics::count_error,
    rendered::{Meta, Rendered, render_from},
};
use bytes::Bytes;
use moka::future::Cache;
use time::OffsetDateTime;
use tokio::time::timeout;
use tracing::debug;

use crate::{
    node::{CallerHeaders, NodeError, NodeService},
    titles::{from_node::mapped, model::title::Title},
};

/// Time for which a title is kept, so that many requests for one title do not overload the Node service as well.
const KEPT_FOR: Duration = Duration::from_secs(10);

/// Maximum bytes of the kept titles.
const MAX_BYTES: u64 = 8 << 20;

/// Part of the request timeout that is reserved for other work.
const MARGIN: Duration = Duration::from_millis(300);

/// Fallback to the Node service. Concurrent requests for one title share one call. Cheap to clone.
#[derive(Clone)]
pub struct Fallback {
    node: NodeService,
    /// Maximum duration of a request, from its start to the end of the fallback.
    budget: Duration,
    recent: Cache<u32, Kept>,
}

#[derive(Clone)]
struct Kept {
    title: Bytes,
    until: OffsetDateTime,
}

impl Fallback {
    /// Creates a fallback on `node` that uses the remaining time of a request, whose timeout is `request_timeout`.
    pub fn new(node: NodeService, request_timeout: Duration) -> Self {
        let weight = |_: &u32, kept: &Kept| u32::try_from(kept.title.len()).unwrap_or(u32::MAX);
        let recent = Cache::builder().weigher(weight).max_capacity(MAX_BYTES).time_to_live(KEPT_FOR).build();
        Self { node, budget: request_timeout.saturating_sub(MARGIN), recent }
    }

    /// Returns title `id` for the request of `caller` that began at `since`; `None` if there is none that may be shown.
    /// Picture addresses use the host of `client`.
    pub(super) async fn title(
        &self,
        client: &Client,
        id: u32,
        caller: &CallerHeaders,
        since: Instant,
    ) -> Option<Rendered<One<Title>>> {
        let left = self.budget.checked_sub(since.elapsed())?;
        let load = self.load(client, id, caller, left);
        // A request that waits for another request's call may have less time left than that one.
        let entry =
            timeout(left + MARGIN / 2, self.recent.entry(id).or_try_insert_with(load)).await.ok()?.ok()?;
        let meta =
            Meta { cached: !entry.is_fresh(), cache_expires: Some(entry.value().until), ..Meta::default() };
        Some(Rendered::new(entry.into_value().title, meta).no_store())
    }

    async fn load(
        &self,
        client: &Client,
        id: u32,
        caller: &CallerHeaders,
        within: Duration,
    ) -> Result<Kept, NodeError> {
        let title = self.node.title(id, caller, within).await.inspect_err(|error| {
            count_error("nodejs_service", error.kind());
            debug!(title_id = id, error = error as &dyn StdError, "no title from the Node service");
        })?;
        debug!(title_id = id, "title served by the Node service");
        let site = client.media_url("/").and_then(|root| root.parse().ok());
        let title = render_from(DataSource::Nodejs, &mapped(&title, site.as_ref()), None);
        Ok(Kept { title, until: OffsetDateTime::now_utc() + KEPT_FOR })
    }
}

impl fmt::Debug for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fallback").field("node", &self.node).finish_non_exhaustive()
    }
}
