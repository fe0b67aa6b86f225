//! Regular expressions of queries. The time of a match is linear in the text, and their size is bounded.

use regex::{Regex, RegexBuilder};

use super::{
    error::{Problem, SyntaxError},
    limits,
};

/// Source of a regular expression in a query, not compiled yet.
#[derive(Clone, Debug)]
pub(super) struct PatternText {
    text: String,
    /// Position of its first character in the query, counted from 1.
    position: usize,
}

impl PatternText {
    /// Creates the pattern that begins at the character `position` of a query.
    pub(super) fn new(text: String, position: usize) -> Self {
        Self { text, position }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Compiles the pattern into at most `max_bytes`.
    pub(super) fn compile(&self, max_bytes: usize) -> Result<Pattern, SyntaxError> {
        Pattern::compile(&self.text, max_bytes).map_err(|problem| problem.at(self.position))
    }
}

/// Equal patterns may have different positions.
impl PartialEq for PatternText {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// A compiled regular expression.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Regex);

impl Pattern {
    /// Compiles `source` into at most `max_bytes`, which takes some 10 ms for each megabyte.
    pub(super) fn compile(source: &str, max_bytes: usize) -> Result<Self, Problem> {
        if source.len() > limits::PATTERN {
            return Err(Problem::Pattern { reason: format!("is longer than {} bytes", limits::PATTERN) });
        }
        let compiled = RegexBuilder::new(source)
            .size_limit(max_bytes)
            .dfa_size_limit(limits::PATTERN_MEMORY)
            .nest_limit(limits::PATTERN_DEPTH)
            .build();
        compiled.map(Self).map_err(|error| Problem::Pattern { reason: reason(&error) })
    }

    /// True if the pattern matches somewhere in `text`.
    pub(super) fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

/// Describes an error of a regular expression in one line.
fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "is too large once compiled".to_owned(),
        // The message shows the position on several lines; the last line has the cause.
        error => {
            let message = error.to_string();
            let last = message.lines().last().unwrap_or_default();
            format!("is wrong: {}", last.trim().trim_start_matches("error: "))
        }
    }
}
