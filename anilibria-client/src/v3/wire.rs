//! How values of v3 are written, and what else came in their place now and then.
//!
//! The old service left keys out, wrote `[]` for an object without entries, `null` for anything, and numbers as text. A
//! field that cannot be read is one that is not there: it never fails the answer around it.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Number;
use uuid::Uuid;

use crate::model::wire::Optional;

/// What a visitor makes of a value that is neither a list nor an object.
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

/// An object; its default for anything else.
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

/// A list, or an object with positions for keys, as one that lost an entry was written; empty for anything else. Items
/// that are `null` or cannot be read are left out.
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

/// A list, or none where there is no list.
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

/// One value that is neither a list nor an object.
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
    /// It as a number; text that is none is nothing.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            Self::Null | Self::Bool(_) => None,
        }
    }

    /// It as text.
    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(number.to_string()),
            Self::Null | Self::Bool(_) => None,
        }
    }
}

/// A text, where there is one.
pub(super) fn optional_string<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(Scalar::deserialize(deserializer)?.text())
}

/// A text, empty where there is none.
pub(super) fn string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(optional_string(deserializer)?.unwrap_or_default())
}

/// Texts; what is none is left out.
pub(super) fn strings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(list::<D, Scalar>(deserializer)?.into_iter().filter_map(Scalar::text).collect())
}

/// Numbers, without a fraction where there is none; what is none is left out.
#[expect(
    clippy::cast_possible_truncation,
    reason = "what has no fraction and is small is the same as a whole number"
)]
pub(super) fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Number>, D::Error> {
    let number = |scalar: Scalar| {
        let number = scalar.number()?;
        let is_whole = number.fract() == 0.0 && number.abs() < 1e15;
        if is_whole { Some(Number::from(number as i64)) } else { Number::from_f64(number) }
    };
    Ok(list::<D, Scalar>(deserializer)?.into_iter().filter_map(number).collect())
}

/// An id of another service's or a franchise's, where it is one.
pub(super) fn uuid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Uuid>, D::Error> {
    Ok(optional_string(deserializer)?.and_then(|text| text.parse().ok()))
}

/// A whole number, where there is one that fits; fractions are cut off.
#[expect(
    clippy::cast_possible_truncation,
    reason = "conversion saturates, and what does not fit is left out"
)]
pub(super) fn optional_integer<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    Ok(Scalar::deserialize(deserializer)?.number().and_then(|number| T::try_from(number as i64).ok()))
}

/// A whole number, zero where there is none.
pub(super) fn integer<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64> + Default,
{
    Ok(optional_integer(deserializer)?.unwrap_or_default())
}

/// Whether it is so; not so for anything but `true`.
pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Scalar::deserialize(deserializer)? == Scalar::Bool(true))
}

/// Whether it is so, where that is known.
pub(super) fn optional_flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match Scalar::deserialize(deserializer)? {
        Scalar::Bool(flag) => Ok(Some(flag)),
        _ => Ok(None),
    }
}

/// An id, zero where there is none.
pub(super) fn id<'de, D, T, N>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: From<N>,
    N: TryFrom<i64> + Default,
{
    Ok(integer::<D, N>(deserializer)?.into())
}

/// The number of an episode, zero where there is none.
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

/// A moment in Unix seconds, 0 when it is not known.
pub(super) mod unix {
    use serde::{Deserialize, Deserializer, Serializer};
    use time::OffsetDateTime;

    use super::Scalar;

    #[expect(clippy::cast_possible_truncation, reason = "conversion saturates, and is refused then")]
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

/// Minutes, where they are known.
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
