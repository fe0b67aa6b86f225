//! Loads single releases with few requests.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{
    FutureExt as _,
    future::{self, Shared, WeakShared},
};
use tokio::sync::Semaphore;

use crate::{
    Client, Result,
    model::{Release, ReleaseId},
    request::MAX_LIMIT,
    runtime::CallFuture,
};

/// Requests in progress at the same time.
const CONCURRENCY: usize = 2;

/// Loads releases by id. Concurrent loads share requests.
///
/// A load starts a request at once if fewer than two requests are in progress. Otherwise the id waits for the next request,
/// which loads up to 50 ids. A single load is therefore not delayed, and many loads take few requests: a server that
/// receives 300 requests for 300 releases sends about ten to the service.
///
/// A load never joins a request that has started, so a release is as new as the load. The loader keeps no releases: put a
/// cache in front of it, if it is to answer repeated loads.
///
/// The number of waiting loads is not limited: limit the number of concurrent callers. The loader has no timeout; the
/// [timeout of the client](crate::ClientBuilder::timeout) applies to each request.
///
/// The loader is cheap to clone; clones share their requests. A load may be dropped at any time. A request ends early if
/// nothing waits for it.
///
/// ```
/// # anilibria_client::offline(|client| async move {
/// use anilibria_client::{loader::ReleaseLoader, model::ReleaseId};
///
/// let loader = ReleaseLoader::new(client).exclude(["sponsors"]);
/// let (first, second) = futures::try_join!(loader.load(ReleaseId(1)), loader.load(ReleaseId(2)))?;
///
/// assert_eq!(first.map(|release| release.id), Some(ReleaseId(1)));
/// assert!(second.is_some());
/// assert!(loader.load(ReleaseId(9999)).await?.is_none());
/// # Ok(())
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct ReleaseLoader(Arc<Inner>);

#[derive(Clone, Debug)]
struct Requests {
    client: Client,
    exclude: Vec<String>,
    permits: Arc<Semaphore>,
}

#[derive(Debug)]
struct Inner {
    requests: Requests,
    /// The latest batch. It accepts ids until its request starts.
    latest: Mutex<Option<Batch>>,
}

/// Releases that one request returned.
type Found = Arc<HashMap<ReleaseId, Arc<Release>>>;

type Response = CallFuture<Result<Found>>;

/// Ids of one request, and its result.
#[derive(Debug)]
struct Batch {
    ids: Arc<Mutex<Ids>>,
    /// Weak, so that the request ends when nothing waits for it, and its result is dropped.
    response: WeakShared<Response>,
}

#[derive(Debug)]
enum Ids {
    /// The request has not started.
    Open(Vec<ReleaseId>),
    /// The request has started.
    Closed,
}

impl ReleaseLoader {
    /// Creates a loader of complete releases.
    pub fn new(client: Client) -> Self {
        let permits = Arc::new(Semaphore::new(CONCURRENCY));
        Self(Arc::new(Inner {
            requests: Requests { client, exclude: Vec::new(), permits },
            latest: Mutex::default(),
        }))
    }

    /// Returns a loader that leaves `fields` out of the releases, such as `sponsors` or `torrents`.
    #[must_use]
    pub fn exclude(self, fields: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut requests = self.0.requests.clone();
        requests.exclude.extend(fields.into_iter().map(Into::into));
        Self(Arc::new(Inner { requests, latest: Mutex::default() }))
    }

    /// Returns the release `id`; `None` if there is no such release.
    ///
    /// # Errors
    ///
    /// The error of the request. All loads that share the request return it.
    pub async fn load(&self, id: ReleaseId) -> Result<Option<Arc<Release>>> {
        Ok(self.join(id).await?.get(&id).cloned())
    }

    /// Returns the releases `ids` in this order. Unknown ids are left out.
    ///
    /// # Errors
    ///
    /// The error of any request.
    pub async fn load_many(&self, ids: impl IntoIterator<Item = ReleaseId>) -> Result<Vec<Arc<Release>>> {
        let loads: Vec<_> = ids.into_iter().map(|id| (id, self.join(id))).collect();
        let loads = loads
            .into_iter()
            .map(|(id, response)| async move { response.await.map(|found| found.get(&id).cloned()) });
        Ok(future::try_join_all(loads).await?.into_iter().flatten().collect())
    }

    /// Adds `id` to the latest batch, or else to a new one. Returns the response of the batch.
    fn join(&self, id: ReleaseId) -> Shared<Response> {
        let mut latest = self.0.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(response) = latest.as_ref().and_then(|batch| batch.join(id)) {
            return response;
        }
        let ids = Arc::new(Mutex::new(Ids::Open(vec![id])));
        let requests = self.0.requests.clone();
        let response: Response = Box::pin(requests.send(Arc::clone(&ids)));
        let response = response.shared();
        *latest = response.downgrade().map(|response| Batch { ids, response });
        response
    }
}

impl Batch {
    /// Adds `id` to the request; `None` if the request has started, is complete or was dropped.
    fn join(&self, id: ReleaseId) -> Option<Shared<Response>> {
        let response = self.response.upgrade()?;
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *ids {
            Ids::Open(ids) if ids.contains(&id) => Some(response),
            Ids::Open(ids) if ids.len() < MAX_LIMIT as usize => {
                ids.push(id);
                Some(response)
            }
            _ => None,
        }
    }
}

impl Requests {
    /// Waits for a permit, then requests the ids that were added until then.
    async fn send(self, ids: Arc<Mutex<Ids>>) -> Result<Found> {
        // An error is impossible: nothing closes the semaphore.
        let _permit = self.permits.acquire().await.ok();
        let ids = mem::replace(&mut *ids.lock().unwrap_or_else(PoisonError::into_inner), Ids::Closed);
        let ids = match ids {
            Ids::Open(ids) => ids,
            Ids::Closed => Vec::new(),
        };
        let releases = self.client.releases();
        let found = match ids[..] {
            [id] => match releases.get(id).exclude(&self.exclude).await {
                Ok(release) => vec![release],
                Err(error) if error.is_not_found() => Vec::new(),
                Err(error) => return Err(error),
            },
            _ => releases.list().ids(ids).limit(MAX_LIMIT).exclude(&self.exclude).await?.items,
        };
        Ok(Arc::new(found.into_iter().map(|release| (release.id, Arc::new(release))).collect()))
    }
}
