//! Parameters of event subscriptions: titles and kinds of events.

use std::borrow::Cow;

use anilibria_http::params::{Reason, Value, array_schema, comma_separated, parse_integer};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};

use crate::{events::subscriptions::MAX_TITLES, titles::change::EventKind};

/// Ids of titles, without repeats; empty if omitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TitleIds(pub Vec<u32>);

/// Kinds of events, without repeats; empty if omitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventKinds(pub Vec<EventKind>);

impl Value for TitleIds {
    fn schema() -> MetaSchemaRef {
        let item = MetaSchema { minimum: Some(1.0), ..MetaSchema::new_with_format("integer", "uint32") };
        array_schema(item, Some(MAX_TITLES), Some([7].as_slice().into()))
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        let mut ids = Vec::new();
        for value in values {
            for part in comma_separated(&value) {
                let id =
                    parse_integer(part).filter(|id| *id > 0).ok_or("must be ids of titles, at least 1")?;
                if ids.contains(&id) {
                    continue;
                }
                if ids.len() == MAX_TITLES {
                    return Err(format!("must name at most {MAX_TITLES} titles").into());
                }
                ids.push(id);
            }
        }
        Ok(Self(ids))
    }
}

impl Value for EventKinds {
    fn schema() -> MetaSchemaRef {
        let names = EventKind::public().map(|kind| kind.as_str().into()).collect();
        let item = MetaSchema { enum_items: names, ..MetaSchema::new("string") };
        array_schema(
            item,
            Some(EventKind::public().count()),
            Some(["new_episode", "new_title"].as_slice().into()),
        )
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        let mut kinds = Vec::new();
        for value in values {
            for part in comma_separated(&value) {
                let kind = EventKind::public().find(|kind| kind.as_str() == part);
                let kind = kind.ok_or_else(|| format!("must be kinds of events: {}", names().join(", ")))?;
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
        }
        Ok(Self(kinds))
    }
}

fn names() -> Vec<&'static str> {
    EventKind::public().map(EventKind::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Value>(values: &[&str]) -> Result<T, Reason> {
        T::read(values.iter().map(|value| Cow::Owned((*value).to_owned())))
    }

    #[test]
    fn repeated_titles_and_kinds_are_removed() {
        assert_eq!(read(&["7,8", "7", ""]), Ok(TitleIds(vec![7, 8])));
        assert_eq!(read(&["new_title, new_title"]), Ok(EventKinds(vec![EventKind::NewTitle])));
        assert_eq!(read(&[]), Ok(EventKinds(vec![])));
    }

    #[test]
    fn invalid_titles_and_kinds_are_rejected() {
        for text in ["0", "-1", "x", "4294967296"] {
            assert!(read::<TitleIds>(&[text]).is_err(), "{text}");
        }
        for text in ["episode_update", "dance", "NEW_TITLE"] {
            assert!(read::<EventKinds>(&[text]).is_err(), "{text}");
        }
        let many: Vec<_> = (1..=MAX_TITLES + 1).map(|id| id.to_string()).collect();
        assert!(read::<TitleIds>(&[&many[1..].join(",")]).is_ok());
        assert!(read::<TitleIds>(&[&many.join(",")]).is_err());
    }
}
