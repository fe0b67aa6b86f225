//! Paths into an object of API v3: `names.ru`, `team.voice[0]`, `torrents.list[*].torrent_id`, `player.list.24`.

use std::fmt;

use serde_json::{Map, Value};

/// Most bytes of one path. The longest one that leads anywhere has about 60.
pub const MAX_LENGTH: usize = 256;

/// Most steps of one path. The deepest value of a title lies 6 steps down; the rest is room for what may come.
pub const MAX_STEPS: usize = 16;

/// Where in an object a value lies, or with `[*]` many values.
///
/// The number of an episode may be a fraction, and its dot looks like the one between two keys. Two neighbouring
/// numbers are therefore read as one key (`24.5`) where there is such a key, else as two.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    steps: Vec<Step>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// To the value under a key of an object.
    Key(String),
    /// To an element of an array, counted from zero.
    Index(usize),
    /// To every element of an array, or every value of an object.
    All,
}

/// Why a text is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// Nothing is there, or a dot is followed by nothing.
    #[error("a path has an empty key")]
    EmptyKey,
    /// What stands in brackets is neither a number nor an asterisk, or is not closed.
    #[error("brackets of a path hold a number or `*`")]
    Brackets,
    /// A character that no key has.
    #[error("a key of a path has a character that no key can have")]
    Character,
    /// Longer than [`MAX_LENGTH`].
    #[error("a path is longer than {MAX_LENGTH} bytes")]
    TooLong,
    /// Deeper than [`MAX_STEPS`].
    #[error("a path has more than {MAX_STEPS} steps")]
    TooDeep,
}

impl Path {
    /// The path that `text` tells of.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if text.len() > MAX_LENGTH {
            return Err(PathError::TooLong);
        }
        let mut steps = Vec::new();
        for (position, part) in text.split('.').enumerate() {
            let (key, brackets) = part.split_at(part.find('[').unwrap_or(part.len()));
            // Only a path as a whole may begin with brackets: `[0].id` leads into an array.
            if !key.is_empty() {
                steps.push(Step::Key(checked(key)?.to_owned()));
            } else if position > 0 || brackets.is_empty() {
                return Err(PathError::EmptyKey);
            }
            steps.extend(in_brackets(brackets)?);
        }
        if steps.len() > MAX_STEPS {
            return Err(PathError::TooDeep);
        }
        Ok(Self { steps })
    }

    /// The steps, at least one.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether the path leads to `key` of the whole object, or below it.
    pub fn starts_at(&self, key: &str) -> bool {
        match self.steps.first() {
            Some(Step::Key(first)) => first == key,
            Some(Step::All) => true,
            Some(Step::Index(_)) | None => false,
        }
    }

    /// The same path with each key as `rename` calls it.
    pub(super) fn map_keys(mut self, rename: impl Fn(&str) -> Option<&'static str>) -> Self {
        for step in &mut self.steps {
            if let Step::Key(key) = step
                && let Some(new) = rename(key)
            {
                *step = Step::Key(new.to_owned());
            }
        }
        self
    }

    /// What lies there in `object`; `None` where the path leads nowhere.
    ///
    /// Behind `[*]` there are always [`Found::Many`], even if none or a single one is found.
    pub fn find<'a>(&self, object: &'a Map<String, Value>) -> Option<Found<'a>> {
        let (first, rest) = self.steps.split_first()?;
        match first {
            Step::Key(key) => {
                let (value, rest) = under(object, key, rest)?;
                find(value, rest)
            }
            Step::Index(_) => None,
            Step::All => Some(Found::Many(each(object.values(), rest))),
        }
    }
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<'a> {
    /// The one value.
    One(&'a Value),
    /// What is behind each element of a `[*]`, in their order.
    Many(Vec<&'a Value>),
}

/// What lies behind `steps` in `value`.
fn find<'a>(value: &'a Value, steps: &[Step]) -> Option<Found<'a>> {
    let Some((step, rest)) = steps.split_first() else { return Some(Found::One(value)) };
    match (step, value) {
        (Step::Key(key), Value::Object(object)) => {
            let (value, rest) = under(object, key, rest)?;
            find(value, rest)
        }
        (Step::Index(index), Value::Array(items)) => find(items.get(*index)?, rest),
        (Step::All, Value::Array(items)) => Some(Found::Many(each(items.iter(), rest))),
        (Step::All, Value::Object(object)) => Some(Found::Many(each(object.values(), rest))),
        _ => None,
    }
}

