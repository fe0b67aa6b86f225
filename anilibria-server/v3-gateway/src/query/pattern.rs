//! Regular expressions of queries. The time of a match is linear in the length of the string; the size is limited.

use regex::{Regex, RegexBuilder};

use super::{
    error::{SyntaxError, SyntaxErrorKind},
    limits,
};

/// Source text of a regular expression in a query, not compiled yet.
#[derive(Clone, Debug)]
pub(super) struct PatternSource {
    text: String,
    /// Position of its first character in the query, counted from 1.
    position: usize,
}

impl PatternSource {
    /// Creates the pattern that begins at the character `position` of a query.
    pub(super) fn new(text: String, position: usize) -> Self {
        Self { text, position }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Compiles the pattern into at most `max_bytes`.
    pub(super) fn compile(&self, max_bytes: usize) -> Result<Pattern, SyntaxError> {
        Pattern::compile(&self.text, max_bytes).map_err(|kind| kind.at(self.position))
    }
}

/// Equal patterns may have different positions.
impl PartialEq for PatternSource {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// A compiled regular expression.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Regex);

impl Pattern {
    /// Compiles `source` into at most `max_bytes`, which takes some 10 ms for each megabyte.
    pub(super) fn compile(source: &str, max_bytes: usize) -> Result<Self, SyntaxErrorKind> {
        if source.len() > limits::PATTERN_LENGTH {
            return Err(SyntaxErrorKind::Pattern {
                reason: format!("is longer than {} bytes", limits::PATTERN_LENGTH),
            });
        }
        let compiled = RegexBuilder::new(source)
            .size_limit(max_bytes)
            .dfa_size_limit(limits::PATTERN_CACHE_SIZE)
            .nest_limit(limits::PATTERN_DEPTH)
            .build();
        compiled.map(Self).map_err(|error| SyntaxErrorKind::Pattern { reason: reason(&error) })
    }

    /// True if the pattern matches anywhere in `text`.
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// Describes an error of a regular expression in one line.
fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "is too large after compilation".to_owned(),
        // The message shows the position on several lines; the last line has the cause.
        error => {
            let message = error.to_string();
            let last = message.lines().last().unwrap_or_default();
            format!("is invalid: {}", last.trim().trim_start_matches("error: "))
        }
    }
}
