//! Forms of values in responses that differ from the types of this crate.

use std::{collections::BTreeMap, fmt, marker::PhantomData, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor, value},
};

use super::lenient;
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

/// A value that is `None` when it is `null` or cannot be read.
///
/// The first reading of a response still fails at a value that cannot be read; [`lenient`] then skips it.
pub(crate) struct Optional<T>(pub(crate) Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Optional<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OptionalVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OptionalVisitor<T> {
            type Value = Optional<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or null")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<Optional<T>, D::Error> {
                Option::deserialize(value).map(Optional)
            }

            fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<Optional<T>, D::Error> {
                Ok(Optional(Option::deserialize(value).unwrap_or_default()))
            }
        }

        deserializer.deserialize_newtype_struct(lenient::OPTIONAL, OptionalVisitor(PhantomData))
    }
}

/// A value that fails the object it is in when it cannot be read. Text is converted to a number and back.
pub(crate) struct Required<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Required<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RequiredVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for RequiredVisitor<T> {
            type Value = Required<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<Required<T>, D::Error> {
                T::deserialize(value).map(Required)
            }
        }

        deserializer.deserialize_newtype_struct(lenient::REQUIRED, RequiredVisitor(PhantomData))
    }
}

/// Reads a field that is part of the identity of its object.
pub(crate) fn identity<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Required::deserialize(deserializer).map(|Required(value)| value)
}

/// Reads a field that is neither part of an identity, nor a list, nor a map. `null` and values that cannot be read are the
/// default.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Optional::deserialize(deserializer).map(|Optional(value)| value.unwrap_or_default())
}

/// Reads a list without the items that are `null` or cannot be read; empty in place of anything else.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    optional_list(deserializer).map(Option::unwrap_or_default)
}

/// Reads a list without the items that are `null` or cannot be read; `None` in place of anything else.
pub(crate) fn optional_list<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let Optional(items) = Optional::<Items<Optional<T>>>::deserialize(deserializer)?;
    Ok(items.map(|Items(items)| items.into_iter().filter_map(|Optional(item)| item).collect()))
}

/// A list, or an object with positions for keys, which is the form in which PHP writes a list after an entry was removed.
pub(crate) struct Items<T>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemsVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ItemsVisitor<T> {
            type Value = Items<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Items<T>, A::Error> {
                Vec::deserialize(value::SeqAccessDeserializer::new(seq)).map(Items)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Items<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    if !is_position(&key) {
                        return Err(de::Error::invalid_type(de::Unexpected::Map, &self));
                    }
                    items.push(map.next_value()?);
                }
                Ok(Items(items))
            }
        }

        deserializer.deserialize_any(ItemsVisitor(PhantomData))
    }
}

fn is_position(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads an object with any keys, such as the numbers of votes by score. PHP writes an object without entries as `[]`. Values
/// that are `null` or cannot be read are the default.
pub(crate) fn map<'de, D, V>(deserializer: D) -> Result<BTreeMap<String, V>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de> + Default,
{
    struct Entries<V>(BTreeMap<String, V>);

    impl<'de, V: Deserialize<'de> + Default> Deserialize<'de> for Entries<V> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(EntriesVisitor(PhantomData))
        }
    }

    struct EntriesVisitor<V>(PhantomData<V>);

    impl<'de, V: Deserialize<'de> + Default> Visitor<'de> for EntriesVisitor<V> {
        type Value = Entries<V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object, or an empty list in its place")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Entries<V>, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Entries(BTreeMap::new()))
        }

        fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Entries<V>, A::Error> {
            let mut map = BTreeMap::new();
            while let Some((key, Optional(value))) = entries.next_entry()? {
                map.insert(key, value.unwrap_or_default());
            }
            Ok(Entries(map))
        }
    }

    let Optional(entries) = Optional::deserialize(deserializer)?;
    Ok(entries.map(|Entries(map)| map).unwrap_or_default())
}

/// Reads `{"value": …, "description": …}` as the value. The description is a Russian label of the value.
pub(crate) mod described {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Optional, or_default};

    #[derive(Deserialize)]
    #[serde(bound(deserialize = "T: Deserialize<'de>"))]
    struct Described<T> {
        #[serde(default, deserialize_with = "or_default")]
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
        let Optional(described) = Optional::<Described<T>>::deserialize(deserializer)?;
        Ok(described.and_then(|described| described.value))
    }

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(crate) fn serialize<S: Serializer, T: Serialize>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().map(|value| Value { value }).serialize(serializer)
    }
}

