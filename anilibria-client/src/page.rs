//! Pages of a long list, and streams over them.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures::{Stream, StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    Client, Error, Result, SkippedItem,
    model::wire::{Items, or_default},
    request::{Param, Request},
    runtime::{AnswerStream, Task, boxed},
};

/// How many pages a [window](Window) fetches at a time, to stay a polite caller.
const WINDOW_CONCURRENCY: usize = 2;

/// One page of a long list.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Wire<T>")]
#[non_exhaustive]
pub struct Page<T> {
    /// The items of this page; empty past the end.
    pub items: Vec<T>,
    /// Position of this page in the whole list.
    pub pagination: Pagination,
    /// Items of this page that could not be decoded. They are missing from `items`.
    pub skipped: Vec<SkippedItem>,
}

/// Where a page is in the whole list. Any of it may be missing when `exclude` cut it or an old mirror answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Pagination {
    /// Items in the whole list.
    #[serde(deserialize_with = "or_default")]
    pub total: Option<u64>,
    /// Items on this page.
    #[serde(deserialize_with = "or_default")]
    pub count: Option<u32>,
    /// Items on a full page.
    #[serde(deserialize_with = "or_default")]
    pub per_page: Option<u32>,
    /// Number of this page, from 1.
    #[serde(deserialize_with = "or_default")]
    pub current_page: Option<u32>,
    /// Pages in all.
    #[serde(deserialize_with = "or_default")]
    pub total_pages: Option<u32>,
    /// Links to the neighbours.
    #[serde(deserialize_with = "or_default")]
    pub links: Links,
}

/// Links to the neighbours of a page. They carry the host that was asked; the streams here do not follow them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Links {
    /// The page before; absent on the first.
    #[serde(deserialize_with = "or_default")]
    pub previous: Option<String>,
    /// The page after; absent on the last.
    #[serde(deserialize_with = "or_default")]
    pub next: Option<String>,
}

/// A part of a long list, cut by items rather than by pages.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Window<T> {
    /// The items; fewer than asked for at the end of the list.
    pub items: Vec<T>,
    /// Items in the whole list.
    pub total: u64,
}

impl<T> Window<T> {
    /// A part of a list that has `total` items in all.
    pub fn new(items: Vec<T>, total: u64) -> Self {
        Self { items, total }
    }
}

#[derive(Deserialize)]
struct Wire<T> {
    data: Items<T>,
    #[serde(default, deserialize_with = "or_default")]
    meta: Meta,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default, deserialize_with = "or_default")]
    pagination: Pagination,
}

impl<T> From<Wire<T>> for Page<T> {
    fn from(wire: Wire<T>) -> Self {
        Self { items: wire.data.0, pagination: wire.meta.pagination, skipped: Vec::new() }
    }
}

/// The pages of a list as a stream; made by the `pages` method of a request.
#[must_use = "a stream does nothing until it is polled"]
pub struct PageStream<T>(AnswerStream<Result<Page<T>>>);

/// The items of a list as a stream; made by the `items` method of a request.
#[must_use = "a stream does nothing until it is polled"]
pub struct ItemStream<T>(pub(crate) AnswerStream<Result<T>>);

impl<T> Stream for PageStream<T> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

impl<T> Stream for ItemStream<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

impl<T> fmt::Debug for PageStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageStream")
    }
}

impl<T> fmt::Debug for ItemStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ItemStream")
    }
}

/// A walk along the pages, with the fetch of the next one under way.
struct Walk<T> {
    client: Client,
    request: Request,
    page: u32,
    /// Dropping the walk ends it, so that an abandoned stream asks for nothing more.
    ahead: Option<Task<Result<Page<T>>>>,
    ended: bool,
}

impl<T: DeserializeOwned + Send + 'static> Walk<T> {
    fn fetch(&self) -> Task<Result<Page<T>>> {
        let client = self.client.clone();
        let mut request = self.request.clone();
        request.set("page", self.page);
        Task::spawn(async move { client.fetch(&request).await })
    }

    async fn next(&mut self) -> Option<Result<Page<T>>> {
        if self.ended {
            return None;
        }
        let task = self.ahead.take().unwrap_or_else(|| self.fetch());
        let page = match task.join().await? {
            Ok(page) => page,
            Err(task) => Err(Error::Interrupted { source: Arc::new(task) }),
        };
        self.ended = page.as_ref().map_or(true, |page| is_last(page, self.page));
        if !self.ended {
            self.page += 1;
            self.ahead = Some(self.fetch());
        }
        // An empty page is the end even when the service promised more, and nothing to hand out.
        page.map(|page| (!page.items.is_empty()).then_some(page)).transpose()
    }
}

