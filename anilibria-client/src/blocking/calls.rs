//! Calls that block the thread until the response is received.

use serde::de::DeserializeOwned;

use super::{Iter, Runtime};
use crate::{
    Result,
    call::{Async, BatchCall, Call, Endpoint, Paged},
    page::{self, ItemStream, PageStream, Window},
};

impl<E, A> Call<E, Async, A> {
    /// Returns the same call for a blocking client.
    pub(super) fn on(self, runtime: &Runtime) -> Call<E, Runtime, A> {
        Call::new(&self.client, runtime, self.request)
    }
}

impl<E: Endpoint<Output: Send + 'static>, A> Call<E, Runtime, A> {
    /// Sends the call and waits for the response.
    ///
    /// # Errors
    ///
    /// The [errors](crate::Error) of the call, and [`Error::InvalidRequest`](crate::Error::InvalidRequest) on the thread of the
    /// client's own runtime.
    pub fn send(self) -> Result<E::Output> {
        self.runtime.block_on(E::send(self.client, self.request))?
    }
}

impl<E, A> Call<E, Runtime, A> {
    /// Sends the request and decodes the response as JSON into your own type `T`.
    ///
    /// # Errors
    ///
    /// [`Error::Decode`](crate::Error::Decode) if the response does not have the form of `T`, and the errors of the call.
    pub fn fetch_as<T: DeserializeOwned + Send + 'static>(self) -> Result<T> {
        let Self { client, request, runtime, .. } = self;
        runtime.block_on(async move { client.fetch(&request).await })?
    }
}

impl<E: Paged> Call<E, Runtime> {
    /// Returns an iterator over pages that starts at the [page](Self::page) of this call.
    ///
    /// The next page is requested while the caller handles the current one. The iterator ends after the last page, or
    /// after the first error. A list that has more than 10,000 pages is an error.
    pub fn pages(self) -> Iter<PageStream<E::Item>> {
        Iter::new(page::pages(self.client, self.request), self.runtime)
    }

    /// Returns an iterator over the items of all [pages](Self::pages).
    ///
    /// ```
    /// # anilibria_client::blocking::offline(|client| {
    /// let items = client.catalog().releases().limit(7).items();
    /// assert_eq!(items.collect::<Result<Vec<_>, _>>()?.len(), 60);
    /// # Ok(())
    /// # });
    /// ```
    pub fn items(self) -> Iter<ItemStream<E::Item>> {
        Iter::new(page::items(self.client, self.request), self.runtime)
    }

    /// Fetches up to `len` items from `offset` on, and the length of the whole list.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidRequest`](crate::Error::InvalidRequest) if `len` is zero, and the errors of the call.
    pub fn window(self, offset: u64, len: u32) -> Result<Window<E::Item>> {
        self.runtime.block_on(page::window(self.client, self.request, offset, len))?
    }
}

#[cfg(feature = "v3")]
impl<E: Paged> Call<E, Runtime, crate::call::V3> {
    /// Returns an iterator over pages that starts at the page of this call.
    pub fn pages(self) -> Iter<crate::v3::PageStream<E::Item>> {
        Iter::new(crate::v3::pages::pages(self.client, self.request), self.runtime)
    }

    /// Returns an iterator over the items of all pages.
    pub fn items(self) -> Iter<ItemStream<E::Item>> {
        Iter::new(crate::v3::pages::items(self.client, self.request), self.runtime)
    }
}

impl<T: Send + 'static> BatchCall<T, Runtime> {
    /// Sends the requests and waits for the last response.
    ///
    /// # Errors
    ///
    /// The [errors](crate::Error) of the call. The requests before the failed one have taken effect.
    pub fn send(self) -> Result<T> {
        self.runtime.block_on(self.requests)?
    }
}