/// An optional date and time. Without an offset it is in UTC, and without a time it is midnight. Text that is not a date in the
/// years 0 to 9999 reads as unknown.
pub(crate) mod timestamp {
    use std::fmt;

    use serde::{Deserialize, Deserializer, Serializer, de};
    use time::{
        Date, OffsetDateTime, PrimitiveDateTime, UtcOffset,
        format_description::well_known::{Iso8601, Rfc3339},
    };

    struct Timestamp(Option<OffsetDateTime>);

    impl<'de> Deserialize<'de> for Timestamp {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct TimestampVisitor;

            impl de::Visitor<'_> for TimestampVisitor {
                type Value = Timestamp;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a date and time (RFC 3339)")
                }

                fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                    Ok(Timestamp(parse(text)))
                }
            }

            deserializer.deserialize_str(TimestampVisitor)
        }
    }

    pub(crate) fn parse(text: &str) -> Option<OffsetDateTime> {
        let timestamp = OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| parse_other_form(text))?;
        // RFC 3339 and arithmetic in UTC must be possible with every value of a model.
        let utc = timestamp.checked_to_offset(UtcOffset::UTC)?;
        (0..=9999).contains(&utc.year()).then_some(timestamp)
    }

    fn parse_other_form(text: &str) -> Option<OffsetDateTime> {
        let text = text.trim().replacen(' ', "T", 1);
        let format = &Iso8601::DEFAULT;
        let with_offset = OffsetDateTime::parse(&text, format).ok();
        let without_offset = || PrimitiveDateTime::parse(&text, format).ok();
        let without_time = || Date::parse(&text, format).ok().map(Date::midnight);
        with_offset.or_else(|| without_offset().or_else(without_time).map(PrimitiveDateTime::assume_utc))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<OffsetDateTime>, D::Error> {
        let timestamp = super::or_default::<_, Option<Timestamp>>(deserializer)?;
        Ok(timestamp.and_then(|Timestamp(timestamp)| timestamp))
    }

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(crate) fn serialize<S: Serializer>(
        value: &Option<OffsetDateTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        time::serde::rfc3339::option::serialize(value, serializer)
    }
}

/// Writes a number, without a fraction if it is an integer, as the service does.
#[expect(clippy::cast_possible_truncation, reason = "the value is whole and far below 2^53")]
pub(crate) fn serialize_number<S: serde::Serializer>(number: f64, serializer: S) -> Result<S::Ok, S::Error> {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        serializer.serialize_i64(number as i64)
    } else {
        serializer.serialize_f64(number)
    }
}

/// Reads a duration from a count of units, which may have a fraction. A negative one reads as unknown.
fn duration<'de, D: Deserializer<'de>>(deserializer: D, unit: f64) -> Result<Option<Duration>, D::Error> {
    let count: Option<f64> = or_default(deserializer)?;
    Ok(count.and_then(|count| Duration::try_from_secs_f64(count * unit).ok()))
}

/// An optional duration in seconds.
pub(crate) mod seconds {
    use std::time::Duration;

    use serde::{Deserializer, Serializer};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        super::duration(deserializer, 1.0)
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

