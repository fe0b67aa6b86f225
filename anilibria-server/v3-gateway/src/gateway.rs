//! Service behind the routes of v3.

use std::{num::NonZeroUsize, sync::Arc, thread, time::Duration};

use anilibria_cache::{NewValue, Options};
use anilibria_client::reflector::Catalog;
use anilibria_http::{
    LoadFailure, clients::Clients, metrics::Limit, problem::Problem, rendered::without_etag,
};
use moka::sync::Cache as Memory;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    quota::RequestQuota,
    rendered_response::{RenderedResponse, render},
    sessions::Sessions,
    work_pool::WorkPool,
};
use crate::{host::HostTitles, options::GatewayOptions};

/// Maximum titles that are read from AniLibria, the last updated first, when AniLibria cannot filter or sort as requested.
pub(super) const MAX_SCANNED: u32 = 500;

/// Maximum cached refusals.
const MAX_REFUSALS: u64 = 1024;

/// TTL of a cached refusal. A refusal may depend on the catalog, which changes.
const REFUSAL_TTL: Duration = Duration::from_secs(30);

/// Maximum attempts if the quota of another client refuses a shared load.
const MAX_ATTEMPTS: usize = 3;

/// Service behind the routes of v3. It reads through the cache of the host, which the other versions share. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    pub(super) titles: HostTitles,
    pub(super) sessions: Sessions,
    pub(super) clients: Arc<Clients>,
    pub(super) options: GatewayOptions,
    pub(super) workers: Workers,
    /// Cached refusals by cache key, so that a repeated request costs no work.
    refusals: Memory<String, LoadFailure>,
}

/// Thread pools for costly work, and the size limit of its result. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Workers {
    /// Searches in the complete catalog.
    pub(super) searches: WorkPool,
    /// Pages of the catalog.
    pub(super) pages: WorkPool,
    /// Maximum bytes of one response.
    pub(super) max_response_bytes: usize,
}

impl Workers {
    fn new(options: GatewayOptions) -> Self {
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).div_ceil(2);
        let searches = options.search_threads.unwrap_or(threads);
        Self {
            searches: WorkPool::new(searches, options.search_queue, Limit::Search),
            pages: WorkPool::new(threads, options.page_queue, Limit::Pages),
            max_response_bytes: options.max_response_bytes,
        }
    }
}

impl Gateway {
    /// Creates a gateway over `titles`. `sessions` holds the sessions of logged-in users. Costly work is charged to the
    /// quota of one of `clients`.
    pub fn new(
        titles: HostTitles,
        sessions: Sessions,
        clients: Arc<Clients>,
        options: GatewayOptions,
    ) -> Self {
        let refusals = Memory::builder().max_capacity(MAX_REFUSALS).time_to_live(REFUSAL_TTL).build();
        Self { titles, sessions, clients, options, workers: Workers::new(options), refusals }
    }

    /// Returns the response cached under `key`, or else the result of `load`, with the cache options of lists.
    pub(super) async fn cached<F>(
        &self,
        key: &str,
        load: impl FnOnce(HostTitles) -> F + Clone + Send + Sync + 'static,
    ) -> Result<RenderedResponse, LoadFailure>
    where
        F: Future<Output = Result<NewValue, LoadFailure>> + Send + 'static,
    {
        Ok(RenderedResponse::from_cache(self.titles.cached(self.titles.list_options(), key, load).await?))
    }

    /// Returns the response cached under `key`, or else the result of `load`, which charges `quota`. Refusals are cached, too.
    pub(super) async fn cached_with_quota<F>(
        &self,
        key: &str,
        quota: &RequestQuota,
        load: impl FnOnce(HostTitles) -> F + Clone + Send + Sync + 'static,
    ) -> Result<RenderedResponse, LoadFailure>
    where
        F: Future<Output = Result<NewValue, LoadFailure>> + Send + 'static,
    {
        if let Some(refusal) = self.refusals.get(key) {
            return Err(refusal);
        }
        let mut attempts = MAX_ATTEMPTS;
        loop {
            attempts -= 1;
            match self.cached(key, load.clone()).await {
                // The load was begun by another client that has no quota left. This client may have some.
                Err(LoadFailure::RateLimited { .. }) if !quota.is_exceeded() && attempts > 0 => {}
                Err(refusal @ LoadFailure::InvalidParameter { .. }) => {
                    self.refusals.insert(key.to_owned(), refusal.clone());
                    return Err(refusal);
                }
                response => return response,
            }
        }
    }

    /// Renders a response that clients must not cache.
    pub(super) fn uncached<T: serde::Serialize + ?Sized>(data: &T) -> Result<RenderedResponse, Problem> {
        render(data).map(RenderedResponse::uncached).map_err(Problem::internal)
    }
}

/// Returns the local catalog if it is loaded.
pub(super) fn catalog(titles: &HostTitles) -> Option<Arc<Catalog>> {
    titles.catalog()
}

/// Returns data of AniLibria, cached under `key` in AniLibria's format. Responses of every shape are derived from it. The
/// number of calls therefore depends on the number of keys, and not on the parameters of requests.
pub(super) async fn cached_data<T, F>(
    titles: &HostTitles,
    options: &Options,
    key: &str,
    load: impl FnOnce(HostTitles) -> F + Clone + Send + Sync + 'static,
) -> Result<T, LoadFailure>
where
    T: Serialize + DeserializeOwned,
    F: Future<Output = Result<T, LoadFailure>> + Send + 'static,
{
    let load = |titles: HostTitles| async move { Ok(NewValue::new(render(&load(titles).await?)?)) };
    let cached = titles.cached(options, key, load).await?;
    Ok(serde_json::from_slice(&without_etag(cached.value()))?)
}
