//! Paths into an object of API v3: `names.ru`, `team.voice[0]`, `torrents.list[*].torrent_id`, `player.list.24`.
//!
//! A key may also be in brackets, as in JavaScript: `names[ru]`, `player.list["24"]`, `player.list['24']`.

use std::fmt;

use serde_json::{Map, Value};

/// Maximum bytes of one path. The longest path to an existing value has about 60.
pub const MAX_LENGTH: usize = 256;

/// Maximum steps of one path. The deepest value of a title needs 6; the rest is reserved for future fields.
pub const MAX_STEPS: usize = 16;

/// Path to a value in an object, or with `[*]` to many values.
///
/// The number of an episode may be a fraction, whose decimal point looks like the separator of two keys. Two neighbouring
/// numbers are therefore read as one key (`24.5`) if the object has that key, else as two.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    steps: Vec<Step>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// The value under a key of an object.
    Key(String),
    /// An element of an array, counted from zero.
    Index(usize),
    /// Every element of an array, or every value of an object.
    All,
}

/// Errors of parsing a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// The path is empty, or a key between dots is.
    #[error("the path has an empty key")]
    EmptyKey,
    /// Brackets are not closed, or hold neither a number, nor an asterisk, nor a key.
    #[error("brackets in a path must contain a number, `*` or a key, and end with `]`")]
    Brackets,
    /// A key has a character that no key can have.
    #[error("a key of the path has a character that is not allowed")]
    Character,
    /// The path is longer than [`MAX_LENGTH`].
    #[error("the path is longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// The path has more than [`MAX_STEPS`] steps.
    #[error("the path has more than {MAX_STEPS} steps")]
    TooDeep,
}

impl Path {
    /// Parses a path.
    ///
    /// # Errors
    ///
    /// [`PathError`] if `text` is malformed, too long or too deep.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if text.len() > MAX_LENGTH {
            return Err(PathError::TooLong);
        }
        let mut steps = Vec::new();
        let mut left = text;
        loop {
            let (key, rest) = left.split_at(left.find(['.', '[']).unwrap_or(left.len()));
            // Brackets without a key are valid only at the beginning of the path: `[0].id` leads into an array.
            if !key.is_empty() {
                steps.push(Step::key(key)?);
            } else if !steps.is_empty() || !rest.starts_with('[') {
                return Err(PathError::EmptyKey);
            }
            left = parse_brackets(rest, &mut steps)?;
            if left.is_empty() {
                break;
            }
            left = left.strip_prefix('.').ok_or(PathError::Brackets)?;
        }
        if steps.len() > MAX_STEPS {
            return Err(PathError::TooDeep);
        }
        Ok(Self { steps })
    }

    /// Parses a path in which names of API v2 are allowed. They are replaced by their current names.
    ///
    /// # Errors
    ///
    /// Those of [`parse`](Self::parse).
    pub fn parse_with_v2_names(text: &str) -> Result<Self, PathError> {
        let mut path = Self::parse(text.trim())?;
        for step in &mut path.steps {
            if let Step::Key(key) = step
                && let Some(new) = current_name(key)
            {
                *step = Step::Key(new.to_owned());
            }
        }
        Ok(path)
    }

    /// Returns the steps, at least one.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// True if the path leads to `key` of the object, or below it.
    pub fn starts_at(&self, key: &str) -> bool {
        match self.steps.first() {
            Some(Step::Key(first)) => first == key,
            Some(Step::All) => true,
            Some(Step::Index(_)) | None => false,
        }
    }

    /// Returns the value of the path in `object`; `None` if there is none.
    ///
    /// A path with `[*]` always gives [`Found::Many`], even if there is no value or a single one.
    pub fn find<'a>(&self, object: &'a Map<String, Value>) -> Option<Found<'a>> {
        let (first, rest) = self.steps.split_first()?;
        match first {
            Step::Key(key) => {
                let (value, rest) = value_under(object, key, rest)?;
                find(value, rest)
            }
            Step::Index(_) => None,
            Step::All => Some(Found::Many(find_each(object.values(), rest))),
        }
    }
}

/// Result of [`Path::find`].
#[derive(Clone, Debug, PartialEq)]
pub enum Found<'a> {
    /// One value.
    One(&'a Value),
    /// The values for each element of `[*]`, in order.
    Many(Vec<&'a Value>),
}

/// Returns the value that `steps` lead to in `value`.
fn find<'a>(value: &'a Value, steps: &[Step]) -> Option<Found<'a>> {
    let Some((step, rest)) = steps.split_first() else { return Some(Found::One(value)) };
    match (step, value) {
        (Step::Key(key), Value::Object(object)) => {
            let (value, rest) = value_under(object, key, rest)?;
            find(value, rest)
        }
        (Step::Index(index), Value::Array(items)) => find(items.get(*index)?, rest),
        (Step::All, Value::Array(items)) => Some(Found::Many(find_each(items.iter(), rest))),
        (Step::All, Value::Object(object)) => Some(Found::Many(find_each(object.values(), rest))),
        _ => None,
    }
}