/// Whether nothing follows. A service that answers some other page than the one asked for would do so forever.
fn is_last<T>(page: &Page<T>, asked: u32) -> bool {
    let Pagination { current_page, total_pages, .. } = page.pagination;
    page.items.is_empty()
        || total_pages.is_some_and(|total| asked >= total)
        || current_page.is_some_and(|current| current != asked)
}

pub(crate) fn pages<T: DeserializeOwned + Send + 'static>(client: Client, request: Request) -> PageStream<T> {
    let page = match request.param("page") {
        Some(Param::Int(page)) => u32::try_from(*page).unwrap_or(u32::MAX),
        _ => 1,
    };
    let walk = Walk { client, request, page, ahead: None, ended: false };
    PageStream(boxed(stream::unfold(walk, |mut walk| async { Some((walk.next().await?, walk)) })))
}

pub(crate) fn items<T: DeserializeOwned + Send + 'static>(client: Client, request: Request) -> ItemStream<T> {
    let items = pages(client, request).map_ok(|page| stream::iter(page.items).map(Ok)).try_flatten();
    ItemStream(boxed(items))
}

pub(crate) async fn window<T: DeserializeOwned + Send + 'static>(
    client: Client,
    mut request: Request,
    offset: u64,
    len: u32,
) -> Result<Window<T>> {
    if len == 0 {
        let reason = "must hold at least one item";
        return Err(Error::InvalidRequest { field: "window".to_owned(), reason });
    }
    let (limit, first, last) = plan(offset, len, request.max_page());
    request.set("limit", limit);
    let pages = stream::iter(first..=last).map(|page| {
        let (client, mut request) = (client.clone(), request.clone());
        request.set("page", page);
        async move { client.fetch::<Page<T>>(&request).await }
    });
    let pages: Vec<_> = pages.buffered(WINDOW_CONCURRENCY).try_collect().await?;
    let total = pages.iter().find_map(|page| page.pagination.total);
    let skip = usize::try_from(offset - u64::from(first - 1) * u64::from(limit)).unwrap_or(usize::MAX);
    let mut items: VecDeque<_> = pages.into_iter().flat_map(|page| page.items).collect();
    items.drain(..skip.min(items.len()));
    items.truncate(len as usize);
    let items = Vec::from(items);
    let total = total.unwrap_or(offset + items.len() as u64);
    Ok(Window { items, total })
}

/// The page size, and the first and last page, that cover `len` items from `offset` on.
///
/// One page where the window is one, pages of the largest size otherwise.
fn plan(offset: u64, len: u32, max: u32) -> (u32, u32, u32) {
    let whole_page = len <= max && offset.is_multiple_of(u64::from(len));
    let limit = if whole_page { len } else { max.max(1) };
    // What lies beyond the last page that can be asked for is in none: that page tells how long the list is.
    let page_of = |item: u64| u32::try_from(item / u64::from(limit) + 1).unwrap_or(u32::MAX);
    (limit, page_of(offset), page_of(offset.saturating_add(u64::from(len) - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_that_is_a_page_takes_one_request() {
        assert_eq!(plan(0, 20, 50), (20, 1, 1));
        assert_eq!(plan(40, 20, 50), (20, 3, 3));
    }

    #[test]
    fn window_across_pages_is_covered_by_full_pages() {
        assert_eq!(plan(0, 100, 50), (50, 1, 2));
        assert_eq!(plan(51, 51, 50), (50, 2, 3));
        assert_eq!(plan(10, 20, 50), (50, 1, 1));
    }

    #[test]
    fn window_beyond_all_pages_is_looked_for_on_the_last() {
        assert_eq!(plan(u64::MAX, 20, 50), (50, u32::MAX, u32::MAX));
        assert_eq!(plan(u64::from(u32::MAX) * 100, 100, 50), (50, u32::MAX, u32::MAX));
    }

    #[test]
    fn page_without_meta_or_with_null_in_it_is_read() {
        for text in
            [r#"{"data":[1]}"#, r#"{"data":[1],"meta":null}"#, r#"{"data":[1],"meta":{"pagination":null}}"#]
        {
            let page: Page<u8> = serde_json::from_str(text).unwrap();

            assert_eq!((page.items, page.pagination), (vec![1], Pagination::default()), "{text}");
        }
    }

    #[test]
    fn page_is_last_when_empty_or_at_the_end_or_not_the_one_asked_for() {
        let page = |items: &[u8], current, total| Page {
            items: items.to_vec(),
            pagination: Pagination { current_page: current, total_pages: total, ..Pagination::default() },
            skipped: Vec::new(),
        };

        assert!(!is_last(&page(&[1], Some(1), Some(2)), 1));
        assert!(!is_last(&page(&[1], None, None), 1));
        assert!(is_last(&page(&[], Some(1), Some(2)), 1));
        assert!(is_last(&page(&[1], Some(2), Some(2)), 2));
        assert!(is_last(&page(&[1], Some(1), Some(9)), 2));
    }
}
