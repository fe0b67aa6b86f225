//! Parameters that several endpoints of v3 share.

use time::OffsetDateTime;

use crate::{
    call::{Async, Call, Endpoint, Paged, Projected, V3},
    page::ItemStream,
    request::Arg,
    v3::{DescriptionType, Include, PageStream, PlaylistType, pages},
};

/// Endpoints whose responses contain titles, with options for the parts of a title.
pub trait TitleOptions: Projected {}

/// Endpoints with a maximum number of items.
pub trait Limited: Endpoint {}

/// Endpoints that can omit old items.
pub trait Dated: Endpoint {}

impl<E: Projected, R> Call<E, R, V3> {
    /// Adds fields to the response, which then has no others. A dot leads into objects, `[*]` into lists (`"names.ru"`,
    /// `"torrents.list[*].url"`).
    ///
    /// The models of this crate read a missing field as empty, zero or `None`.
    pub fn filter(mut self, fields: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.request.extend_names("filter", fields);
        self
    }

    /// Removes fields from the response. The syntax is that of [`filter`](Self::filter).
    pub fn remove(mut self, fields: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.request.extend_names("remove", fields);
        self
    }
}

impl<E: TitleOptions, R> Call<E, R, V3> {
    /// Adds large parts that the service otherwise leaves out. Default: none.
    pub fn include(mut self, parts: impl IntoIterator<Item = impl Into<Include>>) -> Self {
        self.request.extend_list("include", parts.into_iter().map(Into::<Include>::into));
        self
    }

    /// Sets the form of descriptions. Default: plain text.
    pub fn description_type(mut self, kind: impl Into<DescriptionType>) -> Self {
        self.request.set("description_type", kind.into());
        self
    }

    /// Sets the form of the list of episodes, for [`fetch_as`](Self::fetch_as). The models of this crate read both
    /// forms. Default: an object.
    pub fn playlist_type(mut self, kind: impl Into<PlaylistType>) -> Self {
        self.request.set("playlist_type", kind.into());
        self
    }
}

impl<E: Paged, R> Call<E, R, V3> {
    /// Sets the number of the page, from 1. Default: 1. Zero is refused when the call is sent.
    pub fn page(mut self, page: impl Into<Arg<u32>>) -> Self {
        self.request.set_positive("page", page.into());
        self
    }

    /// Sets the number of items on a page. Zero is refused when the call is sent.
    pub fn items_per_page(mut self, items: impl Into<Arg<u32>>) -> Self {
        self.request.set_positive("items_per_page", items.into());
        self
    }
}

impl<E: Paged> Call<E, Async, V3> {
    /// Returns a stream of pages that starts at the [page](Self::page) of this call. Each page is requested when the
    /// stream is polled for it.
    ///
    /// The stream ends after the last page, or after the first error. A page that is short, empty or the same as the page
    /// before is the last one. A list that has more than 10,000 pages is an error.
    pub fn pages(self) -> PageStream<E::Item> {
        pages::pages(self.client, self.request)
    }

    /// Returns a stream of the items of all [pages](Self::pages).
    pub fn items(self) -> ItemStream<E::Item> {
        pages::items(self.client, self.request)
    }
}

impl<E: Limited, R> Call<E, R, V3> {
    /// Sets the number of items. The service takes 5 if unset, 10 for a feed. Zero is refused when the call is sent.
    pub fn limit(mut self, items: impl Into<Arg<u32>>) -> Self {
        self.request.set_positive("limit", items.into());
        self
    }

    /// Sets the number of items to skip at the start of the list. Default: none.
    pub fn after(mut self, items: impl Into<Arg<u32>>) -> Self {
        self.request.set("after", items.into());
        self
    }
}

impl<E: Limited + Paged, R> Call<E, R, V3> {
    /// Requests the whole list at once, in place of a [`limit`](Self::limit). A service may refuse such a call.
    pub fn everything(mut self) -> Self {
        self.request.set("limit", "-1");
        self
    }
}

impl<E: Dated, R> Call<E, R, V3> {
    /// Returns only items that are newer than `moment`, to the second. Default: no bound.
    pub fn since(mut self, moment: impl Into<OffsetDateTime>) -> Self {
        self.request.set("since", moment.into().unix_timestamp().max(0).unsigned_abs());
        self
    }
}