/// What lies behind `steps` in each of `values`.
fn each<'a>(values: impl Iterator<Item = &'a Value>, steps: &[Step]) -> Vec<&'a Value> {
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

/// What stands in `object` under `key`, and the steps that are left from there.
fn under<'a, 's>(
    object: &'a Map<String, Value>,
    key: &str,
    rest: &'s [Step],
) -> Option<(&'a Value, &'s [Step])> {
    let fraction = fraction(key, rest).and_then(|(key, rest)| Some((object.get(&key)?, rest)));
    fraction.or_else(|| Some((object.get(key)?, rest)))
}

/// A number and the number after it as one key, and the steps behind them.
pub(super) fn fraction<'s>(key: &str, rest: &'s [Step]) -> Option<(String, &'s [Step])> {
    let (Step::Key(decimals), rest) = rest.split_first()? else { return None };
    (is_number(key) && is_number(decimals)).then(|| (format!("{key}.{decimals}"), rest))
}

/// Whether a key is made of digits only.
fn is_number(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_digit())
}

/// The key itself, if it can be one.
fn checked(key: &str) -> Result<&str, PathError> {
    let never = |character: char| {
        character.is_whitespace() || character.is_control() || "[]{}()\"',`".contains(character)
    };
    if key.contains(never) { Err(PathError::Character) } else { Ok(key) }
}

/// The steps of `[0][*]`, which may be none.
fn in_brackets(mut text: &str) -> Result<Vec<Step>, PathError> {
    let mut steps = Vec::new();
    while !text.is_empty() {
        let inside = text.strip_prefix('[').and_then(|open| open.split_once(']'));
        let (inside, after) = inside.ok_or(PathError::Brackets)?;
        steps.push(match inside {
            "*" => Step::All,
            digits if is_number(digits) => Step::Index(digits.parse().map_err(|_| PathError::Brackets)?),
            _ => return Err(PathError::Brackets),
        });
        text = after;
    }
    Ok(steps)
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

    /// What `path` finds in a title.
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
    fn path_leads_to_the_value_there() {
        assert_eq!(found("names.ru"), Some(json!("Имя")));
        assert_eq!(found("names"), Some(json!({"ru": "Имя"})));
        assert_eq!(found("genres[1]"), Some(json!("Школа")));
        assert_eq!(found("player.list.24.hls.fhd"), Some(json!("/a")));
        assert_eq!(found("torrents.list[0].quality.encoder"), Some(json!("h264")));
    }

    #[test]
    fn path_with_all_leads_to_many_values() {
        assert_eq!(found("torrents.list[*].quality.encoder"), Some(json!(["h264", "h265"])));
        assert_eq!(found("player.list[*].hls.fhd"), Some(json!(["/a", "/b"])));
        assert_eq!(found("genres[*]"), Some(json!(["Драма", "Школа"])));
        assert_eq!(found("genres[*].name"), Some(json!([])));
    }

    #[test]
    fn path_that_leads_nowhere_finds_nothing() {
        for path in ["name", "names.ru.x", "names[0]", "genres[2]", "genres.0", "names.ru[*]", "[0]"] {
            assert_eq!(found(path), None, "{path}");
        }
    }

    #[test]
    fn two_numbers_are_a_fraction_where_there_is_one() {
        assert_eq!(found("player.list.24.5.hls.fhd"), Some(json!("/b")));
        assert_eq!(found("player.list.1.5"), Some(json!("odd")));
        assert_eq!(found("player.list.24.6"), None);
    }

    #[test]
    fn text_that_is_no_path_tells_why() {
        for (text, error) in [
            ("", PathError::EmptyKey),
            ("a..b", PathError::EmptyKey),
            ("a.", PathError::EmptyKey),
            (".a", PathError::EmptyKey),
            ("a.[0]", PathError::EmptyKey),
            ("a[", PathError::Brackets),
            ("a[]", PathError::Brackets),
            ("a[-1]", PathError::Brackets),
            ("a[x]", PathError::Brackets),
            ("a[0]b", PathError::Brackets),
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
        fn any_text_is_a_path_or_refused(text in ".{0,40}") {
            if let Ok(path) = Path::parse(&text) {
                prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
            }
        }

        #[test]
        fn a_printed_path_is_the_same_path(text in r"[a-z]{1,5}(\[(\*|[1-9]?[0-9])\]){0,2}(\.[a-z0-9]{1,4}){0,5}") {
            let path = Path::parse(&text).unwrap();

            prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
        }
    }
}
