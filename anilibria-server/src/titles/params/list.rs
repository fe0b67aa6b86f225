//! List parameters: genres, days and ids of other services. A key may be repeated, and each value may be a comma-separated list.

use std::borrow::Cow;

use anilibria_http::params::{Reason, Value, array_schema, comma_separated, parse_integer};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};

/// Maximum number of genres in one request; AniLibria has about forty.
const MAX_GENRES: usize = 50;

/// Maximum number of characters of a genre.
const MAX_GENRE_CHARS: usize = 64;

/// Maximum number of ids of another service in one request.
const MAX_IDS: usize = 50;

/// Maximum id of another service: the largest integer that JSON parsers without big integers represent exactly.
const MAX_ID: u64 = 1 << 53;

/// Names of genres, without repeats; empty if omitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Genres(pub Vec<String>);

/// Days of the week, sorted, without repeats, 0 for Monday; empty if omitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Days(pub Vec<u8>);

/// Ids of titles on another service, from 1, without repeats; empty if omitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExternalIds(pub Vec<u64>);

impl Value for Genres {
    fn schema() -> MetaSchemaRef {
        let item = MetaSchema { max_length: Some(MAX_GENRE_CHARS), ..MetaSchema::new("string") };
        array_schema(item, Some(MAX_GENRES), Some(["Комедия"].as_slice().into()))
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        let mut genres = Vec::new();
        for value in values {
            for genre in comma_separated(&value) {
                if genre.chars().take(MAX_GENRE_CHARS + 1).count() > MAX_GENRE_CHARS {
                    return Err(format!("must name genres of at most {MAX_GENRE_CHARS} characters").into());
                }
                if genres.iter().any(|known| known == genre) {
                    continue;
                }
                if genres.len() == MAX_GENRES {
                    return Err(format!("must name at most {MAX_GENRES} genres").into());
                }
                genres.push(genre.to_owned());
            }
        }
        Ok(Self(genres))
    }
}

impl Value for Days {
    fn schema() -> MetaSchemaRef {
        let item = MetaSchema {
            minimum: Some(0.0),
            maximum: Some(6.0),
            ..MetaSchema::new_with_format("integer", "int32")
        };
        // Repeated values are allowed and have no effect.
        array_schema(item, None, Some([0, 6].as_slice().into()))
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        let mut is_requested = [false; 7];
        for value in values {
            for part in comma_separated(&value) {
                let day = parse_integer(part).and_then(|day: usize| is_requested.get_mut(day));
                *day.ok_or("must be days from 0 (Monday) to 6 (Sunday)")? = true;
            }
        }
        Ok(Self(
            (0..).zip(is_requested).filter_map(|(day, is_requested)| is_requested.then_some(day)).collect(),
        ))
    }
}

impl Value for ExternalIds {
    fn schema() -> MetaSchemaRef {
        let item = MetaSchema {
            minimum: Some(1.0),
            #[expect(clippy::cast_precision_loss, reason = "a power of two is exact")]
            maximum: Some(MAX_ID as f64),
            ..MetaSchema::new_with_format("integer", "int64")
        };
        // No example: the examples of all parameters together must match titles.
        array_schema(item, Some(MAX_IDS), None)
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        let mut ids = Vec::new();
        for value in values {
            for part in comma_separated(&value) {
                let id = parse_integer(part).filter(|id| (1..=MAX_ID).contains(id));
                let id = id.ok_or_else(|| format!("must be whole numbers from 1 to {MAX_ID}"))?;
                if ids.contains(&id) {
                    continue;
                }
                if ids.len() == MAX_IDS {
                    return Err(format!("must name at most {MAX_IDS} ids").into());
                }
                ids.push(id);
            }
        }
        Ok(Self(ids))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Value>(values: &[&str]) -> Result<T, Reason> {
        T::read(values.iter().map(|value| Cow::Owned((*value).to_owned())))
    }

    #[test]
    fn genres_come_from_repeated_keys_and_comma_lists() {
        let genres = read(&["Драма, Комедия", "", "Драма", "Сёнен,"]);

        assert_eq!(genres, Ok(Genres(vec!["Драма".into(), "Комедия".into(), "Сёнен".into()])));
    }

    #[test]
    fn number_and_length_of_genres_are_limited() {
        let many: Vec<_> = (0..=MAX_GENRES).map(|n| n.to_string()).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();

        assert!(read::<Genres>(&many[1..]).is_ok());
        assert!(read::<Genres>(&many).is_err());
        assert!(read::<Genres>(&["ы".repeat(MAX_GENRE_CHARS + 1).as_str()]).is_err());
    }

    #[test]
    fn days_are_sorted_without_repeats() {
        assert_eq!(read(&["6,0", "3", "0"]), Ok(Days(vec![0, 3, 6])));
        assert_eq!(read(&[]), Ok(Days(vec![])));
    }

    #[test]
    fn external_ids_come_from_repeated_keys_and_comma_lists() {
        assert_eq!(read(&["3, 1", "", "3", "9007199254740992"]), Ok(ExternalIds(vec![3, 1, MAX_ID])));
        assert_eq!(read(&[]), Ok(ExternalIds(vec![])));
    }

    #[test]
    fn number_and_size_of_external_ids_are_limited() {
        let list = |count: u64| (1..=count).map(|id| id.to_string()).collect::<Vec<_>>().join(",");

        assert!(read::<ExternalIds>(&[&list(50)]).is_ok());
        for text in [&*list(51), &*list(10_000), "0", "-1", "+1", "1.5", "naruto", "9007199254740993"] {
            assert!(read::<ExternalIds>(&[text]).is_err(), "{text}");
        }
        assert!(read::<ExternalIds>(&["18446744073709551616"]).is_err(), "2^64");
    }

    #[test]
    fn invalid_day_is_rejected() {
        for text in ["7", "-1", "monday", "1.5"] {
            assert!(read::<Days>(&[text]).is_err(), "{text}");
        }
    }
}
