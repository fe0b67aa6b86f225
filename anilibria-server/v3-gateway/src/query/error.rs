//! Syntax errors of queries.

use super::limits;

/// A syntax error of a query. The message is safe to show to the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {position}: {kind}")]
pub struct SyntaxError {
    /// Position of the error in characters, counted from 1.
    pub position: usize,
    /// Cause of the error.
    pub kind: SyntaxErrorKind,
}

/// Causes of syntax errors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxErrorKind {
    /// Another token is expected.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// Description of the expected token.
        expected: &'static str,
        /// The token at this position.
        found: String,
    },
    /// A path in braces is malformed.
    #[error(transparent)]
    Path(#[from] crate::path::PathError),
    /// A function does not exist.
    #[error("unknown function `{name}`; the functions are {known}", known = super::Function::names())]
    UnknownFunction {
        /// Name of the function.
        name: String,
    },
    /// A function has too few or too many arguments.
    #[error("`{function}` takes {expected}, found {found}")]
    Arguments {
        /// The function.
        function: super::Function,
        /// Description of the valid numbers of arguments.
        expected: &'static str,
        /// Actual number of arguments.
        found: usize,
    },
    /// A regular expression is invalid or too large.
    #[error("the regular expression {reason}")]
    Pattern {
        /// Cause of the error.
        reason: String,
    },
    /// There are more than [`limits::PATTERNS`] regular expressions.
    #[error("the query has more than {} regular expressions", limits::PATTERNS)]
    Patterns,
    /// A number is out of range.
    #[error("the number is too large")]
    Number,
    /// The query is longer than [`limits::LENGTH`].
    #[error("the query is longer than {} bytes", limits::LENGTH)]
    Length,
    /// The query has more than [`limits::TOKENS`] tokens.
    #[error("the query has more than {} tokens", limits::TOKENS)]
    Tokens,
    /// The query is nested deeper than [`limits::DEPTH`].
    #[error("the query is nested deeper than {} levels", limits::DEPTH)]
    Depth,
    /// A list has more than [`limits::LIST`] values.
    #[error("the list has more than {} values", limits::LIST)]
    List,
}

impl SyntaxErrorKind {
    /// Returns the error with this cause at the character `position`, counted from 1.
    pub(super) fn at(self, position: usize) -> SyntaxError {
        SyntaxError { position, kind: self }
    }

    /// Creates the cause for a token other than `expected`.
    pub(super) fn unexpected(expected: &'static str, found: impl Into<String>) -> Self {
        Self::Unexpected { expected, found: found.into() }
    }
}

/// Formats a part of a query for an error message: shortened, in backquotes, with control characters escaped.
pub(super) fn excerpt(text: &str) -> String {
    /// Maximum characters in the message.
    const SHOWN: usize = 32;

    let mut excerpt = String::from("`");
    for character in text.chars().take(SHOWN) {
        match character {
            '"' | '\'' | '\\' => excerpt.push(character),
            _ => excerpt.extend(character.escape_debug()),
        }
    }
    excerpt.push_str(if text.chars().nth(SHOWN).is_some() { "…`" } else { "`" });
    excerpt
}
