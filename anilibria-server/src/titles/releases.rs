//! Complete releases, which the views of all API versions are made from.

use std::time::Duration;

use anilibria_cache::{NewValue, Options};
use anilibria_client::{
    decode,
    model::{Release, ReleaseId},
};
use anilibria_http::{LoadFailure, tag};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::{Titles, key};

/// Number of releases that are read concurrently. Their misses share requests to AniLibria.
const CONCURRENCY: usize = 100;

/// Number of levels that store releases: memory only, because the views are stored on the further levels.
const LEVELS: usize = 1;

/// Maximum TTL of a release: long enough for its views.
const MAX_TTL: Duration = Duration::from_mins(1);

/// TTL of a release as a share of the TTL of its views in memory. A view may be older than its TTL by the TTL of the release.
const TTL_DIVISOR: u32 = 5;

/// Returns the cache options of releases whose views have the TTL `view_ttl` in memory.
pub(super) fn options(view_ttl: Duration) -> Options {
    let ttl = MAX_TTL.min(view_ttl / TTL_DIVISOR);
    Options::new().nearest_levels(LEVELS).ttl(ttl).fail_safe(Duration::ZERO)
}

impl Titles {
    /// Returns release `id` without sponsors; `None` if AniLibria has no such release. Concurrent misses share requests to
    /// AniLibria.
    ///
    /// # Errors
    ///
    /// The error of AniLibria. A stale release is never returned, because a view made from it would count as fresh.
    pub(crate) async fn release(&self, id: ReleaseId) -> Result<Option<Release>, LoadFailure> {
        let load = move |titles: Self| async move {
            let tag = tag::title(id.get());
            Ok(match titles.loader.load(id).await? {
                Some(release) => NewValue::new(serde_json::to_vec(&*release)?).tag(tag),
                None => NewValue::absent().tag(tag),
            })
        };
        let cached = self.cached(&self.release_options, &key::release(id.get()), load).await?;
        if cached.is_absent() {
            return Ok(None);
        }
        Ok(Some(decode(cached.value())?))
    }

    /// Returns the releases `ids` in this order. Those that do not exist are left out.
    ///
    /// # Errors
    ///
    /// The error of the first release that cannot be read.
    pub(crate) async fn releases(&self, ids: Vec<ReleaseId>) -> Result<Vec<Release>, LoadFailure> {
        let releases = stream::iter(ids).map(|id| self.release(id)).buffered(CONCURRENCY);
        releases.try_filter_map(async |release| Ok(release)).try_collect().await
    }
}
