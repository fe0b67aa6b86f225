//! Reading of v3 values, including the other forms in which services send them.
//!
//! The old service omitted keys, and wrote `[]` for an empty object, `null` for any value, and numbers as text. A field that
//! cannot be read counts as missing and never fails the whole response.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Number;
use uuid::Uuid;

use crate::model::wire::Optional;

/// Visits every value that is neither a list nor an object as `$default`.
macro_rules! visit_scalars_as {
    ($value:ty, $default:expr) => {
        fn visit_unit<E: Error>(self) -> Result<$value, E> {
            Ok($default)
        }

        fn visit_bool<E: Error>(self, _: bool) -> Result<$value, E> {
            Ok($default)
        }

        fn visit_i64<E: Error>(self, _: i64) -> Result<$value, E> {
            Ok($default)
        }

        fn visit_u64<E: Error>(self, _: u64) -> Result<$value, E> {
            Ok($default)
        }

        fn visit_f64<E: Error>(self, _: f64) -> Result<$value, E> {
            Ok($default)
        }

        fn visit_str<E: Error>(self, _: &str) -> Result<$value, E> {
            Ok($default)
        }
    };
}

/// Reads an object; the default for other values.
pub(super) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(T::default())
        }

        visit_scalars_as!(T, T::default());
    }

    deserializer.deserialize_any(Object(PhantomData))
}

/// Reads a list, or an object with positions as keys (the form of a list from which an entry was removed). Other values read as
/// empty. Items that are `null` or cannot be read are omitted.
pub(super) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    struct List<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(Optional(item)) = seq.next_element()? {
                list.extend(item);
            }
            Ok(list)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some((IgnoredAny, Optional(item))) = map.next_entry()? {
                list.extend(item);
            }
            Ok(list)
        }

        visit_scalars_as!(Vec<T>, Vec::new());
    }

    deserializer.deserialize_any(List(PhantomData))
}

/// Reads a list; `None` for `null`.
pub(super) fn optional_list<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    struct List<T>(Vec<T>);

    impl<'de, T: DeserializeOwned> Deserialize<'de> for List<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            list(deserializer).map(Self)
        }
    }

    Ok(Option::deserialize(deserializer)?.map(|List(list)| list))
}

/// A value that is neither a list nor an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
                Ok(Scalar::Null)
            }

            fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar::Bool(value))
            }

            #[expect(clippy::cast_precision_loss, reason = "ids, sizes and seconds are far below 2^53")]
            fn visit_i64<E: Error>(self, value: i64) -> Result<Scalar, E> {
                Ok(Scalar::Number(value as f64))
            }

            #[expect(clippy::cast_precision_loss, reason = "ids, sizes and seconds are far below 2^53")]
            fn visit_u64<E: Error>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar::Number(value as f64))
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Scalar, E> {
                Ok(Scalar::Number(value))
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(value.to_owned()))
            }

            fn visit_string<E: Error>(self, value: String) -> Result<Scalar, E> {
                Ok(Scalar::Text(value))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Null)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Null)
            }
        }

        deserializer.deserialize_any(Any)
    }
}

impl Scalar {
    /// Returns the value as a finite number, also if it is a number in text.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            Self::Null | Self::Bool(_) => None,
        }
    }

    /// Returns the value as text, also if it is a number.
    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(number.to_string()),
            Self::Null | Self::Bool(_) => None,
        }
    }
}

/// Reads text; `None` for other values.
pub(super) fn optional_string<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(Scalar::deserialize(deserializer)?.text())
}

/// Reads text; empty for other values.
pub(super) fn string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(optional_string(deserializer)?.unwrap_or_default())
}

/// Reads a list of texts. Other items are omitted.
pub(super) fn strings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(list::<D, Scalar>(deserializer)?.into_iter().filter_map(Scalar::text).collect())
}

/// Reads a list of numbers, as integers if they have no fraction. Other items are omitted.
#[expect(clippy::cast_possible_truncation, reason = "a small number without a fraction converts exactly")]
pub(super) fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Number>, D::Error> {
    let number = |scalar: Scalar| {
        let number = scalar.number()?;
        let is_whole = number.fract() == 0.0 && number.abs() < 1e15;
        if is_whole { Some(Number::from(number as i64)) } else { Number::from_f64(number) }
    };
    Ok(list::<D, Scalar>(deserializer)?.into_iter().filter_map(number).collect())
}

