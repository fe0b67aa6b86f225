//! The language in which old clients search by conditions: `{season.year} == 2021 and "Драма" in {genres}`.
//!
//! | From the loosest to the tightest | Meaning |
//! | --- | --- |
//! | `if a then b else c`, `a ? b : c` | `b` where `a` is true, else `c`; the last part reaches as far as it can |
//! | `a or b` | whether one is true |
//! | `a and b` | whether both are true |
//! | `a in b`, `a not in b` | whether `a` is in the list `b`, or each element of the list `a` is |
//! | `a == b`, `a != b`, `a ~= b` | whether they are equal, are not, or the regular expression `b` matches in `a` |
//! | `a < b`, `a <= b`, `a > b`, `a >= b` | order of two numbers or of two texts |
//! | `a + b`, `a - b` | of numbers; `+` also joins two texts |
//! | `a * b`, `a / b`, `a % b` | of numbers; the remainder has the sign of `a` |
//! | `a ^ b` | power |
//! | `not a` | whether `a` is false: `not {a} == 1` is `(not {a}) == 1` |
//! | `-a` | the number with the other sign |
//! | `p of a` | property `p` of the object `a`: `year of {season}` |
//!
//! Operators of one row are taken from left to right. Values are numbers (`1.5`), texts (`"a \"b\" \\ c"`; another
//! character behind a backslash keeps it, so that `"\d+"` is a pattern), `true`, `false`, `null`, lists (`(1, 2)`),
//! and what lies under a [path](super::path) of the title (`{names.ru}`, `{torrents.list[*].seeders}`). The functions are
//! those of [`Function`].
//!
//! - **Truth** is JavaScript's: `false`, `0`, `""`, `null` and what is missing are false; all else is true, even an empty
//!   list. A title matches when the whole query is true of it, so `{id}` finds every title.
//! - **True and false** count as 1 and 0 where numbers are wanted.
//! - **What is missing** equals nothing, not even `null`, differs from nothing, and is in no list. `exists` and `empty`
//!   tell it apart.
//! - **`null`** equals `null` only, and has no order.
//! - **Values of different types** are not equal; that `"a" < 1` or `"a" ~= 1` is asked is no mistake either: it is
//!   false. Reckoning with what is no number gives what reckoning with a missing value does: a missing value.
//! - **Texts** differ by case, and are ordered by the code points of their characters.
//!
//! Nothing a query says makes its search long: see [`limits`].

pub mod limits;

mod allowance;
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
    allowance::{Allowance, Exhausted},
    error::{Problem, SyntaxError},
    evaluate::Evaluation,
    function::Function,
};
use self::{expression::Expression, pattern::PatternText};
use super::path::{Path, PathError};

/// A condition on titles. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Query(Arc<Parsed>);

/// A query once it is read.
#[derive(Debug, PartialEq)]
struct Parsed {
    expression: Expression,
    paths: Vec<Path>,
    patterns: Vec<PatternText>,
}

impl Query {
    /// Reads the language of expressions, as the parameter `query` has it. The time grows with the length of the text only:
    /// regular expressions are compiled by [`evaluation`](Query::evaluation).
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        parser::parse(text).map(Self::of)
    }

    /// Reads a single comparison, as the parameter `simple_query` has it: `season.year==2021`.
    ///
    /// The path has no braces, and what stands behind the operator is `null`, `true`, `false`, a number, a text in
    /// double quotes, or else a text as it stands. Blanks around either are left out.
    pub fn parse_simple(text: &str) -> Result<Self, SyntaxError> {
        simple::parse(text).map(Self::of)
    }

    fn of(expression: Expression) -> Self {
        let (mut paths, mut patterns) = (Vec::new(), Vec::new());
        expression.visit(&mut |part| match part {
            Expression::Path(path) => paths.push(path.clone()),
            Expression::Pattern(pattern) => patterns.push(pattern.clone()),
            _ => {}
        });
        paths.sort_unstable();
        paths.dedup();
        Self(Arc::new(Parsed { expression, paths, patterns }))
    }

    /// The paths that the query reads, each once, in no order that means anything.
    pub fn paths(&self) -> &[Path] {
        &self.0.paths
    }

    /// Whether the query reads what lies under `key` of the whole title, so that it has to be there.
    pub fn reads(&self, key: &str) -> bool {
        self.paths().iter().any(|path| path.starts_at(key))
    }

    /// Returns the number of regular expressions in the query.
    pub fn patterns(&self) -> usize {
        self.0.patterns.len()
    }

    /// Compiles the regular expressions and begins a search through titles, which `allowance` bounds as a whole.
    ///
    /// Compiling may take some 20 ms, so do not call this on a thread that has other requests to answer.
    ///
    /// # Errors
    ///
    /// A regular expression that is wrong or too large.
    pub fn evaluation(&self, allowance: Allowance) -> Result<Evaluation<'_>, SyntaxError> {
        Evaluation::new(&self.0.expression, &self.0.patterns, allowance)
    }
}

/// A path as queries and orders have it: the names that API v2 had for today's keys stand for these.
pub(super) fn modern_path(text: &str) -> Result<Path, PathError> {
    let renamed = |key: &str| match key {
        "series" => Some("episodes"),
        "playlist" => Some("list"),
        "serie" => Some("episode"),
        _ => None,
    };
    Ok(Path::parse(text.trim())?.map_keys(renamed))
}

/// The query in its canonical form: the same condition, with one blank between words and no needless parentheses.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expression.fmt(f)
    }
}

#[cfg(test)]
mod tests;
