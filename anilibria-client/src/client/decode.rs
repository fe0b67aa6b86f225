//! Decoding of responses.

use std::sync::Arc;

use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::value::RawValue;

use crate::{
    Error, Result,
    model::{
        lenient::{self, LenientError},
        wire::{List, Required},
    },
    page::Page,
};

/// Decodes the body of a response as every call does, with the conversions of [`model`](crate::model). For bodies that were
/// recorded, or received in another way.
///
/// # Errors
///
/// [`Error::Decode`] with the path in the JSON, if the body does not have the form of `T`.
///
/// ```
/// use anilibria_client::{Error, decode, model::Genre};
///
/// let genres: Vec<Genre> = decode(r#"[{"id": 8, "name": "Драма"}]"#.as_bytes())?;
/// assert_eq!(genres[0].name, "Драма");
///
/// let Err(Error::Decode { path, .. }) = decode::<Vec<Genre>>(br#"[{"id": "eight"}]"#) else { panic!() };
/// assert_eq!(path, "[0].id");
/// # Ok::<_, Error>(())
/// ```
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    // Lenient decoding is slower, and almost no response needs it.
    serde_json::from_slice(body).or_else(|_| lenient::from_slice(body)).map_err(
        |LenientError { path, source }| {
            let path = if path.is_empty() { ".".to_owned() } else { path };
            Error::Decode { path, source: Arc::new(source) }
        },
    )
}

/// An item that could not be decoded and is missing in its list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedItem {
    /// The `id` of the item as JSON (`7`, `"0a1b…"`), if it has one.
    pub id: Option<String>,
    /// Path of the unexpected value in the body (`data[3].name.main`).
    pub path: String,
    /// Message of the JSON library.
    pub reason: String,
}

impl SkippedItem {
    /// Returns the index of the item in its list.
    pub(crate) fn index(&self) -> Option<u64> {
        let (index, _) = self.path.split_once('[')?.1.split_once(']')?;
        index.parse().ok()
    }
}

/// Decodes a page; items that cannot be decoded are listed in [`Page::skipped`].
///
/// # Errors
///
/// [`Error::Decode`] if the response is not a page, or if it has items and none of them can be decoded.
pub(crate) fn decode_page<T: DeserializeOwned>(body: &[u8]) -> Result<Page<T>> {
    read_page(body)?.complete()
}

/// Decodes a page as [`decode_page`] does. A page of which no item can be decoded is not an error.
///
/// # Errors
///
/// [`Error::Decode`] if the response is not a page.
pub(crate) fn decode_partial_page<T: DeserializeOwned>(body: &[u8]) -> Result<Page<T>> {
    Ok(read_page(body)?.partial)
}

fn read_page<T: DeserializeOwned>(body: &[u8]) -> Result<Partial<Page<T>>> {
    serde_json::from_slice(body).map(|page| Partial { partial: page, failure: None }).or_else(|_| {
        let Page { items: raw, pagination, .. } = decode::<Page<Box<RawValue>>>(body)?;
        let Partial { partial: (items, skipped), failure } = decode_items("data", &raw);
        Ok(Partial { partial: Page { items, pagination, skipped }, failure })
    })
}

/// A list with skipped items.
struct Partial<T> {
    partial: T,
    /// The error of the first item if no item could be decoded.
    failure: Option<Error>,
}

impl<T> Partial<T> {
    /// Returns the list, or the error if no item could be decoded.
    fn complete(self) -> Result<T> {
        self.failure.map_or(Ok(self.partial), Err)
    }
}

/// Decodes a list, which is the whole body or its field `data`. Returns the list and the items that could not be decoded.
///
/// # Errors
///
/// [`Error::Decode`] if the response is not a list, or if it has items and none of them can be decoded.
pub(crate) fn decode_list<T: DeserializeOwned>(body: &[u8]) -> Result<(Vec<T>, Vec<SkippedItem>)> {
    serde_json::from_slice(body).map(|List(items)| (items, Vec::new())).or_else(|_| {
        let List(raw) = decode::<List<Box<RawValue>>>(body)?;
        let name = if body.trim_ascii_start().starts_with(b"{") { "data" } else { "" };
        decode_items(name, &raw).complete()
    })
}

