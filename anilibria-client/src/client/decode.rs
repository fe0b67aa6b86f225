//! Decoding of answers.

use std::sync::Arc;

use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::value::RawValue;

use crate::{Error, Result, model::wire::List, page::Page};

/// Decodes a whole answer as the client does, for answers that were recorded or came another way.
///
/// Fails with [`Error::Decode`], which names the place in the JSON.
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
    // The path to what is wrong is looked for in a second pass: keeping track of it costs time that a good answer, and
    // that is nearly all of them, should not pay.
    serde_json::from_slice(body).map_err(|error| {
        let mut json = serde_json::Deserializer::from_slice(body);
        match serde_path_to_error::deserialize::<_, T>(&mut json) {
            Ok(_) => Error::Decode { path: ".".to_owned(), source: Arc::new(error) },
            Err(error) => {
                Error::Decode { path: error.path().to_string(), source: Arc::new(error.into_inner()) }
            }
        }
    })
}

/// An item of a list that could not be decoded and was left out of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedItem {
    /// The `id` of the item as JSON, if it has one.
    pub id: Option<String>,
    /// The place of the unexpected value in the answer (`data[3].name.main`).
    pub path: String,
    /// The reason of the JSON library.
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
/// [`Error::Decode`] if the answer is not a page, or if it has items and none of them can be decoded.
pub(crate) fn decode_page<T: DeserializeOwned>(body: &[u8]) -> Result<Page<T>> {
    let page = decode_partial_page(body)?;
    // The strict form returns the error of the first item.
    if page.items.is_empty() && !page.skipped.is_empty() { decode(body) } else { Ok(page) }
}

/// Decodes a page like [`decode_page`], and also one with items of which none can be decoded.
///
/// # Errors
///
/// [`Error::Decode`] if the answer is not a page.
pub(crate) fn decode_partial_page<T: DeserializeOwned>(body: &[u8]) -> Result<Page<T>> {
    decode(body).or_else(|error| {
        let Ok(raw) = decode::<Page<Box<RawValue>>>(body) else { return Err(error) };
        let (items, skipped) = decode_items("data", &raw.items);
        Ok(Page { items, pagination: raw.pagination, skipped })
    })
}

/// Decodes a list, alone or under `data`, and returns the items that could not be decoded beside it.
///
/// # Errors
///
/// [`Error::Decode`] if the answer is not a list, or if it has items and none of them can be decoded.
pub(crate) fn decode_list<T: DeserializeOwned>(body: &[u8]) -> Result<(Vec<T>, Vec<SkippedItem>)> {
    match decode::<List<T>>(body) {
        Ok(list) => Ok((list.0, Vec::new())),
        Err(error) => {
            let (name, raw) = match decode::<Vec<Box<RawValue>>>(body) {
                Ok(raw) => ("", raw),
                Err(_) => match decode::<Page<Box<RawValue>>>(body) {
                    Ok(page) => ("data", page.items),
                    Err(_) => return Err(error),
                },
            };
            let (items, skipped) = decode_items(name, &raw);
            if items.is_empty() { Err(error) } else { Ok((items, skipped)) }
        }
    }
}

/// Decodes a list as [`decode_list`] does. A single object is a list of one item.
///
/// # Errors
///
/// The error of [`decode_list`] if the answer is neither a list nor an item.
pub(crate) fn decode_one_or_many<T: DeserializeOwned>(body: &[u8]) -> Result<(Vec<T>, Vec<SkippedItem>)> {
    decode_list(body).or_else(|error| match decode::<List<IgnoredAny>>(body) {
        Ok(_) => Err(error),
        Err(_) => decode(body).map_or(Err(error), |item| Ok((vec![item], Vec::new()))),
    })
}

/// Decodes the items of the list called `name` one by one.
fn decode_items<T: DeserializeOwned>(name: &str, raw: &[Box<RawValue>]) -> (Vec<T>, Vec<SkippedItem>) {
    #[derive(Deserialize)]
    struct Identified {
        id: Option<serde_json::Value>,
    }

    let (mut items, mut skipped) = (Vec::with_capacity(raw.len()), Vec::new());
    for (index, raw) in raw.iter().enumerate() {
        let json = raw.get().as_bytes();
        match decode(json) {
            Ok(item) => items.push(item),
            Err(Error::Decode { path, source }) => {
                let id = serde_json::from_slice::<Identified>(json).ok().and_then(|item| item.id);
                let place = format!("{name}[{index}]");
                let path = if path == "." { place } else { format!("{place}.{path}") };
                skipped.push(SkippedItem {
                    id: id.map(|id| id.to_string()),
                    path,
                    reason: source.to_string(),
                });
            }
            Err(_) => {}
        }
    }
    (items, skipped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Genre, Release};

    #[test]
    fn an_item_that_cannot_be_decoded_is_left_out_and_named() {
        let bare = r#"[{"id":1},{"id":"x"},{"id":3,"name":7}]"#;
        let page = format!(r#"{{"data":{bare},"meta":{{"pagination":{{"total":3}}}}}}"#);

        let (genres, skipped) = decode_list::<Genre>(bare.as_bytes()).unwrap();
        let page: Page<Genre> = decode_page(page.as_bytes()).unwrap();

        let paths = |skipped: &[SkippedItem]| -> Vec<_> {
            skipped.iter().map(|item| (item.id.clone().unwrap(), item.path.clone())).collect()
        };
        let expected =
            |name: &str| [("\"x\"".into(), format!("{name}[1].id")), ("3".into(), format!("{name}[2].name"))];
        assert_eq!((genres.len(), page.items.len(), page.pagination.total), (1, 1, Some(3)));
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
    fn error_names_the_place_in_the_answer() {
        assert_eq!(path(r#"[{"id":1},{"id":2,"name":{"main":7}}]"#), "[1].name.main");
        assert_eq!(path(r#"[{"id":1}"#), ".");
        assert_eq!(path("<html>"), ".");
        assert_eq!(path("[] trailing"), ".");
    }
}
