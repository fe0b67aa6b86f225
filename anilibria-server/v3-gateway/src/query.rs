//! Query language of the advanced search: `{season.year} == 2021 and "Драма" in {genres}`. A query passes through the
//! `lexer` (tokens), the `parser` (an `Expression`) and the [`Evaluation`]. The evaluation computes its value for one title after
//! another, within a [`Budget`] of steps and time.
//!
//! | From the lowest to the highest precedence | Meaning |
//! | --- | --- |
//! | `if a then b else c`, `a ? b : c` | `b` if `a` is true, else `c`; the last branch extends as far as possible |
//! | `a or b` | true if at least one is true |
//! | `a and b` | true if both are true |
//! | `a in b`, `a not in b` | true if `a`, or each element of the list `a`, is in the list `b`; the negation |
//! | `a == b`, `a != b`, `a ~= b` | equal; not equal; the regular expression `b` matches in `a` |
//! | `a < b`, `a <= b`, `a > b`, `a >= b` | order of two numbers or of two strings |
//! | `a + b`, `a - b` | of numbers; `+` also joins two strings |
//! | `a * b`, `a / b`, `a % b` | of numbers; the remainder has the sign of `a` |
//! | `a ^ b` | power |
//! | `not a` | true if `a` is false: `not {a} == 1` is `(not {a}) == 1` |
//! | `-a` | the negated number |
//! | `p of a` | property `p` of the object `a`: `year of {season}` |
//!
//! The operators of a row have the same precedence and are left-associative.
//!
//! Values are numbers (`1.5`), strings (`"a \"b\" \\ c"`), `true`, `false`, `null`, lists (`(1, 2)`), and values under a
//! [path](super::path) of the title (`{names.ru}`, `{torrents.list[*].seeders}`). In a string, a backslash before any other
//! character stays, so that `"\d+"` is a pattern. The functions are those of [`Function`]. `released`, with or without braces,
//! is true if the title is finished.
//!
//! - **Truth** is that of JavaScript: `false`, `0`, `""`, `null` and missing values are false. All other values are true,
//!   even an empty list. A title matches if the whole query is true, so `{id}` finds every title.
//! - **True and false** count as 1 and 0 where a number is required.
//! - **Missing values** are neither equal nor unequal to any value, not even to `null`, and are in no list. `exists` and
//!   `empty` detect them.
//! - **`null`** equals `null` only, and has no order.
//! - **Values of different types** are not equal. Comparisons such as `"a" < 1` or `"a" ~= 1` are no errors, but false. A
//!   calculation with a value other than a number, or with a missing value, gives a missing value.
//! - **Strings** are case-sensitive, and are ordered by the code points of their characters.
//!
//! The cost of every search is limited: see [`limits`].

pub mod limits;

mod budget;
mod error;
mod evaluate;
mod expression;
mod function;
mod lexer;
mod list;
mod operand;
mod operator;
mod parser;
mod pattern;
mod simple;

use std::{fmt, sync::Arc};

pub use self::{
    budget::{Budget, BudgetExceeded},
    error::{SyntaxError, SyntaxErrorKind},
    evaluate::Evaluation,
    function::Function,
};
use self::{expression::Expression, pattern::PatternSource};
use super::path::Path;

/// A parsed query: a condition on titles. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Query(Arc<Parsed>);

/// The parts of a parsed query.
#[derive(Debug, PartialEq)]
struct Parsed {
    expression: Expression,
    paths: Vec<Path>,
    patterns: Vec<PatternSource>,
}

impl Query {
    /// Parses a query of the full language, as in the parameter `query`. The time depends on the length of `text` only:
    /// regular expressions are compiled by [`evaluation`](Query::evaluation).
    ///
    /// # Errors
    ///
    /// [`SyntaxError`] if the query is invalid or exceeds one of the [`limits`].
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        parser::parse(text).map(Self::of)
    }

    /// Parses a single comparison, as in the parameter `simple_query`: `season.year==2021`.
    ///
    /// The path needs no braces. The right side is `null`, `true`, `false`, a number, or a string in double quotes; anything
    /// else is a string without quotes. Whitespace around either side is ignored.
    ///
    /// # Errors
    ///
    /// [`SyntaxError`] if the comparison is invalid or exceeds one of the [`limits`].
    pub fn parse_simple(text: &str) -> Result<Self, SyntaxError> {
        simple::parse(text).map(Self::of)
    }

    fn of(expression: Expression) -> Self {
        let (mut paths, mut patterns) = (Vec::new(), Vec::new());
        expression.walk(&mut |part| match part {
            Expression::Path(path) => paths.push(path.clone()),
            Expression::Pattern(pattern) => patterns.push(pattern.clone()),
            _ => {}
        });
        paths.sort_unstable();
        paths.dedup();
        Self(Arc::new(Parsed { expression, paths, patterns }))
    }

    /// Returns the paths that the query reads, each once. Their order is unspecified.
    pub fn paths(&self) -> &[Path] {
        &self.0.paths
    }

    /// True if the query reads a value under `key` of the complete title. That value must be present then.
    pub fn reads(&self, key: &str) -> bool {
        self.paths().iter().any(|path| path.starts_at(key))
    }

    /// Returns the number of regular expressions in the query.
    pub fn patterns(&self) -> usize {
        self.0.patterns.len()
    }

    /// Compiles the regular expressions and begins a search through titles. `budget` limits the whole search.
    ///
    /// Compiling may take some 20 ms, so do not call this on a thread that serves other requests.
    ///
    /// # Errors
    ///
    /// [`SyntaxError`] if a regular expression is invalid or too large.
    pub fn evaluation(&self, budget: Budget) -> Result<Evaluation<'_>, SyntaxError> {
        Evaluation::new(&self.0.expression, &self.0.patterns, budget)
    }
}

/// Formats the query in its canonical form: the same condition, with single spaces and without redundant parentheses.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expression.fmt(f)
    }
}

#[cfg(test)]
mod tests;