/// Decodes a list as [`decode_list`] does. A single object is a list of one item.
///
/// # Errors
///
/// The error of [`decode_list`] if the response is neither a list nor an item.
pub(crate) fn decode_one_or_many<T: DeserializeOwned>(body: &[u8]) -> Result<(Vec<T>, Vec<SkippedItem>)> {
    decode_list(body).or_else(|error| match decode::<List<IgnoredAny>>(body) {
        Ok(_) => Err(error),
        Err(_) => decode(body).map_or(Err(error), |item| Ok((vec![item], Vec::new()))),
    })
}

/// Decodes the items of the list called `name` one by one.
fn decode_items<T: DeserializeOwned>(
    name: &str,
    raw: &[Box<RawValue>],
) -> Partial<(Vec<T>, Vec<SkippedItem>)> {
    #[derive(Deserialize)]
    struct Identified {
        id: Option<serde_json::Value>,
    }

    let (mut items, mut skipped, mut first) = (Vec::with_capacity(raw.len()), Vec::new(), None);
    for (index, raw) in raw.iter().enumerate() {
        let json = raw.get().as_bytes();
        match decode(json) {
            Ok(Required(item)) => items.push(item),
            Err(Error::Decode { path, source }) => {
                let id = serde_json::from_slice::<Identified>(json).ok().and_then(|item| item.id);
                let place = format!("{name}[{index}]");
                let path = if path == "." { place } else { format!("{place}.{path}") };
                skipped.push(SkippedItem {
                    id: id.map(|id| id.to_string()),
                    path: path.clone(),
                    reason: source.to_string(),
                });
                first.get_or_insert(Error::Decode { path, source });
            }
            // Decoding has no other error.
            Err(_) => {}
        }
    }
    let failure = first.filter(|_| items.is_empty());
    Partial { partial: (items, skipped), failure }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Genre, Release};

    #[test]
    fn an_item_that_cannot_be_decoded_is_left_out_and_named() {
        let bare = r#"[{"id":1},{"id":"x"},{"id":3},null]"#;
        let page = format!(r#"{{"data":{bare},"meta":{{"pagination":{{"total":3}}}}}}"#);

        let (genres, skipped) = decode_list::<Genre>(bare.as_bytes()).unwrap();
        let page: Page<Genre> = decode_page(page.as_bytes()).unwrap();

        let paths = |skipped: &[SkippedItem]| -> Vec<_> {
            skipped.iter().map(|item| (item.id.clone(), item.path.clone())).collect()
        };
        let expected =
            |name: &str| [(Some("\"x\"".to_owned()), format!("{name}[1].id")), (None, format!("{name}[3]"))];
        assert_eq!((genres.len(), page.items.len(), page.pagination.total), (2, 2, Some(3)));
        assert_eq!(paths(&skipped), expected(""));
        assert_eq!(paths(&page.skipped), expected("data"));
    }

    #[test]
    fn a_list_without_one_readable_item_is_an_error() {
        assert!(matches!(decode_list::<Genre>(br#"[{"id":"x"}]"#), Err(Error::Decode { .. })));
        assert!(matches!(decode_page::<Genre>(br#"{"data":[{"id":"x"}]}"#), Err(Error::Decode { .. })));
        assert!(decode_list::<Genre>(b"[]").unwrap().0.is_empty());
    }

    #[test]
    fn a_partial_page_may_have_no_readable_item_but_must_be_a_page() {
        let page: Page<Genre> = decode_partial_page(br#"{"data":[{"id":"x"}]}"#).unwrap();

        assert_eq!((page.items.len(), page.skipped.len()), (0, 1));
        assert!(decode_partial_page::<Genre>(br#"{"data":[{"id":"x"}"#).is_err());
        assert!(decode_partial_page::<Genre>(b"<html>").is_err());
    }

    fn path(body: &str) -> String {
        match decode::<Vec<Release>>(body.as_bytes()) {
            Err(Error::Decode { path, .. }) => path,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn error_names_the_place_in_the_response() {
        assert_eq!(path(r#"[{"id":1,"year":[]},{"id":[],"year":[]}]"#), "[1].id");
        assert_eq!(path(r#"[{"id":1},{"name":{"main":7}}]"#), "[1]");
        assert_eq!(path(r#"[{"id":1}"#), ".");
        assert_eq!(path("<html>"), ".");
        assert_eq!(path("[] trailing"), ".");
    }
}
