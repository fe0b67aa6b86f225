//! Pages of lists.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{
        DeserializeOwned, Error, MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};

use crate::v3::wire;

/// A page of a list.
///
/// A list without a page around it, as some services send it, is read as the only page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Page<T> {
    /// Items of the page.
    pub list: Vec<T>,
    /// Position of the page in the whole list.
    pub pagination: Pagination,
}

impl<T: DeserializeOwned> Page<T> {
    /// Fetches a page.
    pub(crate) async fn fetch(
        client: &crate::Client,
        request: &crate::request::Request,
    ) -> crate::Result<Self> {
        client.fetch(request).await
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Page<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PageOrList(PhantomData))
    }
}

struct PageOrList<T>(PhantomData<T>);

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Paged<T> {
    #[serde(default = "Vec::new", deserialize_with = "wire::list")]
    list: Vec<T>,
    #[serde(default, deserialize_with = "wire::object")]
    pagination: Pagination,
}

impl<'de, T: DeserializeOwned> Visitor<'de> for PageOrList<T> {
    type Value = Page<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Page<T>, A::Error> {
        let Paged { list, pagination } = Paged::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Page { list, pagination })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Page<T>, A::Error> {
        let list = wire::list::<_, T>(SeqAccessDeserializer::new(seq))?;
        let count = list.len() as u64;
        let pagination = Pagination { pages: 1, current_page: 0, items_per_page: count, total_items: count };
        Ok(Page { list, pagination })
    }

    fn visit_unit<E: Error>(self) -> Result<Page<T>, E> {
        Ok(Page { list: Vec::new(), pagination: Pagination::default() })
    }
}

/// Position of a page in its list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pagination {
    /// Number of pages.
    #[serde(deserialize_with = "wire::integer")]
    pub pages: u64,
    /// Number of this page, from 1; 0 if the call requested none.
    #[serde(deserialize_with = "wire::integer")]
    pub current_page: u64,
    /// Number of items on a full page.
    #[serde(deserialize_with = "wire::integer")]
    pub items_per_page: u64,
    /// Number of items on all pages.
    #[serde(deserialize_with = "wire::integer")]
    pub total_items: u64,
}
