//! What is wrong with the text of a query.

use super::limits;

/// Why a text is no query, in words that may be shown to whoever wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {position}: {problem}")]
pub struct SyntaxError {
    /// The character at which reading stopped, counted from 1.
    pub position: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Something else should stand there.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What should.
        expected: &'static str,
        /// What does.
        found: String,
    },
    /// A path in braces that is none.
    #[error(transparent)]
    Path(#[from] crate::path::PathError),
    /// A function that does not exist.
    #[error("there is no function `{name}`; there are {known}", known = super::Function::names())]
    UnknownFunction {
        /// How it is called.
        name: String,
    },
    /// A function with too few or too many arguments.
    #[error("`{function}` takes {wanted}, found {found}")]
    Arguments {
        /// The function.
        function: super::Function,
        /// How many it takes.
        wanted: &'static str,
        /// How many there are.
        found: usize,
    },
    /// A regular expression that is none, or is too large.
    #[error("the regular expression {reason}")]
    Pattern {
        /// What is wrong with it.
        reason: String,
    },
    /// More than [`limits::PATTERNS`].
    #[error("the query has more than {} regular expressions", limits::PATTERNS)]
    Patterns,
    /// A number that is greater than numbers can be.
    #[error("the number is too large")]
    Number,
    /// More than [`limits::LENGTH`].
    #[error("the query is longer than {} bytes", limits::LENGTH)]
    Length,
    /// More than [`limits::TOKENS`].
    #[error("the query has more than {} words, signs and values", limits::TOKENS)]
    Tokens,
    /// More than [`limits::DEPTH`].
    #[error("the query is nested deeper than {} levels", limits::DEPTH)]
    Depth,
    /// More than [`limits::LIST`].
    #[error("the list has more than {} values", limits::LIST)]
    List,
}

impl Problem {
    /// The problem, at the character with this number, counted from 1.
    pub(super) fn at(self, position: usize) -> SyntaxError {
        SyntaxError { position, problem: self }
    }

    /// Something else than `expected`.
    pub(super) fn unexpected(expected: &'static str, found: impl Into<String>) -> Self {
        Self::Unexpected { expected, found: found.into() }
    }
}

/// A piece of a query as an error may show it: short, in backquotes, without what a terminal obeys or does not show.
pub(super) fn shown(text: &str) -> String {
    /// Most characters that are shown.
    const SHOWN: usize = 32;

    let mut shown = String::from("`");
    for character in text.chars().take(SHOWN) {
        match character {
            '"' | '\'' | '\\' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
    }
    shown.push_str(if text.chars().nth(SHOWN).is_some() { "…`" } else { "`" });
    shown
}
