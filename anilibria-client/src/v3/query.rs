//! Queries of the advanced search.

use std::{fmt, ops::Not};

/// What the advanced search looks for.
///
/// ```
/// use anilibria_client::v3::{Query, exists, key};
///
/// let query = key("season.year").ge(2015).and(key("names.ru").matches("^Ко")).and(!exists("announce"));
/// assert_eq!(
///     query.to_string(),
///     r#"((({season.year} >= 2015) and ({names.ru} ~= "^Ко")) and (not (exists({announce}))))"#,
/// );
///
/// // Whoever knows the language writes it out, and one comparison is a simple query.
/// let query = Query::from("{season.year} == 2020 and \"Драма\" in {genres}");
/// let query = Query::simple("status.code", 1);
/// # let _ = query;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// An expression: titles for which it is true are found.
    Full(Expression),
    /// One comparison of a field with a value, `path==value`.
    Simple(String),
}

impl Query {
    /// Titles whose field at `path` is `value`: a number, text, a truth value or [`null`].
    pub fn simple(path: &str, value: impl Into<Expression>) -> Self {
        Self::Simple(format!("{path}=={}", value.into().text))
    }
}

impl From<Expression> for Query {
    fn from(expression: Expression) -> Self {
        Self::Full(expression)
    }
}

impl From<&str> for Query {
    fn from(expression: &str) -> Self {
        expression.to_owned().into()
    }
}

impl From<String> for Query {
    fn from(text: String) -> Self {
        Self::Full(Expression { text, error: None })
    }
}

/// An expression of the advanced search, put together from [keys](key) and values: text is quoted, and parentheses
/// stand wherever they could matter.
///
/// What cannot be right (braces in a key, a number that is none) is refused when the search is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    text: String,
    error: Option<&'static str>,
}

/// The field at `path` of a title (`"season.year"`, `"team.voice"`).
pub fn key(path: &str) -> Expression {
    let is_path = !path.is_empty() && !path.contains(['{', '}']);
    let error = (!is_path).then_some("a key must be a path without braces");
    Expression { text: format!("{{{path}}}"), error }
}

/// Whether the field at `path` is there and not null.
pub fn exists(path: &str) -> Expression {
    key(path).call("exists")
}

/// Whether the field at `path` is missing, null, or without content.
pub fn is_empty(path: &str) -> Expression {
    key(path).call("empty")
}

/// No value.
pub fn null() -> Expression {
    Expression { text: "null".to_owned(), error: None }
}

impl Expression {
    /// Whether both are equal.
    pub fn eq(self, other: impl Into<Self>) -> Self {
        self.binary("==", other)
    }

    /// Whether they differ.
    pub fn ne(self, other: impl Into<Self>) -> Self {
        self.binary("!=", other)
    }

    /// Whether it is less.
    pub fn lt(self, other: impl Into<Self>) -> Self {
        self.binary("<", other)
    }

    /// Whether it is less or equal.
    pub fn le(self, other: impl Into<Self>) -> Self {
        self.binary("<=", other)
    }

    /// Whether it is greater.
    pub fn gt(self, other: impl Into<Self>) -> Self {
        self.binary(">", other)
    }

    /// Whether it is greater or equal.
    pub fn ge(self, other: impl Into<Self>) -> Self {
        self.binary(">=", other)
    }

    /// Whether a regular expression matches in it.
    pub fn matches(self, pattern: &str) -> Self {
        self.binary("~=", pattern)
    }

    /// Whether a list holds this value.
    pub fn contains(self, value: impl Into<Self>) -> Self {
        value.into().binary("in", self)
    }

    /// Whether it equals one of these values, of which there has to be one.
    pub fn is_one_of(self, values: impl IntoIterator<Item = impl Into<Self>>) -> Self {
        let any = values.into_iter().map(|value| self.clone().eq(value)).reduce(Self::or);
        let none = Self { error: Some("there must be a value to compare with"), ..null() };
        any.unwrap_or(none)
    }

    /// Whether both are true.
    pub fn and(self, other: impl Into<Self>) -> Self {
        self.binary("and", other)
    }

    /// Whether at least one of them is true.
    pub fn or(self, other: impl Into<Self>) -> Self {
        self.binary("or", other)
    }

    /// Why it cannot be right.
    pub(super) fn error(&self) -> Option<&'static str> {
        self.error
    }

    fn binary(self, operator: &str, other: impl Into<Self>) -> Self {
        let other = other.into();
        let text = format!("({} {operator} {})", self.text, other.text);
        Self { text, error: self.error.or(other.error) }
    }

    fn call(self, function: &str) -> Self {
        Self { text: format!("{function}({})", self.text), ..self }
    }
}

/// Whether it is not true.
impl Not for Expression {
    type Output = Self;

    fn not(self) -> Self {
        // Parentheses on either side: `not` binds closer than any comparison.
        Self { text: format!("(not ({}))", self.text), ..self }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The text between quotes, in which nothing has a meaning of its own.
impl From<&str> for Expression {
    fn from(text: &str) -> Self {
        let quoted = text.replace('\\', r"\\").replace('"', r#"\""#);
        Self { text: format!("\"{quoted}\""), error: None }
    }
}

impl From<String> for Expression {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<bool> for Expression {
    fn from(value: bool) -> Self {
        Self { text: value.to_string(), error: None }
    }
}

impl From<f64> for Expression {
    fn from(number: f64) -> Self {
        let error = (!number.is_finite()).then_some("a number must be finite");
        Self { text: number.to_string(), error }
    }
}

/// Whole numbers are written as they are.
macro_rules! numbers {
    ($($number:ty),+) => { $(impl From<$number> for Expression {
        fn from(number: $number) -> Self {
            Self { text: number.to_string(), error: None }
        }
    })+ };
}

numbers!(i32, i64, u8, u16, u32, u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_within_quotes() {
        let query = key("names.ru").eq(r#"" or {id} == "\"#);

        assert_eq!(query.to_string(), r#"({names.ru} == "\" or {id} == \"\\")"#);
    }

    #[test]
    fn parentheses_keep_the_order_of_evaluation() {
        let (a, b, c) = (key("a").lt(-1), key("b").ge(2.5), key("c").ne(null()));

        assert_eq!(
            a.clone().or(b.clone()).and(!c.clone()).to_string(),
            "((({a} < -1) or ({b} >= 2.5)) and (not (({c} != null))))"
        );
        assert_eq!(
            key("genres").contains("Драма").and(key("type.code").is_one_of([1, 2])).to_string(),
            r#"(("Драма" in {genres}) and (({type.code} == 1) or ({type.code} == 2)))"#
        );
        assert_eq!(is_empty("announce").and(true).to_string(), "(empty({announce}) and true)");
    }

    #[test]
    fn invalid_part_makes_the_whole_expression_invalid() {
        for wrong in [key("a}"), key(""), key("a").eq(f64::NAN), key("a").is_one_of([0; 0])] {
            assert!(key("b").eq(1).and(!wrong.clone()).error().is_some(), "{wrong}");
        }
        assert_eq!(key("a").eq(1).error(), None);
    }

    #[test]
    fn simple_query_is_one_comparison() {
        let simple = |query| match query {
            Query::Simple(text) => text,
            Query::Full(expression) => panic!("{expression}"),
        };

        assert_eq!(simple(Query::simple("season.year", 2024)), "season.year==2024");
        assert_eq!(simple(Query::simple("status.code", null())), "status.code==null");
        assert_eq!(simple(Query::simple("code", "a\"b")), r#"code=="a\"b""#);
    }
}
