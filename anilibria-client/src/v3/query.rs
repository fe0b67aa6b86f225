//! Queries of the advanced search.

use std::{fmt, ops::Not};

/// A query of the advanced search.
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
/// // An expression as text, and a simple query with one comparison.
/// let query = Query::from("{season.year} == 2020 and \"Драма\" in {genres}");
/// let query = Query::simple("status.code", 1);
/// # let _ = query;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// An expression. Finds the titles for which it is true.
    Full(Expression),
    /// One comparison of a field with a value, `path==value`.
    Simple(String),
}

impl Query {
    /// Creates a query for the titles whose field at `path` is `value`: a number, text, a boolean or [`null`].
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

/// An expression of the advanced search, built from [keys](key) and values. Text is quoted, and parentheses keep the order of
/// evaluation.
///
/// An invalid part (braces in a key, a number that is not finite) is refused when the search is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    text: String,
    error: Option<&'static str>,
}

/// Returns the field at `path` of a title (`"season.year"`, `"team.voice"`).
pub fn key(path: &str) -> Expression {
    let is_path = !path.is_empty() && !path.contains(['{', '}']);
    let error = (!is_path).then_some("a key must be a path without braces");
    Expression { text: format!("{{{path}}}"), error }
}

/// Returns an expression that is true if the field at `path` exists and is not null.
pub fn exists(path: &str) -> Expression {
    key(path).call("exists")
}

/// Returns an expression that is true if the field at `path` is missing, null or empty.
pub fn is_empty(path: &str) -> Expression {
    key(path).call("empty")
}

/// Returns the value null.
pub fn null() -> Expression {
    Expression { text: "null".to_owned(), error: None }
}

impl Expression {
    /// Returns an expression that is true if both values are equal.
    pub fn eq(self, other: impl Into<Self>) -> Self {
        self.binary("==", other)
    }

    /// Returns an expression that is true if the values differ.
    pub fn ne(self, other: impl Into<Self>) -> Self {
        self.binary("!=", other)
    }

    /// Returns an expression that is true if this value is less than `other`.
    pub fn lt(self, other: impl Into<Self>) -> Self {
        self.binary("<", other)
    }

    /// Returns an expression that is true if this value is less than or equal to `other`.
    pub fn le(self, other: impl Into<Self>) -> Self {
        self.binary("<=", other)
    }

    /// Returns an expression that is true if this value is greater than `other`.
    pub fn gt(self, other: impl Into<Self>) -> Self {
        self.binary(">", other)
    }

    /// Returns an expression that is true if this value is greater than or equal to `other`.
    pub fn ge(self, other: impl Into<Self>) -> Self {
        self.binary(">=", other)
    }

    /// Returns an expression that is true if a part of this text matches the regular expression `pattern`.
    pub fn matches(self, pattern: &str) -> Self {
        self.binary("~=", pattern)
    }

    /// Returns an expression that is true if this list contains `value`.
    pub fn contains(self, value: impl Into<Self>) -> Self {
        value.into().binary("in", self)
    }

    /// Returns an expression that is true if this value equals one of `values`. At least one value is required.
    pub fn is_one_of(self, values: impl IntoIterator<Item = impl Into<Self>>) -> Self {
        let any = values.into_iter().map(|value| self.clone().eq(value)).reduce(Self::or);
        let none = Self { error: Some("at least one value is required"), ..null() };
        any.unwrap_or(none)
    }

    /// Returns an expression that is true if both expressions are true.
    pub fn and(self, other: impl Into<Self>) -> Self {
        self.binary("and", other)
    }

    /// Returns an expression that is true if at least one of the expressions is true.
    pub fn or(self, other: impl Into<Self>) -> Self {
        self.binary("or", other)
    }

    /// Returns the reason for which the expression is invalid.
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

/// Returns an expression that is true if the expression is false.
impl Not for Expression {
    type Output = Self;

    fn not(self) -> Self {
        // `not` has a higher precedence than comparisons, so both sides need parentheses.
        Self { text: format!("(not ({}))", self.text), ..self }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Quotes the text and escapes special characters.
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

/// Converts whole numbers.
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