/// Returns the values that `steps` lead to in each of `values`.
fn find_each<'a>(values: impl Iterator<Item = &'a Value>, steps: &[Step]) -> Vec<&'a Value> {
    let mut found = Vec::new();
    for value in values {
        match find(value, steps) {
            Some(Found::One(value)) => found.push(value),
            Some(Found::Many(values)) => found.extend(values),
            None => {}
        }
    }
    found
}

/// Returns the value of `object` under `key`, and the remaining steps. Tries the fraction of two numbers first.
fn value_under<'a, 's>(
    object: &'a Map<String, Value>,
    key: &str,
    rest: &'s [Step],
) -> Option<(&'a Value, &'s [Step])> {
    let fraction = fraction(key, rest).and_then(|(key, rest)| Some((object.get(&key)?, rest)));
    fraction.or_else(|| Some((object.get(key)?, rest)))
}

/// Joins a number and the number after it to one key; returns it with the remaining steps.
pub(super) fn fraction<'s>(key: &str, rest: &'s [Step]) -> Option<(String, &'s [Step])> {
    let (Step::Key(decimals), rest) = rest.split_first()? else { return None };
    (is_number(key) && is_number(decimals)).then(|| (format!("{key}.{decimals}"), rest))
}

/// True if the key consists of digits.
fn is_number(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the current name of a key of API v2; `None` if the name has not changed.
fn current_name(key: &str) -> Option<&'static str> {
    match key {
        "series" => Some("episodes"),
        "playlist" => Some("list"),
        "serie" => Some("episode"),
        _ => None,
    }
}

impl Step {
    fn key(text: &str) -> Result<Self, PathError> {
        let is_forbidden = |character: char| {
            character.is_whitespace() || character.is_control() || "[]{}()\"',`".contains(character)
        };
        if text.contains(is_forbidden) { Err(PathError::Character) } else { Ok(Self::Key(text.to_owned())) }
    }
}

/// Parses brackets such as `[0][*][ru]["24.5"]` at the beginning of `text`, and returns the rest.
fn parse_brackets<'t>(mut text: &'t str, steps: &mut Vec<Step>) -> Result<&'t str, PathError> {
    while let Some(open) = text.strip_prefix('[') {
        let (inside, after) = open.split_once(']').ok_or(PathError::Brackets)?;
        match inside {
            "*" => steps.push(Step::All),
            digits if !digits.is_empty() && is_number(digits) => {
                steps.push(Step::Index(digits.parse().map_err(|_| PathError::Brackets)?));
            }
            // The number of an episode may be a fraction, which has the same steps without brackets.
            key => {
                for key in bracket_keys(key).ok_or(PathError::Brackets)? {
                    steps.push(Step::key(key)?);
                }
            }
        }
        text = after;
    }
    Ok(text)
}

