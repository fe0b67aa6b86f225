//! Streams of pages of v3 lists. Services differ in the way they count pages.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use serde::de::DeserializeOwned;

use super::model::{Page, Pagination};
use crate::{
    Client, Result, decode,
    page::{ItemStream, MAX_PAGES, too_many_pages},
    request::{Param, Request},
    runtime::{BoxedStream, boxed},
};

/// Stream of the pages of a list, returned by the `pages` method of a call.
#[must_use = "a stream does nothing until it is polled"]
pub struct PageStream<T>(BoxedStream<Result<Page<T>>>);

impl<T> Stream for PageStream<T> {
    type Item = Result<Page<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

impl<T> fmt::Debug for PageStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageStream")
    }
}

pub(crate) fn pages<T: DeserializeOwned + Send + 'static>(client: Client, request: Request) -> PageStream<T> {
    let page = number(&request, "page").unwrap_or(1).max(1);
    let size = number(&request, "items_per_page").or_else(|| number(&request, "limit"));
    let walker = PageWalker { client, request, page, size, pages_left: MAX_PAGES, last: None, ended: false };
    PageStream(boxed(stream::unfold(walker, |mut walker| async { Some((walker.next().await?, walker)) })))
}

pub(crate) fn items<T: DeserializeOwned + Send + 'static>(client: Client, request: Request) -> ItemStream<T> {
    ItemStream(boxed(pages(client, request).map_ok(|page| stream::iter(page.list).map(Ok)).try_flatten()))
}

fn number(request: &Request, key: &str) -> Option<u64> {
    match request.param(key) {
        Some(Param::Int(number)) => Some(*number),
        _ => None,
    }
}

/// State of a stream of pages.
struct PageWalker {
    client: Client,
    request: Request,
    page: u64,
    /// Number of items on a full page, if the caller has set it.
    size: Option<u64>,
    /// Pages that the stream may still request.
    pages_left: u32,
    /// The previous response. A service without pages returns it again.
    last: Option<Bytes>,
    ended: bool,
}

impl PageWalker {
    async fn next<T: DeserializeOwned>(&mut self) -> Option<Result<Page<T>>> {
        if self.ended {
            return None;
        }
        // The stream continues only after a page that is not the last one.
        self.ended = true;
        if self.pages_left == 0 {
            return Some(Err(too_many_pages()));
        }
        self.pages_left -= 1;
        self.request.set("page", self.page);
        let body = match self.client.fetch_bytes(&self.request).await {
            Ok(body) => body,
            Err(error) => return Some(Err(error)),
        };
        if self.last.as_ref() == Some(&body) {
            return None;
        }
        let page: Page<T> = match decode(&body) {
            Ok(page) => page,
            Err(error) => return Some(Err(error)),
        };
        self.ended = is_last(page.list.len() as u64, &page.pagination, self.page, self.size);
        self.page += 1;
        self.last = Some(body);
        (!page.list.is_empty()).then_some(Ok(page))
    }
}

/// Returns true if no page follows a page with `count` items.
fn is_last(count: u64, pagination: &Pagination, requested: u64, size: Option<u64>) -> bool {
    let size = Some(pagination.items_per_page).filter(|size| *size > 0).or(size);
    let is_short = count == 0 || size.is_some_and(|size| count < size);
    let is_other = pagination.current_page != 0 && pagination.current_page != requested;
    // Searches of the old service always reported one page, regardless of the number of results.
    let is_counted = pagination.pages > 1 && requested >= pagination.pages;
    is_short || is_other || is_counted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pagination(pages: u64, current_page: u64, items_per_page: u64) -> Pagination {
        Pagination { pages, current_page, items_per_page, total_items: 100 }
    }

    #[test]
    fn page_is_last_when_short_or_at_the_end_or_not_the_requested_one() {
        assert!(is_last(0, &pagination(9, 2, 5), 2, None));
        assert!(is_last(4, &pagination(9, 2, 5), 2, None));
        assert!(is_last(4, &pagination(0, 0, 0), 2, Some(5)));
        assert!(is_last(5, &pagination(9, 9, 5), 9, None));
        assert!(is_last(5, &pagination(9, 1, 5), 2, None));
    }

    #[test]
    fn full_page_is_not_the_last_even_if_the_service_says_that_there_is_one() {
        assert!(!is_last(5, &pagination(1, 1, 5), 1, None));
        assert!(!is_last(5, &pagination(0, 0, 0), 1, None));
        assert!(!is_last(5, &pagination(9, 0, 5), 1, Some(50)));
    }
}
