//! The parameters that many calls of v3 share.

/// `filter`, `remove` and `fetch_as`.
macro_rules! projected {
    ($call:ident) => {
        impl $call {
            /// Only these fields of each object; dots go into objects, `[*]` into lists (`"names.ru"`,
            /// `"torrents.list[*].url"`).
            ///
            /// What is left out is empty, zero or `None` in the models of this crate.
            pub fn filter(mut self, fields: impl IntoIterator<Item = impl Into<String>>) -> Self {
                self.request.extend_joined("filter", fields);
                self
            }

            /// All fields but these, which are written as those of `filter`.
            pub fn remove(mut self, fields: impl IntoIterator<Item = impl Into<String>>) -> Self {
                self.request.extend_joined("remove", fields);
                self
            }

            /// Sends the request and decodes the answer into the caller's own type, which fits whatever a
            /// projection has left.
            pub async fn fetch_as<T: serde::de::DeserializeOwned>(self) -> $crate::Result<T> {
                self.client.fetch(&self.request).await
            }
        }
    };
}

/// How titles come.
macro_rules! shaped {
    ($call:ident) => {
        projected!($call);

        impl $call {
            /// What is left out otherwise, as it is large. Default: nothing.
            pub fn include(mut self, parts: impl IntoIterator<Item = $crate::v3::Include>) -> Self {
                self.request.extend_list("include", parts);
                self
            }

            /// In which form descriptions come. Default: plain text.
            pub fn description_type(mut self, kind: $crate::v3::DescriptionType) -> Self {
                self.request.set("description_type", kind);
                self
            }

            /// In which form episodes come, for [`fetch_as`](Self::fetch_as): the models read either. Default: an
            /// object.
            pub fn playlist_type(mut self, kind: $crate::v3::PlaylistType) -> Self {
                self.request.set("playlist_type", kind);
                self
            }
        }
    };
}

/// Pages by number, and streams over them.
macro_rules! paged {
    ($call:ident, $item:ty) => {
        impl $call {
            /// Number of the page, from 1. Default: the first.
            pub fn page(mut self, page: u32) -> Self {
                self.request.set("page", page);
                self
            }

            /// How many items are on a page.
            pub fn items_per_page(mut self, items: u32) -> Self {
                self.request.set("items_per_page", items);
                self
            }

            /// The pages one after another, from the one that is set (the first, when none is), each fetched when it
            /// is asked for. Ends after the last page or the first error, and never goes round in circles: a page that
            /// is short, empty or the same as the one before is the last.
            pub fn pages(self) -> $crate::v3::PageStream<$item> {
                $crate::v3::pages::pages(self.client, self.request)
            }

            /// All items of all pages, page by page as [`pages`](Self::pages) fetches them.
            pub fn items(self) -> $crate::page::ItemStream<$item> {
                $crate::v3::pages::items(self.client, self.request)
            }
        }
    };
}

/// A part of a long list.
macro_rules! limited {
    ($call:ident) => {
        impl $call {
            /// How many items to give. The service takes 5 when unset, 10 for a feed.
            pub fn limit(mut self, items: u32) -> Self {
                self.request.set("limit", items);
                self
            }

            /// How many items to leave out at the beginning. Default: none.
            pub fn after(mut self, items: u32) -> Self {
                self.request.set("after", items);
                self
            }
        }
    };
    ($call:ident, $item:ty) => {
        limited!($call);
        paged!($call, $item);

        impl $call {
            /// Everything at once, in place of a [`limit`](Self::limit). Services may refuse that.
            pub fn everything(mut self) -> Self {
                self.request.set("limit", "-1");
                self
            }
        }
    };
}

/// What is newer than a moment.
macro_rules! since {
    ($call:ident) => {
        impl $call {
            /// Only what is newer than that, to the second. Default: no matter how old.
            pub fn since(mut self, moment: time::OffsetDateTime) -> Self {
                self.request.set("since", moment.unix_timestamp().max(0).unsigned_abs());
                self
            }
        }
    };
}