/// Returns the keys in brackets; `None` if they are malformed. A key that does not begin with a letter has quotes.
fn bracket_keys(inside: &str) -> Option<impl Iterator<Item = &str>> {
    let unquoted = ['"', '\''].into_iter().find_map(|quote| inside.strip_prefix(quote)?.strip_suffix(quote));
    let is_name = |text: &str| text.starts_with(|first: char| first.is_alphabetic() || first == '_');
    let text = unquoted.or_else(|| Some(inside).filter(|text| is_name(text) && !text.contains('.')))?;
    let is_complete = text.split('.').all(|key| !key.is_empty());
    is_complete.then(|| text.split('.'))
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.iter().enumerate() {
            match step {
                Step::Key(key) if position == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::All => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Returns the values of `path` in a title.
    fn found(path: &str) -> Option<Value> {
        let title = json!({
            "names": {"ru": "Имя"}, "genres": ["Драма", "Школа"],
            "player": {"list": {"24": {"hls": {"fhd": "/a"}}, "24.5": {"hls": {"fhd": "/b"}}, "1": {"5": "odd"}}},
            "torrents": {"list": [{"quality": {"encoder": "h264"}}, {}, {"quality": {"encoder": "h265"}}]},
        });
        Path::parse(path).unwrap().find(title.as_object().unwrap()).map(|found| match found {
            Found::One(value) => value.clone(),
            Found::Many(values) => values.into_iter().cloned().collect(),
        })
    }

    #[test]
    fn path_finds_a_value() {
        assert_eq!(found("names.ru"), Some(json!("Имя")));
        assert_eq!(found("names"), Some(json!({"ru": "Имя"})));
        assert_eq!(found("genres[1]"), Some(json!("Школа")));
        assert_eq!(found("player.list.24.hls.fhd"), Some(json!("/a")));
        assert_eq!(found("torrents.list[0].quality.encoder"), Some(json!("h264")));
    }

    #[test]
    fn path_with_all_finds_many_values() {
        assert_eq!(found("torrents.list[*].quality.encoder"), Some(json!(["h264", "h265"])));
        assert_eq!(found("player.list[*].hls.fhd"), Some(json!(["/a", "/b"])));
        assert_eq!(found("genres[*]"), Some(json!(["Драма", "Школа"])));
        assert_eq!(found("genres[*].name"), Some(json!([])));
    }

    #[test]
    fn path_without_a_value_finds_nothing() {
        for path in ["name", "names.ru.x", "names[0]", "genres[2]", "genres.0", "names.ru[*]", "[0]"] {
            assert_eq!(found(path), None, "{path}");
        }
    }

    #[test]
    fn two_numbers_are_a_fraction_if_the_object_has_that_key() {
        assert_eq!(found("player.list.24.5.hls.fhd"), Some(json!("/b")));
        assert_eq!(found("player.list.1.5"), Some(json!("odd")));
        assert_eq!(found("player.list.24.6"), None);
    }

    #[test]
    fn key_in_brackets_equals_a_key_after_a_dot() {
        for (brackets, dots) in [
            ("names[ru]", "names.ru"),
            ("names[\"ru\"]", "names.ru"),
            ("names['ru']", "names.ru"),
            ("player.list[\"24\"].hls[fhd]", "player.list.24.hls.fhd"),
            ("player.list['24.5'].hls", "player.list.24.5.hls"),
            ("torrents[list][*][quality].encoder", "torrents.list[*].quality.encoder"),
            ("[names][ru]", "names.ru"),
            ("_a[_b]", "_a._b"),
        ] {
            assert_eq!(Path::parse(brackets), Path::parse(dots), "{brackets}");
        }
        assert_eq!(found("player.list[\"24.5\"].hls.fhd"), Some(json!("/b")));
        assert_eq!(found("player.list['24']['hls']"), Some(json!({"fhd": "/a"})));
    }

    #[test]
    fn names_of_api_v2_are_replaced() {
        let path = Path::parse_with_v2_names(" player[playlist].1.serie ").unwrap();

        assert_eq!(path, Path::parse("player.list.1.episode").unwrap());
        assert_eq!(Path::parse_with_v2_names("player.series"), Path::parse("player.episodes"));
    }

    #[test]
    fn malformed_path_is_refused_with_a_reason() {
        for (text, error) in [
            ("", PathError::EmptyKey),
            ("a..b", PathError::EmptyKey),
            ("a.", PathError::EmptyKey),
            (".a", PathError::EmptyKey),
            ("a.[0]", PathError::EmptyKey),
            ("a[", PathError::Brackets),
            ("a[]", PathError::Brackets),
            ("a[-1]", PathError::Brackets),
            ("a[0]b", PathError::Brackets),
            ("a[x]b", PathError::Brackets),
            ("a[x", PathError::Brackets),
            ("a[x.y]", PathError::Brackets),
            ("a[2.5]", PathError::Brackets),
            ("a[\"x]", PathError::Brackets),
            ("a[\"x']", PathError::Brackets),
            ("a[\"\"]", PathError::Brackets),
            ("a[\"]", PathError::Brackets),
            ("a[\"2.\"]", PathError::Brackets),
            ("a[[x]]", PathError::Brackets),
            ("a[x y]", PathError::Character),
            ("a[\"x\"y\"]", PathError::Character),
            ("a[99999999999999999999]", PathError::Brackets),
            ("a]", PathError::Character),
            ("a b", PathError::Character),
            (&"a".repeat(MAX_LENGTH + 1), PathError::TooLong),
            (&vec!["a"; MAX_STEPS + 1].join("."), PathError::TooDeep),
        ] {
            assert_eq!(Path::parse(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn parsing_any_text_does_not_panic(text in ".{0,40}") {
            if let Ok(path) = Path::parse(&text) {
                prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
            }
        }

        #[test]
        fn printed_path_parses_to_the_same_path(text in r"[a-z]{1,5}(\[(\*|[1-9]?[0-9])\]){0,2}(\.[a-z0-9]{1,4}){0,5}") {
            let path = Path::parse(&text).unwrap();

            prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
        }
    }
}
