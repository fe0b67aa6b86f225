//! Lenient decoding: converts or skips values of an unexpected form, by the rules of [`model`](super).
//!
//! A response is first decoded by plain `serde_json`, which is fast and fails at an unexpected value. Only then is the same
//! JSON decoded again by [`Lenient`], a serde [`Deserializer`]. It converts and skips only values that are marked: the
//! functions of [`wire`](super::wire) mark a field of a model by deserializing a newtype whose name is [`OPTIONAL`] or
//! [`REQUIRED`]. Types of the caller have no marks, so that they are read as strictly as by `serde_json`.

use std::{borrow::Cow, fmt, vec};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, Error as _, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess,
        Unexpected, Visitor,
        value::{MapDeserializer, StringDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::value::RawValue;

/// Name of the newtype around a value that is skipped when it cannot be read.
pub(super) const OPTIONAL: &str = "$anilibria_client::Optional";

/// Name of the newtype around a value that may be converted, and that fails its object when it cannot be read.
pub(super) const REQUIRED: &str = "$anilibria_client::Required";

/// Maximum nesting depth of lists and objects, as in `serde_json`.
const MAX_DEPTH: u8 = 128;

/// Largest integer up to which an `f64` represents every integer exactly.
const MAX_EXACT_INTEGER: f64 = 9_007_199_254_740_992.0;

/// Decodes `body`, and skips what the marked fields of `T` allow to skip.
pub(crate) fn from_slice<T: DeserializeOwned>(body: &[u8]) -> Result<T, LenientError> {
    // One invalid character must not affect the other texts of the response.
    let body = String::from_utf8_lossy(body);
    let raw: &RawValue = serde_json::from_str(&body)?;
    T::deserialize(Lenient { json: raw.get(), depth: 0, is_marked: false })
}

/// The first value that could not be read.
#[derive(Debug)]
pub(crate) struct LenientError {
    /// Path in the JSON (`data[3].name.main`); empty for the whole body.
    pub(crate) path: String,
    /// Reason of the JSON library.
    pub(crate) source: serde_json::Error,
}

impl LenientError {
    fn below(mut self, parent: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{parent}{dot}{}", self.path);
        self
    }
}

impl From<serde_json::Error> for LenientError {
    fn from(source: serde_json::Error) -> Self {
        Self { path: String::new(), source }
    }
}

impl fmt::Display for LenientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl std::error::Error for LenientError {}

impl serde::de::Error for LenientError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        serde_json::Error::custom(message).into()
    }
}

/// A deserializer over the text of one JSON value.
#[derive(Clone, Copy)]
pub(super) struct Lenient<'de> {
    json: &'de str,
    depth: u8,
    is_marked: bool,
}

impl<'de> Lenient<'de> {
    fn parse<T: Deserialize<'de>>(self) -> Result<T, LenientError> {
        Ok(serde_json::from_str(self.json)?)
    }

    fn child(self, raw: &'de RawValue) -> Result<Self, LenientError> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            return Err(LenientError::custom("recursion limit exceeded"));
        }
        Ok(Self { json: raw.get(), depth, ..self })
    }

    /// Returns the text of a string, or a number as it is written.
    fn scalar(self) -> Option<Cow<'de, str>> {
        match self.json.as_bytes().first()? {
            b'"' => self.parse::<String>().ok().map(Cow::Owned),
            b'-' | b'0'..=b'9' => Some(Cow::Borrowed(self.json)),
            _ => None,
        }
    }

    fn integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LenientError> {
        if self.is_marked
            && let Some(text) = self.scalar()
        {
            let text = text.trim();
            if let Ok(number) = text.parse() {
                return visitor.visit_u64(number);
            }
            if let Ok(number) = text.parse() {
                return visitor.visit_i64(number);
            }
            let number = text.parse().unwrap_or(f64::NAN);
            if number.fract() == 0.0 && number.abs() <= MAX_EXACT_INTEGER {
                #[expect(clippy::cast_possible_truncation, reason = "the number is whole and below 2^53")]
                return visitor.visit_i64(number as i64);
            }
        }
        self.deserialize_any(visitor)
    }

    fn float<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LenientError> {
        if self.is_marked
            && let Some(text) = self.scalar()
        {
            return match text.trim().parse::<f64>() {
                Ok(number) if number.is_finite() => visitor.visit_f64(number),
                _ => Err(LenientError::invalid_value(Unexpected::Str(&text), &visitor)),
            };
        }
        self.deserialize_any(visitor)
    }

    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LenientError> {
        match self.scalar() {
            Some(Cow::Borrowed(number)) if self.is_marked => visitor.visit_borrowed_str(number),
            _ => self.deserialize_any(visitor),
        }
    }

    fn object<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LenientError> {
        if self.is_marked && self.json.starts_with('[') {
            // PHP writes an object without entries as a list.
            let entries = self.parse::<Vec<IgnoredAny>>()?;
            if entries.is_empty() {
                return visitor.visit_map(MapDeserializer::new(std::iter::empty::<(&str, &str)>()));
            }
            return Err(LenientError::invalid_type(Unexpected::Seq, &visitor));
        }
        self.deserialize_any(visitor)
    }
}

