//! The fallback to the Node service for single titles, if neither AniLibria nor a stored copy provides them.
//!
//! Titles of the Node service are not stored in the cache: there they would replace AniLibria's titles after AniLibria recovers.

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
    titles::{from_node, model::title::Title},
};

/// TTL of a title in memory, so that many requests for one title do not overload the Node service.
const TTL: Duration = Duration::from_secs(10);

/// Maximum size of the titles in memory, in bytes.
const MAX_BYTES: u64 = 8 << 20;

/// Part of the request timeout that is reserved for the rest of the request.
const MARGIN: Duration = Duration::from_millis(300);

/// Fallback to the Node service. Concurrent requests for one title share one call. Cheap to clone.
#[derive(Clone)]
pub struct Fallback {
    node: NodeService,
    /// Maximum duration of a request, from its start to the end of the fallback.
    budget: Duration,
    recent: Cache<u32, RecentTitle>,
}

/// A rendered title.
#[derive(Clone)]
struct RecentTitle {
    title: Bytes,
    expires: OffsetDateTime,
}

impl Fallback {
    /// Creates a fallback to `node`. A call may take the remaining time of its request, which has the timeout `request_timeout`.
    pub fn new(node: NodeService, request_timeout: Duration) -> Self {
        let weight = |_: &u32, recent: &RecentTitle| u32::try_from(recent.title.len()).unwrap_or(u32::MAX);
        let recent = Cache::builder().weigher(weight).max_capacity(MAX_BYTES).time_to_live(TTL).build();
        Self { node, budget: request_timeout.saturating_sub(MARGIN), recent }
    }

    /// Returns title `id` for a request of `caller` that began at `since`; `None` if the Node service does not return the title
    /// in time. Relative addresses of pictures are resolved against the host of `client`.
    pub(super) async fn title(
        &self,
        client: &Client,
        id: u32,
        caller: &CallerHeaders,
        since: Instant,
    ) -> Option<Rendered<One<Title>>> {
        let left = self.budget.checked_sub(since.elapsed())?;
        let load = self.load(client, id, caller, left);
        // This request may wait for the call of another request that has more time left.
        let entry =
            timeout(left + MARGIN / 2, self.recent.entry(id).or_try_insert_with(load)).await.ok()?.ok()?;
        let meta =
            Meta { cached: !entry.is_fresh(), cache_expires: Some(entry.value().expires), ..Meta::default() };
        Some(Rendered::new(entry.into_value().title, meta).no_store())
    }

    async fn load(
        &self,
        client: &Client,
        id: u32,
        caller: &CallerHeaders,
        timeout: Duration,
    ) -> Result<RecentTitle, NodeError> {
        let title = self.node.title(id, caller, timeout).await.inspect_err(|error| {
            count_error("nodejs_service", error.kind());
            debug!(
                title_id = id,
                error = error as &dyn StdError,
                "title not available from the Node service"
            );
        })?;
        debug!(title_id = id, "title served by the Node service");
        let site = client.media_url("/").and_then(|root| root.parse().ok());
        let title = render_from(DataSource::Nodejs, &from_node::convert(&title, site.as_ref()), None);
        Ok(RecentTitle { title, expires: OffsetDateTime::now_utc() + TTL })
    }
}

impl fmt::Debug for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fallback").field("node", &self.node).finish_non_exhaustive()
    }
}
