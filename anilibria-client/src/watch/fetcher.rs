//! Requests of the watcher and of the reflector.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{Arc, Mutex, PoisonError},
};

use serde::de::DeserializeOwned;
use tracing::warn;

use crate::{Client, Result, SkippedItem, model::ReleaseId, page::Page, request::Request};

/// Maximum number of skipped items that are remembered as logged. The memory is cleared when it is full.
const MAX_LOGGED: usize = 1024;

/// Client whose responses never come from the client's cache and may lack items.
///
/// Logs each item that could not be decoded: once per id and JSON path, however often the item is read. Clones share
/// the record of logged items.
#[derive(Clone, Debug)]
pub(crate) struct Fetcher {
    pub(crate) client: Client,
    /// Hashes of the ids and JSON paths that were logged.
    logged: Arc<Mutex<HashSet<u64>>>,
}

/// Items of a response and those that could not be decoded.
#[derive(Debug)]
pub(crate) struct Partial<T> {
    pub(crate) items: Vec<T>,
    pub(crate) skipped: Skipped,
}

/// Releases in a response that could not be decoded.
#[derive(Debug, Default)]
pub(crate) struct Skipped {
    /// Those whose id could be read.
    pub(crate) ids: Vec<ReleaseId>,
    /// Total number of skipped items.
    pub(crate) count: usize,
}

impl Fetcher {
    pub(crate) fn new(client: Client) -> Self {
        Self { client, logged: Arc::default() }
    }

    /// Fetches a page. All of its items may be skipped.
    pub(crate) async fn page<T: DeserializeOwned>(&self, request: &Request) -> Result<Page<T>> {
        let page = self.client.fetch_partial_page(&uncached(request)).await?;
        self.log(&page.skipped);
        Ok(page)
    }

    /// Fetches a list, of which at least one item can be decoded unless it is empty.
    pub(crate) async fn list<T: DeserializeOwned>(&self, request: &Request) -> Result<Partial<T>> {
        let (items, skipped) = self.client.fetch_list(&uncached(request)).await?;
        self.log(&skipped);
        Ok(Partial { items, skipped: Skipped::from(skipped.as_slice()) })
    }

    fn log(&self, skipped: &[SkippedItem]) {
        for SkippedItem { id, path, reason } in skipped {
            let mut hasher = DefaultHasher::new();
            (id, within_item(path)).hash(&mut hasher);
            let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
            if logged.len() >= MAX_LOGGED {
                logged.clear();
            }
            if logged.insert(hasher.finish()) {
                let id = id.as_deref().unwrap_or("unknown");
                warn!(id, path, reason, "skipped a record that cannot be decoded");
            }
        }
    }
}

impl<T> From<Page<T>> for Partial<T> {
    fn from(page: Page<T>) -> Self {
        Self { skipped: Skipped::from(page.skipped.as_slice()), items: page.items }
    }
}

impl Skipped {
    /// True if the release is among the skipped ones, or could be because the id of one of them is unknown.
    pub(crate) fn may_contain(&self, id: ReleaseId) -> bool {
        self.ids.contains(&id) || self.ids.len() < self.count
    }
}

impl From<&[SkippedItem]> for Skipped {
    fn from(items: &[SkippedItem]) -> Self {
        let id = |item: &SkippedItem| item.id.as_deref()?.trim_matches('"').parse().ok();
        Self { ids: items.iter().filter_map(id).collect(), count: items.len() }
    }
}

/// Returns the path below the item: the position of an item in its list changes from response to response.
fn within_item(path: &str) -> &str {
    path.split_once(']').map_or(path, |(_, rest)| rest)
}

#[cfg(feature = "cache")]
fn uncached(request: &Request) -> Request {
    let mut request = request.clone();
    request.set_caching(crate::request::Caching::Never);
    request
}

#[cfg(not(feature = "cache"))]
fn uncached(request: &Request) -> Request {
    request.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: Option<&str>, path: &str) -> SkippedItem {
        SkippedItem { id: id.map(str::to_owned), path: path.to_owned(), reason: "odd".to_owned() }
    }

    #[test]
    fn skipped_item_is_logged_once_per_id_and_path_wherever_it_is_in_the_list() {
        let fetcher = Fetcher::new(Client::new().unwrap());
        let logged = || fetcher.logged.lock().unwrap().len();

        fetcher.log(&[item(Some("1"), "data[0].year"), item(Some("2"), "data[1].year")]);
        fetcher.log(&[item(Some("1"), "data[7].year"), item(Some("1"), "data[7].season")]);
        assert_eq!(logged(), 3);

        for id in 0..5000 {
            fetcher.log(&[item(Some(&id.to_string()), "[0].year")]);
        }
        assert!(logged() <= MAX_LOGGED);
    }

    #[test]
    fn release_may_be_skipped_if_its_id_or_any_unknown_id_is() {
        let known = Skipped::from([item(Some("7"), ""), item(Some("\"8\""), "")].as_slice());
        let unknown = Skipped::from([item(Some("[]"), "")].as_slice());

        assert_eq!([7, 8, 9].map(|id| known.may_contain(ReleaseId(id))), [true, true, false]);
        assert!(unknown.may_contain(ReleaseId(9)));
        assert!(!Skipped::default().may_contain(ReleaseId(9)));
    }
}