/// Implements `deserialize_…` methods by calling the method that converts.
macro_rules! convert {
    ($($method:ident => $conversion:ident,)+) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LenientError> {
            self.$conversion(visitor)
        }
    )+ };
}

impl<'de> Deserializer<'de> for Lenient<'de> {
    type Error = LenientError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LenientError> {
        match self.json.as_bytes().first() {
            Some(b'[') => visitor.visit_seq(Elements {
                items: self.parse::<Vec<_>>()?.into_iter(),
                index: 0,
                list: self,
            }),
            Some(b'{') => {
                let Entries(entries) = self.parse()?;
                visitor.visit_map(Fields { entries: entries.into_iter(), value: None, object: self })
            }
            _ => Ok(serde_json::Deserializer::from_str(self.json).deserialize_any(visitor)?),
        }
    }

    convert! {
        deserialize_i8 => integer,
        deserialize_i16 => integer,
        deserialize_i32 => integer,
        deserialize_i64 => integer,
        deserialize_u8 => integer,
        deserialize_u16 => integer,
        deserialize_u32 => integer,
        deserialize_u64 => integer,
        deserialize_f32 => float,
        deserialize_f64 => float,
        deserialize_str => text,
        deserialize_string => text,
        deserialize_map => object,
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LenientError> {
        match self.scalar().filter(|_| self.is_marked).as_deref() {
            Some("1" | "true") => visitor.visit_bool(true),
            Some("0" | "false") => visitor.visit_bool(false),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, LenientError> {
        self.object(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LenientError> {
        if self.json == "null" { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, LenientError> {
        match name {
            OPTIONAL => visitor.visit_some(Self { is_marked: true, ..self }),
            REQUIRED => visitor.visit_newtype_struct(Self { is_marked: true, ..self }),
            // The newtype of `RawValue`.
            _ if name.starts_with("$serde_json::") => {
                Ok(serde_json::Deserializer::from_str(self.json).deserialize_newtype_struct(name, visitor)?)
            }
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, LenientError> {
        Ok(serde_json::Deserializer::from_str(self.json).deserialize_enum(name, variants, visitor)?)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, LenientError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        char bytes byte_buf unit unit_struct seq tuple tuple_struct identifier
    }
}

/// The items of a list.
struct Elements<'de> {
    items: vec::IntoIter<&'de RawValue>,
    index: usize,
    list: Lenient<'de>,
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = LenientError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, LenientError> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let index = self.index;
        self.index += 1;
        let read = self.list.child(item).and_then(|item| seed.deserialize(item));
        read.map(Some).map_err(|error| error.below(&format!("[{index}]")))
    }
}

/// The entries of an object in their order.
struct Entries<'de>(Vec<(String, &'de RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;

        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(EntriesVisitor)
    }
}

/// The fields of an object.
struct Fields<'de> {
    entries: vec::IntoIter<(String, &'de RawValue)>,
    value: Option<(String, &'de RawValue)>,
    object: Lenient<'de>,
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = LenientError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, LenientError> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        let key_deserializer: StringDeserializer<LenientError> = key.clone().into_deserializer();
        self.value = Some((key, value));
        seed.deserialize(key_deserializer).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, LenientError> {
        let (key, value) =
            self.value.take().ok_or_else(|| LenientError::custom("a value without its key"))?;
        let read = self.object.child(value).and_then(|value| seed.deserialize(value));
        read.map_err(|error| error.below(&key))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{super::wire, *};

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Sample {
        #[serde(deserialize_with = "wire::or_default")]
        integer: Option<u16>,
        #[serde(deserialize_with = "wire::or_default")]
        float: Option<f64>,
        #[serde(deserialize_with = "wire::or_default")]
        flag: Option<bool>,
        #[serde(deserialize_with = "wire::or_default")]
        text: Option<String>,
        #[serde(deserialize_with = "wire::or_default")]
        object: Option<BTreeMap<String, u8>>,
    }

    fn read(field: &str, json: &str) -> Sample {
        from_slice(format!(r#"{{"{field}":{json}}}"#).as_bytes()).unwrap()
    }

    #[test]
    fn number_is_read_from_text_and_from_a_float_without_a_fraction() {
        for json in ["2024", "2024.0", "2.024e3", r#""2024""#, r#"" 2024.0 ""#] {
            assert_eq!(read("integer", json).integer, Some(2024), "{json}");
        }
        for json in ["2024.5", "-1", "65536", "1e400", "true", r#""""#, r#""MMXXIV""#, "[2024]", "{}"] {
            assert_eq!(read("integer", json).integer, None, "{json}");
        }
    }

    #[test]
    fn float_is_read_from_text_and_is_finite() {
        for json in ["8.5", r#""8.5""#] {
            assert_eq!(read("float", json).float, Some(8.5), "{json}");
        }
        for json in ["1e400", r#""inf""#, r#""NaN""#, r#""8,5""#, "false", "[]"] {
            assert_eq!(read("float", json).float, None, "{json}");
        }
    }

    #[test]
    fn flag_is_read_from_zero_and_one_and_from_words() {
        for (json, flag) in
            [("1", true), (r#""1""#, true), (r#""true""#, true), ("0", false), (r#""false""#, false)]
        {
            assert_eq!(read("flag", json).flag, Some(flag), "{json}");
        }
        for json in ["2", "-1", r#""yes""#, r#""""#, "[]", "{}"] {
            assert_eq!(read("flag", json).flag, None, "{json}");
        }
    }

    #[test]
    fn text_is_read_from_a_number_and_from_nothing_else() {
        assert_eq!(read("text", "7.50").text.as_deref(), Some("7.50"));
        for json in ["true", "[]", r#"["a"]"#, "{}", r#""\ud800""#] {
            assert_eq!(read("text", json).text, None, "{json}");
        }
    }

    #[test]
    fn empty_list_reads_as_an_empty_object_and_other_lists_are_skipped() {
        assert_eq!(read("object", "[ ]").object, Some(BTreeMap::new()));
        assert_eq!(read("object", "[1]").object, None);
    }

    #[test]
    fn types_without_marks_are_read_strictly() {
        #[derive(Debug, Deserialize)]
        struct Strict {
            _number: u8,
        }

        let error = from_slice::<Vec<Strict>>(br#"[{"_number":1},{"_number":"1"}]"#).unwrap_err();

        assert_eq!(error.path, "[1]._number");
    }

    #[test]
    fn invalid_character_affects_only_its_field() {
        let sample: Sample = from_slice(b"{\"text\":\"a\xFF\",\"integer\":\"5\"}").unwrap();

        assert_eq!((sample.text.as_deref(), sample.integer), (Some("a\u{FFFD}"), Some(5)));
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));

        assert!(from_slice::<serde_json::Value>(deep.as_bytes()).is_err());
    }
}