    use serde::{Deserializer, Serializer};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        super::duration(deserializer, 60.0)
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

/// Conversion of a response body into the output of a call.
pub(crate) trait IntoOutput<T> {
    fn into_output(self) -> Result<T>;
}

/// The body `{"token": …}`; its output is the token.
#[derive(Deserialize)]
pub(crate) struct TokenResponse {
    token: Token,
}

impl IntoOutput<Token> for TokenResponse {
    fn into_output(self) -> Result<Token> {
        Ok(self.token)
    }
}

/// The body `{"token": null}`, the response to a logout.
#[derive(Deserialize)]
pub(crate) struct OptionalToken {
    #[serde(rename = "token")]
    _token: Option<IgnoredAny>,
}

impl IntoOutput<()> for OptionalToken {
    fn into_output(self) -> Result<()> {
        Ok(())
    }
}

/// A list that the service writes as `[…]`, as `{"data": […]}` or, for one item, as the item itself.
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> IntoOutput<Vec<T>> for List<T> {
    fn into_output(self) -> Result<Vec<T>> {
        Ok(self.0)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list, alone or under `data`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(value::SeqAccessDeserializer::new(seq)).map(List)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let (mut data, mut positions) = (None, Vec::new());
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "data" => data = Some(map.next_value::<Items<T>>()?.0),
                        key if is_position(key) => positions.push(map.next_value()?),
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                let positions = (!positions.is_empty()).then_some(positions);
                data.or(positions).map(List).ok_or_else(|| de::Error::missing_field("data"))
            }
        }

        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

/// One or more items. The service writes either a single item or a list.
pub(crate) struct OneOrMany<T>(Vec<T>);

impl<T> IntoOutput<Vec<T>> for OneOrMany<T> {
    fn into_output(self) -> Result<Vec<T>> {
        Ok(self.0)
    }
}

/// The first item of a list. An empty list is [`Error::NotFound`](crate::Error::NotFound).
pub(crate) struct First<T>(pub(crate) OneOrMany<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for First<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        OneOrMany::deserialize(deserializer).map(First)
    }
}

impl<T> IntoOutput<T> for First<T> {
    fn into_output(self) -> Result<T> {
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
                let items = Vec::<Optional<T>>::deserialize(value::SeqAccessDeserializer::new(seq))?;
                let is_empty = items.is_empty();
                let items: Vec<_> = items.into_iter().filter_map(|Optional(item)| item).collect();
                if items.is_empty() && !is_empty {
                    return Err(de::Error::invalid_value(de::Unexpected::Seq, &self));
                }
                Ok(OneOrMany(items))
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
        assert!(none.into_output().unwrap_err().is_not_found());
    }

    #[test]
    fn empty_list_and_null_read_as_an_empty_object() {
        let read = |text: &str| map::<_, u8>(&mut serde_json::Deserializer::from_str(text)).unwrap();

        assert!(read("[]").is_empty() && read("null").is_empty());
        assert_eq!(read(r#"{"1":null,"10":4}"#), BTreeMap::from([("1".to_owned(), 0), ("10".to_owned(), 4)]));
    }

    #[test]
    fn list_that_lost_an_entry_is_read_in_order() {
        let bare: List<u8> = serde_json::from_str(r#"{"0":1,"2":3}"#).unwrap();
        let enveloped: List<u8> = serde_json::from_str(r#"{"data":{"0":1,"10":3}}"#).unwrap();

        assert_eq!((bare.0, enveloped.0), (vec![1, 3], vec![1, 3]));
        assert!(serde_json::from_str::<List<u8>>(r#"{"message":"no"}"#).is_err());
        assert!(serde_json::from_str::<Items<u8>>(r#"{"total":7}"#).is_err());
    }

    #[test]
    fn negative_and_infinite_durations_read_as_unknown() {
        let read = |text: &str| minutes::deserialize(&mut serde_json::Deserializer::from_str(text)).unwrap();

        assert_eq!(read("-1"), None);
        assert_eq!(read("1e300"), None);
        assert_eq!(read("24.5"), Some(Duration::from_secs(1470)));
    }

    #[test]
    fn timestamp_is_read_without_an_offset_with_a_space_and_without_a_time() {
        let expected = timestamp::parse("2026-02-03T04:05:06Z").unwrap();
        for text in [
            "2026-02-03T04:05:06+00:00",
            "2026-02-03T04:05:06",
            "2026-02-03 04:05:06",
            "2026-02-03 07:05:06+03:00",
            "2026-02-03T07:05:06+0300",
            " 2026-02-03T04:05:06.000000Z ",
        ] {
            assert_eq!(timestamp::parse(text), Some(expected), "{text}");
        }
        assert_eq!(timestamp::parse("2026-02-03"), timestamp::parse("2026-02-03T00:00:00Z"));
    }

    #[test]
    fn text_that_is_not_a_timestamp_reads_as_unknown() {
        for text in [
            "",
            "tomorrow",
            "0000-00-00 00:00:00",
            "2026-02-30T00:00:00Z",
            "+99999-01-01T00:00:00Z",
            "-000001-01-01T00:00:00Z",
            "9999-12-31T23:59:59-23:00",
            "1770091506",
        ] {
            assert_eq!(timestamp::parse(text), None, "{text}");
        }
    }
}
