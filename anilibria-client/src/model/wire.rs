//! How the service writes values, where that differs from how this crate types them.

use std::{collections::BTreeMap, fmt, marker::PhantomData, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor, value},
};

use crate::{Result, token::Token};

/// Reads text into a type without a copy of the text that is recognised.
pub(crate) struct Text<T>(pub(crate) PhantomData<T>);

impl<T: for<'a> From<&'a str>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        Ok(T::from(text))
    }
}

/// Reads `null` as the default, for fields that are always there and still now and then empty.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// An object of counts or the like. PHP writes one without entries as `[]`, and any of them may be `null`.
pub(crate) fn map<'de, D, V>(deserializer: D) -> Result<BTreeMap<String, V>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de> + Default,
{
    struct MapVisitor<V>(PhantomData<V>);

    impl<'de, V: Deserialize<'de> + Default> Visitor<'de> for MapVisitor<V> {
        type Value = BTreeMap<String, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object, or an empty list in its place")
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(BTreeMap::new())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(BTreeMap::new())
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some((key, value)) = entries.next_entry::<String, Option<V>>()? {
                map.insert(key, value.unwrap_or_default());
            }
            Ok(map)
        }
    }

    deserializer.deserialize_any(MapVisitor(PhantomData))
}

/// `{"value": …, "description": …}` as the value alone. The description is the service's Russian label for it.
pub(crate) mod described {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    struct Described<T> {
        value: Option<T>,
    }

    #[derive(Serialize)]
    struct Value<'a, T> {
        value: &'a T,
    }

    pub(crate) fn deserialize<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        D: Deserializer<'de>,
        T: Deserialize<'de>,
    {
        Ok(Option::<Described<T>>::deserialize(deserializer)?.and_then(|described| described.value))
    }

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(crate) fn serialize<S: Serializer, T: Serialize>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().map(|value| Value { value }).serialize(serializer)
    }
}

/// A number that is written without a fraction when it has none, as the service does.
#[expect(clippy::cast_possible_truncation, reason = "the value is whole and far below 2^53")]
pub(crate) fn serialize_number<S: serde::Serializer>(number: f64, serializer: S) -> Result<S::Ok, S::Error> {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        serializer.serialize_i64(number as i64)
    } else {
        serializer.serialize_f64(number)
    }
}

/// A duration from a count of units, which the service writes whole or with a fraction; nonsense reads as unknown.
fn duration(count: Option<f64>, unit: f64) -> Option<Duration> {
    count.and_then(|count| Duration::try_from_secs_f64(count * unit).ok())
}

/// An optional duration in seconds.
pub(crate) mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(super::duration(Option::deserialize(deserializer)?, 1.0))
    }

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(crate) fn serialize<S: Serializer>(
        value: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::serialize_number(value.as_secs_f64(), serializer),
            None => serializer.serialize_none(),
        }
    }
}

/// An optional duration in minutes.
pub(crate) mod minutes {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(super::duration(Option::deserialize(deserializer)?, 60.0))
    }

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(crate) fn serialize<S: Serializer>(
        value: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => super::serialize_number(value.as_secs_f64() / 60.0, serializer),
            None => serializer.serialize_none(),
        }
    }
}

/// Turns the form of an answer into what the caller gets.
pub(crate) trait Unwire<T> {
    fn unwire(self) -> Result<T>;
}

/// `{"token": …}` as the token.
#[derive(Deserialize)]
pub(crate) struct TokenAnswer {
    token: Token,
}

impl Unwire<Token> for TokenAnswer {
    fn unwire(self) -> Result<Token> {
        Ok(self.token)
    }
}

/// `{"token": null}`: what is answered when a session has ended.
#[derive(Deserialize)]
pub(crate) struct OptionalToken {
    #[serde(rename = "token")]
    _token: Option<IgnoredAny>,
}

impl Unwire<()> for OptionalToken {
    fn unwire(self) -> Result<()> {
        Ok(())
    }
}

/// A list that the service writes as `[…]`, as `{"data": […]}` or, for one item, as the item itself.
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Unwire<Vec<T>> for List<T> {
    fn unwire(self) -> Result<Vec<T>> {
        Ok(self.0)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Envelope<T> {
            data: Vec<T>,
        }

        struct ListVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list, alone or under `data`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(value::SeqAccessDeserializer::new(seq)).map(List)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Envelope::deserialize(value::MapAccessDeserializer::new(map))
                    .map(|envelope| List(envelope.data))
            }
        }

        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

/// One or more of something: the service writes either the item or a list of it.
pub(crate) struct OneOrMany<T>(Vec<T>);

impl<T> Unwire<Vec<T>> for OneOrMany<T> {
    fn unwire(self) -> Result<Vec<T>> {
        Ok(self.0)
    }
}

/// The first of them; an empty list means that there is none.
pub(crate) struct First<T>(pub(crate) OneOrMany<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for First<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        OneOrMany::deserialize(deserializer).map(First)
    }
}

impl<T> Unwire<T> for First<T> {
    fn unwire(self) -> Result<T> {
        let none = || crate::Error::NotFound { message: "the service answered an empty list".to_owned() };
        self.0.0.into_iter().next().ok_or_else(none)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrManyVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrManyVisitor<T> {
            type Value = OneOrMany<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or a list of objects")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(value::SeqAccessDeserializer::new(seq)).map(OneOrMany)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(value::MapAccessDeserializer::new(map)).map(|item| OneOrMany(vec![item]))
            }
        }

        deserializer.deserialize_any(OneOrManyVisitor(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_reads_bare_and_enveloped() {
        let bare: List<u8> = serde_json::from_str("[1,2]").unwrap();
        let enveloped: List<u8> = serde_json::from_str(r#"{"data":[1,2],"meta":{}}"#).unwrap();

        assert_eq!((bare.0, enveloped.0), (vec![1, 2], vec![1, 2]));
    }

    #[test]
    fn one_item_reads_as_a_list_of_one_and_an_empty_list_as_not_found() {
        #[derive(Deserialize, Debug, PartialEq)]
        struct Item {
            id: u8,
        }

        let one: OneOrMany<Item> = serde_json::from_str(r#"{"id":7}"#).unwrap();
        let none: First<Item> = serde_json::from_str("[]").unwrap();

        assert_eq!(one.0, [Item { id: 7 }]);
        assert!(none.unwire().unwrap_err().is_not_found());
    }

    #[test]
    fn empty_list_and_null_read_as_an_empty_object() {
        let read = |text: &str| map::<_, u8>(&mut serde_json::Deserializer::from_str(text)).unwrap();

        assert!(read("[]").is_empty() && read("null").is_empty());
        assert_eq!(read(r#"{"1":null,"10":4}"#), BTreeMap::from([("1".to_owned(), 0), ("10".to_owned(), 4)]));
    }

    #[test]
    fn nonsense_durations_read_as_unknown() {
        assert_eq!(duration(Some(-1.0), 1.0), None);
        assert_eq!(duration(Some(f64::NAN), 1.0), None);
        assert_eq!(duration(Some(24.5), 60.0), Some(Duration::from_secs(1470)));
    }
}
