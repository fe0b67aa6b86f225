//! Streams over the pages of v3, whose services count pages as they like.

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
    page::{ItemStream, MAX_PAGES, endless},
    request::{Param, Request},
    runtime::{AnswerStream, boxed},
};

/// The pages of a list as a stream; made by the `pages` method of a request.
#[must_use = "a stream does nothing until it is polled"]
pub struct PageStream<T>(AnswerStream<Result<Page<T>>>);

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
    let walk = Walk { client, request, page, size, left: MAX_PAGES, last: None, ended: false };
    PageStream(boxed(stream::unfold(walk, |mut walk| async { Some((walk.next().await?, walk)) })))
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
struct Walk {
    client: Client,
    request: Request,
    page: u64,
    /// Number of items on a full page, if the caller has set it.
    size: Option<u64>,
    /// Pages that the stream may still request.
    left: u32,
    /// The previous answer. A service without pages returns it again.
    last: Option<Bytes>,
    ended: bool,
}

impl Walk {
    async fn next<T: DeserializeOwned>(&mut self) -> Option<Result<Page<T>>> {
        if self.ended {
            return None;
        }
        // The stream continues only after a page that is not the last one.
        self.ended = true;
        if self.left == 0 {
            return Some(Err(endless()));
        }
        self.left -= 1;
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

/// Whether nothing follows a page that has `count` items.
fn is_last(count: u64, told: &Pagination, asked: u64, size: Option<u64>) -> bool {
    let size = Some(told.items_per_page).filter(|size| *size > 0).or(size);
    let is_short = count == 0 || size.is_some_and(|size| count < size);
    let is_other = told.current_page != 0 && told.current_page != asked;
    // Searches of the old service had one page, by its own word, however much they found.
    let is_counted = told.pages > 1 && asked >= told.pages;
    is_short || is_other || is_counted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pages: u64, current_page: u64, items_per_page: u64) -> Pagination {
        Pagination { pages, current_page, items_per_page, total_items: 100 }
    }

    #[test]
    fn page_is_last_when_it_is_short_or_counted_as_such_or_not_the_one_asked_for() {
        assert!(is_last(0, &told(9, 2, 5), 2, None));
        assert!(is_last(4, &told(9, 2, 5), 2, None));
        assert!(is_last(4, &told(0, 0, 0), 2, Some(5)));
        assert!(is_last(5, &told(9, 9, 5), 9, None));
        assert!(is_last(5, &told(9, 1, 5), 2, None));
    }

    #[test]
    fn full_page_is_not_the_last_even_if_the_service_says_that_there_is_one() {
        assert!(!is_last(5, &told(1, 1, 5), 1, None));
        assert!(!is_last(5, &told(0, 0, 0), 1, None));
        assert!(!is_last(5, &told(9, 0, 5), 1, Some(50)));
    }
}
