//! Pages of a long list, and streams over them.

use std::{
    fmt,
    future::ready,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use futures::{Stream, StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    Client, Error, Result, SkippedItem,
    call::log_skipped,
    error::BoxError,
    model::wire::{Items, or_default},
    request::{Param, Request},
    runtime::{BoxedStream, Task, boxed},
};

/// Maximum number of concurrent requests of a [window](Window).
const WINDOW_CONCURRENCY: usize = 2;

/// Maximum number of pages in a stream, so that a list without an end is an error. No list of the service is nearly as long.
pub(crate) const MAX_PAGES: u32 = 10_000;

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

/// Position of a page in the whole list. Fields are missing if `exclude` removed them or the mirror does not send them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Pagination {
    /// Number of items in the whole list.
    #[serde(deserialize_with = "or_default")]
    pub total: Option<u64>,
    /// Number of items on this page.
    #[serde(deserialize_with = "or_default")]
    pub count: Option<u32>,
    /// Number of items on a full page.
    #[serde(deserialize_with = "or_default")]
    pub per_page: Option<u32>,
    /// Number of this page, from 1.
    #[serde(deserialize_with = "or_default")]
    pub current_page: Option<u32>,
    /// Total number of pages.
    #[serde(deserialize_with = "or_default")]
    pub total_pages: Option<u32>,
    /// Links to the previous and the next page.
    #[serde(deserialize_with = "or_default")]
    pub links: Links,
}

/// Links to the previous and the next page. The links contain the host of the request. The streams of this crate do not use
/// them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Links {
    /// URL of the previous page; `None` on the first page.
    #[serde(deserialize_with = "or_default")]
    pub previous: Option<String>,
    /// URL of the next page; `None` on the last page.
    #[serde(deserialize_with = "or_default")]
    pub next: Option<String>,
}

/// A part of a long list by position, independent of pages. Returned by [`Call::window`](crate::call::Call::window).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Window<T> {
    /// The items; fewer than requested at the end of the list.
    pub items: Vec<T>,
    /// Number of items in the whole list.
    pub total: u64,
}

impl<T> Window<T> {
    /// Creates a part of a list that has `total` items.
    pub fn new(items: Vec<T>, total: u64) -> Self {
        Self { items, total }
    }
}

impl<T> Page<T> {
    /// True if the service sent no items on this page.
    fn is_empty(&self) -> bool {
        self.items.is_empty() && self.skipped.is_empty()
    }

    /// Returns the items with their indices in the response. Skipped items have an index, too.
    fn positioned(self) -> impl Iterator<Item = (u64, T)> {
        let skipped: Vec<_> = self.skipped.iter().filter_map(SkippedItem::index).collect();
        (0..).filter(move |index| !skipped.contains(index)).zip(self.items)
    }
}

