//! Decoding of answers.

use std::sync::Arc;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    Error, Result,
    model::{
        lenient::{self, LenientError},
        wire::{List, Required},
    },
    page::Page,
};

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
    // The second reading costs time that a good answer, and that is nearly all of them, should not pay.
    serde_json::from_slice(body).or_else(|_| lenient::from_slice(body)).map_err(
        |LenientError { path, source }| {
            let path = if path.is_empty() { ".".to_owned() } else { path };
            Error::Decode { path, source: Arc::new(source) }
        },
    )
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

/// Decodes a page; items that cannot be decoded are listed in [`Page::skipped`].
///
/// # Errors
///
/// [`Error::Decode`] if the answer is not a page, or if it has items and none of them can be decoded.
pub(crate) fn decode_page<T: DeserializeOwned>(body: &[u8]) -> Result<Page<T>> {
    serde_json::from_slice(body).or_else(|_| {
        let Page { items: raw, pagination, .. } = decode::<Page<Box<RawValue>>>(body)?;
        let (items, skipped) = decode_items("data", &raw)?;
        Ok(Page { items, pagination, skipped })
    })
}

/// Decodes a list, alone or under `data`, and returns the items that could not be decoded beside it.
///
/// # Errors
///
/// [`Error::Decode`] if the answer is not a list, or if it has items and none of them can be decoded.
pub(crate) fn decode_list<T: DeserializeOwned>(body: &[u8]) -> Result<(Vec<T>, Vec<SkippedItem>)> {
    serde_json::from_slice(body).map(|List(items)| (items, Vec::new())).or_else(|_| {
        let List(raw) = decode::<List<Box<RawValue>>>(body)?;
        let name = if body.trim_ascii_start().starts_with(b"{") { "data" } else { "" };
        decode_items(name, &raw)
    })
}

/// Decodes the items of the list called `name` one by one.
///
/// # Errors
///
/// [`Error::Decode`] of the first item if there are items and none of them can be decoded.
fn decode_items<T: DeserializeOwned>(
    name: &str,
    raw: &[Box<RawValue>],
) -> Result<(Vec<T>, Vec<SkippedItem>)> {
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
            Err(error) => return Err(error),
        }
    }
    match first {
        Some(error) if items.is_empty() => Err(error),
        _ => Ok((items, skipped)),
    }
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

    fn path(body: &str) -> String {
        match decode::<Vec<Release>>(body.as_bytes()) {
            Err(Error::Decode { path, .. }) => path,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn error_names_the_place_in_the_answer() {
        assert_eq!(path(r#"[{"id":1,"year":[]},{"id":[],"year":[]}]"#), "[1].id");
        assert_eq!(path(r#"[{"id":1},{"name":{"main":7}}]"#), "[1]");
        assert_eq!(path(r#"[{"id":1}"#), ".");
        assert_eq!(path("<html>"), ".");
        assert_eq!(path("[] trailing"), ".");
    }
}