/// Reads a UUID; `None` for other values.
pub(super) fn uuid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Uuid>, D::Error> {
    Ok(optional_string(deserializer)?.and_then(|text| text.parse().ok()))
}

/// Reads an integer and truncates a fraction; `None` for other values and for numbers out of range.
#[expect(
    clippy::cast_possible_truncation,
    reason = "conversion saturates, and a number out of range is `None`"
)]
pub(super) fn optional_integer<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    Ok(Scalar::deserialize(deserializer)?.number().and_then(|number| T::try_from(number as i64).ok()))
}

/// Reads an integer like [`optional_integer`]; 0 instead of `None`.
pub(super) fn integer<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64> + Default,
{
    Ok(optional_integer(deserializer)?.unwrap_or_default())
}

/// Reads a boolean; `false` for other values.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Scalar::deserialize(deserializer)? == Scalar::Bool(true))
}

/// Reads a boolean; `None` for other values.
pub(super) fn optional_flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match Scalar::deserialize(deserializer)? {
        Scalar::Bool(flag) => Ok(Some(flag)),
        _ => Ok(None),
    }
}

/// Reads an id; 0 for other values.
pub(super) fn id<'de, D, T, N>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: From<N>,
    N: TryFrom<i64> + Default,
{
    Ok(integer::<D, N>(deserializer)?.into())
}

/// The number of an episode; 0 if it is missing.
pub(super) mod ordinal {
    use serde::{Deserialize, Deserializer};

    use super::Scalar;
    use crate::model::Ordinal;

    pub(in crate::v3) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Ordinal, D::Error> {
        Ok(optional(deserializer)?.unwrap_or(Ordinal(0.0)))
    }

    pub(in crate::v3) fn optional<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Ordinal>, D::Error> {
        Ok(Scalar::deserialize(deserializer)?.number().map(Ordinal))
    }
}

/// A time in Unix seconds; 0 if it is unknown.
pub(super) mod unix {
    use serde::{Deserialize, Deserializer, Serializer};
    use time::OffsetDateTime;

    use super::Scalar;

    #[expect(
        clippy::cast_possible_truncation,
        reason = "conversion saturates, and a time out of range is `None`"
    )]
    pub(in crate::v3) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<OffsetDateTime>, D::Error> {
        let seconds = Scalar::deserialize(deserializer)?.number().filter(|seconds| *seconds != 0.0);
        Ok(seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds as i64).ok()))
    }

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(in crate::v3) fn serialize<S: Serializer>(
        moment: &Option<OffsetDateTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(moment.map_or(0, OffsetDateTime::unix_timestamp))
    }
}

/// A duration in minutes, if it is known.
pub(super) mod minutes {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::Scalar;

    pub(in crate::v3) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        let minutes = Scalar::deserialize(deserializer)?.number();
        Ok(minutes.and_then(|minutes| Duration::try_from_secs_f64(minutes * 60.0).ok()))
    }

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(in crate::v3) fn serialize<S: Serializer>(
        length: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match length {
            Some(length) => serializer.serialize_u64(length.as_secs() / 60),
            None => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Sample {
        #[serde(deserialize_with = "object")]
        inner: Inner,
        #[serde(deserialize_with = "list")]
        list: Vec<u8>,
        #[serde(deserialize_with = "optional_string")]
        text: Option<String>,
        #[serde(deserialize_with = "optional_integer")]
        whole: Option<u16>,
        #[serde(deserialize_with = "flag")]
        flag: bool,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Inner {
        number: u8,
    }

    #[test]
    fn values_of_the_expected_types_are_read() {
        let sample: Sample = serde_json::from_value(json!({
            "inner": {"number": 3}, "list": [1, 2], "text": "words", "whole": "12", "flag": true,
        }))
        .unwrap();

        let text = Some("words".to_owned());
        assert_eq!(
            sample,
            Sample { inner: Inner { number: 3 }, list: vec![1, 2], text, whole: Some(12), flag: true }
        );
    }

    #[test]
    fn value_of_another_type_reads_as_missing() {
        for other in [json!(null), json!([]), json!({}), json!("?"), json!(-1.5), json!(true)] {
            let sample = json!({"inner": other, "list": null, "text": {}, "whole": other, "flag": "true"});

            let sample: Sample = serde_json::from_value(sample).unwrap();

            assert_eq!(sample, Sample::default(), "{other}");
        }
    }
}