impl<T: DeserializeOwned> Page<T> {
    /// Fetches a page, and logs the items that could not be decoded.
    pub(crate) async fn fetch(client: &Client, request: &Request) -> Result<Self> {
        let page = client.fetch_page(request).await?;
        log_skipped(request, &page.skipped);
        Ok(page)
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

/// Stream of the pages of a list, returned by [`Call::pages`](crate::call::Call::pages).
#[must_use = "a stream does nothing until it is polled"]
pub struct PageStream<T>(BoxedStream<Result<Page<T>>>);

/// Stream of the items of a list, returned by [`Call::items`](crate::call::Call::items).
#[must_use = "a stream does nothing until it is polled"]
pub struct ItemStream<T>(pub(crate) BoxedStream<Result<T>>);

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

/// State of a stream of pages.
struct PageWalker<T> {
    client: Client,
    request: Request,
    page: u32,
    /// Pages that the stream may still request.
    pages_left: u32,
    /// Request of the next page. Dropping the stream cancels it.
    prefetched: Option<Task<Result<Page<T>>>>,
    ended: bool,
}

impl<T: DeserializeOwned + Send + 'static> PageWalker<T> {
    fn fetch(&self) -> Task<Result<Page<T>>> {
        let client = self.client.clone();
        let mut request = self.request.clone();
        request.set("page", self.page);
        Task::spawn(async move { Page::fetch(&client, &request).await })
    }

    async fn next(&mut self) -> Option<Result<Page<T>>> {
        if self.ended {
            return None;
        }
        if self.pages_left == 0 {
            self.ended = true;
            return Some(Err(too_many_pages()));
        }
        self.pages_left -= 1;
        let task = self.prefetched.take().unwrap_or_else(|| self.fetch());
        let page = match task.join().await? {
            Ok(page) => page,
            Err(task) => Err(Error::Interrupted { host: String::new(), source: Arc::new(task) }),
        };
        self.ended = page.as_ref().map_or(true, |page| is_last(page, self.page));
        if !self.ended {
            match self.page.checked_add(1).filter(|_| self.pages_left > 0) {
                Some(next) => {
                    self.page = next;
                    self.prefetched = Some(self.fetch());
                }
                None => self.pages_left = 0,
            }
        }
        // An empty page ends the stream even if the service has announced more pages.
        page.map(|page| (!page.is_empty()).then_some(page)).transpose()
    }
}

/// Returns true if no page follows. A page with another number than requested is the last one, because a service that ignores
/// the number would return pages without end.
fn is_last<T>(page: &Page<T>, requested: u32) -> bool {
    let Pagination { current_page, total_pages, .. } = page.pagination;
    page.is_empty()
        || total_pages.is_some_and(|total| requested >= total)
        || current_page.is_some_and(|current| current != requested)
}

/// Returns the error of a list that has more than [`MAX_PAGES`] pages.
pub(crate) fn too_many_pages() -> Error {
    let reason = format!("the list has more than {MAX_PAGES} pages");
    Error::Interrupted { host: String::new(), source: Arc::from(BoxError::from(reason)) }
}

pub(crate) fn pages<T: DeserializeOwned + Send + 'static>(client: Client, request: Request) -> PageStream<T> {
    let page = match request.param("page") {
        Some(Param::Int(page)) => u32::try_from(*page).unwrap_or(u32::MAX),
        _ => 1,
    };
    let walker = PageWalker { client, request, page, pages_left: MAX_PAGES, prefetched: None, ended: false };
    PageStream(boxed(stream::unfold(walker, |mut walker| async { Some((walker.next().await?, walker)) })))
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
    let fetch = |number: u32| {
        let (client, mut request) = (client.clone(), request.clone());
        request.set("page", number);
        async move { Page::fetch(&client, &request).await.map(|page| (number, page)) }
    };
    let wanted = offset..offset.saturating_add(len.into());
    let cut = |number: u32, page: Page<T>| {
        let start = u64::from(number.saturating_sub(1)) * u64::from(limit);
        let items = page.positioned().map(move |(index, item)| (start + index, item));
        items.filter(|(position, _)| wanted.contains(position)).map(|(_, item)| item).collect::<Vec<_>>()
    };
    let (_, page) = fetch(first).await?;
    let total = page.pagination.total;
    // Without a total, the list ends at the first empty page.
    let pages = total.map_or(u64::MAX, |total| total.div_ceil(limit.into()));
    let last = last.min(u32::try_from(pages).unwrap_or(u32::MAX));
    let last = if page.is_empty() { first } else { last };
    let mut items = cut(first, page);
    let rest = stream::iter((first..=last).skip(1)).map(fetch).buffered(WINDOW_CONCURRENCY);
    let mut rest = pin!(rest.try_take_while(|(_, page)| ready(Ok(!page.is_empty()))));
    while let Some((number, page)) = rest.try_next().await? {
        items.extend(cut(number, page));
    }
    let total = total.unwrap_or(offset.saturating_add(items.len() as u64));
    Ok(Window { items, total })
}

/// Returns the page size, and the first and last page that cover `len` items from `offset` on.
///
/// If the window is exactly one page of some size, returns this page. Otherwise returns pages of the maximum size.
fn plan(offset: u64, len: u32, max: u32) -> (u32, u32, u32) {
    let whole_page = len <= max && offset.is_multiple_of(u64::from(len));
    let limit = if whole_page { len } else { max.max(1) };
    // Offsets beyond the last possible page are in no page. The last page still contains the total.
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
    fn window_beyond_all_pages_requests_the_last_page() {
        assert_eq!(plan(u64::MAX, 20, 50), (50, u32::MAX, u32::MAX));
        assert_eq!(plan(u64::from(u32::MAX) * 100, 100, 50), (50, u32::MAX, u32::MAX));
    }

    #[tokio::test]
    async fn list_without_an_end_is_an_error_after_the_maximum_number_of_pages() {
        let mut server = mockito::Server::new_async().await;
        let page = server.mock("GET", "/").match_query(mockito::Matcher::Any);
        let page = page.with_body(r#"{"data":[1]}"#).expect(3).create_async().await;
        let client = Client::builder().mirror(server.url()).build().unwrap();
        let request = Request::new(http::Method::GET, "/");

        let mut walker =
            PageWalker::<u8> { client, request, page: 1, pages_left: 3, prefetched: None, ended: false };

        for _ in 0..3 {
            assert_eq!(walker.next().await.unwrap().unwrap().items, [1]);
        }
        assert!(matches!(walker.next().await, Some(Err(Error::Interrupted { .. }))));
        assert!(walker.next().await.is_none());
        page.assert_async().await;
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
    fn page_is_last_when_empty_or_at_the_end_or_not_the_requested_one() {
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
