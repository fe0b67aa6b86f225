//! List parameters: genres and days. A key may be repeated, and each value may be a comma-separated list.

use std::borrow::Cow;

use anilibria_http::params::{Reason, Value, array, parts, whole};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};

/// Maximum number of genres in one request; AniLibria has about forty.
const MAX_GENRES: usize = 50;

/// Maximum number of characters of a genre.
const MAX_GENRE_CHARS: usize = 64;

/// Names of genres, without repeats; empty if omitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Genres(pub Vec<String>);

/// Days of the week, sorted, without repeats, 0 for Monday; empty if omitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Days(pub Vec<u8>);

impl Value for Genres {
    fn schema() -> MetaSchemaRef {
        let item = MetaSchema { max_length: Some(MAX_GENRE_CHARS), ..MetaSchema::new("string") };
        array(item, Some(MAX_GENRES), ["Комедия"].as_slice().into())
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        let mut genres = Vec::new();
        for value in values {
            for genre in parts(&value) {
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
        array(item, None, [0, 6].as_slice().into())
    }

    fn read<'v>(values: impl Iterator<Item = Cow<'v, str>>) -> Result<Self, Reason> {
        let mut asked = [false; 7];
        for value in values {
            for part in parts(&value) {
                let day = whole(part).and_then(|day: usize| asked.get_mut(day));
                *day.ok_or("must be days from 0 (Monday) to 6 (Sunday)")? = true;
            }
        }
        Ok(Self((0..).zip(asked).filter_map(|(day, asked)| asked.then_some(day)).collect()))
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
    fn number_and_length_of_genres_are_bounded() {
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
    fn day_outside_the_week_is_refused() {
        for text in ["7", "-1", "monday", "1.5"] {
            assert!(read::<Days>(&[text]).is_err(), "{text}");
        }
    }
}
